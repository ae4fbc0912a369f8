"""When a mouth shows a phone: on the track of poses, as a client interpolates it. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

import numpy as np

from voice_avatar.acting.mouth.viseme_tables import VISEMES
from voice_avatar.bench.figures.phone_pairs import VOWELS, HeardPhone
from voice_avatar.events.cues import VisemePose

SHAPES: Final[dict[str, str]] = {
    **dict.fromkeys(("P", "B", "M"), "PP"),
    **dict.fromkeys(("F", "V"), "FF"),
    **dict.fromkeys(("TH", "DH"), "TH"),
    **dict.fromkeys(("T", "D"), "DD"),
    **dict.fromkeys(("K", "G", "NG"), "kk nn"),
    **dict.fromkeys(("SH", "ZH"), "CH"),
    **dict.fromkeys(("CH", "JH"), "CH DD"),  # may begin with the shape of their t or d
    **dict.fromkeys(("S", "Z"), "SS"),
    **dict.fromkeys(("N", "L"), "nn"),
    **{"R": "RR", "W": "U O", "Y": "I", "ER": "RR E"},
    **dict.fromkeys(VOWELS - {"ER"}, "aa E I O U"),
}
"""Phone -> visemes that show it (OVR's reference, which gives each viseme its phonemes). Any vowel
shape shows a vowel: which one is a matter of taste, when it comes is measured here. h has none."""

CLOSURES: Final = frozenset({"P", "B", "M"})
LEAST_WEIGHT: Final = 0.25
"""A consonant shows from this weight on; a vowel shows where its shape is the strongest."""
CLOSED_WEIGHT: Final = 0.9


def arrival(poses: Sequence[VisemePose], phone: str, first: int, end: int) -> int | None:
    """Returns the first sample in [first, end) at which a pose shows a phone; None = none does."""
    inside = (pose for pose in poses if first <= pose.sample < end)
    return next((p.sample for p in inside if _shows(dict(p.weights), phone)), None)


def is_shown(poses: Sequence[VisemePose], phone: str, sample: int) -> bool:
    """Returns whether the mouth shows a phone at a sample, between two poses."""
    i = bisect_left([pose.sample for pose in poses], sample)
    return 0 < i < len(poses) and _shows(_between(poses[i - 1], poses[i], sample), phone)


def _shows(weights: Mapping[int, float], phone: str) -> bool:
    shapes = shapes_of(phone)
    if phone in VOWELS:
        return max(weights, key=lambda viseme: weights[viseme], default=None) in shapes
    return sum(w for viseme, w in weights.items() if viseme in shapes) >= LEAST_WEIGHT


def _between(one: VisemePose, two: VisemePose, sample: int) -> dict[int, float]:
    """Returns the weights at a sample between two poses."""
    share = (sample - one.sample) / max(1, two.sample - one.sample)
    weights = {viseme: w * (1.0 - share) for viseme, w in one.weights}
    for viseme, w in two.weights:
        weights[viseme] = weights.get(viseme, 0.0) + w * share
    return weights


@cache
def shapes_of(phone: str) -> frozenset[int]:
    """Returns the visemes that show a phone."""
    return frozenset(VISEMES.index(name) for name in SHAPES.get(phone, "").split())


def is_closed(poses: Sequence[VisemePose], phone: HeardPhone, rate_hz: int) -> bool:
    """Returns whether the lips are together at some time while a phone is heard.

    Between two poses the mouth moves in a straight line, so that its extremes are at poses and at
    the ends of the phone.
    """
    times = [pose.sample / rate_hz for pose in poses]
    closed = [dict(pose.weights).get(VISEMES.index("PP"), 0.0) for pose in poses]
    ends = np.interp([phone.start_s, phone.end_s], times, closed).tolist() if times else []
    inside = (w for t, w in zip(times, closed, strict=True) if phone.start_s <= t <= phone.end_s)
    return max((*ends, *inside), default=0.0) >= CLOSED_WEIGHT
