"""Speech detection: starts and stops, exact to a window whatever the debouncing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.events.inputs import VadFrame
from voice_avatar.events.payloads import WINDOW_SAMPLES
from voice_avatar.stages.vad import VadOptions
from voice_avatar.turns.speech import SpeechDetector, SpeechStarted, SpeechStopped

OPTIONS = VadOptions(start_probability=0.5, stop_probability=0.35, start_windows=3, pause_windows=2)
SpeechFact = SpeechStarted | SpeechStopped


def at(window: int) -> int:
    return window * WINDOW_SAMPLES


def facts(
    detector: SpeechDetector, probabilities: list[float], *, first: int = 0
) -> list[SpeechFact]:
    steps = (
        detector.step(VadFrame(at(first + index), probability))
        for index, probability in enumerate(probabilities)
    )
    return [fact for fact in steps if fact is not None]


def test_speech_starts_at_the_first_window_of_its_run_and_stops_after_the_last() -> None:
    said = [0.1, 0.6, 0.9, 0.8, 0.7, 0.1, 0.1, 0.1]
    assert facts(SpeechDetector(OPTIONS), said) == [SpeechStarted(at(1), 0.9), SpeechStopped(at(5))]


def test_a_click_is_not_speech() -> None:
    assert facts(SpeechDetector(OPTIONS), [0.9, 0.9, 0.1, 0.9, 0.9, 0.1]) == []


def test_a_stop_consonant_is_not_a_pause() -> None:
    detector = SpeechDetector(OPTIONS)
    assert facts(detector, [0.9] * 3 + [0.1] + [0.9] * 3 + [0.1]) == [SpeechStarted(0, 0.9)]
    assert detector.is_speaking


def test_between_the_two_thresholds_all_stays_as_it_is() -> None:
    detector = SpeechDetector(OPTIONS)
    assert facts(detector, [0.4] * 10) == []
    facts(detector, [0.9] * 3)
    assert facts(detector, [0.4] * 10) == []
    assert detector.is_speaking


def test_speech_that_goes_on_after_a_pause_is_a_new_start() -> None:
    found = facts(SpeechDetector(OPTIONS), [0.9] * 3 + [0.1] * 2 + [0.7] * 3)
    assert found == [SpeechStarted(0, 0.9), SpeechStopped(at(3)), SpeechStarted(at(5), 0.7)]


def test_the_end_of_the_last_speech_window_is_known_at_any_time() -> None:
    detector = SpeechDetector(OPTIONS)
    assert detector.last_speech_end == 0
    facts(detector, [0.9] * 4)
    assert detector.last_speech_end == at(4)
    facts(detector, [0.1], first=4)
    assert detector.last_speech_end == at(4)


def test_speech_may_be_rising_before_it_counts() -> None:
    detector = SpeechDetector(OPTIONS)
    seen = []
    for index, probability in enumerate([0.1, 0.9, 0.1, 0.9, 0.9, 0.9, 0.9]):
        detector.step(VadFrame(at(index), probability))
        seen.append((detector.is_rising, detector.is_speaking))
    quiet, rising, speaking = (False, False), (True, False), (False, True)
    assert seen == [quiet, rising, quiet, rising, rising, speaking, speaking]


@pytest.mark.parametrize("before", [[0.9] * 5, [0.9] * 2, [0.9] * 5 + [0.1]])
def test_after_a_reset_speech_has_to_start_anew(before: list[float]) -> None:
    detector = SpeechDetector(OPTIONS)
    facts(detector, before)
    detector.reset()
    assert not detector.is_speaking
    assert not detector.is_rising
    assert facts(detector, [0.8] * 3, first=20) == [SpeechStarted(at(20), 0.8)]


@given(
    st.lists(st.floats(0.0, 1.0), max_size=200),
    st.integers(1, 4),
    st.integers(1, 4),
)
def test_starts_and_stops_alternate_and_never_go_back_in_time(
    said: list[float], start_windows: int, pause_windows: int
) -> None:
    options = VadOptions(start_windows=start_windows, pause_windows=pause_windows)
    found = facts(SpeechDetector(options), said)
    for index, fact in enumerate(found):
        assert isinstance(fact, SpeechStopped if index % 2 else SpeechStarted)
    samples = [fact.sample for fact in found]
    assert samples == sorted(samples)
    assert all(sample % WINDOW_SAMPLES == 0 for sample in samples)


@given(st.lists(st.booleans(), max_size=200))
def test_every_run_that_is_long_enough_is_speech_and_only_those(said: list[bool]) -> None:
    started = [
        fact.sample // WINDOW_SAMPLES
        for fact in facts(SpeechDetector(OPTIONS), [0.95 if loud else 0.05 for loud in said])
        if isinstance(fact, SpeechStarted)
    ]
    for start in started:
        assert said[start : start + 3] == [True] * 3
        assert start == 0 or not said[start - 1]
    if not started:
        assert not any(all(said[i : i + 3]) for i in range(len(said) - 2))


# -- a sound that falls away


def dips(levels: list[tuple[float, float]], *, quiet_dbfs: float = -70.0, **options: float) -> str:
    """Feeds a second of background, then speech of these (level, level of the tail), dBFS.

    Returns a mark per window of speech: "_" for a dip, "^" for none.
    """
    detector = SpeechDetector(VadOptions(start_windows=1, **options))  # type: ignore[arg-type]
    quiet = [(0.1, quiet_dbfs, quiet_dbfs)] * 31
    marks = []
    for index, window in enumerate([*quiet, *((0.9, *level) for level in levels)]):
        detector.step(VadFrame(at(index), *window))
        marks.append("_" if detector.is_dipping else "^")
    return "".join(marks[len(quiet) :])


VOICE = (-20.0, -20.0)


def test_a_voice_that_falls_by_22_db_within_a_window_dips() -> None:
    assert dips([VOICE, VOICE, (-23.0, -41.0), (-60.0, -60.0), (-23.0, -44.0)]) == "^^^__"
    assert dips([VOICE, VOICE, (-23.0, -43.0), (-60.0, -60.0), VOICE]) == "^^__^"


def test_what_counts_is_how_loud_the_voice_was_of_late() -> None:
    soft = [(-30.0, -30.0)] * 60
    assert dips([VOICE, *soft, (-40.0, -48.0)])[-1] == "^"
    assert dips([VOICE, *soft, (-40.0, -54.0)])[-1] == "_"


def test_over_a_loud_background_a_dip_goes_down_to_it_and_not_to_silence() -> None:
    assert dips([VOICE, VOICE, (-24.0, -43.0)], quiet_dbfs=-46.0)[-1] == "_"
    assert dips([VOICE, VOICE, (-24.0, -38.0)], quiet_dbfs=-46.0)[-1] == "^"


def test_a_voice_hardly_over_its_background_never_dips() -> None:
    assert "_" not in dips([VOICE, VOICE, (-29.0, -35.0), (-60.0, -60.0)], quiet_dbfs=-30.0)


def test_dips_can_be_switched_off() -> None:
    assert "_" not in dips([VOICE, VOICE, (-60.0, -60.0)], dip_db=0.0)


def test_there_is_no_dip_where_there_is_no_speech() -> None:
    detector = SpeechDetector(VadOptions())
    for index in range(10):
        detector.step(VadFrame(at(index), 0.1, -20.0, -80.0))
        assert not detector.is_dipping
