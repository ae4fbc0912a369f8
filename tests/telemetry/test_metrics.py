"""What Prometheus is told."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from kit.skipping_loop import SkippingLoop
from prometheus_client.parser import text_string_to_metric_families

from voice_avatar.events.inputs import PlaybackReport, TextInput
from voice_avatar.events.notices import (
    ErrorNotice,
    ReplyDone,
    ReplyInterrupted,
    ReplyPaused,
    ReplyResumed,
    StageMarks,
    TranscriptFinal,
    TurnEnded,
    TurnForgotten,
    WarningNotice,
)
from voice_avatar.telemetry.metrics import LOOP_PERIOD_S, Metrics, watch_loop

MARKS = StageMarks(1, 0.2, 0.3, 0.21, 0.35, 0.45, 0.5, 0.6, is_speculative=True, wasted_tokens=9)


def figures(metrics: Metrics) -> dict[str, float]:
    """Returns `name{label=value,…}` -> figure."""
    body, kind = metrics.exposition()
    assert kind.startswith("text/plain")
    samples = [
        sample
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    ]
    return {
        s.name + "".join(f"{{{k}={v}}}" for k, v in sorted(s.labels.items())): s.value
        for s in samples
    }


def test_open_sessions_are_counted() -> None:
    metrics = Metrics()
    metrics.session_opened()
    metrics.session_opened()
    metrics.session_closed()
    metrics.connection_closed(1000)
    metrics.connection_closed(None)
    seen = figures(metrics)
    assert seen["voice_avatar_sessions"] == 1
    assert seen["voice_avatar_closes_total{code=1000}"] == 1
    assert seen["voice_avatar_closes_total{code=none}"] == 1


def test_the_marks_of_a_spoken_turn_become_histograms() -> None:
    metrics = Metrics()
    metrics.note(MARKS)
    seen = figures(metrics)
    assert seen["voice_avatar_reply_mark_seconds_sum{mark=sent}{turn=voice}"] == 0.6
    assert seen["voice_avatar_reply_mark_seconds_count{mark=stt}{turn=voice}"] == 1
    assert seen["voice_avatar_stage_seconds_sum{stage=llm_first_token}"] == pytest.approx(0.14)
    assert seen["voice_avatar_stage_seconds_sum{stage=llm_first_chunk}"] == pytest.approx(0.1)
    assert seen["voice_avatar_stage_seconds_sum{stage=tts_first_audio}"] == pytest.approx(0.05)
    assert seen["voice_avatar_speculative_replies_total"] == 1
    assert seen["voice_avatar_wasted_tokens_total"] == 9


@pytest.mark.parametrize("stt_s", [None, 0.0])
def test_a_typed_turn_is_kept_apart_and_tells_nothing_of_stages(stt_s: float | None) -> None:
    metrics = Metrics()
    metrics.note(replace(MARKS, stt_s=stt_s, is_speculative=False))
    seen = figures(metrics)
    assert seen["voice_avatar_reply_mark_seconds_count{mark=sent}{turn=text}"] == 1
    assert not any(name.startswith("voice_avatar_stage") for name in seen)


def test_what_was_done_before_the_end_of_speech_counts_as_no_time() -> None:
    metrics = Metrics()
    metrics.note(replace(MARKS, stt_s=-0.2, first_chunk_s=None))
    seen = figures(metrics)
    assert seen["voice_avatar_reply_mark_seconds_sum{mark=stt}{turn=voice}"] == 0.0
    assert "voice_avatar_reply_mark_seconds_count{mark=first_chunk}{turn=voice}" not in seen
    assert "voice_avatar_stage_seconds_count{stage=tts_first_audio}" not in seen


def test_turns_replies_interruptions_and_troubles_are_counted_by_kind() -> None:
    metrics = Metrics()
    metrics.note(TurnEnded(1, "semantic", 0.2))
    metrics.note(TurnForgotten(2, "echo"))
    metrics.note(ReplyDone(1, "interrupted", "secret", 10))
    metrics.note(ReplyInterrupted(1, 10, "voice", "secret"))
    metrics.note(ErrorNotice("llm_failed", "secret"))
    metrics.note(WarningNotice("input_gap", "secret"))
    metrics.note(TranscriptFinal(1, "secret", "en"))
    seen = figures(metrics)
    assert seen["voice_avatar_turns_total{reason=semantic}"] == 1
    assert seen["voice_avatar_dropped_turns_total{reason=echo}"] == 1
    assert seen["voice_avatar_replies_total{status=interrupted}"] == 1
    assert seen["voice_avatar_interrupts_total{reason=voice}"] == 1
    assert seen["voice_avatar_errors_total{code=llm_failed}"] == 1
    assert seen["voice_avatar_warnings_total{code=input_gap}"] == 1
    assert b"secret" not in metrics.exposition()[0]


def test_a_client_that_runs_dry_is_an_underrun() -> None:
    metrics = Metrics()
    for state in ("started", "stalled", "playing", "stalled", "finished"):
        metrics.note_input(PlaybackReport(1, 10, state))  # type: ignore[arg-type]
    metrics.note_input(TextInput("x"))
    assert figures(metrics)["voice_avatar_underruns_total"] == 2


def test_bytes_and_backlog_are_told() -> None:
    metrics = Metrics()
    metrics.note_bytes(3, 5)
    metrics.set_backlog(7)
    seen = figures(metrics)
    assert seen["voice_avatar_bytes_total{direction=in}"] == 3
    assert seen["voice_avatar_bytes_total{direction=out}"] == 5
    assert seen["voice_avatar_outbox_items"] == 7


def test_late_frames_are_told_by_how_late_they_were() -> None:
    metrics = Metrics()
    metrics.note_pacing(3, 0.004)
    metrics.note_pacing(10, -0.001)
    metrics.note_pacing(1, 60.0)
    seen = figures(metrics)
    assert seen["voice_avatar_pacing_lateness_seconds_count"] == 14
    assert seen["voice_avatar_pacing_lateness_seconds_sum"] == pytest.approx(60.012)
    assert seen["voice_avatar_pacing_lateness_seconds_bucket{le=0.0005}"] == 10
    assert seen["voice_avatar_pacing_lateness_seconds_bucket{le=0.003}"] == 10
    assert seen["voice_avatar_pacing_lateness_seconds_bucket{le=0.004}"] == 13
    assert seen["voice_avatar_pacing_lateness_seconds_bucket{le=2.0}"] == 13
    assert seen["voice_avatar_pacing_lateness_seconds_bucket{le=+Inf}"] == 14


def test_servers_in_one_process_do_not_share_figures() -> None:
    first, second = Metrics(), Metrics()
    first.session_opened()
    assert figures(second)["voice_avatar_sessions"] == 0


def test_what_is_under_way_is_told() -> None:
    metrics = Metrics()
    metrics.set_running(replies=3, requests=2)
    seen = figures(metrics)
    assert seen["voice_avatar_running_replies"] == 3
    assert seen["voice_avatar_running_requests"] == 2


@pytest.mark.virtual_time
async def test_what_blocks_the_event_loop_shows_as_lateness() -> None:
    metrics = Metrics()
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SkippingLoop)
    watching = asyncio.create_task(watch_loop(metrics.note_lateness))
    await asyncio.sleep(LOOP_PERIOD_S / 2)
    loop.now_s += 0.15  # something takes that long
    await asyncio.sleep(LOOP_PERIOD_S)
    watching.cancel()
    seen = figures(metrics)
    assert seen["voice_avatar_loop_lateness_seconds_sum"] > 0.1
    slow = seen["voice_avatar_loop_lateness_seconds_count"]
    slow -= seen["voice_avatar_loop_lateness_seconds_bucket{le=0.05}"]
    assert slow == 1


def test_pauses_and_those_that_were_for_nothing_are_counted() -> None:
    metrics = Metrics()
    for notice in (ReplyPaused(1, 5), ReplyResumed(1, 5), ReplyPaused(1, 9)):
        metrics.note(notice)
    seen = figures(metrics)
    assert seen["voice_avatar_pauses_total"] == 2
    assert seen["voice_avatar_resumes_total"] == 1
