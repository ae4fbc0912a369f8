"""Hands, face and gaze at a time, from their cues."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.client.rules.movement import (
    Moved,
    face_at,
    gaze_at,
    gesture_after_cut,
    gesture_at,
    gestures_at,
    shares_hand,
)
from voice_avatar.client.rules.retraction import RETRACTION_MS
from voice_avatar.wire import cue_messages


def gesture(*points: float, number: str = "g1", mode: Any = "right") -> cue_messages.Gesture:
    names = ("start_ms", "stroke_start_ms", "stroke_ms", "stroke_end_ms", "relax_ms", "end_ms")
    return cue_messages.Gesture(
        reply_id=1, id=number, lexeme="wave", kind="emblem", mode=mode, amplitude=1.0,
        source="llm", **dict(zip(names, points, strict=True)),
    )  # fmt: skip


def face(t_ms: float, name: str = "happy", *, hold_ms: float = 0.0) -> cue_messages.Face:
    return cue_messages.Face(
        reply_id=1, t_ms=t_ms, expression=name, intensity=0.8, valence=0.0, arousal=0.0,
        fade_ms=100.0, hold_ms=hold_ms, source="llm",
    )  # fmt: skip


WAVE = gesture(100, 300, 350, 400, 500, 900)


@pytest.mark.parametrize(
    ("t_ms", "moved"),
    [
        (99, Moved("rest", 0.0)),
        (200, Moved("preparation", 0.5)),
        (300, Moved("stroke", 1.0)),
        (450, Moved("hold", 1.0)),
        (700, Moved("retraction", 0.5)),
        (900, Moved("rest", 0.0)),
    ],
)
def test_a_gesture_goes_through_its_phases(t_ms: float, moved: Moved) -> None:
    assert gesture_at(WAVE, t_ms) == moved


def test_a_gesture_is_given_over_to_the_next_one_of_its_hand() -> None:
    following = gesture(420, 480, 500, 520, 600, 700, number="g2")
    assert gesture_at(WAVE, 450, following) == Moved("hold", 0.5)
    assert gesture_at(WAVE, 480, following) == Moved("rest", 0.0)
    assert gestures_at([following, WAVE], 450) == [
        ("g1", Moved("hold", 0.5)),
        ("g2", Moved("preparation", 0.5)),
    ]


def test_the_other_hand_goes_on() -> None:
    other = gesture(420, 480, 500, 520, 600, 700, number="g2", mode="left")
    assert not shares_hand(WAVE, other)
    assert shares_hand(WAVE, gesture(1, 2, 3, 4, 5, 6, mode="both"))
    assert dict(gestures_at([WAVE, other], 480))["g1"] == Moved("hold", 1.0)


def test_a_cut_brings_back_what_is_shown_and_begins_nothing() -> None:
    assert gesture_after_cut(WAVE, 300, 350) == gesture_at(WAVE, 300)
    half = gesture_after_cut(WAVE, 350 + RETRACTION_MS / 2, 350)
    assert half == Moved("retraction", pytest.approx(0.5))
    assert gesture_after_cut(WAVE, 350 + RETRACTION_MS, 350) == Moved("rest", 0.0)
    assert gesture_after_cut(WAVE, 350, 50) == Moved("rest", 0.0)
    assert gestures_at([WAVE], 350, cut_ms=50) == []


@given(
    st.lists(st.floats(0, 5000), min_size=6, max_size=6, unique=True).map(sorted),
    st.none() | st.floats(0, 5000),
)
def test_a_weight_is_never_out_of_bounds_and_falls_once_it_fell(
    points: list[float], cut_ms: float | None
) -> None:
    cue = gesture(*points)
    times = [points[0] + step * (points[-1] - points[0]) / 50 for step in range(51)]
    if cut_ms is None:
        moves = [gesture_at(cue, t_ms) for t_ms in times]
    else:
        moves = [gesture_after_cut(cue, t_ms, cut_ms) for t_ms in times]
    assert all(0.0 <= moved.weight <= 1.0 for moved in moves)
    has_fallen = False
    for one, other in pairwise(moves):
        assert not (has_fallen and other.weight > one.weight + 1e-9)
        has_fallen = has_fallen or other.weight < one.weight - 1e-9


def test_a_face_rises_is_held_and_falls() -> None:
    held = [face(1000.0, hold_ms=200.0)]
    assert face_at(held, 999.0) == {}
    assert face_at(held, 1050.0) == {"happy": pytest.approx(0.4)}
    assert face_at(held, 1300.0) == {"happy": pytest.approx(0.8)}
    assert face_at(held, 1350.0) == {"happy": pytest.approx(0.4)}
    assert face_at(held, 1400.0) == {}
    assert face_at([face(1000.0)], 9e6) == {"happy": pytest.approx(0.8)}  # until the next one


def test_the_next_face_makes_the_one_before_it_fall() -> None:
    cues = [face(500.0, "sad"), face(0.0, "happy")]
    assert face_at(cues, 550.0) == {
        "happy": pytest.approx(0.4),
        "sad": pytest.approx(0.4),
    }
    assert face_at(cues, 600.0) == {"sad": pytest.approx(0.8)}


def test_the_gaze_that_began_last_counts_and_else_the_user() -> None:
    def gaze(target: str, start_ms: float, end_ms: float) -> cue_messages.Gaze:
        return cue_messages.Gaze(
            reply_id=1, target=target, start_ms=start_ms, end_ms=end_ms, source="llm"
        )

    cues = [gaze("vase", 200.0, 300.0), gaze("down", 100.0, 400.0)]
    assert [gaze_at(cues, t_ms) for t_ms in (99, 100, 200, 300, 400)] == [
        "user",
        "down",
        "vase",
        "down",
        "user",
    ]
