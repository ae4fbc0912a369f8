"""Triangle meshes whose vertices carry skin weights and morphs: cutting, smoothing, normals."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from avatar_builder.source import Floats, Ints

SLIVER_M2 = 1e-11
"""Triangles of less than this have no direction to speak of; a cut leaves none behind."""

WELD_M = 1e-6
"""Vertices that are nearer than this are one: a seam of the texture doubles them."""


@dataclass(frozen=True, slots=True)
class Mesh:
    """A triangle mesh.

    Attributes:
        positions: (vertices, 3), metres.
        triangles: (triangles, 3) vertex numbers, counter-clockwise from outside.
        weights: (vertices, bones), each row sums to one.
        uvs: (vertices, 2), v down, or None.
        colors: (vertices, 3 or 4), linear RGB and alpha that multiply the material's, or None.
        morphs: (vertices, shapes, 3) offsets in metres, or None: nothing moves.
        normals: (vertices, 3) of unit length, or None: they follow from the triangles.
    """

    positions: Floats
    triangles: Ints
    weights: Floats
    uvs: Floats | None = None
    colors: Floats | None = None
    morphs: Floats | None = None
    normals: Floats | None = None

    def map(self, change: Callable[[Floats], Floats], triangles: Ints) -> Mesh:
        """Return a mesh whose every vertex attribute is `change` of this one's."""

        def changed(values: Floats | None) -> Floats | None:
            return None if values is None else change(values)

        return Mesh(
            change(self.positions), triangles, change(self.weights), changed(self.uvs),
            changed(self.colors), changed(self.morphs), changed(self.normals),
        )  # fmt: skip


def triangulated(quads: Ints) -> Ints:
    """Return two triangles for each quad: (2 * quads, 3)."""
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


def compact(mesh: Mesh) -> Mesh:
    """Drop vertices that no triangle uses."""
    used, triangles = np.unique(mesh.triangles, return_inverse=True)
    return mesh.map(lambda values: values[used], triangles.reshape(-1, 3))


def joined(*meshes: Mesh) -> Mesh:
    """Put meshes side by side; an attribute must be in all of them or in none."""
    starts = np.cumsum([0, *(len(mesh.positions) for mesh in meshes)])

    def stacked(name: str) -> Floats | None:
        parts = [getattr(mesh, name) for mesh in meshes]
        return None if parts[0] is None else np.concatenate(parts)

    triangles = np.concatenate(
        [mesh.triangles + start for mesh, start in zip(meshes, starts, strict=False)]
    )
    positions, weights = stacked("positions"), stacked("weights")
    assert positions is not None
    assert weights is not None
    return Mesh(
        positions, triangles, weights, *map(stacked, ("uvs", "colors", "morphs", "normals"))
    )


def clipped(mesh: Mesh, inside: Floats) -> Mesh:
    """Cut the mesh along the zero line of `inside`.

    Args:
        mesh: What is cut.
        inside: (vertices,) a value that is positive where the mesh stays; it is taken to change
            linearly along an edge.

    Returns:
        The part that stays, with new vertices on the cut.
    """
    count = len(mesh.positions)
    sources: list[tuple[int, int, float]] = []
    cuts: dict[tuple[int, int], int] = {}

    def cut(a: int, b: int) -> int:
        key = (min(a, b), max(a, b))
        if key not in cuts:
            low, high = key
            cuts[key] = count + len(sources)
            sources.append((low, high, inside[low] / (inside[low] - inside[high])))
        return cuts[key]

    keep = inside > 0
    kept_corners = keep[mesh.triangles].sum(axis=1)
    triangles: list[tuple[int, ...]] = [
        tuple(t) for t in mesh.triangles[kept_corners == 3].tolist()
    ]
    for corners in mesh.triangles[(kept_corners > 0) & (kept_corners < 3)].tolist():
        outline: list[int] = []
        for a, b in zip(corners, corners[1:] + corners[:1], strict=True):
            if keep[a]:
                outline.append(a)
            if keep[a] != keep[b]:
                outline.append(cut(a, b))
        triangles += [(outline[0], b, c) for b, c in itertools.pairwise(outline)]
    if not sources:
        return compact(replace(mesh, triangles=np.array(triangles, dtype=np.int64)))
    low, high, share = (np.array(column) for column in zip(*sources, strict=True))

    def extended(values: Floats) -> Floats:
        t = share.reshape(-1, *[1] * (values.ndim - 1))
        return np.concatenate([values, values[low] * (1 - t) + values[high] * t])

    cut_mesh = mesh.map(extended, np.array(triangles, dtype=np.int64))
    a, b, c = (cut_mesh.positions[cut_mesh.triangles[:, corner]] for corner in range(3))
    flat = np.linalg.norm(np.cross(b - a, c - a), axis=1) < SLIVER_M2
    return compact(replace(cut_mesh, triangles=cut_mesh.triangles[~flat]))


