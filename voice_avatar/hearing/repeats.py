"""Whether a microphone's numbers stand still, so that all it sends is taken for repeats. Pure.

A repeat is dropped, and mostly rightly: after a lost connection a client sends its last two seconds
again. A client whose numbers do not grow would never be heard, and never know why.
"""

from __future__ import annotations

from typing import Final

_RESENT_S: Final = 2.2
"""Audio that may be a repeat in one go, seconds: the 2 s that clients keep for a lost connection,
and some slack."""

_STANDING: Final = 4
"""Packets in a row with the number of the one before, after which it is taken to stand still."""


class Repeats:
    """Repeats of one microphone stream."""

    def __init__(self) -> None:
        self._last: int | None = None
        self._standing = 0
        self._dropped_s = 0.0
        self._is_told = False

    def note(self, number: int, dropped_s: float) -> bool:
        """Takes a packet; returns whether to tell that too much is dropped: once in a row.

        Args:
            number: of the packet, in an order of the client's.
            dropped_s: audio of it that was dropped as a repeat, seconds; 0.0 = it was new.
        """
        is_same, self._last = number == self._last, number
        if not dropped_s:
            self._standing, self._dropped_s, self._is_told = 0, 0.0, False
            return False
        self._standing = self._standing + 1 if is_same else 0
        self._dropped_s += dropped_s
        is_stuck = self._standing >= _STANDING or self._dropped_s > _RESENT_S
        was_told, self._is_told = self._is_told, self._is_told or is_stuck
        return is_stuck and not was_told
