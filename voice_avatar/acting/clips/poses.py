"""Key poses as data -> poses of the skeleton. Pure.

A key pose tells, in words, where each hand is, how it is held, and how trunk and head lean. What it
leaves out is as in the key before; what no key of a clip tells is not moved by that clip.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from voice_avatar.acting.clips.reach import HandGoal, arm, direction, leg, squared
from voice_avatar.acting.clips.rotations import Quaternion, Vector, X, Y, Z, after, mirrored, turn
from voice_avatar.acting.clips.skeleton import FINGERS, SIDES, Pose, Side, finger_bones, placed

TRUNK: Final = ("hips", "spine", "chest", "neck", "head")
"""Bones that a pose turns by `bend` (forward), `turn` and `tilt` (both to the avatar's left)."""

_HAND_FIELDS: Final = frozenset(("at", "fingers", "palm", "elbow", "lift", "reach", "shape"))
_TURNS: Final = frozenset(("bend", "turn", "tilt"))


@dataclass(frozen=True, slots=True)
class HandShape:
    """How the fingers of a hand are held, degrees.

    Attributes:
        thumb: out of the plane of the palm (`oppose`), away from the index (`spread`), and the bend
            of each of its outer two joints (`curl`).
        bends: finger -> bend of its three joints, the one at the palm first.
        spread: angle between neighbouring fingers.
    """

    thumb: tuple[float, float, float]
    bends: Mapping[str, tuple[float, float, float]]
    spread: float


def hand_shape(row: Mapping[str, Any]) -> HandShape:
    """Reads a row of the table of hand shapes.

    Raises:
        KeyError, TypeError, ValueError: it is not one.
    """
    oppose, spread, curl = row["thumb"]
    bends = {}
    for finger in FINGERS[1:]:
        first, second, third = row[finger.lower()]
        bends[finger] = (float(first), float(second), float(third))
    return HandShape((oppose, spread, curl), bends, row["spread"])


def fingers(shape: HandShape, side: Side) -> dict[str, Quaternion]:
    """Returns the own rotations of a hand's fingers."""
    turns: dict[str, Quaternion] = {}
    oppose, spread, curl = shape.thumb
    first, second, third = finger_bones("left", "Thumb")
    turns[first] = after(turn(X, oppose), turn(Y, -spread))
    turns[second] = turn(Y, curl)
    turns[third] = turn(Y, curl)
    for place, finger in enumerate(FINGERS[1:]):
        apart = turn(Y, (place - 1) * shape.spread)  # the middle finger stays where it is
        knuckle, middle, end = shape.bends[finger]
        first, second, third = finger_bones("left", finger)
        turns[first] = after(apart, turn(Z, -knuckle))
        turns[second] = turn(Z, -middle)
        turns[third] = turn(Z, -end)
    if side == "left":
        return turns
    return {f"right{bone.removeprefix('left')}": mirrored(one) for bone, one in turns.items()}


def hand_goal(row: Mapping[str, Any]) -> HandGoal:
    """Reads where a hand is to be.

    Raises:
        KeyError, TypeError, ValueError: it is not such a row.
    """
    if unknown := row.keys() - _HAND_FIELDS:
        raise ValueError(f"no fields of a hand: {sorted(unknown)}")
    x, y, z = row["at"]
    pointing = direction(row["fingers"])
    facing = squared(pointing, direction(row["palm"]))
    goal = HandGoal((x, y, z), pointing, facing, lift=row.get("lift", 0), reach=row.get("reach", 0))
    if "elbow" not in row:
        return goal
    return HandGoal(goal.at, pointing, facing, direction(row["elbow"]), goal.lift, goal.reach)


def pose(row: Mapping[str, Any], shapes: Mapping[str, HandShape]) -> Pose:
    """Returns the pose that a complete key tells: trunk first, then hands and feet.

    Args:
        row: `body` (bone -> turns, degrees), `shift` (of the hips, metres), `left` and `right`.
        shapes: hand shapes by name.

    Raises:
        KeyError, TypeError, ValueError: it is not one, or a hand cannot get there.
    """
    turns = {bone: _trunk_turn(one) for bone, one in row.get("body", {}).items()}
    if unknown := turns.keys() - set(TRUNK):
        raise ValueError(f"not of the trunk: {sorted(unknown)}")
    shift: Vector = tuple(row.get("shift", (0.0, 0.0, 0.0)))
    places = placed(Pose(turns, shift))
    rotations = dict(turns)
    for side in SIDES:
        if side in row:
            reached = arm(hand_goal(row[side]), places["chest"], side)
            rotations |= {side + bone: one for bone, one in reached.rotations.items()}
            rotations |= fingers(shapes[row[side]["shape"]], side)
    if "shift" in row:
        standing = placed(Pose())
        for side in SIDES:
            steps = leg(places["hips"], standing[f"{side}Foot"].at, side)
            rotations |= {side + bone: one for bone, one in steps.items()}
    return Pose(rotations, shift)


def _trunk_turn(row: Mapping[str, float]) -> Quaternion:
    if unknown := row.keys() - _TURNS:
        raise ValueError(f"no turns: {sorted(unknown)}")
    bend, yaw, tilt = (row.get(name, 0.0) for name in ("bend", "turn", "tilt"))
    return after(turn(Y, yaw), after(turn(X, bend), turn(Z, -tilt)))


def merged(before: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a key with what it leaves out taken from the key before."""
    whole = dict(before)
    for name, value in row.items():
        old = before.get(name)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            whole[name] = merged(old, value)
        else:
            whole[name] = value
    return whole
