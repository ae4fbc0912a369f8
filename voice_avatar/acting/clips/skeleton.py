"""The skeleton that clips are made on (VRM 1.0, T-pose), and where a pose puts its bones. Pure.

Lengths are those of a person of 1.66 m (segment lengths as shares of the stature after Drillis and
Contini, 1966: upper arm 0.186 less the joint, forearm 0.146, hand 0.108, thigh 0.245, shank 0.246;
rounded). Rotations are normalised: in the T-pose every bone's is the identity.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final, Literal, TypeAlias

from voice_avatar.acting.clips.rotations import (
    IDENTITY,
    Quaternion,
    Vector,
    add,
    after,
    mirror,
    rotated,
)

Side: TypeAlias = Literal["left", "right"]
"""The avatar's own left or right."""

SIDES: Final[tuple[Side, Side]] = ("left", "right")
FINGERS: Final = ("Thumb", "Index", "Middle", "Ring", "Little")
UPPER_ARM_M: Final = 0.265
FOREARM_M: Final = 0.235
PALM_M: Final = 0.075
"""From the wrist to the middle of the palm."""

THIGH_M: Final = 0.42
SHANK_M: Final = 0.39

_SLANT: Final = math.sqrt(0.5)  # a thumb at rest points 45 degrees forward (VRM's T-pose)

_TRUNK: Final[tuple[tuple[str, str, Vector], ...]] = (
    ("hips", "", (0.0, 0.92, 0.0)),
    ("spine", "hips", (0.0, 0.09, 0.0)),
    ("chest", "spine", (0.0, 0.13, 0.0)),
    ("neck", "chest", (0.0, 0.27, -0.01)),
    ("head", "neck", (0.0, 0.09, 0.012)),
)
_LIMBS: Final[tuple[tuple[str, str, Vector], ...]] = (
    ("Shoulder", "chest", (0.03, 0.23, 0.0)),
    ("UpperArm", "Shoulder", (0.13, 0.0, 0.0)),
    ("LowerArm", "UpperArm", (UPPER_ARM_M, 0.0, 0.0)),
    ("Hand", "LowerArm", (FOREARM_M, 0.0, 0.0)),
    ("ThumbMetacarpal", "Hand", (0.022, -0.008, 0.02)),
    ("ThumbProximal", "ThumbMetacarpal", (0.04 * _SLANT, 0.0, 0.04 * _SLANT)),
    ("ThumbDistal", "ThumbProximal", (0.032 * _SLANT, 0.0, 0.032 * _SLANT)),
    ("IndexProximal", "Hand", (0.088, 0.0, 0.026)),
    ("IndexIntermediate", "IndexProximal", (0.042, 0.0, 0.0)),
    ("IndexDistal", "IndexIntermediate", (0.026, 0.0, 0.0)),
    ("MiddleProximal", "Hand", (0.09, 0.0, 0.005)),
    ("MiddleIntermediate", "MiddleProximal", (0.046, 0.0, 0.0)),
    ("MiddleDistal", "MiddleIntermediate", (0.029, 0.0, 0.0)),
    ("RingProximal", "Hand", (0.086, 0.0, -0.014)),
    ("RingIntermediate", "RingProximal", (0.042, 0.0, 0.0)),
    ("RingDistal", "RingIntermediate", (0.027, 0.0, 0.0)),
    ("LittleProximal", "Hand", (0.08, 0.0, -0.032)),
    ("LittleIntermediate", "LittleProximal", (0.033, 0.0, 0.0)),
    ("LittleDistal", "LittleIntermediate", (0.02, 0.0, 0.0)),
    ("UpperLeg", "hips", (0.09, -0.04, 0.0)),
    ("LowerLeg", "UpperLeg", (0.0, -THIGH_M, 0.0)),
    ("Foot", "LowerLeg", (0.0, -SHANK_M, 0.0)),
)
_TIPS: Final[dict[str, Vector]] = {
    "ThumbDistal": (0.026 * _SLANT, 0.0, 0.026 * _SLANT),
    "IndexDistal": (0.022, 0.0, 0.0),
    "MiddleDistal": (0.023, 0.0, 0.0),
    "RingDistal": (0.022, 0.0, 0.0),
    "LittleDistal": (0.019, 0.0, 0.0),
}

REQUIRED: Final = frozenset(
    (
        *("hips", "spine", "head"),
        *(
            side + bone
            for side in SIDES
            for bone in ("UpperArm", "LowerArm", "Hand", "UpperLeg", "LowerLeg", "Foot")
        ),
    )
)
"""The bones that every VRM 1.0 humanoid has, and so every animation of one names."""


@dataclass(frozen=True, slots=True)
class Bone:
    """A bone.

    Attributes:
        name: of VRM 1.0.
        parent: its name, "" for the hips.
        offset: from its parent in the T-pose, metres (of the hips: from the floor).
        tip: the end of a finger, from its last bone; None of other bones.
    """

    name: str
    parent: str
    offset: Vector
    tip: Vector | None = None


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the joints are.

    Attributes:
        rotations: bone -> its own rotation; bones that are not in it are as in the T-pose.
        shift: of the hips from where they are in the T-pose, metres.
    """

    rotations: Mapping[str, Quaternion] = field(default_factory=dict)
    shift: Vector = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Placed:
    """A bone of a pose in the space of the avatar.

    Attributes:
        at: where it begins, metres.
        rotation: how it and all before it are turned.
    """

    at: Vector
    rotation: Quaternion


def _sided(side: Side, name: str) -> str:
    return name if not name or name[0].islower() else side + name


def _bones() -> Iterator[Bone]:
    for name, parent, offset in _TRUNK:
        yield Bone(name, parent, offset)
    for side in SIDES:
        for name, parent, offset in _LIMBS:
            place, tip = offset, _TIPS.get(name)
            if side == "right":
                place, tip = mirror(offset), mirror(tip) if tip else None
            yield Bone(side + name, _sided(side, parent), place, tip)


@cache
def skeleton() -> Mapping[str, Bone]:
    """Returns the bones by name, each after its parent."""
    return {bone.name: bone for bone in _bones()}


def finger_bones(side: Side, finger: str) -> tuple[str, str, str]:
    """Returns the three bones of a finger, the one at the palm first."""
    parts = ("Metacarpal", "Proximal", "Distal")
    if finger != "Thumb":
        parts = ("Proximal", "Intermediate", "Distal")
    first, second, third = (f"{side}{finger}{part}" for part in parts)
    return first, second, third


def placed(pose: Pose) -> dict[str, Placed]:
    """Returns where a pose puts every bone (forward kinematics)."""
    places: dict[str, Placed] = {}
    for name, bone in skeleton().items():
        own = pose.rotations.get(name, IDENTITY)
        if not bone.parent:
            places[name] = Placed(add(bone.offset, pose.shift), own)
        else:
            parent = places[bone.parent]
            at = add(parent.at, rotated(parent.rotation, bone.offset))
            places[name] = Placed(at, after(parent.rotation, own))
    return places


def tip(places: Mapping[str, Placed], bone: str) -> Vector:
    """Returns where the end of a finger is.

    Raises:
        KeyError: `bone` is not the last bone of a finger.
    """
    end = skeleton()[bone].tip
    if end is None:
        raise KeyError(bone)
    return add(places[bone].at, rotated(places[bone].rotation, end))


def palm(places: Mapping[str, Placed], side: Side) -> Vector:
    """Returns where the middle of a palm is."""
    hand, outwards = places[f"{side}Hand"], 1.0 if side == "left" else -1.0
    return add(hand.at, rotated(hand.rotation, (outwards * PALM_M, 0.0, 0.0)))
