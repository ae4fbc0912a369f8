"""What `bench interrupt` makes of what happened: cuts, echo, noises, the server's own figures."""

from __future__ import annotations

import numpy as np
import pytest

from voice_avatar.audio.pcm import dbfs, to_float
from voice_avatar.bench.callers.echo import EchoPath
from voice_avatar.bench.callers.interrupt_call import dropped_s
from voice_avatar.bench.callers.scrape import Reading, metrics_url, quantile, read
from voice_avatar.bench.figures.cuts import Cut, HeardAudio, cut_of
from voice_avatar.bench.figures.interrupt import Held, Trial, figures
from voice_avatar.bench.figures.line_events import (
    AudioCame,
    LineEvent,
    ReplyBegan,
    ReplyEnded,
    ReplyPaused,
    ReplyResumed,
    SpeechNoticed,
)
from voice_avatar.bench.material.noises import made_disturbances, spoken_disturbances
from voice_avatar.bench.material.utterances import onset
from voice_avatar.engines.scripted import ScriptedTts
from voice_avatar.events.payloads import MIC_HZ
from voice_avatar.telemetry.metrics import Metrics

HZ = 16_000


def piece(at_s: float, seconds: float = 0.5, reply: str = "1") -> AudioCame:
    return AudioCame(at_s, reply, b"\1\1" * int(seconds * HZ), HZ)


# -- cuts


def test_a_reply_falls_silent_when_the_word_of_the_interruption_comes() -> None:
    events: list[LineEvent] = [
        piece(0.0),
        piece(0.1),
        piece(0.6),
        SpeechNoticed(0.95, is_end=False),
        ReplyEnded(1.1, "1", is_interrupted=True),
    ]
    cut = cut_of(events, 0.8, 5.0, buffer_s=0.0)
    assert cut.is_cut
    assert cut.told_s == cut.last_played_s == pytest.approx(0.3)
    assert cut.noticed_s == pytest.approx(0.15)
    assert cut.last_sent_s is None  # all was there before the onset
    assert cut.stale_frames == 0


def test_audio_after_the_word_of_the_interruption_is_stale_and_counts_as_sent() -> None:
    events: list[LineEvent] = [
        piece(0.0, 2.0),
        ReplyEnded(1.0, "1", is_interrupted=True),
        piece(1.2),
        piece(1.3, reply="2"),
    ]
    cut = cut_of(events, 0.8, 5.0, buffer_s=0.0)
    assert cut.stale_frames == 1
    assert cut.last_sent_s == pytest.approx(0.4)
    assert cut.last_played_s == pytest.approx(0.2)


def test_a_reply_that_talks_on_is_no_cut_and_is_no_void_trial() -> None:
    cut = cut_of([piece(0.0, 4.0), ReplyBegan(3.0, "2")], 0.8, 5.0, buffer_s=0.0)
    assert not cut.is_cut
    assert not cut.is_void
    assert cut.is_answered
    assert cut.last_played_s == pytest.approx(3.2)


@pytest.mark.parametrize("onset_s", [0.5, 3.0])
def test_a_reply_that_was_over_by_itself_makes_a_trial_void(onset_s: float) -> None:
    assert cut_of([piece(0.0, 1.0)], onset_s, 5.0, buffer_s=0.0).is_void


def test_what_is_told_after_the_trial_was_not_caused_by_it() -> None:
    events: list[LineEvent] = [piece(0.0, 9.0), ReplyEnded(4.0, "1", is_interrupted=True)]
    assert not cut_of(events, 0.5, 3.0, buffer_s=0.0).is_cut


def test_a_loudspeaker_plays_pieces_one_after_the_other_and_waits_only_for_the_first() -> None:
    speaker = HeardAudio(0.1)
    assert speaker.take(piece(1.0)) == pytest.approx(1.1)
    assert speaker.take(piece(1.01)) == pytest.approx(1.6)
    assert speaker.played(1.6) == HZ // 2
    speaker.flush(1.85)
    assert speaker.until_s(9.0) == 1.85
    assert speaker.played(9.0) == pytest.approx(0.75 * HZ, abs=2)


