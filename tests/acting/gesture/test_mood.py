"""What words and time do to a mood, and what a face shows of it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.acting.gesture.mood import (
    AROUSAL_HALF_LIFE_S,
    SHOWN,
    VALENCE_HALF_LIFE_S,
    Baseline,
    Mood,
    decayed,
    face_of,
    left_by,
    moved,
)
from voice_avatar.events.cues import Feeling

NEUTRAL = Baseline()
WARM = Baseline("relaxed", 0.2, -0.1)
UNIT = st.floats(-1, 1)


def test_a_mood_goes_half_way_home_in_a_half_life() -> None:
    sad = Mood(-0.8, -0.4)
    assert decayed(sad, NEUTRAL, VALENCE_HALF_LIFE_S).valence == pytest.approx(-0.4)
    assert decayed(sad, NEUTRAL, AROUSAL_HALF_LIFE_S).arousal == pytest.approx(-0.2)
    late = decayed(sad, WARM, 1000)
    assert (late.valence, late.arousal) == pytest.approx((0.2, -0.1))


def test_no_time_and_time_that_ran_backwards_change_nothing() -> None:
    assert decayed(Mood(0.5, 0.5), NEUTRAL, 0) == Mood(0.5, 0.5)
    assert decayed(Mood(0.5, 0.5), NEUTRAL, -3) == Mood(0.5, 0.5)


@given(UNIT, UNIT, st.floats(0, 100), st.floats(0, 100))
def test_decay_in_two_steps_is_decay_in_one(v: float, a: float, one_s: float, two_s: float) -> None:
    steps = decayed(decayed(Mood(v, a), WARM, one_s), WARM, two_s)
    whole = decayed(Mood(v, a), WARM, one_s + two_s)
    assert (steps.valence, steps.arousal) == pytest.approx((whole.valence, whole.arousal))


@given(UNIT, UNIT, UNIT, UNIT, st.floats(0, 1))
def test_a_mood_never_leaves_the_plane(v: float, a: float, w: float, b: float, part: float) -> None:
    got = moved(Mood(v, a), Mood(w, b), part)
    assert -1 <= got.valence <= 1
    assert -1 <= got.arousal <= 1


@pytest.mark.parametrize(
    ("mood", "face"),
    [
        (Mood(), "neutral"),
        (Mood(0.8, 0.5), "happy"),
        (Mood(0.45, 0.05), "smile"),
        (Mood(0.5, -0.4), "relaxed"),
        (Mood(-0.6, -0.3), "sad"),
        (Mood(-0.7, 0.7), "neutral"),  # it might be anger or fear: that has to be asked for
    ],
)
def test_a_face_shows_the_mood(mood: Mood, face: str) -> None:
    assert face_of(mood, NEUTRAL, "neutral")[0] == face


def test_between_neighbours_the_face_that_is_shown_stays() -> None:
    midway = Mood(0.65, 0.3)  # between smile and happy
    assert face_of(midway, NEUTRAL, "smile")[0] == "smile"
    assert face_of(midway, NEUTRAL, "happy")[0] == "happy"


def test_a_mood_that_trembles_does_not_make_the_face_flicker() -> None:
    shown, last = [], "neutral"
    for step in range(100):
        last = face_of(Mood(0.65 + 0.04 * (-1) ** step, 0.3), NEUTRAL, last)[0]
        shown.append(last)
    assert sum(a != b for a, b in pairwise(shown)) == 0


def test_intensity_grows_with_the_mood() -> None:
    parts = [face_of(Mood(-v, -v / 2), NEUTRAL, "sad")[1] for v in (0.4, 0.6, 0.8)]
    assert parts == sorted(parts)
    assert 0 < parts[0] < parts[-1] <= 1


def test_a_persona_rests_in_its_own_face() -> None:
    assert face_of(Mood(0.2, -0.1), WARM, "smile") == ("relaxed", 1.0)
    assert face_of(Mood(-0.7, -0.4), WARM, "relaxed")[0] == "sad"


def test_only_what_can_be_shown_is_chosen() -> None:
    assert face_of(Mood(0.8, 0.5), NEUTRAL, "neutral", ("smile",))[0] == "smile"
    assert face_of(Mood(0.8, 0.5), NEUTRAL, "neutral", ())[0] == "neutral"
    assert "angry" not in SHOWN


def test_what_a_reply_left_is_less_by_now() -> None:
    assert left_by(None, WARM) == Mood(0.2, -0.1)
    fresh = left_by(Feeling(-0.6, 0.4), WARM)
    assert (fresh.valence, fresh.arousal) == pytest.approx((-0.6, 0.4))
    assert left_by(Feeling(0.8, 0.0, VALENCE_HALF_LIFE_S), NEUTRAL).valence == pytest.approx(0.4)
