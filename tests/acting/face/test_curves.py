"""Curves that glide, pulse, and are held to a slope."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from voice_avatar.acting.face.curves import Glide, Pulses, limited

TIMES = np.arange(0, 2, 1 / 60)
ONE = np.ones(1, np.float32)

curves_strategy = arrays.arrays(
    np.float32, st.tuples(st.integers(1, 80), st.just(2)), elements=st.floats(0, 1, width=32)
)


def test_a_glide_goes_there_in_its_time_and_stays() -> None:
    glide = Glide(0 * ONE)
    glide.go(0.5, ONE, 0.5)
    values = glide.at(TIMES)[:, 0]
    assert values[TIMES <= 0.5].max() == 0
    assert abs(values[45] - 0.5) < 1e-6
    assert values[TIMES >= 1.0].min() == 1
    assert (np.diff(values) >= 0).all()


def test_a_glide_that_is_told_otherwise_on_its_way_goes_on_from_where_it_is() -> None:
    glide = Glide(0 * ONE)
    glide.go(0.0, ONE, 1.0)
    glide.go(0.5, 0 * ONE, 0.5)
    values = glide.at(TIMES)[:, 0]
    assert abs(values.max() - 0.5) < 1e-6
    assert np.abs(np.diff(values)).max() < 0.05
    assert values[-1] == 0


def test_a_later_wish_replaces_what_was_to_come_after_it() -> None:
    glide = Glide(0 * ONE)
    glide.go(1.5, ONE, 0.1)
    glide.go(1.0, ONE / 2, 0.1)
    assert glide.at(TIMES)[-1, 0] == 0.5


def test_a_glide_read_piece_by_piece_is_the_glide_read_at_once() -> None:
    def asked() -> Glide:
        glide = Glide(0 * ONE)
        for start_s, target, over_s in ((0.1, 1.0, 0.4), (0.3, 0.2, 0.1), (1.0, 0.9, 0.5)):
            glide.go(start_s, target * ONE, over_s)
        return glide

    pieces = asked()
    whole = asked().at(TIMES)
    assert np.allclose(whole, np.concatenate([pieces.at(t) for t in np.split(TIMES, 10)]))


def test_of_two_pulses_at_once_the_stronger_counts() -> None:
    pulses = Pulses(2)
    pulses.add(1, 0.5, (0.2, 0.4, 1.0, 1.2))
    pulses.add(1, 0.8, (0.5, 0.6, 0.7, 0.8))
    values = pulses.at(TIMES)
    assert values[:, 0].max() == 0
    assert abs(values[27, 1] - 0.5) < 1e-6
    assert abs(values[39, 1] - 0.8) < 1e-6
    assert values[-1, 1] == 0


@given(curves_strategy, st.floats(0, 1, width=32))
def test_no_step_is_larger_than_asked(curves: np.ndarray, before: float) -> None:
    most = np.array([0.1, 0.3], np.float32)
    start = np.full(2, before, np.float32)
    slow = limited(curves, start, most)
    assert (np.abs(np.diff(slow, axis=0, prepend=start[None])) <= most + 1e-6).all()


@given(curves_strategy)
def test_what_is_low_stays_as_low(curves: np.ndarray) -> None:
    slow = limited(curves, curves.min(axis=0), np.array([0.1, 0.3], np.float32))
    assert (slow <= curves + 1e-6).all()
    lowest = curves.argmin(axis=0)
    assert np.allclose(slow[lowest, [0, 1]], curves.min(axis=0), atol=1e-6)


def test_a_slow_curve_is_left_alone() -> None:
    curves = np.linspace(0, 1, 60, dtype=np.float32)[:, None]
    assert np.allclose(limited(curves, curves[0], 0.1 * ONE), curves, atol=1e-6)
