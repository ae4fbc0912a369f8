"""How the avatar feels: a point in the valence-arousal plane that words move and time calms. Pure.

What moves it is blended in, never set; between two neighbouring expressions the one that is shown
stays until the other is clearly nearer. So a face does not flicker.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from math import hypot
from typing import Final

from voice_avatar.events.cues import Feeling
from voice_avatar.vocabulary import vocabulary

VALENCE_HALF_LIFE_S: Final = 20.0
AROUSAL_HALF_LIFE_S: Final = 10.0
"""After so long half of the way back to the baseline is gone. Excitement passes sooner than its
cause; the figures are ours."""

SHOWN: Final = ("smile", "happy", "relaxed", "sad")
"""Expressions that a mood shows by itself. Anger, fear and disgust are shown when they are asked
for: a table of words cannot tell whose they are."""

STICKINESS: Final = 0.12
"""How much nearer another expression must be before it takes over, in the plane's unit."""

_LEAST: Final = 0.25
"""Intensity of an expression that is just shown."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """How a persona feels when nothing moves it.

    Attributes:
        expression: of the face at rest.
        valence: -1 (unpleasant) .. 1 (pleasant).
        arousal: -1 (calm) .. 1 (excited).
    """

    expression: str = "neutral"
    valence: float = 0.0
    arousal: float = 0.0


@dataclass(frozen=True, slots=True)
class Mood:
    """A feeling.

    Attributes:
        valence: -1 (unpleasant) .. 1 (pleasant).
        arousal: -1 (calm) .. 1 (excited).
    """

    valence: float = 0.0
    arousal: float = 0.0


def decayed(mood: Mood, baseline: Baseline, seconds: float) -> Mood:
    """Returns a mood after some time in which nothing moved it."""

    def nearer(value: float, rest: float, half_life_s: float) -> float:
        part: float = 0.5 ** (max(0.0, seconds) / half_life_s)
        return rest + (value - rest) * part

    return Mood(
        nearer(mood.valence, baseline.valence, VALENCE_HALF_LIFE_S),
        nearer(mood.arousal, baseline.arousal, AROUSAL_HALF_LIFE_S),
    )


def left_by(feeling: Feeling | None, baseline: Baseline) -> Mood:
    """Returns what is left of a feeling by now; the baseline where there was none."""
    if feeling is None:
        return Mood(baseline.valence, baseline.arousal)
    return decayed(Mood(feeling.valence, feeling.arousal), baseline, feeling.age_s)


def moved(mood: Mood, towards: Mood, weight: float) -> Mood:
    """Returns a mood that went the part `weight` (0..1) of the way to another."""
    return Mood(
        mood.valence + (towards.valence - mood.valence) * weight,
        mood.arousal + (towards.arousal - mood.arousal) * weight,
    )


def face_of(
    mood: Mood, baseline: Baseline, last: str, shown: Collection[str] = SHOWN
) -> tuple[str, float]:
    """Returns the expression that shows a mood, and its intensity.

    Args:
        mood: what is felt.
        baseline: what is shown when nothing is.
        last: expression that is shown now; it stays unless another is clearly nearer.
        shown: expressions to choose from, besides the baseline's.

    Returns:
        Name and intensity 0..1, with 1 where the expression has its place in the plane.
    """
    rest = (baseline.valence, baseline.arousal)
    places = {
        name: (face.valence, face.arousal)
        for name, face in vocabulary().expressions.items()
        if name in shown
    } | {baseline.expression: rest}

    def distance(name: str) -> float:
        valence, arousal = places[name]
        kept = STICKINESS if name == last else 0.0
        return hypot(mood.valence - valence, mood.arousal - arousal) - kept

    name = min(places, key=distance)
    if name == baseline.expression:
        return name, 1.0
    valence, arousal = places[name]
    to_place = (valence - rest[0], arousal - rest[1])
    to_mood = (mood.valence - rest[0], mood.arousal - rest[1])
    length = to_place[0] ** 2 + to_place[1] ** 2
    part = (to_place[0] * to_mood[0] + to_place[1] * to_mood[1]) / length if length else 1.0
    return name, min(1.0, max(_LEAST, part))
