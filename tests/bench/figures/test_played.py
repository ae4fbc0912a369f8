"""What was heard of a reply, and when."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.bench_turns import piece

from voice_avatar.bench.figures.line_events import AudioCame
from voice_avatar.bench.figures.played import PlayedTrack

HZ = 16_000


def played(*pieces: AudioCame, buffer_s: float = 0.0) -> PlayedTrack:
    track = PlayedTrack(buffer_s)
    for event in pieces:
        track.take(event)
    return track


def test_a_reply_is_heard_from_its_first_audible_sample() -> None:
    track = played(piece(1.0, quiet_s=0.1), piece(1.05, quiet_s=0.04))
    assert track.replies["1"].arrived_s == 1.0
    assert track.replies["1"].onset_s == pytest.approx(1.14)
    assert track.until_s == pytest.approx(1.2)


def test_a_buffer_delays_a_reply_once() -> None:
    reply = played(piece(1.0), piece(1.12), buffer_s=0.05).replies["1"]
    assert reply.onset_s == pytest.approx(1.05)
    assert reply.until_s == pytest.approx(1.25)
    assert reply.underruns == 0
    assert reply.lead_s == pytest.approx(0.03)


def test_a_late_piece_is_an_underrun_and_its_silence_is_counted() -> None:
    reply = played(piece(1.0), piece(1.3), piece(1.35), piece(1.36)).replies["1"]
    assert reply.underruns == 1
    assert reply.late_s == pytest.approx(0.2)
    assert reply.until_s == pytest.approx(1.6)
    assert reply.lead_s == pytest.approx(-0.2)


def test_audio_that_runs_ahead_has_no_jitter_and_a_paced_one_what_it_came_late() -> None:
    burst = [piece(1.0, 0.02) for _ in range(10)]
    assert played(*burst).replies["1"].jitter_s == 0.0
    assert played(*burst).replies["1"].lead_s is None
    paced = [*burst, piece(1.03, 0.02), piece(1.05, 0.02), piece(1.08, 0.02)]
    assert played(*paced).replies["1"].jitter_s == pytest.approx(0.01)


def test_a_reply_waits_for_the_one_before_it() -> None:
    track = played(piece(1.0, 0.5), piece(1.1, reply="2"))
    assert track.replies["2"].onset_s == pytest.approx(1.5)


def test_a_gap_on_the_clock_of_a_reply_is_silence() -> None:
    reply = played(piece(1.0, start=0), piece(1.0, start=3200)).replies["1"]
    assert reply.until_s == pytest.approx(1.3)
    assert reply.samples == 4800
    assert reply.underruns == 0


def test_a_cut_reply_is_not_played_further() -> None:
    track = played(piece(1.0, 1.0), piece(1.0, reply="2"))
    track.cut("1", 1.25)
    track.cut("2", 1.25)
    track.cut("3", 1.25)
    track.take(piece(1.3))
    assert track.replies["1"].until_s == pytest.approx(1.25)
    assert track.replies["1"].played_samples(2.0) == 4000
    assert track.replies["2"].onset_s is None  # nobody heard it


def test_a_reply_that_is_paused_stands_still_and_goes_on_with_the_next_sample() -> None:
    track = played(piece(1.0, 1.0), piece(1.5, 1.0, quiet_s=0.5))
    track.pause("1", 1.25)
    track.pause("1", 1.4)
    reply = track.replies["1"]
    assert reply.played_samples(9.0) == HZ // 4
    track.take(piece(2.0, 1.0))
    track.resume("1", 3.25)
    assert reply.played_samples(3.5) == HZ // 2
    assert reply.until_s == pytest.approx(6.0)
    assert (reply.underruns, reply.late_s) == (0, 0.0)


def test_speech_that_a_pause_came_before_is_heard_later() -> None:
    track = played(piece(1.0, 1.0, quiet_s=0.5))
    track.pause("1", 1.25)
    track.resume("1", 2.25)
    assert track.replies["1"].onset_s == pytest.approx(2.5)


def test_speech_that_was_heard_before_a_pause_was_heard_then() -> None:
    track = played(piece(1.0, 1.0))
    track.pause("1", 1.25)
    track.resume("1", 2.25)
    track.resume("1", 9.0)
    assert track.replies["1"].onset_s == 1.0


def test_a_reply_that_had_run_dry_before_it_was_paused_has_an_underrun_of_its_own_time() -> None:
    track = played(piece(1.0, 0.1))
    track.pause("1", 1.3)
    track.take(piece(5.0, 0.1))
    track.resume("1", 6.3)
    reply = track.replies["1"]
    assert (reply.underruns, reply.late_s) == (1, pytest.approx(0.2))
    assert reply.until_s == pytest.approx(6.4)


def test_a_paused_reply_that_is_cut_was_heard_up_to_the_pause() -> None:
    track = played(piece(1.0, 1.0))
    track.pause("1", 1.25)
    track.cut("1", 1.75)
    reply = track.replies["1"]
    assert (reply.until_s, reply.samples, reply.paused_s) == (1.25, HZ // 4, None)


def test_what_is_said_of_a_reply_of_which_nothing_came_changes_nothing() -> None:
    track = played()
    track.pause("1", 1.0)
    track.resume("1", 2.0)
    assert track.replies == {}


def test_what_was_played_grows_with_time_up_to_what_came() -> None:
    reply = played(piece(1.0, 0.5)).replies["1"]
    assert [reply.played_samples(at_s) for at_s in (0.9, 1.0, 1.25, 1.5, 9.0)] == [
        0,
        0,
        4000,
        8000,
        8000,
    ]


@given(
    st.lists(st.tuples(st.floats(0, 0.5), st.integers(1, 4000)), min_size=1, max_size=30),
    st.floats(0, 0.2),
)
def test_playing_takes_the_sound_and_the_silence_of_underruns(
    pieces: list[tuple[float, int]], buffer_s: float
) -> None:
    at_s, events = 0.0, []
    for wait_s, samples in pieces:
        at_s += wait_s
        events.append(piece(at_s, samples / HZ))
    reply = played(*events, buffer_s=buffer_s).replies["1"]
    sound_s = sum(samples for _, samples in pieces) / HZ
    begun_s = events[0].at_s + buffer_s
    assert reply.until_s == pytest.approx(begun_s + sound_s + reply.late_s, abs=1e-3 * len(pieces))
    assert (reply.underruns == 0) == (reply.late_s == 0)
