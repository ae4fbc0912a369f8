"""The VRMC_vrm block: humanoid bones, expressions, gaze and terms of use.

Standard: VRM 1.0 (VRMC_vrm-1.0). A preset is a mixture of ARKit's shapes; the mouths of VRM's
vowels are the visemes of the same mouth. The mixtures of emotions are ours, set by eye.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from avatar_builder.rig import BONES, NUMBER

Json = dict[str, Any]


def both(name: str, weight: float) -> dict[str, float]:
    """Return a shape of the left and of the right side with the same weight."""
    return {f"{name}Left": weight, f"{name}Right": weight}


PRESETS: Mapping[str, Mapping[str, float]] = {
    "happy": both("mouthSmile", 0.65) | both("cheekSquint", 0.5) | both("eyeSquint", 0.25)
    | {"browInnerUp": 0.1} | both("mouthUpperUp", 0.5) | both("mouthLowerDown", 0.35),
    "angry": both("browDown", 0.85) | both("noseSneer", 0.35) | both("mouthPress", 0.4)
    | both("eyeSquint", 0.35) | both("mouthFrown", 0.3),
    "sad": {"browInnerUp": 0.75, "mouthShrugLower": 0.35} | both("mouthFrown", 0.55)
    | both("eyeLookDown", 0.15) | both("eyeBlink", 0.12),
    "relaxed": both("mouthSmile", 0.35) | both("eyeBlink", 0.15) | both("cheekSquint", 0.15),
    "surprised": both("eyeWide", 0.8) | both("browOuterUp", 0.7)
    | {"browInnerUp": 0.8, "jawOpen": 0.22, "mouthFunnel": 0.15},
    "neutral": {},
    "aa": {"viseme_aa": 1.0},
    "ih": {"viseme_I": 1.0},
    "ou": {"viseme_U": 1.0},
    "ee": {"viseme_E": 1.0},
    "oh": {"viseme_O": 1.0},
    "blink": both("eyeBlink", 1.0),
    "blinkLeft": {"eyeBlinkLeft": 1.0},
    "blinkRight": {"eyeBlinkRight": 1.0},
    "lookUp": both("eyeLookUp", 1.0),
    "lookDown": both("eyeLookDown", 1.0),
    "lookLeft": {"eyeLookOutLeft": 1.0, "eyeLookInRight": 1.0},
    "lookRight": {"eyeLookInLeft": 1.0, "eyeLookOutRight": 1.0},
}  # fmt: skip

_LICENSE_URL = "https://vrm.dev/licenses/1.0/"
CREDITS = (
    "MakeHuman base mesh, targets and rig (MakeHuman team, MPFB2), CC0 1.0",
    "Face Units by Mika Suominen, CC0 1.0",
)


def expressions(face_node: int, shapes: Sequence[str]) -> Json:
    """Return the expressions: VRM's presets, and each shape under its own name."""
    number = {name: index for index, name in enumerate(shapes)}

    def expression(mixture: Mapping[str, float]) -> Json:
        if not mixture:
            return {}
        binds = [
            {"node": face_node, "index": number[name], "weight": weight}
            for name, weight in mixture.items()
        ]
        return {"morphTargetBinds": binds}

    return {
        "preset": {name: expression(mixture) for name, mixture in PRESETS.items()},
        "custom": {name: expression({name: 1.0}) for name in shapes},
    }


def vrm_block(
    name: str, first_bone_node: int, face_node: int, head_to_eyes: Sequence[float],
    shapes: Sequence[str], thumbnail: int | None = None,
) -> Json:  # fmt: skip
    """Return the VRMC_vrm extension of an avatar.

    Args:
        name: The person's name.
        first_bone_node: The node of `BONES[0]`; the others follow it.
        face_node: The node that has the morph targets.
        head_to_eyes: The point between the eyes, from the head's joint, metres.
        shapes: The names of the morph targets.
        thumbnail: The image of the head, if there is one.
    """
    gaze = {"inputMaxValue": 90.0, "outputScale": 30.0}
    meta: Json = {
        "name": name,
        "version": "1",
        "authors": ["voice-avatar"],
        "copyrightInformation": "CC0 1.0; made from " + "; ".join(CREDITS),
        "references": ["https://static.makehumancommunity.org/"],
        "licenseUrl": _LICENSE_URL,
        "otherLicenseUrl": "https://creativecommons.org/publicdomain/zero/1.0/",
        "avatarPermission": "everyone",
        "allowExcessivelyViolentUsage": True,
        "allowExcessivelySexualUsage": True,
        "commercialUsage": "corporation",
        "allowPoliticalOrReligiousUsage": True,
        "allowAntisocialOrHateUsage": True,
        "creditNotation": "unnecessary",
        "allowRedistribution": True,
        "modification": "allowModificationRedistribution",
    }
    if thumbnail is not None:
        meta["thumbnailImage"] = thumbnail
    return {
        "specVersion": "1.0",
        "meta": meta,
        "humanoid": {
            "humanBones": {bone: {"node": first_bone_node + NUMBER[bone]} for bone in BONES}
        },
        "firstPerson": {"meshAnnotations": []},
        "expressions": expressions(face_node, shapes),
        "lookAt": {
            "type": "bone",
            "offsetFromHeadBone": list(head_to_eyes),
            "rangeMapHorizontalInner": gaze,
            "rangeMapHorizontalOuter": gaze,
            "rangeMapVerticalDown": gaze | {"outputScale": 20.0},
            "rangeMapVerticalUp": gaze | {"outputScale": 20.0},
        },
    }
