"""Clothes: cut by smooth fields from MakeHuman's body suit, and set off from the body."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from avatar_builder.figure import SOLE_M, Figure
from avatar_builder.mesh import (
    Mesh,
    border_edges,
    clipped,
    hemmed,
    joined,
    one_region,
    smoothed,
    transferred,
    triangulated,
    vertex_normals,
)
from avatar_builder.rig import BONES, NUMBER
from avatar_builder.source import Floats


@dataclass(frozen=True, slots=True)
class Neckline:
    """How a collar lies around the neck, metres.

    Attributes:
        room_m: How much wider it is than the neck.
        height_m: How much higher it is than the joint of the neck, at the sides.
        drop_m: How much it falls for every 6 cm to the front.
    """

    room_m: float
    height_m: float
    drop_m: float


_CLOTH_TILE_M = 0.05
"""The size of one tile of the cloth's texture."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a person's clothes end, metres.

    Attributes:
        neck: (3,) the middle of the collar.
        neck_radii_m: (2,) the collar's half width and half depth.
        neck_drop_m: How much lower the collar is in front than at the nape.
        cuff_m: The distance of the cuffs from the middle.
        hem_m: The height of the upper garment's hem.
        waist_m: The height of the trousers' upper edge.
        ankle_m: The height of the trousers' lower edge.
        shoe_m: The height of the shoes.
    """

    neck: Floats
    neck_radii_m: Floats
    neck_drop_m: float
    cuff_m: float
    hem_m: float
    waist_m: float
    ankle_m: float
    shoe_m: float

    def neckline(self, points: Floats) -> Floats:
        """Return how far below the collar points are, metres; the neck itself is negative."""
        across = points - self.neck
        wide, deep = self.neck_radii_m
        outside = (np.hypot(across[:, 0] / wide, across[:, 2] / deep) - 1) * wide
        plane = self.neck[1] - points[:, 1] - self.neck_drop_m * across[:, 2] / 0.06
        below: Floats = np.maximum(outside, plane)
        return below

    def collar(self, mesh: Mesh) -> Floats:
        """Return `neckline` at a mesh's vertices; chin and shoulders are told apart."""
        seed = int(mesh.positions[:, 1].argmin())
        return one_region(mesh, self.neckline(mesh.positions), seed)

    def upper(self, mesh: Mesh) -> Floats:
        """Return a value at a mesh's vertices that is positive where the upper garment is."""
        points = mesh.positions
        ends = np.minimum(self.cuff_m - np.abs(points[:, 0]), points[:, 1] - self.hem_m)
        return np.minimum(ends, self.collar(mesh))

    def lower(self, points: Floats) -> Floats:
        """Return a value that is positive where the trousers are."""
        return np.minimum(self.waist_m - points[:, 1], points[:, 1] - self.ankle_m)


def cut_of(figure: Figure, neckline: Neckline) -> Cut:
    """Place the clothes' edges by the joints."""
    heads = figure.skeleton.heads
    neck, hips = heads[NUMBER["neck"]], heads[NUMBER["hips"]]
    hand, foot = heads[NUMBER["leftHand"]], heads[NUMBER["leftFoot"]]
    skin = figure.positions[np.unique(figure.base.quads[figure.base.faces_of("body")])]
    band = skin[np.abs(skin[:, 1] - neck[1] - 0.03) < 0.012]
    low, high = band.min(axis=0), band.max(axis=0)
    return Cut(
        neck=np.array([0.0, neck[1] + neckline.height_m, (low[2] + high[2]) / 2]),
        neck_radii_m=(high - low)[[0, 2]] / 2 + neckline.room_m,
        neck_drop_m=neckline.drop_m,
        cuff_m=float(hand[0]) - 0.012,
        hem_m=float(hips[1]) - 0.045,
        waist_m=float(hips[1]) + 0.03,
        ankle_m=float(foot[1]) - 0.02,
        shoe_m=float(foot[1]) + 0.03,
    )


