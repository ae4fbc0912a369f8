"""What a body of flesh would say to a pose: angles of joints, and what runs through what."""

from __future__ import annotations

import math

from voice_avatar.acting.clips.rotations import (
    Quaternion,
    Vector,
    X,
    add,
    after,
    back,
    length,
    less,
    mirrored,
    rotated,
    times,
    turn,
    twist_deg,
)
from voice_avatar.acting.clips.skeleton import (
    FINGERS,
    SIDES,
    Placed,
    Pose,
    Side,
    finger_bones,
    palm,
    placed,
    tip,
)

TORSO = (0.15, 0.095)  # half the width and half the depth of a trunk, metres
HEAD_RADIUS_M = 0.085


def _swing(turned: Quaternion) -> Quaternion:
    return after(back(turn(X, twist_deg(turned, X))), turned)


def arm_angles(pose: Pose, side: Side) -> dict[str, float]:
    """The angles of an arm's joints, degrees, named as in the table of limits."""
    bones = {bone: pose.rotations[side + bone] for bone in ("Shoulder", "LowerArm", "Hand")}
    if side == "right":
        bones = {bone: mirrored(one) for bone, one in bones.items()}
    hinge, hand = _swing(bones["LowerArm"]), rotated(_swing(bones["Hand"]), X)
    collar = rotated(bones["Shoulder"], X)
    return {
        "elbow": -2 * math.degrees(math.atan2(hinge[1], hinge[3])),
        "forearm": twist_deg(bones["LowerArm"], X) + twist_deg(bones["Hand"], X),
        "wrist_bend": -math.degrees(math.asin(hand[1])),
        "wrist_side": math.degrees(math.asin(hand[2])),
        "collar_lift": math.degrees(math.asin(collar[1])),
        "collar_reach": math.degrees(math.asin(collar[2])),
    }


def _points(places: dict[str, Placed], side: Side) -> list[tuple[Vector, float]]:
    """Points along a forearm and a hand, each with how thick the arm is there, metres."""
    elbow, wrist = places[f"{side}LowerArm"].at, places[f"{side}Hand"].at
    middle = palm(places, side)
    ends = [tip(places, finger_bones(side, finger)[2]) for finger in FINGERS]
    points = [(add(times(elbow, 1 - s / 4), times(wrist, s / 4)), 0.03) for s in range(5)]
    return [*points, (middle, 0.012), *((end, 0.006) for end in ends)]


def collisions(pose: Pose, sides: tuple[Side, ...] = SIDES) -> list[str]:
    """What of an arm is inside the trunk or the head."""
    places, found = placed(pose), []
    chest = places["chest"]
    skull = add(places["head"].at, rotated(places["head"].rotation, (0.0, 0.085, 0.0)))
    for side in sides:
        for at, radius in _points(places, side):
            x, y, z = rotated(back(chest.rotation), less(at, chest.at))
            wide, deep = TORSO[0] + radius, TORSO[1] + radius
            if -0.24 < y < 0.2 and (x / wide) ** 2 + (z / deep) ** 2 < 1:
                found.append(f"{side} in the trunk at {x:.2f} {y:.2f} {z:.2f}")
            if length(less(at, skull)) < HEAD_RADIUS_M:
                found.append(f"{side} in the head")
    return found
