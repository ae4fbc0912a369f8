"""Playout: how far ahead to send, and what the listener's ear has heard."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.conversation.playout import Playout, PlayoutOptions, heard_text
from voice_avatar.events.cues import TimedWord
from voice_avatar.events.inputs import PlaybackState

RATE_HZ = 10_000
OPTIONS = PlayoutOptions(
    max_ahead_s=2.0, assumed_latency_s=0.1, heard_tolerance_s=0.05, stall_limit_s=5.0
)


def playout() -> Playout:
    return Playout(OPTIONS, RATE_HZ)


def sent(seconds: float, now_s: float = 0.0) -> Playout:
    """A reply of which so much went out at `now_s`."""
    reply = playout()
    reply.audio_sent(int(seconds * RATE_HZ), now_s)
    return reply


def test_before_any_audio_nothing_is_played_and_the_whole_lead_may_be_sent() -> None:
    reply = playout()
    assert reply.played(100.0) == 0
    assert reply.allowance(100.0) == 2 * RATE_HZ
    assert reply.reaches_s(1) is None


def test_without_reports_playback_runs_in_real_time_after_the_assumed_delay() -> None:
    reply = sent(1.0, now_s=50.0)
    assert reply.played(50.05) == 0
    assert reply.played(50.6) == pytest.approx(5000, abs=1)
    assert reply.played(60.0) == 10_000
    assert reply.reaches_s(10_000) == pytest.approx(51.1)


def test_the_lead_is_what_was_sent_and_not_yet_played() -> None:
    reply = sent(2.0)
    assert reply.allowance(0.1) == 0
    assert reply.allowance(0.6) == pytest.approx(5000, abs=1)


def test_more_than_the_lead_leaves_no_negative_allowance() -> None:
    assert sent(9.0).allowance(0.1) == 0


def test_audio_is_due_when_the_lead_allows_it() -> None:
    assert playout().due_s(9 * RATE_HZ) is None
    reply = sent(2.0, now_s=10.0)
    due_s = reply.due_s(int(2.5 * RATE_HZ))
    assert due_s == pytest.approx(10.6)
    assert reply.allowance(due_s or 0) == pytest.approx(5000, abs=1)
    assert reply.due_s(RATE_HZ) == 10.0  # and not before anything was sent


def test_a_report_that_moves_the_schedule_makes_nothing_late() -> None:
    reply = sent(2.0)
    reply.reported(int(1.5 * RATE_HZ), "playing", 1.0)
    assert reply.due_s(int(3.0 * RATE_HZ)) == 1.0
    assert reply.due_s(int(4.0 * RATE_HZ)) == pytest.approx(1.5)
    reply.reported(int(1.5 * RATE_HZ), "stalled", 2.0)
    assert reply.due_s(int(4.0 * RATE_HZ)) == pytest.approx(7.5)


def test_a_report_replaces_the_estimate() -> None:
    reply = sent(2.0)
    reply.reported(3000, "playing", 1.0)
    assert reply.played(1.0) == 3000
    assert reply.played(1.5) == 8000
    assert reply.reaches_s(8000) == pytest.approx(1.5)


@pytest.mark.parametrize(("told", "believed"), [(-5, 0), (10**9, 20_000)])
def test_a_report_beyond_what_is_possible_is_cut(told: int, believed: int) -> None:
    reply = sent(2.0)
    reply.reported(told, "stopped", 1.0)
    assert reply.played(1.0) == believed


@pytest.mark.parametrize("state", ["stalled", "finished", "stopped"])
def test_a_client_that_stands_still_is_believed_for_a_while(state: PlaybackState) -> None:
    reply = sent(2.0)
    reply.reported(4000, state, 1.0)
    assert reply.played(5.9) == 4000
    assert reply.reaches_s(4000) == pytest.approx(6.0)
    assert reply.played(6.5) == 9000


def test_a_client_that_goes_on_after_a_stall_plays_in_real_time_at_once() -> None:
    reply = sent(2.0)
    reply.reported(4000, "stalled", 1.0)
    reply.audio_sent(25_000, 1.5)
    assert reply.played(2.0) == 4000
    reply.reported(4000, "playing", 2.0)
    assert reply.played(2.5) == 9000


def test_after_the_audio_ran_dry_playback_waits_for_the_next_and_for_its_way() -> None:
    reply = sent(1.0)
    reply.audio_sent(20_000, 3.0)
    assert reply.played(3.0) == 10_000
    assert reply.played(3.1) == 10_000
    assert reply.played(3.6) == pytest.approx(15_000, abs=1)


def test_a_client_that_reports_needs_no_assumed_delay() -> None:
    reply = sent(1.0)
    reply.reported(9000, "playing", 1.0)
    reply.audio_sent(20_000, 3.0)
    assert reply.played(3.5) == 15_000


def test_a_report_before_any_audio_does_no_harm() -> None:
    reply = playout()
    reply.reported(500, "started", 1.0)
    assert reply.played(2.0) == 0
    reply.audio_sent(10_000, 2.0)
    assert reply.played(2.5) == 5000


def test_while_it_is_paused_nothing_is_played_and_nothing_may_be_sent() -> None:
    reply = sent(1.5)
    reply.pause(0.6)
    assert reply.is_paused
    assert reply.played(0.6) == reply.played(100.0) == pytest.approx(5000, abs=1)
    assert reply.allowance(100.0) == 0
    assert reply.reaches_s(10_000) is None
    assert reply.due_s(10_000) is None


def test_after_a_pause_it_goes_on_from_where_it_stood() -> None:
    reply = sent(1.5)
    reply.pause(0.6)
    reply.pause(1.0)
    reply.resume(10.6)
    assert not reply.is_paused
    assert reply.played(10.6) == pytest.approx(5000, abs=1)
    assert reply.played(10.7) == pytest.approx(6000, abs=1)
    assert reply.allowance(10.6) == pytest.approx(10_000, abs=1)
    assert reply.reaches_s(10_000) == pytest.approx(11.1)


def test_a_pause_makes_no_audio_late() -> None:
    reply = sent(1.5)
    reply.pause(0.6)
    reply.resume(10.6)
    assert reply.due_s(int(1.6 * RATE_HZ)) == 10.6


def test_a_pause_before_the_first_sample_is_heard_does_not_shorten_its_way() -> None:
    reply = sent(1.0)
    reply.pause(0.04)
    reply.resume(5.04)
    assert reply.played(5.1) == 0
    assert reply.played(5.2) == pytest.approx(1000, abs=1)


def test_a_pause_before_any_audio_changes_nothing() -> None:
    reply = playout()
    reply.pause(0.0)
    reply.resume(3.0)
    reply.audio_sent(RATE_HZ, 4.0)
    assert reply.played(4.6) == pytest.approx(5000, abs=1)


def test_going_on_without_a_pause_changes_nothing() -> None:
    reply = sent(1.0)
    reply.resume(0.5)
    assert reply.played(0.6) == pytest.approx(5000, abs=1)


@pytest.mark.parametrize("state", ["paused", "playing", "started"])
def test_a_report_during_a_pause_says_where_it_stands(state: PlaybackState) -> None:
    reply = sent(1.0)
    reply.pause(0.6)
    reply.reported(5432, state, 0.7)
    assert reply.played(9.0) == 5432
    reply.resume(9.0)
    assert reply.played(9.0) == 5432
    assert reply.played(9.1) == pytest.approx(6432, abs=1)


def test_a_client_that_says_after_the_pause_that_it_stands_still_is_waited_for() -> None:
    reply = sent(1.0)
    reply.pause(0.6)
    reply.resume(0.9)
    reply.reported(5100, "paused", 0.91)
    assert reply.played(1.5) == 5100
    reply.reported(5150, "playing", 1.6)
    assert reply.played(1.7) == pytest.approx(6150, abs=1)


def test_audio_that_was_on_its_way_when_the_pause_began_is_played_after_it() -> None:
    reply = sent(0.1)
    reply.pause(0.5)
    reply.audio_sent(6000, 0.8)
    assert reply.played(3.0) == 1000
    reply.resume(3.0)
    assert reply.played(3.2) == pytest.approx(2000, abs=1)  # after the assumed delay


def test_what_was_sent_never_shrinks() -> None:
    reply = sent(1.0)
    reply.audio_sent(500, 0.1)
    assert reply.sent == 10_000


Step = tuple[float, int, PlaybackState | None]
STEPS = st.lists(
    st.tuples(
        st.floats(0.0, 8.0),
        st.integers(-100, 50_000),
        st.sampled_from([None, None, "started", "playing", "stalled", "finished", "stopped"]),
    ),
    max_size=40,
)


@given(STEPS)
def test_never_more_is_played_than_was_sent_and_playback_never_goes_back_by_itself(
    steps: list[Step],
) -> None:
    """Each step: time that goes by, samples, and a report, or None for audio sent."""
    reply, now_s, until = playout(), 1.0, 0
    for wait_s, samples, state in steps:
        looks = [reply.played(now_s + wait_s * part / 4) for part in range(5)]
        now_s += wait_s
        assert all(before <= after for before, after in pairwise(looks))
        if state is None:
            until += abs(samples)
            reply.audio_sent(until, now_s)
            assert reply.played(now_s) >= looks[-1]
        else:
            reply.reported(samples, state, now_s)
        assert 0 <= reply.played(now_s) <= reply.sent == until
        assert 0 <= reply.allowance(now_s) <= 2 * RATE_HZ


@given(STEPS, st.integers(1, 10**6))
def test_a_sample_sent_is_played_when_it_was_said_to_be(steps: list[Step], sample: int) -> None:
    reply, now_s = playout(), 1.0
    reply.audio_sent(10**6, now_s)
    for wait_s, samples, state in steps:
        now_s += wait_s
        if state is not None:
            reply.reported(samples, state, now_s)
    reaches_s = reply.reaches_s(sample + 1)
    assert reaches_s is not None
    assert reply.played(max(now_s, reaches_s)) >= sample


TEXT = "Hello, my friend. Bye!"
WORDS = (
    TimedWord("Hello", 0, 1000, 0),
    TimedWord("my", 1000, 1500, 7),
    TimedWord("friend", 1500, 3000, 10),
    TimedWord("Bye", 4000, 5000, 18),
)


@pytest.mark.parametrize(
    ("played", "heard"),
    [
        (0, ""),
        (989, ""),
        (990, "Hello,"),
        (1000, "Hello,"),
        (2000, "Hello, my"),
        (3500, "Hello, my friend."),
        (5000, TEXT),
        (99_999, TEXT),
    ],
)
def test_the_text_heard_ends_after_the_last_whole_word_and_its_punctuation(
    played: int, heard: str
) -> None:
    assert heard_text(TEXT, WORDS, played, tolerance=10) == heard


def test_nothing_is_heard_of_a_text_whose_words_are_not_timed_yet() -> None:
    assert heard_text("“Hello", (), 5000, tolerance=10) == ""


def test_chinese_punctuation_belongs_to_the_word_before_it() -> None:
    words = (TimedWord("你好", 0, 1000, 0), TimedWord("世界", 1000, 2000, 3))
    assert heard_text("你好，世界。", words, 1000, tolerance=0) == "你好，"


@given(st.integers(0, 6000), st.integers(0, 6000))
def test_who_hears_longer_hears_no_less(first: int, second: int) -> None:
    less, more = sorted((first, second))
    longer = heard_text(TEXT, WORDS, more, tolerance=10)
    assert longer.startswith(heard_text(TEXT, WORDS, less, tolerance=10))


# -- nobody is connected


def test_while_nobody_is_connected_nothing_is_played_and_the_window_may_be_filled() -> None:
    reply = sent(1.0, now_s=0.0)
    reply.leave_alone(0.6)
    assert reply.played(60.0) == pytest.approx(5000, abs=1)
    assert reply.allowance(60.0) == pytest.approx(15_000, abs=1)
    assert reply.reaches_s(10_000) is None
    reply.audio_sent(25_000, 60.0)
    assert reply.allowance(60.0) == 0


def test_once_the_client_is_back_the_clock_goes_on_from_where_it_stood() -> None:
    reply = sent(2.0, now_s=0.0)
    reply.leave_alone(0.6)
    reply.rejoin(10.6)
    assert reply.played(10.6) == pytest.approx(5000, abs=1)
    assert reply.played(11.1) == pytest.approx(10_000, abs=1)


def test_the_first_report_of_a_client_that_is_back_says_what_it_played_meanwhile() -> None:
    reply = sent(2.0, now_s=0.0)
    reply.leave_alone(0.6)
    reply.rejoin(1.1)
    reply.reported(10_000, "playing", 1.1)
    assert reply.played(1.1) == 10_000
    assert reply.allowance(1.1) == 10_000


def test_a_reply_that_begins_while_nobody_is_connected_waits_for_the_client() -> None:
    reply = playout()
    reply.leave_alone(5.0)
    reply.audio_sent(RATE_HZ, 6.0)
    assert reply.played(30.0) == 0
    reply.rejoin(30.0)
    assert reply.played(30.05) == 0
    assert reply.played(30.6) == pytest.approx(5000, abs=1)


def test_a_paused_reply_stands_until_the_client_is_back_and_the_pause_is_over() -> None:
    reply = sent(2.0, now_s=0.0)
    reply.pause(0.6)
    reply.leave_alone(1.0)
    assert reply.allowance(2.0) == 0
    reply.resume(3.0)
    assert reply.played(4.0) == pytest.approx(5000, abs=1)
    reply.rejoin(5.0)
    assert reply.played(5.5) == pytest.approx(10_000, abs=1)


# -- what is handed over to the device is heard a little later


def test_what_is_heard_is_later_than_what_is_played_by_the_latency() -> None:
    for latency_s in (0.0, 0.04, 0.3):
        reply = sent(2.0)
        reply.reported(10_000, "playing", 1.0, latency_s)
        assert reply.played(1.5) == 15_000
        assert reply.heard(1.5) == pytest.approx(15_000 - latency_s * RATE_HZ, abs=1)


def test_before_the_latency_is_over_nothing_is_heard() -> None:
    reply = sent(2.0)
    reply.reported(0, "started", 1.0, 0.3)
    assert reply.heard(1.1) == 0
    assert reply.heard(1.4) == pytest.approx(1000, abs=1)


@pytest.mark.parametrize("state", ["stalled", "paused", "finished"])
def test_a_device_that_gets_nothing_more_plays_out_what_it_has(state: PlaybackState) -> None:
    reply = sent(2.0)
    reply.reported(8000, state, 1.0, 0.3)
    assert reply.heard(1.0) == 5000
    assert reply.heard(1.2) == pytest.approx(7000, abs=1)
    assert reply.heard(2.0) == reply.played(2.0) == 8000


def test_a_reply_that_waits_is_heard_to_the_end_of_what_the_device_has() -> None:
    reply = sent(2.0)
    reply.reported(8000, "playing", 1.0, 0.3)
    reply.pause(1.1)
    assert reply.heard(1.1) == pytest.approx(6000, abs=1)
    assert reply.heard(2.0) == reply.played(2.0) == 9000


def test_a_latency_that_cannot_be_is_not_believed() -> None:
    reply = sent(2.0)
    reply.audio_sent(9 * RATE_HZ, 0.0)
    reply.reported(5 * RATE_HZ, "playing", 1.0, 3600.0)
    assert reply.heard(1.0) == 3 * RATE_HZ
