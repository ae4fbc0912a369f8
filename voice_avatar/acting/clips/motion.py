"""Key poses at sync points -> smooth tracks of rotations, with few keys. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from voice_avatar.acting.clips.rotations import (
    IDENTITY,
    Quaternion,
    Vector,
    add,
    angle_deg,
    slerp,
    times,
)
from voice_avatar.acting.clips.skeleton import Pose

FRAME_S: Final = 1 / 30
"""Distance of the samples that a track is thinned from."""

TOLERANCE_DEG: Final = 0.8
FINGER_TOLERANCE_DEG: Final = 4.0
"""How far a thinned track may be off: below what is seen."""

_FINGER_PARTS: Final = ("Thumb", "Index", "Middle", "Ring", "Little")


@dataclass(frozen=True, slots=True)
class KeyPose:
    """A pose and when it is reached, seconds."""

    at_s: float
    pose: Pose


@dataclass(frozen=True, slots=True)
class Track:
    """The rotations of a bone: at least one key, by time.

    Attributes:
        times_s: of the keys, seconds.
        rotations: of the keys; between two it runs on the shortest way (glTF's LINEAR).
    """

    times_s: tuple[float, ...]
    rotations: tuple[Quaternion, ...]

    def at(self, time_s: float) -> Quaternion:
        """Returns the rotation at a time; before the first and after the last key it stands."""
        if time_s <= self.times_s[0]:
            return self.rotations[0]
        for place in range(1, len(self.times_s)):
            if time_s <= self.times_s[place]:
                before, after = self.times_s[place - 1], self.times_s[place]
                share = (time_s - before) / (after - before)
                return slerp(self.rotations[place - 1], self.rotations[place], share)
        return self.rotations[-1]


def eased(share: float) -> float:
    """Returns how far a movement is after a share of its time: minimum jerk (Flash, Hogan 1985)."""
    return share**3 * (10 - 15 * share + 6 * share**2)


def between(keys: Sequence[KeyPose], time_s: float) -> Pose:
    """Returns the pose at a time: eased from key to key, so that it rests at each."""
    if time_s <= keys[0].at_s:
        return keys[0].pose
    for before, after in itertools.pairwise(keys):
        if time_s <= after.at_s:
            share = eased((time_s - before.at_s) / (after.at_s - before.at_s))
            names = before.pose.rotations.keys() | after.pose.rotations.keys()
            turns = {
                name: slerp(
                    before.pose.rotations.get(name, IDENTITY),
                    after.pose.rotations.get(name, IDENTITY),
                    share,
                )
                for name in names
            }
            shift = add(times(before.pose.shift, 1 - share), times(after.pose.shift, share))
            return Pose(turns, shift)
    return keys[-1].pose


def sampled(keys: Sequence[KeyPose]) -> list[KeyPose]:
    """Returns poses about every `FRAME_S`, those of the keys among them, exactly."""
    poses = [keys[0]]
    for before, after in itertools.pairwise(keys):
        count = max(1, round((after.at_s - before.at_s) / FRAME_S))
        for step in range(1, count):
            at_s = before.at_s + (after.at_s - before.at_s) * step / count
            poses.append(KeyPose(at_s, between(keys, at_s)))
        poses.append(after)
    return poses


def tracks(samples: Sequence[KeyPose], bones: Sequence[str]) -> dict[str, Track]:
    """Returns the thinned tracks of some bones."""
    found = {}
    for bone in bones:
        points = [(one.at_s, one.pose.rotations.get(bone, IDENTITY)) for one in samples]
        is_finger = any(part in bone for part in _FINGER_PARTS)
        kept = _thinned(points, FINGER_TOLERANCE_DEG if is_finger else TOLERANCE_DEG)
        found[bone] = Track(tuple(at for at, _ in kept), tuple(one for _, one in kept))
    return found


def shifts(samples: Sequence[KeyPose]) -> tuple[tuple[float, Vector], ...]:
    """Returns the path of the hips, seconds and metres: every second sample and the last."""
    kept = [*samples[:-1:2], samples[-1]]
    if all(one.pose.shift == samples[0].pose.shift for one in samples):
        return ()
    return tuple((one.at_s, one.pose.shift) for one in kept)


def _thinned(
    points: Sequence[tuple[float, Quaternion]], tolerance_deg: float
) -> list[tuple[float, Quaternion]]:
    """Leaves out what lies between its neighbours (Douglas and Peucker's way, on rotations)."""
    if all(angle_deg(points[0][1], one) < 0.01 for _, one in points):
        return [points[0]]
    kept = {0, len(points) - 1}
    waiting = [(0, len(points) - 1)]
    while waiting:
        low, high = waiting.pop()
        (from_s, first), (to_s, last) = points[low], points[high]
        worst, worst_deg = low, tolerance_deg
        for place in range(low + 1, high):
            at_s, one = points[place]
            straight = slerp(first, last, (at_s - from_s) / (to_s - from_s))
            if (off_deg := angle_deg(straight, one)) > worst_deg:
                worst, worst_deg = place, off_deg
        if worst != low:
            kept.add(worst)
            waiting += [(low, worst), (worst, high)]
    return [points[place] for place in sorted(kept)]
