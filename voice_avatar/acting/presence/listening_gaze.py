"""Where a listener looks: mostly at the speaker, and away now and then. Pure.

Listeners look at the speaker three quarters of the time (Eyes Alive, Lee, Badler and Badler 2002),
and a look of more than four or five seconds is a stare.
"""

from __future__ import annotations

from typing import Final

from voice_avatar.acting.variation import Draws
from voice_avatar.events.cues import BodyCue

LOOK_S: Final = (2.6, 4.4)
"""Shortest and longest look at the speaker, seconds."""

AWAY_S: Final = (0.7, 1.6)
"""Shortest and longest look away: 25 % of the time together with `LOOK_S`."""

_PAUSE_S: Final = 0.5
"""Who speaks again after a pause of so long is looked at. Ours."""

_AWAY: Final = ("away_side", "down", "away_side")


class ListeningGaze:
    """A listener's eyes."""

    def __init__(self, seed: int) -> None:
        self._draws = Draws(seed)
        self._leaves_s: float | None = None
        self._heard_s = 0.0

    def meet(self) -> None:
        """The eyes have just come back to the speaker."""
        self._leaves_s = None

    def step(self, now_s: float) -> list[BodyCue]:
        """Takes a moment in which the other speaks; the eyes come back by themselves."""
        is_new = now_s - self._heard_s >= _PAUSE_S
        self._heard_s = now_s
        if self._leaves_s is None or is_new:
            self._leaves_s = now_s + self._draws.between(*LOOK_S)
        if now_s < self._leaves_s:
            return []
        away_s = self._draws.between(*AWAY_S)
        self._leaves_s = now_s + away_s + self._draws.between(*LOOK_S)
        return [BodyCue("gaze", self._draws.one_of(_AWAY), 0.3, round(away_s * 1000))]