def test_a_loudspeaker_that_is_paused_keeps_what_it_has_and_goes_on_with_the_next_sample() -> None:
    speaker = HeardAudio(0.0)
    speaker.take(piece(1.0))
    speaker.pause(1.2)
    assert speaker.take(piece(1.3)) == pytest.approx(1.5)  # on its own time
    assert speaker.played(5.0) == pytest.approx(0.2 * HZ, abs=2)
    speaker.resume(3.2)
    assert speaker.played(3.3) == pytest.approx(0.3 * HZ, abs=2)
    assert speaker.until_s(3.3) == pytest.approx(4.0)


def test_a_loudspeaker_that_had_run_dry_is_not_behind_after_a_pause() -> None:
    speaker = HeardAudio(0.0)
    speaker.take(piece(1.0))
    speaker.pause(2.0)
    speaker.resume(3.0)
    assert speaker.until_s(3.0) == pytest.approx(1.5)
    assert speaker.take(piece(3.5)) == pytest.approx(3.5)


def test_a_loudspeaker_obeys_only_what_is_said_of_its_reply() -> None:
    speaker = HeardAudio(0.0)
    speaker.take(piece(1.0))
    speaker.obey(ReplyPaused(1.1, "2"))
    assert speaker.paused_s is None
    speaker.obey(ReplyPaused(1.1, "1"))
    assert speaker.paused_s == 1.1
    speaker.obey(ReplyEnded(1.4, "1"))
    assert speaker.paused_s is None


# -- pauses


def test_a_pause_that_ended_with_the_interruption_is_when_the_reply_fell_silent() -> None:
    events: list[LineEvent] = [
        piece(0.0, 3.0),
        ReplyPaused(1.0, "1"),
        ReplyEnded(1.6, "1", is_interrupted=True),
    ]
    cut = cut_of(events, 0.8, 5.0, buffer_s=0.0)
    assert cut.is_cut
    assert cut.paused_s == cut.last_played_s == pytest.approx(0.2)
    assert cut.told_s == pytest.approx(0.8)
    assert cut.pauses_s == ()


def test_a_reply_that_went_on_in_between_fell_silent_at_the_second_pause() -> None:
    events: list[LineEvent] = [
        piece(0.0, 3.0),
        ReplyPaused(1.0, "1"),
        ReplyResumed(1.5, "1"),
        ReplyPaused(1.9, "1"),
        ReplyEnded(2.2, "1", is_interrupted=True),
    ]
    cut = cut_of(events, 0.8, 5.0, buffer_s=0.0)
    assert cut.paused_s == pytest.approx(0.2)
    assert cut.last_played_s == pytest.approx(1.1)
    assert cut.pauses_s == (pytest.approx(0.5),)


def test_a_reply_that_came_back_was_not_cut_and_what_it_had_to_say_is_not_longer() -> None:
    events: list[LineEvent] = [
        piece(0.0, 2.0),
        ReplyPaused(1.0, "1"),
        piece(1.2, 0.5),
        ReplyResumed(1.5, "1"),
    ]
    cut = cut_of(events, 0.9, 5.0, buffer_s=0.0)
    assert not cut.is_cut
    assert not cut.is_void
    assert cut.left_s == pytest.approx(1.6)
    assert cut.last_played_s == pytest.approx(2.1)


def test_a_reply_that_never_came_back_was_cut() -> None:
    cut = cut_of([piece(0.0, 9.0), ReplyPaused(1.0, "1")], 0.8, 5.0, buffer_s=0.0)
    assert cut.is_cut
    assert cut.told_s is None
    assert cut.last_played_s == pytest.approx(0.2)


