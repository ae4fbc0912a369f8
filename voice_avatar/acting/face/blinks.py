"""When the avatar blinks, and how: a Poisson process with a dead time, drawn from a seed. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, Protocol

from voice_avatar.acting.face.curves import Pulses, Times
from voice_avatar.acting.face.tables import BlinkTable, Curves

SHUT_S: Final = 1 / 30
"""Lids stay shut so long, seconds: one frame of the slowest track shows them shut."""


class Chance(Protocol):
    """Where chance comes from: `random.Random(seed)`, or a generator of NumPy."""

    def random(self) -> float:
        """Returns the next number, 0 <= x < 1."""


class Blinks:
    """The blinks of one stretch of time, from time 0 on.

    The next blink is always known. A gaze shift or the end of a clause brings it forward if it was
    to come soon; the one after it is counted from where it was to be, so that the rate stays. Times
    are drawn at the talking rate; of those that fall into silence, only as many as make the rate of
    rest are kept.
    """

    def __init__(self, table: BlinkTable, chance: Chance) -> None:
        self._table = table
        self._chance = chance
        self._due_s = self._wait_s()
        self._next_s = self._due_s
        self._last_s = -math.inf
        self._lids = Pulses(1)

    def invite(self, at_s: float) -> None:
        """Something happens at which people blink; a blink that is due soon comes now."""
        is_soon = at_s < self._next_s <= at_s + self._table.pull_s
        if is_soon and at_s >= self._last_s + self._table.gap_s:
            self._next_s = at_s

    def until(self, end_s: float, is_talking: Callable[[float], bool]) -> None:
        """Decides what blinks begin before `end_s`."""
        table = self._table
        while self._next_s < end_s:
            share = 1.0 if is_talking(self._next_s) else table.rest_per_s / table.talking_per_s
            if self._chance.random() < share:
                least, most = table.close_s
                close_s = least + (most - least) * self._chance.random()
                shut_s = self._next_s + close_s
                opens_s = shut_s + SHUT_S
                corners_s = (self._next_s, shut_s, opens_s, opens_s + table.open_s)
                self._lids.add(0, 1.0, corners_s)
                self._last_s = self._next_s
            self._due_s = max(self._due_s + self._wait_s(), self._last_s + table.gap_s)
            self._next_s = self._due_s

    def _wait_s(self) -> float:
        """Draws the time to the next: the dead time, then an exponential one."""
        mean_s = 1 / self._table.talking_per_s - self._table.gap_s
        return self._table.gap_s - mean_s * math.log(1.0 - self._chance.random())

    def at(self, times: Times) -> Curves:
        """Returns how far the lids are shut, 0..1; what lies before is forgotten."""
        return self._lids.at(times)[:, 0]