def _suit(figure: Figure) -> Mesh:
    return figure.part(figure.base.faces_of("helper-tights"))


def _set_off(mesh: Mesh, offset_m: Floats, rounds: int) -> Mesh:
    positions = smoothed(mesh.positions, mesh.triangles, rounds)
    normals = smoothed(vertex_normals(positions, mesh.triangles), mesh.triangles, 3)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return replace(mesh, positions=positions + normals * offset_m[:, None])


def _turned_in(mesh: Mesh, depth_m: float) -> Mesh:
    normals = vertex_normals(mesh.positions, mesh.triangles)
    return hemmed(mesh, -normals * depth_m)


def _woven(mesh: Mesh) -> Mesh:
    """Give cloth its texture points: a slanted view, so that no side of the body is a line."""
    x, y, z = mesh.positions.T
    uvs = np.stack([x + 0.6 * z, y + 0.6 * z], axis=1) / _CLOTH_TILE_M
    return replace(mesh, uvs=uvs)


def sweater(figure: Figure, cut: Cut) -> Mesh:
    """Return a sweater with a collar, cuffs and a hem that has thickness."""
    suit = _suit(figure)
    mesh = clipped(suit, cut.upper(suit))
    height = mesh.positions[:, 1]
    looseness = np.clip((cut.waist_m + 0.12 - height) / 0.2, 0, 1)
    near_collar = np.clip(cut.collar(mesh) / 0.05, 0, 1)
    mesh = _set_off(mesh, 0.003 + 0.004 * near_collar + 0.007 * looseness, 6)
    band = _collar(mesh, cut)
    return _woven(joined(_turned_in(_turned_in(mesh, 0.004), 0.008), band))


