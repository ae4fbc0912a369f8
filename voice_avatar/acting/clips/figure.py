"""A pose drawn as a body of capsules, and sheets of all clips: the pictures of PROTOCOL.md. Pure.

    python -m voice_avatar.acting.clips.figure FOLDER

writes the sheets.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Final, TypeAlias

from voice_avatar.acting.clips.library import Clip, clip, names, rest
from voice_avatar.acting.clips.rotations import Vector, add, rotated, turn
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

_Point: TypeAlias = tuple[float, float, float]
"""On paper: x, y, and how near it is, metres."""

_CELL_W, _CELL_H = 220.0, 262.0
_SCALE: Final = 158.0
_FLOOR_Y: Final = 332.0
_COLUMNS: Final = 5
_VIEW: Final = turn((0.0, 1.0, 0.0), 17)
_CAMERA_M: Final = 3.2
_MID: Final[dict[Side, Vector]] = {"left": (0.09, 0.0, 0.0), "right": (-0.09, 0.0, 0.0)}
_SKIN, _SHIRT, _SLEEVE, _LINE = "#f2c9a6", "#4f7fb8", "#6b9bd1", "#24364a"
_LEAST_WAY: Final = 14
"""Shorter ways of a hand are not drawn: they would hide the hand."""

_STYLE: Final = (
    "text{font-family:system-ui,'Segoe UI','DejaVu Sans',sans-serif;text-anchor:middle}"
    ".name{font-size:14px;font-weight:600;fill:#1d2733}.kind{font-size:11px;fill:#5a6a7d}"
    ".ghost{opacity:.16}.way{fill:none;stroke:#d2691e;stroke-width:2.2;stroke-dasharray:5 3}"
)


def _seen(at: Vector) -> _Point:
    """Projects a point: from a little to the avatar's right, as a person before it sees it."""
    x, y, z = rotated(_VIEW, at)
    near = _CAMERA_M / (_CAMERA_M - z)
    height = 1.35 + (y - 1.35) * near
    return (_CELL_W / 2 + _SCALE * x * near, _FLOOR_Y - _SCALE * height, z)


class _Paper:
    """Shapes, drawn from far to near."""

    def __init__(self) -> None:
        self._shapes: list[tuple[float, str]] = []

    def limb(self, ends: Sequence[Vector], wide_m: float, colour: str, nearer: float = 0) -> None:
        seen = [_seen(end) for end in ends]
        way = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y, _ in seen)
        depth = sum(z for *_, z in seen) / len(seen)
        wide = wide_m * _SCALE * _CAMERA_M / (_CAMERA_M - depth)
        for width, stroke in ((wide + 2.2, _LINE), (wide, colour)):
            self._shapes.append(
                (
                    depth + nearer,
                    f'<path d="{way}" fill="none" stroke="{stroke}" stroke-width="{width:.1f}"'
                    ' stroke-linecap="round" stroke-linejoin="round"/>',
                )
            )

    def shape(self, corners: Sequence[Vector], colour: str, nearer: float = 0) -> None:
        seen = [_seen(corner) for corner in corners]
        way = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y, _ in seen) + "Z"
        self._shapes.append(
            (
                sum(z for *_, z in seen) / len(seen) + nearer,
                f'<path d="{way}" fill="{colour}" stroke="{_LINE}" stroke-width="1.1"'
                ' stroke-linejoin="round"/>',
            )
        )

    def ring(
        self, at: Placed, size: tuple[float, float], height: float, forward: float
    ) -> list[Vector]:
        """Returns the corners of an upright ellipse in a bone's space, facing forward."""
        corners = []
        for step in range(24):
            angle = math.tau * step / 24
            inner = (size[0] * math.cos(angle), height + size[1] * math.sin(angle), forward)
            corners.append(add(at.at, rotated(at.rotation, inner)))
        return corners

    def drawn(self) -> str:
        return "".join(markup for _, markup in sorted(self._shapes, key=lambda one: one[0]))


