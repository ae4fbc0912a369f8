"""The clips of every gesture and head movement of the vocabulary, and of postures. Pure.

Key poses are data (`data/clips/clips.toml`, hand shapes in `hands.toml`); their times are those of
the vocabulary, so that a clip played at its own pace has the phases that the server plans.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final, Literal, TypeAlias

from voice_avatar.acting.clips.motion import KeyPose, Track, sampled, shifts, tracks
from voice_avatar.acting.clips.poses import HandShape, hand_shape, merged, pose
from voice_avatar.acting.clips.rotations import Vector
from voice_avatar.acting.clips.skeleton import Pose
from voice_avatar.vocabulary import HeadLexeme, Lexeme, vocabulary

Group: TypeAlias = Literal["gesture", "head", "posture"]
"""What a clip is of; names are unique over all groups."""

GESTURE_POINTS: Final = ("start", "stroke_start", "stroke", "stroke_end", "relax", "end")
POSTURE_POINTS: Final = ("start", "ready", "relax", "end")
"""The sync points of each group, by time, as BML 1.0 names them."""

_APEX: Final = 0.4
"""The part of a stroke before its peak."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A movement.

    Attributes:
        name: its lexeme.
        group: what it is of.
        kind: McNeill's type or emblem for a gesture, else the group.
        mode: which hand; "" where it is not of hands.
        floor: 0..1: the least weight of its arms, at amplitude 0.
        is_loop: whether its end is its start.
        sync_s: sync point -> seconds from the start.
        keys: its key poses, by time.
        tracks: bone -> rotations.
        shifts: seconds and shift of the hips, metres; () = they stay.
    """

    name: str
    group: Group
    kind: str
    mode: str
    floor: float
    is_loop: bool
    sync_s: Mapping[str, float]
    keys: tuple[KeyPose, ...]
    tracks: Mapping[str, Track]
    shifts: tuple[tuple[float, Vector], ...]

    @property
    def duration_s(self) -> float:
        """How long it is at its own pace, seconds."""
        return self.keys[-1].at_s

    def at(self, time_s: float) -> Pose:
        """Returns the pose of its tracks at a time (of the hips: the last key's shift)."""
        before = [shift for at_s, shift in self.shifts if at_s <= time_s]
        turns = {bone: track.at(time_s) for bone, track in self.tracks.items()}
        return Pose(turns, before[-1] if before else (0.0, 0.0, 0.0))


@cache
def _data(name: str) -> dict[str, Any]:
    file = resources.files("voice_avatar").joinpath(f"data/clips/{name}.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


@cache
def hand_shapes() -> Mapping[str, HandShape]:
    """Returns the hand shapes by name."""
    return {name: hand_shape(row) for name, row in _data("hands")["shapes"].items()}


@cache
def joint_limits() -> Mapping[str, tuple[float, float]]:
    """Returns the least and largest angle of each joint's movements, degrees, by name."""
    return {name: (low, high) for name, (low, high) in _data("hands")["limits"].items()}


@cache
def rest() -> Pose:
    """Returns the relaxed stand that gestures begin and end in."""
    return pose(_data("clips")["rest"], hand_shapes())


def names() -> tuple[str, ...]:
    """Returns all names: gestures and heads as in the vocabulary, then postures."""
    words = vocabulary()
    return (*words.gestures, *words.heads, *_data("clips")["postures"])


@cache
def clip(name: str) -> Clip:
    """Returns a clip.

    Raises:
        KeyError: there is none of that name.
        ValueError: its data cannot be used (package data is checked by tests).
    """
    words = vocabulary()
    if name in words.gestures:
        lexeme = words.gestures[name]
        row = _data("clips")["gestures"][name]
        return _clip(name, "gesture", lexeme.kind, lexeme.mode, _gesture_times(lexeme), row)
    if name in words.heads:
        row = _data("clips")["heads"][name]
        return _clip(name, "head", "head", "", _head_times(words.heads[name]), row)
    row = dict(_data("clips")["postures"][name])
    sync_s = dict(zip(POSTURE_POINTS, row.pop("sync_s"), strict=True))
    return _clip(name, "posture", "posture", "", sync_s, row)


def _gesture_times(lexeme: Lexeme) -> dict[str, float]:
    start = lexeme.preparation_ms / 1000
    stroke = lexeme.stroke_ms / 1000
    relax = start + stroke + lexeme.hold_ms / 1000
    at_s = (
        *(0.0, start, start + _APEX * stroke, start + stroke),
        *(relax, relax + lexeme.retraction_ms / 1000),
    )
    return dict(zip(GESTURE_POINTS, at_s, strict=True))


def _head_times(lexeme: HeadLexeme) -> dict[str, float]:
    """A clip of a head is one cycle; a cue of n repeats has n of them."""
    cycle_s = (lexeme.rise_ms + lexeme.fall_ms) / 1000 / lexeme.repeats
    return {"start": 0.0, "stroke": lexeme.rise_ms / 1000, "end": max(cycle_s, 0.3)}


def _clip(
    name: str,
    group: Group,
    kind: str,
    mode: str,
    sync_s: Mapping[str, float],
    row: Mapping[str, Any],
) -> Clip:
    keyed = {at: one for at, one in row.items() if isinstance(one, dict)}
    held = dict(sorted((_time(at, sync_s), one) for at, one in keyed.items()))
    parts = {part for one in keyed.values() for part in one}
    base = {part: told for part, told in _data("clips")["rest"].items() if part in parts}
    if group != "gesture":
        base["body"] = {}
    whole: dict[str, Any] = base
    keys = [] if 0.0 in held else [KeyPose(0.0, pose(base, hand_shapes()))]
    for at_s, told in held.items():
        whole = merged(whole, told)
        keys.append(KeyPose(at_s, pose(whole, hand_shapes())))
    last_s = max(sync_s.values())
    if group == "gesture" and "relax" not in row:
        keys.append(KeyPose(sync_s["relax"], keys[-1].pose))
    if group == "posture" and not row.get("is_loop") and "relax" not in row:
        keys.append(KeyPose(sync_s["relax"], keys[-1].pose))
    if keys[-1].at_s < last_s:
        keys.append(KeyPose(last_s, keys[0].pose))
    samples = sampled(keys)
    bones = sorted({bone for key in keys for bone in key.pose.rotations})
    return Clip(
        name,
        group,
        kind,
        mode,
        row.get("floor", 0.0),
        row.get("is_loop", False),
        sync_s,
        tuple(keys),
        tracks(samples, bones),
        shifts(samples),
    )


def _time(at: str, sync_s: Mapping[str, float]) -> float:
    """Returns the seconds of "stroke", or of "stroke+0.5": half of the way to the next point."""
    point, _, share = at.partition("+")
    points = list(sync_s)
    begin = sync_s[point]
    if not share:
        return begin
    return begin + float(share) * (sync_s[points[points.index(point) + 1]] - begin)
