"""Variation that can be repeated: numbers that look like chance, from a seed. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

T = TypeVar("T")

GOLDEN: Final = 0.6180339887
"""Multiples of the golden ratio, modulo 1, fill the unit interval evenly and never repeat."""


def drawn(multiple: float, reply_id: int) -> float:
    """Returns a number of 0..1 that only depends on the reply and on a multiple of `GOLDEN`."""
    return (multiple + 0.37 * reply_id) % 1.0


class Draws:
    """A sequence of even draws. Two with the same seed are the same."""

    def __init__(self, seed: int) -> None:
        self._at = (seed % 1009) / 1009

    def between(self, low: float, high: float) -> float:
        """Returns the next number from `low` to `high`."""
        self._at = (self._at + GOLDEN) % 1.0
        return low + self._at * (high - low)

    def one_of(self, items: Sequence[T]) -> T:
        """Returns the next of some things, each as likely as the others."""
        return items[int(self.between(0, len(items)))]