def _body(paper: _Paper, places: Mapping[str, Placed]) -> None:
    def of(bone: str, x: float, y: float, z: float) -> Vector:
        return add(places[bone].at, rotated(places[bone].rotation, (x, y, z)))

    left, right = places["leftUpperArm"].at, places["rightUpperArm"].at
    for side in SIDES:
        bones = [places[f"{side}{bone}"].at for bone in ("UpperLeg", "LowerLeg", "Foot")]
        paper.limb(bones, 0.14, "#3b4a5f", -0.3)
    outline = [
        *(of("hips", 0.15, -0.04, 0), of("spine", 0.125, 0.03, 0), of("chest", 0.15, 0.08, 0)),
        *(add(left, (0, 0.015, 0)), of("chest", 0.06, 0.29, 0), of("chest", -0.06, 0.29, 0)),
        *(add(right, (0, 0.015, 0)), of("chest", -0.15, 0.08, 0), of("spine", -0.125, 0.03, 0)),
        of("hips", -0.15, -0.04, 0),
    ]
    paper.shape(outline, _SHIRT, -0.12)
    paper.limb([places["neck"].at, places["head"].at], 0.09, _SKIN, -0.04)
    head = places["head"]
    paper.shape(paper.ring(head, (0.078, 0.115), 0.085, 0.0), _SKIN, 0.01)
    paper.shape(
        [
            add(head.at, rotated(head.rotation, (x, y, z)))
            for x, y, z in (
                *((-0.082, 0.10, 0), (-0.07, 0.17, 0), (-0.03, 0.205, 0), (0.03, 0.205, 0)),
                *((0.07, 0.17, 0), (0.082, 0.10, 0), (0.055, 0.145, 0.05), (-0.05, 0.15, 0.05)),
            )
        ],
        "#5b4636",
        0.015,
    )
    for x in (-0.03, 0.03):
        eye = of("head", x, 0.09, 0.08)
        paper.limb([eye, eye], 0.012, "#24364a", 0.0)
    paper.limb([of("head", 0, 0.075, 0.085), of("head", 0, 0.052, 0.105)], 0.012, _SKIN, 0.0)
    paper.limb([of("head", -0.02, 0.022, 0.075), of("head", 0.02, 0.022, 0.075)], 0.004, "#a8543f")


def _arms(paper: _Paper, places: Mapping[str, Placed]) -> None:
    for side in SIDES:
        shoulder, elbow, wrist = (
            places[f"{side}{bone}"].at for bone in ("UpperArm", "LowerArm", "Hand")
        )
        paper.limb([shoulder, elbow], 0.085, _SLEEVE)
        paper.limb([elbow, wrist], 0.066, _SLEEVE, 0.03)
        _hand(paper, places, side)


def _hand(paper: _Paper, places: Mapping[str, Placed], side: Side) -> None:
    knuckles = [places[finger_bones(side, finger)[0]].at for finger in FINGERS[1:]]
    hand = places[f"{side}Hand"]
    outwards = 1 if side == "left" else -1
    heel = [
        add(hand.at, rotated(hand.rotation, (outwards * 0.012, 0.0, z))) for z in (0.026, -0.024)
    ]
    paper.limb([heel[0], *knuckles, heel[1], heel[0]], 0.016, _SKIN, 0.045)
    paper.shape([heel[0], *knuckles, heel[1]], _SKIN, 0.046)
    for finger in FINGERS:
        joints = finger_bones(side, finger)
        points = [*(places[joint].at for joint in joints), tip(places, joints[2])]
        paper.limb(points, 0.0175 if finger != "Thumb" else 0.021, _SKIN, 0.05)


def figure(pose: Pose) -> str:
    """Returns a pose, drawn, as markup in the units of a cell."""
    paper, places = _Paper(), placed(pose)
    _body(paper, places)
    _arms(paper, places)
    return paper.drawn()


def _whole(pose: Pose) -> Pose:
    """Returns the pose of a clip on the relaxed stand."""
    return Pose({**rest().rotations, **pose.rotations}, pose.shift)


