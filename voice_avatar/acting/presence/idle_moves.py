"""What an avatar does while nobody talks: it looks around, shifts its weight. Pure.

Blinks and breath are the client's; this is what a body does every few seconds: weight shifts come 6
to 15 s apart (reference 4.4), with glances between them.
"""

from __future__ import annotations

from typing import Final

from voice_avatar.acting.presence.options import BodyOptions
from voice_avatar.acting.variation import Draws
from voice_avatar.events.cues import BodyCue

_SHIFTS: Final = ("shift_left", "shift_right")
_GLANCES: Final = ("away_side", "down", "away_side", "away_up")
_SPREAD: Final = (0.6, 1.4)
"""Shortest and longest time between two moves, as shares of the mean."""


class IdleMoves:
    """The idle life of one avatar.

    Attributes:
        deadline_s: when `tick` is due, None while it is not idle, or does nothing.
    """

    def __init__(self, options: BodyOptions) -> None:
        self._options = options
        self._draws = Draws(options.seed)
        self._moves = 0
        self.deadline_s: float | None = None

    def begin(self, now_s: float) -> None:
        """Nobody talks from now on."""
        rate = self._options.idle_per_minute * (0.5 + self._options.energy)
        if rate > 0:
            self.deadline_s = now_s + self._draws.between(*_SPREAD) * 60.0 / rate

    def end(self) -> None:
        """Somebody talks."""
        self.deadline_s = None

    def tick(self, now_s: float) -> list[BodyCue]:
        """Does what is due."""
        if self.deadline_s is None or now_s < self.deadline_s:
            return []
        self.begin(now_s)
        self._moves += 1
        if self._moves % 2:
            duration_ms = round(self._draws.between(700, 1800))
            return [BodyCue("gaze", self._draws.one_of(_GLANCES), 0.4, duration_ms)]
        shift = _SHIFTS[self._moves // 2 % 2]
        amount = self._options.scaled(self._draws.between(0.25, 0.5))
        return [BodyCue("posture", shift, amount, 0)]
