"""How open places on a person are to the light around: under the chin, in a fold it is dark.

Light comes from directions all around. For each the surfaces are drawn as a map of depths, and a
vertex that lies behind its map does not see that light. The arms hang when people look, but are
raised when this is measured: under them stays too light.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from avatar_builder.mesh import Mesh, smooth_normals
from avatar_builder.source import Floats

DIRECTIONS = 80
CELL_M = 0.003
"""The width of a cell of the maps."""
BIAS_M = 0.0045
"""A surface does not hide itself: what hides lies this much in front."""
_SAMPLE_M = 0.0022
_BOUNCE = 0.55
"""The share of light that a neighbour of middling lightness throws back."""


def directions(count: int) -> Floats:
    """Return evenly spread unit vectors (count, 3): a Fibonacci lattice."""
    height = 1 - 2 * (np.arange(count) + 0.5) / count
    turn = np.arange(count) * np.pi * (3 - np.sqrt(5))
    level = np.sqrt(1 - height**2)
    return np.stack([level * np.cos(turn), height, level * np.sin(turn)], axis=1)


def samples(mesh: Mesh) -> Floats:
    """Return points (points, 3) spread evenly over a mesh's triangles."""
    corners = mesh.positions[mesh.triangles]
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2
    count = np.ceil(area / _SAMPLE_M**2).astype(np.int64)
    which = np.repeat(np.arange(len(count)), count)
    number = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    # Points of a lattice in the unit square, folded into the triangle.
    u = (number + 0.5) / count[which]
    v = (number * 0.6180339887498949 + 0.5) % 1
    over = u + v > 1
    u, v = np.where(over, 1 - u, u)[:, None], np.where(over, 1 - v, v)[:, None]
    points: Floats = a[which] + u * (b - a)[which] + v * (c - a)[which]
    return points


def openness(
    receivers: Sequence[Mesh], occluders: Sequence[Mesh], bias_m: float = BIAS_M
) -> list[Floats]:
    """Return for each receiver how much of the light around reaches its vertices, 0 to 1.

    Args:
        receivers: What is lit.
        occluders: What hides; a receiver hides itself only if it is among them.
        bias_m: How far in front of a place something must be to hide it.
    """
    points = np.concatenate([samples(mesh) for mesh in occluders])
    places = np.concatenate([mesh.positions for mesh in receivers])
    normals = np.concatenate(
        [smooth_normals(mesh) if mesh.normals is None else mesh.normals for mesh in receivers]
    )
    seen, total = np.zeros(len(places)), np.zeros(len(places))
    for towards in directions(DIRECTIONS):
        facing = np.clip(_along(normals, towards), 0, 1)
        # More light comes from above than from below.
        weight = facing * (1.0 + 0.6 * towards[1])
        seen += weight * (1 - _hidden(places, points, towards, bias_m))
        total += weight
    reached = seen / np.maximum(total, 1e-9)
    lit = reached / (reached + (1 - reached) * (1 - _BOUNCE * reached))
    ends = np.cumsum([len(mesh.positions) for mesh in receivers])[:-1]
    return np.split(lit, ends)


def _along(points: Floats, direction: Floats) -> Floats:
    """Return `points @ direction`, but with the same last bit on every processor."""
    result: Floats = (
        points[:, 0] * direction[0] + points[:, 1] * direction[1] + points[:, 2] * direction[2]
    )
    return result


def _hidden(places: Floats, points: Floats, towards: Floats, bias_m: float) -> Floats:
    """Return how much (places,) of the neighbourhood of each place lies behind `points`."""
    side = np.cross(towards, [0.0, 1.0, 0.0] if abs(towards[1]) < 0.9 else [1.0, 0.0, 0.0])
    side /= np.linalg.norm(side)
    up = np.cross(side, towards)
    low = np.array([_along(points, side).min(), _along(points, up).min()])

    def on_map(of: Floats) -> Floats:
        return (np.stack([_along(of, side), _along(of, up)], axis=1) - low) / CELL_M + 1

    cells = on_map(points)
    size = np.ceil(cells.max(axis=0)).astype(np.int64) + 3
    depth = np.full(size, -np.inf)
    at = cells.astype(np.int64)
    np.maximum.at(depth, (at[:, 0], at[:, 1]), _along(points, towards))
    wanted = np.clip(on_map(places) - 0.5, 0, size - 2.001)
    i, j = wanted.astype(np.int64).T
    fx, fy = (wanted - np.stack([i, j], axis=1)).T
    own = _along(places, towards) + bias_m
    result = np.zeros(len(places))
    for dx, dy, share in (
        (0, 0, (1 - fx) * (1 - fy)), (1, 0, fx * (1 - fy)), (0, 1, (1 - fx) * fy), (1, 1, fx * fy),
    ):  # fmt: skip
        result += share * (depth[i + dx, j + dy] > own)
    return result
