"""How much the avatar moves while it speaks. Pure."""

from __future__ import annotations

from dataclasses import dataclass


def vigour(energy: float) -> float:
    """Returns the factor on amplitudes: even a calm persona's movements can be seen."""
    return 0.4 + 0.6 * energy


@dataclass(frozen=True, slots=True)
class GestureOptions:
    """How much the avatar moves. Times are seconds.

    Attributes:
        energy: 0..1, the persona's: scales amplitudes and the number of beats; 0 = no beats.
        has_rules: whether words make it move (tags always do).
        beat_gap_s: least time from a stroke to a beat's (reference 4.2).
        gesture_gap_s: least time from a stroke to that of a gesture by rule (our choice).
        head_gap_s: least time between head movements by rule (our choice).
        face_gap_s: least time between expressions by rule (our choice).
        away_s: how long it looks away as it begins to speak (BEAT's turn-start rule; our figure).
        mutual: share of a long reply in which it looks at the user (41 % while one talks: Eyes
            Alive, Lee & Badler 2002); 1 = it never looks away in the middle.
        overhang_s: how far a movement may run past its chunk: about one retraction.
    """

    energy: float = 0.5
    has_rules: bool = True
    beat_gap_s: float = 1.2
    gesture_gap_s: float = 0.8
    head_gap_s: float = 0.8
    face_gap_s: float = 1.0
    away_s: float = 0.9
    mutual: float = 0.41
    overhang_s: float = 0.6

    @property
    def vigour(self) -> float:
        """Factor on amplitudes."""
        return vigour(self.energy)