def one_region(mesh: Mesh, inside: Floats, seed: int) -> Floats:
    """Return `inside`, negative where it is positive but not connected with the vertex `seed`."""
    directed = edges(mesh.triangles)
    both = directed[(inside[directed] > 0).all(axis=1)]
    reached = np.zeros(len(inside), dtype=bool)
    reached[seed] = True
    count = 0
    while count != (count := int(reached.sum())):
        reached[both[reached[both[:, 0]], 1]] = True
        reached[both[reached[both[:, 1]], 0]] = True
    result: Floats = np.where(reached | (inside <= 0), inside, -1e-4)
    return result


def welded(positions: Floats, triangles: Ints) -> Ints:
    """Return `triangles` with one number for all vertices that are in one place."""
    cells = np.round(positions / WELD_M).astype(np.int64)
    _, first, which = np.unique(cells, axis=0, return_index=True, return_inverse=True)
    same: Ints = first[which.reshape(-1)]
    return same[triangles]


def vertex_normals(positions: Floats, triangles: Ints) -> Floats:
    """Return area-weighted vertex normals (vertices, 3) of unit length."""
    a, b, c = (positions[triangles[:, corner]] for corner in range(3))
    faces = np.cross(b - a, c - a)
    normals = np.stack([
        sum(np.bincount(triangles[:, corner], faces[:, axis], len(positions))
            for corner in range(3))
        for axis in range(3)
    ], axis=1)  # fmt: skip
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    unit: Floats = normals / np.maximum(lengths, 1e-12)
    return unit


def smooth_normals(mesh: Mesh) -> Floats:
    """Return vertex normals (vertices, 3) that are the same on both sides of a texture's seam."""
    corners = welded(mesh.positions, mesh.triangles)
    return _from_corners(mesh, corners, vertex_normals(mesh.positions, corners))


def _from_corners(mesh: Mesh, corners: Ints, values: Floats) -> Floats:
    same = np.arange(len(values))
    same[mesh.triangles.reshape(-1)] = corners.reshape(-1)
    result: Floats = values[same]
    return result


def turned_normals(mesh: Mesh, offsets: Floats) -> Floats:
    """Return how much each vertex's normal (vertices, 3) changes when the vertices move.

    Args:
        mesh: What moves. If it has normals of its own, nothing is said of them: they stay.
        offsets: (vertices, 3) metres.
    """
    if mesh.normals is not None:
        return np.zeros_like(offsets)
    corners = welded(mesh.positions, mesh.triangles)
    still = np.abs(offsets[corners]).max(axis=(1, 2)) == 0
    near = np.zeros(len(offsets), dtype=bool)
    near[corners[~still]] = True
    touched = corners[near[corners].any(axis=1)]
    change = vertex_normals(mesh.positions + offsets, touched)
    change -= vertex_normals(mesh.positions, touched)
    change[~near] = 0  # their other triangles were left out
    return _from_corners(mesh, corners, change)


