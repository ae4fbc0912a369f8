"""Where a hand or a foot is to be -> the rotations of its limb (analytic, two bones). Pure.

Limbs of the right side are solved in a mirror, so that everything here is about a left one.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Final

from voice_avatar.acting.clips.rotations import (
    Quaternion,
    Vector,
    X,
    Y,
    across,
    add,
    after,
    back,
    cross,
    dot,
    frame,
    length,
    less,
    mirror,
    mirrored,
    rotated,
    times,
    turn,
    twist_deg,
    unit,
)
from voice_avatar.acting.clips.skeleton import (
    FOREARM_M,
    PALM_M,
    SHANK_M,
    THIGH_M,
    UPPER_ARM_M,
    Placed,
    Side,
    skeleton,
)

FOREARM_TWIST_SHARE: Final = 0.5
"""How much of a forearm's twist its bone takes; the hand takes the rest. There are no bones for it
in VRM, and in halves neither the elbow nor the wrist looks wrung (our choice)."""

ELBOW: Final[Vector] = (0.55, -1.0, -0.45)
"""Where an elbow points unless a pose says otherwise: down, out and a little back."""

_WORDS: Final[dict[str, Vector]] = {
    "out": (1, 0, 0),
    "in": (-1, 0, 0),
    "up": (0, 1, 0),
    "down": (0, -1, 0),
    "forward": (0, 0, 1),
    "back": (0, 0, -1),
}
_TERM: Final = re.compile(r"(\d*\.?\d*)([a-z]+)")


@dataclass(frozen=True, slots=True)
class HandGoal:
    """Where a hand is to be, seen from its own side: x outwards, y up, z forward, metres.

    Attributes:
        at: middle of the palm.
        fingers: direction of the stretched fingers, of length 1.
        palm: direction that the palm faces, of length 1 and square to `fingers`.
        elbow: direction that the elbow points.
        lift, reach: of the collar bone, up and forward, degrees.
    """

    at: Vector
    fingers: Vector
    palm: Vector
    elbow: Vector = field(default=ELBOW)
    lift: float = 0.0
    reach: float = 0.0


@dataclass(frozen=True, slots=True)
class Arm:
    """The own rotations of an arm, and what its joints do.

    Attributes:
        rotations: bone without its side ("UpperArm") -> rotation.
        elbow_deg: flexion, 0 = straight.
        twist_deg: of the forearm; 0 = thumb forward in a T-pose, positive = pronated.
    """

    rotations: dict[str, Quaternion]
    elbow_deg: float
    twist_deg: float


def direction(words: str) -> Vector:
    """Returns the direction that words such as "forward+0.5up" name, seen from the hand's side.

    Raises:
        ValueError: they name none.
    """
    total: Vector = (0.0, 0.0, 0.0)
    for term in words.replace(" ", "").split("+"):
        found = _TERM.fullmatch(term)
        if found is None or found[2] not in _WORDS:
            raise ValueError(f"no direction: {words!r}")
        total = add(total, times(_WORDS[found[2]], float(found[1] or 1)))
    return unit(total)


def arm(goal: HandGoal, chest: Placed, side: Side) -> Arm:
    """Returns how an arm reaches its goal.

    Args:
        goal: where the hand is to be.
        chest: the bone that the collar bones hang on, as posed.
        side: which arm.

    Raises:
        ValueError: the hand cannot get there.
    """
    if side == "right":
        solved = _left_arm(goal, Placed(mirror(chest.at), mirrored(chest.rotation)))
        turned = {bone: mirrored(one) for bone, one in solved.rotations.items()}
        return Arm(turned, solved.elbow_deg, solved.twist_deg)
    return _left_arm(goal, chest)


def _left_arm(goal: HandGoal, chest: Placed) -> Arm:
    bones = skeleton()
    collar = after(turn(Y, -goal.reach), turn((0.0, 0.0, 1.0), goal.lift))
    shoulder = after(chest.rotation, collar)
    root = add(
        add(chest.at, rotated(chest.rotation, bones["leftShoulder"].offset)),
        rotated(shoulder, bones["leftUpperArm"].offset),
    )
    wrist = less(goal.at, times(goal.fingers, PALM_M))
    upper, flexed, elbow_deg = _two_bones(root, wrist, goal.elbow, UPPER_ARM_M, FOREARM_M)
    upper_all = frame(upper, cross(flexed, upper))
    hinge = turn(Y, -elbow_deg)
    hand_all = frame(goal.fingers, times(goal.palm, -1))
    hand = after(back(after(upper_all, hinge)), hand_all)
    twist = twist_deg(hand, X)
    share = turn(X, FOREARM_TWIST_SHARE * twist)
    return Arm(
        {
            "Shoulder": collar,
            "UpperArm": after(back(shoulder), upper_all),
            "LowerArm": after(hinge, share),
            "Hand": after(back(share), hand),
        },
        elbow_deg,
        twist,
    )


def leg(hips: Placed, foot: Vector, side: Side) -> dict[str, Quaternion]:
    """Returns the own rotations of a leg whose ankle stays at a point, its sole level.

    Raises:
        ValueError: the hips are too far from it.
    """
    root = add(hips.at, rotated(hips.rotation, skeleton()[f"{side}UpperLeg"].offset))
    upper, flexed, knee_deg = _two_bones(root, foot, (0.0, 0.0, 1.0), THIGH_M, SHANK_M)
    down = times(upper, -1)
    upper_all = frame(cross(down, times(flexed, -1)), down)
    lower_all = after(upper_all, turn(X, knee_deg))
    return {
        "UpperLeg": after(back(hips.rotation), upper_all),
        "LowerLeg": turn(X, knee_deg),
        "Foot": back(lower_all),
    }


def _two_bones(
    root: Vector, end: Vector, pole: Vector, first_m: float, second_m: float
) -> tuple[Vector, Vector, float]:
    """Returns the direction of the first bone, that in which the second bends, and by how much.

    The middle joint lies on the side of `pole`.

    Raises:
        ValueError: the end is out of reach.
    """
    way = less(end, root)
    far = length(way)
    if not abs(first_m - second_m) < far <= first_m + second_m:
        raise ValueError(f"{far:.3f} m from the joint, out of reach")
    cosine = (first_m**2 + far**2 - second_m**2) / (2 * first_m * far)
    angle = math.acos(min(1.0, cosine))
    along = unit(way)
    aside = across(pole, along)
    first = add(times(along, math.cos(angle)), times(aside, math.sin(angle)))
    bent = across(times(aside, -1), first)
    inner = (first_m**2 + second_m**2 - far**2) / (2 * first_m * second_m)
    return first, bent, 180 - math.degrees(math.acos(max(-1.0, inner)))


def squared(fingers: Vector, palm: Vector) -> Vector:
    """Returns the palm's direction made square to that of the fingers.

    Raises:
        ValueError: they are parallel.
    """
    if abs(dot(fingers, palm)) > 0.99:
        raise ValueError("the palm cannot face where the fingers point")
    return across(palm, fingers)
