"""`bench v2v`: real sessions over sockets, and what their turns come to."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import time
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from kit.edge import BRISK, engines, hush, running, tone

from voice_avatar.bench.callers.call import RETRANSMISSION_S, CallOptions, hold_call
from voice_avatar.bench.figures.clip import Clip
from voice_avatar.bench.figures.line_events import (
    AudioCame,
    LineEvent,
    ReplyBegan,
    ReplyEnded,
    Subject,
)
from voice_avatar.bench.figures.results import Figure, Run
from voice_avatar.bench.figures.statistics import wilson
from voice_avatar.bench.figures.turns import TurnResult
from voice_avatar.bench.figures.v2v import figures, item
from voice_avatar.bench.figures.waterfall import STEPS, Waterfall
from voice_avatar.bench.material.clips import with_pause
from voice_avatar.bench.measures import v2v
from voice_avatar.bench.targets.registry import open_target
from voice_avatar.bench.targets.target import Line, TargetCapabilities
from voice_avatar.engines.scripted import ScriptedTts
from voice_avatar.errors import ConfigError, ConnectionFailed

HZ = 16_000
FRAME_BYTES = 640


def said(seconds: float = 0.6, tail_s: float = 0.1, text: str = "One two.") -> Clip:
    return Clip("said", tone(seconds) + hush(tail_s), int(seconds * HZ), text)


# -- with a real server


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_a_session_of_turns_is_measured_from_speech_to_speech() -> None:
    voice = ScriptedTts(symbol_samples=BRISK)
    async with running(engines("Hello, my friend.", tts=voice)) as server:
        target = open_target(server.url)
        results = await hold_call(target, [said(), said(0.9)], CallOptions(gap_s=0.3))
        await server.settled()
    assert [result.number for result in results] == [0, 1]
    for result in results:
        assert result.v2v_s is not None
        assert result.v2v_s > 0
        assert not result.is_cut_off
        assert result.reply == "Hello, my friend."
        assert result.heard
        assert result.reaction_s is not None
        assert result.waterfall is not None
        assert result.waterfall.total_s == pytest.approx(result.v2v_s, abs=0.005)
        assert abs(result.waterfall.residual_s) < 0.5
        assert result.underruns == 0


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_a_greeting_is_heard_out_and_is_no_answer(tmp_path: Path) -> None:
    persona = tmp_path / "greeting.toml"
    persona.write_text('name = "A"\nprompt = "You are A."\ngreeting = "Good day, all of you."\n')
    voice = ScriptedTts(symbol_samples=BRISK)
    async with running(engines("Hello.", tts=voice), persona=str(persona)) as server:
        target = open_target(server.url)
        (result,) = await hold_call(target, [said()], CallOptions(gap_s=0.3))
        await server.settled()
    assert result.reply == "Hello."
    assert result.v2v_s is not None
    assert not result.is_cut_off


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_sessions_at_once_are_kept_apart_and_clips_are_said_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    voice = ScriptedTts(symbol_samples=BRISK)
    async with running(engines("Hello.", tts=voice)) as server:
        target = open_target(server.url)
        options = CallOptions(gap_s=0.2)
        calls = await v2v.measure(target, [said()], options, sessions=2, turns=2)
        await server.settled()
    assert [[turn.number for turn in turns] for turns in calls] == [[0, 1], [0, 1]]
    assert all(turn.v2v_s is not None for turns in calls for turn in turns)
    assert "4 of 4" in capsys.readouterr().err


@pytest.mark.realtime
def test_a_run_can_be_repeated_and_computed_again_from_its_file(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "tone.wav"), "wb") as file:
        file.setparams((1, 2, HZ, 0, "NONE", ""))
        file.writeframes(said().pcm)
    parser = argparse.ArgumentParser()
    v2v.add_arguments(parser)
    scripted = [
        word
        for stage in ("vad", "turn", "stt", "llm", "tts")
        for word in ("--set", f"{stage}.engine=scripted")
    ]
    args = parser.parse_args(["--clips", str(tmp_path), "--turns", "1", *scripted])
    measured = v2v.run(args)
    again = msgspec.json.decode(msgspec.json.encode(measured), type=Run)
    assert again == measured
    assert [turn["clip"] for turn in again.items] == ["tone"]
    assert again.items[0]["v2v_s"] > 0
    assert again.subject["name"] == "voice-avatar"
    assert again.subject["models"]["stt"]["name"]
    assert again.settings["server"]["session.max_reply_tokens"] == "60"
    assert "--turns 1" in again.command
    assert str(tmp_path) not in again.command
    assert "stt.engine=scripted" in again.command


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_a_server_that_is_not_there_is_told() -> None:
    with pytest.raises(ConnectionFailed):
        await hold_call(open_target("ws://127.0.0.1:9"), [said()], CallOptions())


# -- with a line that notes what it was sent


class Tape:
    """A line that answers as it was told and keeps what it was sent; see `Line`."""

    def __init__(
        self, *, silent: bool = False, ends: bool = False, cuts: bool = False, mic_hz: int = HZ
    ) -> None:
        self.capabilities = TargetCapabilities("tape", mic_hz, False, False, False, False, True)
        self.subject = Subject("tape")
        self.frames: list[tuple[float, bytes]] = []
        self.reports: list[tuple[str, int]] = []
        self._silent = silent
        self._ends = ends
        self._cuts = cuts
        self._events: asyncio.Queue[LineEvent | None] = asyncio.Queue()

    @asynccontextmanager
    async def dial(self) -> AsyncIterator[Line]:
        yield self

    async def send(self, pcm: bytes) -> None:
        was_speech = bool(self.frames) and any(self.frames[-1][1])
        self.frames.append((time.monotonic(), pcm))
        if was_speech and not any(pcm):
            if self._ends:
                self._events.put_nowait(None)
            elif not self._silent:
                self._answer(time.monotonic())

    def _answer(self, now_s: float) -> None:
        reply = str(len(self.frames))
        self._events.put_nowait(ReplyBegan(now_s, reply))
        self._events.put_nowait(AudioCame(now_s, reply, tone(0.3), HZ))
        self._events.put_nowait(ReplyEnded(now_s, reply))
        if self._cuts:
            asyncio.get_running_loop().call_later(0.1, self._cut, reply)

    def _cut(self, reply: str) -> None:
        self._events.put_nowait(ReplyEnded(time.monotonic(), reply, is_interrupted=True))

    async def played(self, reply: str, samples: int) -> None:
        self.reports.append((reply, samples))

    async def events(self) -> AsyncIterator[LineEvent]:
        while (event := await self._events.get()) is not None:
            yield event


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_frames_go_out_whole_in_order_and_never_ahead_of_time() -> None:
    tape = Tape()
    begun_s = time.monotonic()
    clip = said(0.5, 0.03)
    await hold_call(tape, [clip, clip], CallOptions(gap_s=0.1))
    assert {len(frame) for _, frame in tape.frames} == {FRAME_BYTES}
    for number, (at_s, _) in enumerate(tape.frames):
        assert at_s - begun_s >= 0.02 * (number + 1) - 1e-3
    assert b"".join(frame for _, frame in tape.frames).count(clip.pcm) == 2


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_what_was_played_is_reported_to_who_wants_to_know() -> None:
    tape = Tape()
    (result,) = await hold_call(tape, [said()], CallOptions(gap_s=0.5))
    assert result.v2v_s is not None
    samples = [count for _, count in tape.reports]
    assert samples == sorted(samples)
    assert samples[-1] == int(0.3 * HZ)


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_what_was_played_of_a_reply_that_is_cut_is_reported_at_once_and_last() -> None:
    tape = Tape(cuts=True)
    await hold_call(tape, [said()], CallOptions(gap_s=0.5))
    samples = [count for _, count in tape.reports]
    assert samples == sorted(samples)
    assert samples[-1] == pytest.approx(0.1 * HZ, abs=0.02 * HZ)


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_a_line_gets_the_rate_that_it_takes() -> None:
    tape = Tape(mic_hz=24_000)
    (result,) = await hold_call(tape, [said(0.5, 0.03)], CallOptions(gap_s=0.1))
    assert result.v2v_s is not None
    assert {len(frame) for _, frame in tape.frames} == {960}
    spoken = [frame for _, frame in tape.frames if any(frame)]
    assert len(spoken) == pytest.approx(26, abs=1)


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_a_turn_without_an_answer_is_missed_after_its_time() -> None:
    (result,) = await hold_call(Tape(silent=True), [said()], CallOptions(0.1, timeout_s=0.5))
    assert result.is_missed


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_a_session_that_ends_too_early_is_told() -> None:
    with pytest.raises(ConnectionFailed):
        await hold_call(Tape(ends=True), [said(), said()], CallOptions(0.1, timeout_s=0.3))


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_jitter_and_loss_delay_frames_in_order_and_cost_the_user_time() -> None:
    clean, rough = Tape(), Tape()
    clip = said(0.6)
    await hold_call(clean, [clip], CallOptions(gap_s=0.1))
    options = CallOptions(gap_s=0.1, jitter_s=0.01, loss=0.1, seed=1)
    (result,) = await hold_call(rough, [clip], options)
    assert result.v2v_s is not None
    assert clip.pcm in b"".join(frame for _, frame in rough.frames)

    def longest_s(tape: Tape) -> float:
        at_s = [sent_s for sent_s, _ in tape.frames]
        return max(b - a for a, b in itertools.pairwise(at_s))

    assert longest_s(rough) > RETRANSMISSION_S / 2


# -- figures


def result(number: int = 0, clip: Clip | None = None, **rest: Any) -> TurnResult:
    return TurnResult(**{"clip": clip or said(), "number": number, "v2v_s": 0.5, **rest})


def by_name(results: list[TurnResult]) -> dict[str, Figure]:
    found = figures(results)
    assert len({figure.name for figure in found}) == len(found)
    return {figure.name: figure for figure in found}


def test_first_turns_stand_apart_and_talk_overs_and_misses_are_no_waits() -> None:
    found = by_name(
        [
            result(0, v2v_s=0.9),
            result(1, v2v_s=0.5),
            result(2, v2v_s=None, talk_overs_s=(-0.2,)),
            result(3, v2v_s=None),
        ]
    )
    summaries = {name: figure.summary for name, figure in found.items()}
    assert summaries["v2v"] is not None
    assert (summaries["v2v"].count, summaries["v2v"].p50) == (2, pytest.approx(700))
    assert summaries["v2v.first_turn"] is not None
    assert summaries["v2v.first_turn"].p50 == pytest.approx(900)
    assert found["missed"].value == 25.0
    assert found["cut_offs"].value == 25.0
    assert found["cut_offs.heard"].value == 25.0


def test_cut_offs_are_counted_by_the_pauses_of_a_clip() -> None:
    natural = Clip("n", tone(1.0), HZ, pauses_s=(0.3,))
    put_in = with_pause(said(1.0), 0.5, 1.0)
    found = by_name(
        [
            result(clip=natural),
            result(clip=natural, commits_s=(-0.4,)),
            result(clip=put_in, commits_s=(-0.4,), v2v_s=3.0),
            result(clip=said()),
        ]
    )
    assert found["cut_offs"].value == 50.0
    assert found["cut_offs.natural"].value == 50.0
    assert found["cut_offs.inserted"].value == 100.0
    assert found["cut_offs.fluent"].value == 0.0
    assert found["cut_offs.heard"].value == 0.0
    assert found["v2v"].summary is not None
    assert found["v2v"].summary.most == pytest.approx(500)  # pauses put in stand apart
    assert found["v2v.inserted_pause"].summary is not None
    assert found["v2v.not_cut_off"].summary is not None
    assert found["v2v.not_cut_off"].summary.count == 2
    assert "v2v.not_cut_off" not in by_name([result()])


def test_errors_are_counted_over_words_and_a_turn_not_heard_counts_whole() -> None:
    found = by_name(
        [
            result(clip=said(text="How old is it?"), heard="how old is it"),
            result(clip=said(text="Go on, please."), heard=""),
            result(clip=said(text=""), heard="whatever"),
        ]
    )
    assert found["wer"].value == pytest.approx(100 * 3 / 7)
    assert "wer" not in by_name([result(heard="")])


def test_speculation_is_a_share_of_the_turns_of_which_it_is_told() -> None:
    told = [result(is_speculative=True), result(is_speculative=False), result()]
    assert by_name(told)["speculation"].value == 50.0
    assert "wasted_tokens" not in by_name(told)
    assert "speculation" not in by_name([result()])
    counted = by_name([result(wasted_tokens=9, is_speculative=True), result(wasted_tokens=0)])
    assert counted["wasted_tokens"].value == 4.5
    assert "9 tokens in 2 turns" in counted["wasted_tokens"].note


def test_every_turn_is_kept_with_its_stages() -> None:
    fall = Waterfall(dict.fromkeys(STEPS, 0.1), 0.004)
    kept = item(result(2, v2v_s=0.8, waterfall=fall, talk_overs_s=(-0.1,)), 1)
    assert msgspec.json.decode(msgspec.json.encode(kept)) == kept
    assert (kept["clip"], kept["session"], kept["number"]) == ("said", 1, 2)
    assert kept["stages_s"]["ttfa"] == 0.1
    assert kept["talk_overs_s"] == [-0.1]
    assert "pcm" not in kept


def test_turns_in_which_the_bench_itself_was_late_are_told() -> None:
    found = by_name([result(mic_late_s=0.2), result(mic_late_s=0.003)])
    assert found["disturbed"].value == 50.0
    assert found["mic_late"].value == pytest.approx(200)


def test_no_turns_have_no_figures_but_counts_of_nothing() -> None:
    assert all(figure.value in (None, 0.0) for figure in figures([]))


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"), [(0, 20, 0.0, 0.161), (1, 20, 0.009, 0.236), (5, 5, 0.566, 1)]
)
def test_few_turns_give_a_wide_interval(part: int, whole: int, low: float, high: float) -> None:
    assert wilson(part, whole) == pytest.approx((low, high), abs=1e-3)


# -- the command


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    v2v.add_arguments(parser)
    return parser.parse_args(["--clips", "somewhere", *words])


def test_pauses_have_usual_lengths_and_any_others() -> None:
    assert parsed().pauses == ()
    assert parsed("--pauses").pauses == (0.5, 1.0)
    assert parsed("--pauses", "0.7").pauses == (0.7,)
    for wrong in ("no", "-1", "0.5,"):
        with pytest.raises(SystemExit):
            parsed(f"--pauses={wrong}")


@pytest.mark.parametrize(
    "words", [("--set", "nonsense"), ("--url", "ws://127.0.0.1:9", "--set", "turn.patience=1")]
)
def test_settings_that_cannot_be_used_are_refused(words: tuple[str, ...], tmp_path: Path) -> None:
    args = parsed(*words)
    args.clips = tmp_path
    with pytest.raises(ConfigError):
        v2v.run(args)


def test_without_recordings_it_says_which_variable_is_missing() -> None:
    args = parsed()
    args.clips = None
    with pytest.raises(ConfigError, match="VOICE_AVATAR_CLIPS_DIR"):
        v2v.run(args)