def _collar(mesh: Mesh, cut: Cut) -> Mesh:
    """Return a knitted band along the upper edge of a garment: a flat tube."""
    border = np.unique(border_edges(mesh.triangles))
    places = mesh.positions[border]
    edge = border[(places[:, 1] > cut.hem_m + 0.2) & (np.abs(places[:, 0]) < 0.2)]
    about = mesh.positions[edge] - cut.neck
    order = np.argsort(np.arctan2(about[:, 0], about[:, 2]))
    edge, turns = edge[order], np.arctan2(about[order, 0], about[order, 2])
    count = 72
    grid = np.linspace(-np.pi, np.pi, count, endpoint=False)

    def around(values: Floats) -> Floats:
        columns = [np.interp(grid, turns, values[edge, k], period=2 * np.pi) for k in range(3)]
        line = np.stack(columns, axis=1)
        for _ in range(8):
            line = (np.roll(line, 1, 0) + 2 * line + np.roll(line, -1, 0)) / 4
        return line

    line, out = around(mesh.positions), around(vertex_normals(mesh.positions, mesh.triangles))
    along = np.roll(line, -1, 0) - np.roll(line, 1, 0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    out -= (out * along).sum(axis=1, keepdims=True) * along
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    inward = np.cross(out, along)
    inward *= np.sign((inward * (cut.neck - line)).sum(axis=1, keepdims=True))
    sides = np.linspace(0, 2 * np.pi, 10, endpoint=False)
    wide, thick = 0.0105 * np.cos(sides), 0.0042 * np.sin(sides)
    middle = line + 0.002 * inward
    rings = (
        middle[:, None]
        + wide[None, :, None] * inward[:, None]
        + thick[None, :, None] * (out[:, None])
    )
    positions = rings.reshape(-1, 3)
    ring, side = np.meshgrid(np.arange(count), np.arange(len(sides)), indexing="ij")
    onward, upward = (ring + 1) % count, (side + 1) % len(sides)
    quads = np.stack(
        [ring * len(sides) + side, onward * len(sides) + side, onward * len(sides) + upward,
         ring * len(sides) + upward], axis=2,
    ).reshape(-1, 4)  # fmt: skip
    weights = transferred(positions, mesh.positions[edge], mesh.weights[edge], 3)
    tube = Mesh(positions, triangulated(quads), weights)
    facing = vertex_normals(tube.positions, tube.triangles)
    if ((positions - np.repeat(middle, len(sides), axis=0)) * facing).sum() < 0:
        tube = replace(tube, triangles=tube.triangles[:, ::-1])
    return tube


def trousers(figure: Figure, cut: Cut) -> Mesh:
    """Return trousers, wider below the knee."""
    suit = _suit(figure)
    mesh = clipped(suit, cut.lower(suit.positions))
    height = mesh.positions[:, 1]
    knee = figure.skeleton.heads[NUMBER["leftLowerLeg"]][1]
    flare = np.clip((knee + 0.1 - height) / 0.4, 0, 1)
    mesh = _set_off(mesh, 0.006 + 0.010 * flare, 6)
    return _woven(_turned_in(mesh, 0.01))


def shoes(figure: Figure, cut: Cut) -> tuple[Mesh, Mesh]:
    """Return the shoes' uppers, and their soles."""
    suit = _suit(figure)
    mesh = clipped(suit, cut.shoe_m - suit.positions[:, 1])
    mesh = _set_off(mesh, np.full(len(mesh.positions), 0.006), 4)
    positions = mesh.positions.copy()
    positions[:, 1] = np.maximum(positions[:, 1], SOLE_M - 0.006)
    uppers = _turned_in(replace(mesh, positions=positions), 0.006)
    soles = [_sole(mesh, side) for side in (1.0, -1.0)]
    return uppers, joined(*soles)


def _sole(uppers: Mesh, side: float) -> Mesh:
    low = (uppers.positions[:, 0] * side > 0) & (uppers.positions[:, 1] < 0.05)
    outline = convex_outline(uppers.positions[low][:, [0, 2]])
    middle = outline.mean(axis=0)
    outline = middle + (outline - middle) * 1.03
    count = len(outline)
    points, rows = [], (0.0, 0.010, SOLE_M + 0.002, SOLE_M + 0.010)
    for height, grow in zip(rows, (0.96, 1.0, 1.0, 0.95), strict=True):
        ring = middle + (outline - middle) * grow
        points.append(np.stack([ring[:, 0], np.full(count, height), ring[:, 1]], axis=1))
    bottom, top = [middle[0], 0.0, middle[1]], [middle[0], rows[-1], middle[1]]
    positions = np.concatenate([*points, [bottom, top]])
    triangles: list[list[int]] = []
    for k in range(count):
        j = (k + 1) % count
        for ring_start in range(0, 3 * count, count):
            a, b = ring_start + k, ring_start + j
            triangles += [[a, a + count, b], [b, a + count, b + count]]
        triangles.append([len(positions) - 2, k, j])
        triangles.append([len(positions) - 1, 3 * count + j, 3 * count + k])
    weights = np.zeros((len(positions), len(BONES)))
    name = "left" if side > 0 else "right"
    ball = uppers.positions[low][:, 2].max() - 0.085
    toes = np.clip((positions[:, 2] - ball + 0.02) / 0.04, 0, 1)
    weights[:, NUMBER[f"{name}Toes"]] = toes
    weights[:, NUMBER[f"{name}Foot"]] = 1 - toes
    return Mesh(positions, np.array(triangles), weights)


def convex_outline(points: Floats) -> Floats:
    """Return the convex hull (corners, 2) of points (points, 2), counter-clockwise."""
    ordered = points[np.lexsort((points[:, 1], points[:, 0]))].tolist()

    def chain(sequence: list[list[float]]) -> list[list[float]]:
        hull: list[list[float]] = []
        for point in sequence:
            while len(hull) > 1 and (
                (hull[-1][0] - hull[-2][0]) * (point[1] - hull[-2][1])
                <= (hull[-1][1] - hull[-2][1]) * (point[0] - hull[-2][0])
            ):
                hull.pop()
            hull.append(point)
        return hull[:-1]

    return np.array(chain(ordered) + chain(ordered[::-1]))
