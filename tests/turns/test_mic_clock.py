"""When samples of the microphone were spoken: by the promptest windows."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.events.payloads import MIC_HZ, WINDOW_SAMPLES
from voice_avatar.turns.mic_clock import MicClock

WINDOW_S = WINDOW_SAMPLES / MIC_HZ


def heard(*late_s: float, zero_s: float = 50.0) -> MicClock:
    """A clock that took one window after the other, each so much later than it was spoken."""
    clock = MicClock()
    for index, seconds in enumerate(late_s, start=1):
        clock.hear(index * WINDOW_SAMPLES, zero_s + index * WINDOW_S + seconds)
    return clock


def test_before_the_first_window_no_sample_has_a_time() -> None:
    clock = MicClock()
    assert clock.at_s(0) == -math.inf
    assert (clock.sample, clock.heard_s) == (0, 0.0)


def test_a_sample_was_spoken_when_its_window_came() -> None:
    clock = heard(0.0)
    assert clock.at_s(0) == pytest.approx(50.0)
    assert clock.at_s(MIC_HZ) == pytest.approx(51.0)
    assert clock.sample == WINDOW_SAMPLES
    assert clock.heard_s == pytest.approx(50.0 + WINDOW_S)


def test_a_late_window_dates_nothing_and_a_prompt_one_dates_all() -> None:
    assert heard(0.02, 0.3, 0.2).at_s(0) == pytest.approx(50.02, abs=1e-4)
    assert heard(0.3, 0.2, 0.02, 0.4).at_s(0) == pytest.approx(50.02, abs=1e-4)


def test_a_clock_that_falls_behind_is_followed_slowly() -> None:
    drifting = [0.3e-3 * index * WINDOW_S for index in range(5000)]  # 0.3 ms in a second
    assert heard(*drifting).at_s(0) == pytest.approx(50.0 + drifting[-1], abs=1e-3)


def test_after_a_hole_in_the_stream_samples_are_dated_anew() -> None:
    clock = heard(0.0, 0.0)
    clock.hear(3 * WINDOW_SAMPLES, 60.0)
    assert clock.at_s(3 * WINDOW_SAMPLES) == pytest.approx(60.0)


def test_audio_is_counted_from_a_sample_on() -> None:
    assert heard(0.0, 0.0).since_s(WINDOW_SAMPLES) == pytest.approx(WINDOW_S)


def test_after_a_new_connection_audio_is_waited_for_and_no_sample_is_dated_anew() -> None:
    clock = heard(0.0)
    clock.wait_from(99.0)
    assert clock.heard_s == 99.0
    assert clock.at_s(0) == pytest.approx(50.0)


@given(st.lists(st.floats(0.0, 0.4), min_size=1, max_size=100))
def test_no_window_dates_samples_later_than_itself_or_earlier_than_the_promptest(
    late_s: list[float],
) -> None:
    zero_s = heard(*late_s).at_s(0) - 50.0
    assert min(late_s) - 1e-9 <= zero_s <= late_s[-1] + 1e-9
    assert zero_s <= min(late_s) + 1e-5 * len(late_s) + 1e-9