def test_a_reply_that_ended_in_its_pause_came_back() -> None:
    events: list[LineEvent] = [piece(0.0, 2.5), ReplyPaused(1.0, "1"), ReplyEnded(1.1, "1")]
    cut = cut_of(events, 0.8, 5.0, buffer_s=0.0)
    assert not cut.is_cut
    assert cut.pauses_s == (pytest.approx(0.1),)


def test_samples_that_are_missing_or_come_twice_are_counted() -> None:
    def at(start: int) -> AudioCame:
        return AudioCame(0.1, "1", bytes(200), HZ, start)

    events: list[LineEvent] = [at(0), at(100), at(250), at(300)]
    assert cut_of(events, 0.11, 5.0, buffer_s=0.0).gap_samples == 100
    assert cut_of([at(0), at(100)], 0.11, 5.0, buffer_s=0.0).gap_samples == 0


def test_what_pauses_cost_is_told() -> None:
    def held(kind: str, *pauses_s: float, is_cut: bool = False) -> Held:
        trial = Trial(kind, kind, b"", b"", 0, 0.0)
        paused_s = 0.1 if pauses_s else None
        cut = Cut("1", is_cut, paused_s, pauses_s, left_s=3.0, told_s=1.0 if is_cut else None)
        return Held(trial, cut, None, None, ())

    found = {f.name: f for f in figures([held("mhm", 0.4), held("cough", 0.2, 0.6), held("noise")])}
    assert found["false_interruptions"].value == 0
    assert found["pauses"].value == pytest.approx(100 * 2 / 3)
    assert found["pauses.length"].summary is not None
    assert found["pauses.length"].summary.p50 == pytest.approx(0.4)
    assert found["pauses.length"].summary.most == pytest.approx(0.6)
    assert found["pauses.gap"].value == 0
    assert not {"pauses", "pauses.gap"} & {f.name for f in figures([held("noise")])}


# -- onsets


def test_speech_starts_where_sound_begins_that_is_no_click() -> None:
    quiet, loud = np.full(1600, 3, "<i2"), np.full(3200, 9000, "<i2")
    click = np.full(160, 9000, "<i2")
    pcm = np.concatenate((quiet, click, quiet, loud)).tobytes()
    assert onset(pcm) == 3360
    assert onset(pcm, 3400) == 3400
    assert onset(quiet.tobytes(), 320) == 320
    assert onset(b"") == 0


# -- echo


def test_what_is_played_is_heard_later_and_softer() -> None:
    tone = (10_000 * np.sin(np.arange(HZ) * 0.2)).astype("<i2").tobytes()
    path = EchoPath(MIC_HZ, -20.0, delay_s=0.05)
    path.play(10.0, tone, HZ)
    assert not path.heard(10.0, 800).any()
    heard = path.heard(10.05, 8000)
    np.testing.assert_allclose(heard, to_float(tone)[:8000] * 0.1, atol=1e-6)


def test_pieces_at_another_rate_are_heard_without_gap() -> None:
    time_s = np.arange(24_000) / 24_000
    tone = (10_000 * np.sin(2 * np.pi * 300 * time_s)).astype("<i2").tobytes()
    path = EchoPath(MIC_HZ, 0.0, delay_s=0.0)
    for at in range(0, len(tone), 960):
        path.play(at / 48_000, tone[at : at + 960], 24_000)
    heard = path.heard(0.1, 8000)
    expected = 10_000 / 32_768 * np.sin(2 * np.pi * 300 * (0.1 + np.arange(8000) / MIC_HZ))
    assert np.max(np.abs(heard - expected)) < 0.01


def test_nothing_is_heard_of_what_was_flushed() -> None:
    path = EchoPath(MIC_HZ, -6.0, delay_s=0.05)
    path.play(0.0, b"\0\x20" * HZ, HZ)
    path.cut(0.5)
    heard = path.heard(0.0, HZ)
    assert heard[int(0.54 * MIC_HZ)] != 0
    assert not heard[int(0.56 * MIC_HZ) :].any()


