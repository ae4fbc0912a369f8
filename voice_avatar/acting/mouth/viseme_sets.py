"""The viseme sets a client may ask for: their names in order, and poses in their terms. Pure."""

from __future__ import annotations

from typing import Final

from voice_avatar.acting.mouth.viseme_tables import (
    VISEMES,
    Weights,
    arkit_weights,
    azure_viseme,
    vrm_weights,
)

ARKIT: Final = (
    *("eyeBlinkLeft", "eyeLookDownLeft", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft"),
    *("eyeSquintLeft", "eyeWideLeft"),
    *("eyeBlinkRight", "eyeLookDownRight", "eyeLookInRight", "eyeLookOutRight", "eyeLookUpRight"),
    *("eyeSquintRight", "eyeWideRight"),
    *("jawForward", "jawLeft", "jawRight", "jawOpen"),
    *("mouthClose", "mouthFunnel", "mouthPucker", "mouthLeft", "mouthRight"),
    *("mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight"),
    *("mouthDimpleLeft", "mouthDimpleRight", "mouthStretchLeft", "mouthStretchRight"),
    *("mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper"),
    *("mouthPressLeft", "mouthPressRight", "mouthLowerDownLeft", "mouthLowerDownRight"),
    *("mouthUpperUpLeft", "mouthUpperUpRight"),
    *("browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight"),
    *("cheekPuff", "cheekSquintLeft", "cheekSquintRight", "noseSneerLeft", "noseSneerRight"),
    "tongueOut",
)
"""ARKit's 52 face shapes in the order of its blend-shape locations."""

FACE_HZ: Final = (30, 60)
"""Rates at which a client may have all of them as dense frames, see `acting/face/render.py`."""

VRM: Final = ("aa", "ih", "ou", "ee", "oh")
"""VRM 1.0's mouth expressions."""

AZURE: Final = tuple(str(number) for number in range(22))
"""Azure's viseme ids, which have no names."""

VISEME_SETS: Final[dict[str, tuple[str, ...]]] = {
    "ovr15": VISEMES,
    "arkit52": ARKIT,
    "vrm5": VRM,
    "azure22": AZURE,
}
"""Names of each set; the first set is the one that every client can show."""


def to_set(weights: Weights, viseme_set: str) -> Weights:
    """Returns a pose of the 15 visemes as (index, weight) pairs of a set.

    Raises:
        KeyError: no such set.
    """
    names = VISEME_SETS[viseme_set]
    if names is ARKIT:
        shapes = arkit_weights(weights)
    elif names is VRM:
        shapes = vrm_weights(weights)
    elif names is AZURE:
        return ((azure_viseme(weights), 1.0),)
    else:
        return weights
    return tuple((names.index(shape), weight) for shape, weight in shapes.items())