def edges(triangles: Ints) -> Ints:
    """Return the directed edges (3 * triangles, 2)."""
    return np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])


def border_edges(triangles: Ints) -> Ints:
    """Return the directed edges that belong to one triangle only: (edges, 2)."""
    directed = edges(triangles)
    _, where, counts = np.unique(
        np.sort(directed, axis=1), axis=0, return_inverse=True, return_counts=True
    )
    alone: Ints = directed[counts[where.reshape(-1)] == 1]
    return alone


def smoothed(values: Floats, triangles: Ints, rounds: int, strength: float = 0.5) -> Floats:
    """Move each vertex's value towards its neighbours' mean; border vertices only along it."""
    directed = edges(triangles)
    border = border_edges(triangles)
    on_border = np.zeros(len(values), dtype=bool)
    on_border[border] = True
    inner = directed[~on_border[directed[:, 0]]]
    pairs = np.concatenate([inner, border, border[:, ::-1]])
    degree = np.maximum(np.bincount(pairs[:, 0], minlength=len(values)), 1)
    result = values.copy()
    shape = (-1, *[1] * (values.ndim - 1))
    for _ in range(rounds):
        total = np.zeros_like(result)
        np.add.at(total, pairs[:, 0], result[pairs[:, 1]])
        mean = total / degree.reshape(shape)
        moves = (degree > 0).reshape(shape)
        result = np.where(moves, result + strength * (mean - result), result)
    return result


def hemmed(mesh: Mesh, offsets: Floats) -> Mesh:
    """Give an open mesh a hem: a strip from each border vertex to that vertex plus its offset.

    Args:
        mesh: An open mesh.
        offsets: (vertices, 3) where the hem goes from each vertex, metres.
    """
    border = border_edges(mesh.triangles)
    vertices, local = np.unique(border, return_inverse=True)
    inner = len(mesh.positions) + local.reshape(-1, 2)
    strip = np.concatenate(
        [
            np.stack([border[:, 1], border[:, 0], inner[:, 0]], axis=1),
            np.stack([border[:, 1], inner[:, 0], inner[:, 1]], axis=1),
        ]
    )
    result = mesh.map(
        lambda values: np.concatenate([values, values[vertices]]),
        np.concatenate([mesh.triangles, strip]),
    )
    result.positions[len(mesh.positions) :] += offsets[vertices]
    return result


def nearest(points: Floats, targets: Floats, count: int) -> tuple[Ints, Floats]:
    """Return the `count` nearest targets of each point, and their distances."""
    numbers, distances = [], []
    for chunk in np.array_split(points, max(1, len(points) // 500)):
        near, far = np.zeros((len(chunk), count), np.int64), np.zeros((len(chunk), count))
        # No matrix product: its last bits depend on the processor, and ties would fall otherwise.
        squared = sum(
            ((chunk[:, axis, None] - targets[None, :, axis]) ** 2 for axis in range(3)),
            start=np.zeros((len(chunk), len(targets))),
        )
        rows = np.arange(len(chunk))
        for place in range(count):  # of equals the first: a partition would not say which
            near[:, place] = squared.argmin(axis=1)
            far[:, place] = squared[rows, near[:, place]]
            squared[rows, near[:, place]] = np.inf
        numbers.append(near)
        distances.append(np.sqrt(far))
    return np.concatenate(numbers), np.concatenate(distances)


def transferred(points: Floats, targets: Floats, values: Floats, count: int = 4) -> Floats:
    """Return the values of the nearest targets, averaged by inverse distance."""
    near, distances = nearest(points, targets, count)
    shares = 1 / np.maximum(distances, 1e-6) ** 2
    shares /= shares.sum(axis=1, keepdims=True)
    result: Floats = np.einsum("pk,pkv->pv", shares, values[near])
    return result
