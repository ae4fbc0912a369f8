"""The 67 morph targets: ARKit's 52 face shapes, and the 15 visemes mixed from them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

ARKIT: tuple[str, ...] = tuple(
    "eyeBlinkLeft eyeLookDownLeft eyeLookInLeft eyeLookOutLeft eyeLookUpLeft eyeSquintLeft"
    " eyeWideLeft eyeBlinkRight eyeLookDownRight eyeLookInRight eyeLookOutRight eyeLookUpRight"
    " eyeSquintRight eyeWideRight jawForward jawLeft jawRight jawOpen mouthClose mouthFunnel"
    " mouthPucker mouthLeft mouthRight mouthSmileLeft mouthSmileRight mouthFrownLeft"
    " mouthFrownRight mouthDimpleLeft mouthDimpleRight mouthStretchLeft mouthStretchRight"
    " mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper mouthPressLeft"
    " mouthPressRight mouthLowerDownLeft mouthLowerDownRight mouthUpperUpLeft mouthUpperUpRight"
    " browDownLeft browDownRight browInnerUp browOuterUpLeft browOuterUpRight cheekPuff"
    " cheekSquintLeft cheekSquintRight noseSneerLeft noseSneerRight tongueOut".split()
)
"""ARKit's shapes in the order of our dense face frames (ARFaceAnchor.BlendShapeLocation)."""

VISEMES: tuple[str, ...] = tuple("sil PP FF TH DD kk CH SS nn RR aa E I O U".split())
"""The visemes in Oculus' order."""

SHAPES: tuple[str, ...] = (*ARKIT, *(f"viseme_{name}" for name in VISEMES))


def viseme_mixtures(table: Path) -> dict[str, Mapping[str, float]]:
    """Return each viseme's ARKit weights, from the server's own table (visemes/sets.toml)."""
    with table.open("rb") as file:
        arkit = tomllib.load(file)["arkit"]
    return {name: arkit.get(name, {}) for name in VISEMES}