def _ways(shown: Clip, until_s: float, from_s: float) -> str:
    """Returns the way of each hand that moves, from the preparation's end through the stroke."""
    drawn = []
    for side in SIDES:
        if shown.group != "gesture" or f"{side}Hand" not in shown.tracks:
            continue
        points = [
            _seen(palm(placed(_whole(shown.at(from_s + (until_s - from_s) * step / 24))), side))
            for step in range(25)
        ]
        if max(math.dist(points[0][:2], point[:2]) for point in points) > _LEAST_WAY:
            line = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y, _ in points)
            drawn.append(f'<path class="way" d="{line}" marker-end="url(#tip)"/>')
    return "".join(drawn)


def _close_up(pose: Pose, side: Side) -> str:
    """Returns the hand that makes the sign, larger, in a corner of the cell."""
    paper, places = _Paper(), placed(pose)
    _hand(paper, places, side)
    x, y, _ = _seen(
        add(places[f"{side}Hand"].at, rotated(places[f"{side}Hand"].rotation, _MID[side]))
    )
    corner = _CELL_W - 40 if side == "right" else 40
    return (
        f'<circle cx="{corner:g}" cy="42" r="36" fill="#fff" stroke="#d5dce5"/>'
        f'<g transform="translate({corner:g} 42) scale(1.6) translate({-x:.1f} {-y:.1f})">'
        f"{paper.drawn()}</g>"
    )


def cell(shown: Clip) -> str:
    """Returns a clip: at its peak, its beginning behind it, and the way of its hands."""
    peak = shown.sync_s.get("stroke", shown.sync_s.get("ready", 0.0))
    if shown.is_loop:
        peak = shown.duration_s * 0.3
    begin, end = shown.sync_s.get("stroke_start", 0.0), shown.sync_s.get("stroke_end", peak)
    kind = " · ".join(part for part in (shown.kind, shown.mode) if part)
    pose = _whole(shown.at(peak))
    near = "".join(_close_up(pose, side) for side in SIDES if shown.mode == side)
    return (
        f'<g clip-path="url(#cell)"><g class="ghost">{figure(_whole(shown.at(0)))}</g>'
        f"{figure(pose)}{_ways(shown, end, begin)}{near}</g>"
        f'<text class="name" x="{_CELL_W / 2:g}" y="{_CELL_H - 20:g}">{escape(shown.name)}</text>'
        f'<text class="kind" x="{_CELL_W / 2:g}" y="{_CELL_H - 5:g}">{escape(kind)}</text>'
    )


def sheet(shown: Sequence[Clip], title: str) -> str:
    """Returns a sheet of clips as a whole SVG."""
    rows = math.ceil(len(shown) / _COLUMNS)
    columns = min(_COLUMNS, len(shown))
    parts = []
    for place, one in enumerate(shown):
        row, column = divmod(place, _COLUMNS)
        x, y = column * (_CELL_W + 8) + 8, row * (_CELL_H + 8) + 8
        parts.append(
            f'<g transform="translate({x:g} {y:g})"><rect width="{_CELL_W:g}" height="{_CELL_H:g}"'
            f' rx="8" fill="#f5f7fa"/>{cell(one)}</g>'
        )
    told = f"<desc>A figure for each of {escape(', '.join(one.name for one in shown))}.</desc>"
    width, height = columns * (_CELL_W + 8) + 8, rows * (_CELL_H + 8) + 8
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img"'
        f' aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{told}<style>{_STYLE}</style><defs>"
        f'<clipPath id="cell"><rect width="{_CELL_W:g}" height="{_CELL_H - 36:g}"/></clipPath>'
        '<marker id="tip" viewBox="0 0 10 10" refX="6" refY="5" markerWidth="4" markerHeight="4"'
        ' orient="auto"><path d="M0 0L10 5L0 10z" fill="#d2691e"/></marker></defs>'
        f'<rect width="{width:g}" height="{height:g}" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


def sheets() -> dict[str, str]:
    """Returns the sheets by file name: one a kind of gesture, one of heads, one of postures."""
    kinds: dict[str, list[Clip]] = {}
    for name in names():
        one = clip(name)
        kinds.setdefault(one.kind, []).append(one)
    return {f"{kind}.svg": sheet(shown, f"Clips: {kind}") for kind, shown in kinds.items()}


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in sheets().items():
        (folder / name).write_text(text, encoding="utf-8")
