"""What a body does by itself, by the persona's energy: blinks, breath, shifts of weight. Pure.

The client makes these movements, from these figures; the server only says how lively they are.
Figures are for the middle of the energy scale (0.5); where a source gives one it is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

BLINKS_AT_REST_PER_MIN: Final = 17.0
BLINKS_TALKING_PER_MIN: Final = 26.0
"""Bentivoglio 1997; intervals are Poisson-like."""
BLINK_CLOSE_MS: Final = 85.0
BLINK_OPEN_MS: Final = 150.0
"""Lids close within 70 to 100 ms (the middle of it) and open within 150 (reference 4.4)."""
BREATH_HZ: Final = 0.25
WEIGHT_SHIFT_S: Final = (6.0, 15.0)
"""Shortest and longest time between two shifts of weight (reference 4.4)."""
GAZE_SHIFT_S: Final = (2.0, 5.0)
"""Likewise between two looks elsewhere while nobody speaks. Ours; never a stare above 5 s."""


@dataclass(frozen=True, slots=True)
class Autonomic:
    """What a body does by itself.

    Attributes:
        blinks_at_rest_per_min: while it does not talk; intervals between blinks are exponential.
        blinks_talking_per_min: while it talks.
        blink_close_ms: how long the lids take to close.
        blink_open_ms: how long they take to open again.
        breath_hz: breaths a second.
        weight_shift_s: shortest and longest time between two shifts of weight, seconds.
        gaze_shift_s: likewise between two looks elsewhere while nobody speaks, seconds.
        energy: 0..1, for the size of all of it.
    """

    blinks_at_rest_per_min: float
    blinks_talking_per_min: float
    blink_close_ms: float
    blink_open_ms: float
    breath_hz: float
    weight_shift_s: tuple[float, float]
    gaze_shift_s: tuple[float, float]
    energy: float


def autonomic(energy: float) -> Autonomic:
    """Returns what the body of a persona of that energy (0..1) does by itself.

    Lively people breathe faster and move sooner: from 0.8 of the usual rate to 1.2 of it. Blinks
    keep their rate: it follows talk and attention rather than temperament.
    """
    pace = 0.8 + 0.4 * min(1.0, max(0.0, energy))

    def sooner(span_s: tuple[float, float]) -> tuple[float, float]:
        least_s, most_s = span_s
        return round(least_s / pace, 2), round(most_s / pace, 2)

    shortest_s, longest_s = sooner(GAZE_SHIFT_S)
    return Autonomic(
        blinks_at_rest_per_min=BLINKS_AT_REST_PER_MIN,
        blinks_talking_per_min=BLINKS_TALKING_PER_MIN,
        blink_close_ms=BLINK_CLOSE_MS,
        blink_open_ms=BLINK_OPEN_MS,
        breath_hz=round(BREATH_HZ * pace, 3),
        weight_shift_s=sooner(WEIGHT_SHIFT_S),
        gaze_shift_s=(shortest_s, min(longest_s, GAZE_SHIFT_S[1])),
        energy=energy,
    )
