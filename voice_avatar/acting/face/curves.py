"""Values that go smoothly from one to the next, and curves with a limited slope. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from voice_avatar.acting.face.tables import Curves

Times = npt.NDArray[np.float64]
"""Times of frames, seconds, rising."""


def eased(share: npt.NDArray[np.floating]) -> Curves:
    """Returns 0..1 from 0..1 that starts and ends at rest: 3 s^2 - 2 s^3, its slope at most 1.5."""
    clipped = np.clip(share, 0.0, 1.0).astype(np.float32)
    smooth: Curves = clipped * clipped * (3.0 - 2.0 * clipped)
    return smooth


@dataclass(frozen=True, slots=True)
class _Move:
    start_s: float
    over_s: float
    target: Curves


class Glide:
    """A vector that is told where to be and when; it goes there smoothly from wherever it is.

    A later `go` replaces what was asked for from its start on.
    """

    def __init__(self, value: Curves) -> None:
        self._value = value
        self._moves: list[_Move] = []

    def go(self, start_s: float, target: Curves, over_s: float) -> None:
        """Asks for `target`, to be reached `over_s` seconds after `start_s`."""
        kept = [move for move in self._moves if move.start_s < start_s]
        self._moves = [*kept, _Move(start_s, max(over_s, 1e-3), target)]

    def at(self, times: Times) -> Curves:
        """Returns the values (frames, size) at these times; what lies before is forgotten."""
        values = np.repeat(self._value[None], times.size, axis=0)
        first_s, last_s = float(times[0]), float(times[-1])
        value = self._value
        done = 0
        for n, move in enumerate(self._moves):
            if move.start_s > last_s:
                break
            following = self._moves[n + 1].start_s if n + 1 < len(self._moves) else np.inf
            since = times >= move.start_s
            share = eased((times[since] - move.start_s) / move.over_s)
            values[since] = value + share[:, None] * (move.target - value)
            ends_s = min(following, move.start_s + move.over_s)
            value = value + eased(np.array((ends_s - move.start_s) / move.over_s)) * (
                move.target - value
            )
            if ends_s <= first_s:
                self._value, done = value, n + 1
        del self._moves[:done]
        return values


class Pulses:
    """Values that rise, stay and fall back, each by itself; of two at once the stronger counts."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._pulses: list[tuple[int, float, tuple[float, float, float, float]]] = []

    def add(self, index: int, amount: float, corners_s: tuple[float, float, float, float]) -> None:
        """Adds one: it rises, is up, falls and is gone at these times."""
        self._pulses.append((index, amount, corners_s))

    def at(self, times: Times) -> Curves:
        """Returns the values (frames, size) at these times; what lies before is forgotten."""
        values = np.zeros((times.size, self._size), np.float32)
        if not self._pulses:
            return values
        self._pulses = [pulse for pulse in self._pulses if pulse[2][3] > times[0]]
        for index, amount, corners_s in self._pulses:
            if corners_s[0] < times[-1]:
                share = np.interp(times, corners_s, (0.0, 1.0, 1.0, 0.0))
                np.maximum(values[:, index], amount * eased(share), out=values[:, index])
        return values


def limited(curves: Curves, before: Curves, most: Curves) -> Curves:
    """Slows curves down so that no step is larger than `most`; what is low stays as low.

    This is the largest curve with that slope that is nowhere above the one given (its erosion by a
    cone), except where `before` is so high that it cannot fall in time.

    Args:
        curves: (frames, shapes); their last frames tell what comes.
        before: (shapes,) of the frame before them, that was shown.
        most: (shapes,), largest step.
    """
    # In 64 bits: the slope over a minute is large against a step.
    slope = np.arange(1.0, len(curves) + 1)[:, None] * most.astype(np.float64)
    fallen = np.minimum.accumulate(np.vstack((before[None], curves - slope)))[1:] + slope
    ahead = np.minimum.accumulate((curves + slope)[::-1])[::-1] - slope
    slow: Curves = np.maximum(np.minimum(fallen, ahead), before - slope).astype(np.float32)
    return slow
