"""Where the user is and looks, from what a headset or camera tells. Pure.

Poses are those of OpenXR and WebXR: metres, right-handed, y up, a head looks along its own -z. A
client that knows what is looked at says so (`target`); one that does not sends the poses of both
heads, and a head that faces the avatar counts as a look at it: heads follow the eyes to within some
20 degrees, so the cone is wide, and wider to leave it than to enter it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import Final

from voice_avatar.events.inputs import HeadPose, Position, UserGaze

AVATAR: Final = "avatar"
"""Target of a user who looks at the avatar."""

ELSEWHERE: Final = ""
"""Target of a user who looks at nothing that has a name."""

_FACES_DEG: Final = 20.0
_TURNS_DEG: Final = 30.0
"""Angle between where a head points and where the avatar is: to face it, and to turn from it."""

_SLACK: Final = 1.2
"""A border of space is left at this much more of its distance than it was crossed at."""

_REACH: Final = 0.7
"""A hand comes too near at this share of the distance at which a head does."""


class Zone(Enum):
    """How far the user is."""

    UNKNOWN = "unknown"
    CLOSE = "close"
    NEAR = "near"
    FAR = "far"


@dataclass(frozen=True, slots=True)
class Space:
    """Borders of the space around the avatar.

    Attributes:
        personal_m: nearer than this is too near (Hall's intimate distance ends at 0.46 m).
        far_m: farther than this is not with the avatar (Hall's social distance ends at 3.7 m).
    """

    personal_m: float = 0.5
    far_m: float = 4.0


class Whereabouts:
    """One user in the avatar's surroundings.

    Attributes:
        zone: how far the user is.
        looks_at: `AVATAR`, an object's id, `ELSEWHERE`, or None where nothing is known.
    """

    def __init__(self, space: Space) -> None:
        self._space = space
        self.zone = Zone.UNKNOWN
        self.looks_at: str | None = None

    def see(self, gaze: UserGaze) -> None:
        """Takes what a client tells of its user."""
        self.zone = self._zone(gaze)
        self.looks_at = self._looks_at(gaze)

    def _zone(self, gaze: UserGaze) -> Zone:
        if gaze.head is None or gaze.avatar is None:
            return Zone.UNKNOWN
        head_m = math.dist(gaze.head.pos, gaze.avatar)
        hand_m = min((math.dist(hand, gaze.avatar) for hand in gaze.hands), default=math.inf)
        near_m = min(head_m, hand_m / _REACH)
        is_close, is_far = self.zone is Zone.CLOSE, self.zone is Zone.FAR
        if near_m < self._space.personal_m * (_SLACK if is_close else 1.0):
            return Zone.CLOSE
        if head_m > self._space.far_m / (_SLACK if is_far else 1.0):
            return Zone.FAR
        return Zone.NEAR

    def _looks_at(self, gaze: UserGaze) -> str | None:
        if gaze.target is not None:
            return gaze.target
        if gaze.head is None:
            return None
        if gaze.avatar is None:
            return ELSEWHERE
        is_facing = self.looks_at == AVATAR
        limit_deg = _TURNS_DEG if is_facing else _FACES_DEG
        return AVATAR if angle_deg(gaze.head, gaze.avatar) <= limit_deg else ELSEWHERE


def angle_deg(head: HeadPose, point: Position) -> float:
    """Returns the angle between where a head points and where a point is, 0..180 degrees.

    It is 0 where head and point are in one place.
    """
    x, y, z, w = head.rot
    ahead = (-2 * (x * z + w * y), -2 * (y * z - w * x), 2 * (x * x + y * y) - 1)
    there = [to - at for to, at in zip(point, head.pos, strict=True)]
    size = math.hypot(*ahead) * math.hypot(*there)
    if size < 1e-9:
        return 0.0
    cosine = sum(a * b for a, b in zip(ahead, there, strict=True)) / size
    return math.degrees(math.acos(max(-1.0, min(1.0, cosine))))