def test_what_stood_still_is_heard_later_without_a_gap() -> None:
    ramp = np.arange(HZ, dtype="<i2").tobytes()
    path = EchoPath(MIC_HZ, 0.0, delay_s=0.05)
    path.play(0.0, ramp, HZ)
    path.pause(0.25)
    assert path.heard(0.29, 160).all()
    assert not path.heard(0.31, 1600).any()
    path.resume(1.25)
    before, after = path.heard(0.29, 160), path.heard(1.3, 160)
    assert after[0] - before[-1] == pytest.approx(1 / 32_768, abs=1e-6)
    assert not path.heard(0.5, 160).any()


def test_nothing_is_heard_of_what_was_flushed_while_it_stood_still() -> None:
    path = EchoPath(MIC_HZ, -6.0, delay_s=0.05)
    path.play(0.0, b"\0\x20" * HZ, HZ)
    path.pause(0.25)
    path.cut(0.5)
    heard = path.heard(0.0, HZ)
    assert heard[int(0.29 * MIC_HZ)] != 0
    assert not heard[int(0.31 * MIC_HZ) :].any()
    path.resume(0.6)
    assert not path.heard(0.31, HZ).any()


# -- noises


def test_made_sounds_are_the_same_for_everybody_and_as_loud_as_speech() -> None:
    made = made_disturbances()
    assert made == made_disturbances()
    assert {sound.kind for sound in made} == {"cough", "mhm"}
    for sound in made:
        assert 0.3 < sound.duration_s < 2.0
        assert -35 < dbfs(sound.pcm) < -9


def test_a_voice_says_what_listeners_say() -> None:
    said = spoken_disturbances(ScriptedTts(symbol_samples=1600))
    assert [sound.name for sound in said[:4]] == ["mhm", "uh-huh", "yeah", "okay"]
    assert all(sound.duration_s > 0.1 for sound in said)


# -- figures of the server


def test_the_figures_of_our_server_are_read() -> None:
    metrics = Metrics()
    metrics.set_running(replies=2, requests=1)
    before = read(metrics.exposition()[0].decode())
    for late_s in [0.0005] * 98 + [0.03] * 2:
        metrics.note_lateness(late_s)
    after = read(metrics.exposition()[0].decode())
    assert after.running_replies == 2
    assert after.running_requests == 1
    assert after.cpu_s is not None
    assert after.rss_bytes is not None
    assert quantile(before.lateness, after.lateness, 0.5) == pytest.approx(0.00025, abs=0.0002)
    assert 0.02 < (quantile(before.lateness, after.lateness, 0.99) or 0) <= 0.05
    assert quantile(before.pacing, after.pacing, 0.5) is None
    metrics.note_pacing(4, 0.02)
    paced = read(metrics.exposition()[0].decode())
    assert 0.015 < (quantile(after.pacing, paced.pacing, 0.5) or 0) <= 0.02


def test_a_server_that_tells_nothing_has_no_lateness() -> None:
    assert read("something_else 3\n") == Reading()
    assert quantile({}, {}, 0.99) is None


def test_figures_are_on_the_port_of_the_sessions() -> None:
    assert metrics_url("wss://a.example:8765/v1/ws?x=1") == "https://a.example:8765/metrics"


def test_what_ran_at_the_cut_is_seen_to_end() -> None:
    looks: list[tuple[float, float | None]] = [(1.0, 1.0), (1.2, 1.0), (1.4, 0.0), (1.5, 1.0)]
    assert dropped_s(looks, 1.0, 1.39) == pytest.approx(0.4)


@pytest.mark.parametrize("count", [0.0, None])
def test_what_did_not_run_does_not_end(count: float | None) -> None:
    assert dropped_s([(1.0, count), (1.4, 0.0)], 1.0, 1.3) is None


def test_what_began_after_the_onset_is_not_the_reply_that_was_cut() -> None:
    looks: list[tuple[float, float | None]] = [(1.0, 0.0), (1.2, 1.0), (1.9, 0.0)]
    assert dropped_s(looks, 1.0, 1.4) is None
