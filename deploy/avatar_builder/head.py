"""What a head is made of: skin with texture points of its own, eyes, lashes, teeth, tongue."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from avatar_builder.figure import Figure
from avatar_builder.mesh import Mesh, compact, joined
from avatar_builder.rig import BONES, NUMBER
from avatar_builder.shapes import ARKIT
from avatar_builder.source import Floats, Ints

_MOUTH_ISLAND = (0.75, 0.14)
"""The inside of the mouth is the island right of and below this in the base mesh's texture."""


_TEETH_WIDTH, _TEETH_BACK_M = 0.92, 0.0035
"""The base mesh's teeth touch the lips from behind; ours keep a distance."""

_TEETH_LOW_M = 0.0015
"""How much lower the upper row is than in the base mesh, so that its edge shows when lips part."""

_TONGUE_LOW_M, _TONGUE_BACK_M = 0.0075, 0.006
"""The base mesh's tongue would fill an open mouth."""


@dataclass(frozen=True, slots=True)
class Unwrap:
    """Texture points for a head: around it and up, with more of the texture for the face.

    Attributes:
        axis_z_m: Where the head's upright axis is.
        low_m, high_m: The heights of the texture's lower and upper edge.
    """

    axis_z_m: float
    low_m: float
    high_m: float

    def uvs(self, positions: Floats, right_of_seam: Floats) -> Floats:
        """Return texture points (points, 2), v down.

        Args:
            positions: (points, 3) in metres.
            right_of_seam: (points,) the sign of the side that a point on the seam at the back
                belongs to.
        """
        x = np.where(np.abs(positions[:, 0]) < 1e-5, right_of_seam * 1e-5, positions[:, 0])
        turn = np.arctan2(x, positions[:, 2] - self.axis_z_m) / np.pi
        spread = np.abs(turn)
        u = 0.5 + 0.5 * np.sign(turn) * (1.6 * spread - 0.6 * spread**2)
        v = (self.high_m - positions[:, 1]) / (self.high_m - self.low_m)
        return np.stack([u, v], axis=1)


def head_faces(figure: Figure, above_m: float) -> tuple[Ints, Ints]:
    """Return the faces of the head's skin, and those of the inside of the mouth."""
    body = figure.base.faces_of("body")
    middles = figure.base.uvs[figure.base.uv_quads[body]].mean(axis=1)
    in_mouth = (middles[:, 0] > _MOUTH_ISLAND[0]) & (middles[:, 1] < _MOUTH_ISLAND[1])
    heights = figure.positions[figure.base.quads[body]].mean(axis=1)
    # A finger's tip is in that corner of the texture too.
    high = (heights[:, 1] > above_m) & (np.abs(heights[:, 0]) < 0.3)
    return body[high & ~in_mouth], body[high & in_mouth]


def unwrapped(mesh: Mesh, unwrap: Unwrap) -> Mesh:
    """Give a head its texture points; vertices on the seam at the back are doubled."""
    side = np.sign(mesh.positions[mesh.triangles].mean(axis=1)[:, 0])
    at_back = (np.abs(mesh.positions[:, 0]) < 1e-5) & (mesh.positions[:, 2] < unwrap.axis_z_m)
    corner_side = np.where(at_back[mesh.triangles], side[:, None], 1).astype(np.int64)
    pairs = np.stack([mesh.triangles.reshape(-1), corner_side.reshape(-1)], axis=1)
    corners, numbers = np.unique(pairs, axis=0, return_inverse=True)
    split = mesh.map(lambda values: values[corners[:, 0]], numbers.reshape(-1, 3))
    return replace(split, uvs=unwrap.uvs(split.positions, corners[:, 1].astype(float)))


def eyeball(figure: Figure, side: str) -> Mesh:
    """Return an eye: a ball with a cornea that stands out, turned by the look shapes.

    The texture point of its front is the texture's middle; the distance from there is the angle
    from the eye's axis, and the edge is at 110 degrees.
    """
    vertices = np.unique(figure.base.quads[figure.base.faces_of(f"helper-{side}-eye")])
    points = figure.positions[vertices]
    centre = (points.max(0) + points.min(0)) / 2
    radius = float((points[:, 0].max() - points[:, 0].min()) / 2)
    angles = np.radians([0, 4, 8, 12, 16, 20, 24, 28, 32, 38, 46, 58, 72, 90, 110])
    around = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    bulge = 1 + 0.05 * np.clip(1 - (angles / np.radians(32)) ** 2, 0, 1)
    rings = [[0.0, 0.0, float(bulge[0])]]
    uvs = [[0.5, 0.5]]
    for angle, out in zip(angles[1:], bulge[1:], strict=True):
        for turn in around:
            direction = np.array([np.cos(turn), np.sin(turn)])
            rings.append([*(out * np.sin(angle) * direction), out * np.cos(angle)])
            uvs.append((0.5 + 0.5 * angle / angles[-1] * direction * [1, -1]).tolist())
    local = np.array(rings) * radius
    n = len(around)
    triangles = [[0, 1 + k, 1 + (k + 1) % n] for k in range(n)]
    for ring in range(len(angles) - 2):
        low = 1 + ring * n
        for k in range(n):
            a, b = low + k, low + (k + 1) % n
            triangles += [[a, a + n, b + n], [a, b + n, b]]
    positions = centre + local
    weights = np.zeros((len(positions), len(BONES)))
    weights[:, NUMBER["leftEye" if side == "l" else "rightEye"]] = 1
    morphs = np.zeros((len(positions), figure.morphs.shape[1], 3))
    for number, name in enumerate(ARKIT):
        moved = figure.morphs[vertices, number]
        if name.startswith("eyeLook") and np.abs(moved).max() > 1e-4:
            turn_by = _rotation(points - centre, points + moved - centre)
            morphs[:, number] = local @ turn_by.T - local
    return Mesh(
        positions, np.array(triangles), weights, np.array(uvs), None, morphs,
        local / np.linalg.norm(local, axis=1, keepdims=True),
    )  # fmt: skip


def _rotation(start: Floats, end: Floats) -> Floats:
    """Return the rotation (3, 3) that carries `start` to `end` best (Kabsch)."""
    u, _, vt = np.linalg.svd(start.T @ end)
    flip = np.diag([1, 1, np.sign(np.linalg.det(vt.T @ u.T))])
    rotation: Floats = vt.T @ flip @ u.T
    return rotation


def teeth(figure: Figure) -> Mesh:
    """Return both rows of teeth, with texture points around the arch and up."""
    rows = []
    for group, top in (("helper-upper-teeth", 0.0), ("helper-lower-teeth", 0.5)):
        mesh = figure.part(figure.base.faces_of(group), morphs=True)
        low, high = mesh.positions.min(0), mesh.positions.max(0)
        middle_z = low[2]
        turn = np.arctan2(mesh.positions[:, 0], mesh.positions[:, 2] - middle_z) / np.pi
        v = (high[1] - mesh.positions[:, 1]) / (high[1] - low[1])
        if group.startswith("helper-lower"):
            v = 1 - v
        low_m = _TEETH_LOW_M if top == 0 else 0.0
        fitted = mesh.positions * [_TEETH_WIDTH, 1, 1] - [0, low_m, _TEETH_BACK_M]
        rows.append(
            replace(mesh, positions=fitted, uvs=np.stack([0.5 + turn, top + 0.5 * v], axis=1))
        )
    return joined(*rows)


def lashes(figure: Figure) -> Mesh:
    """Return both eyes' upper lashes; texture points run along the lid and from tip to root."""
    eyes = []
    for side in "lr":
        middle = figure.joint(f"{side}-eye")
        upper = figure.base.faces_of(f"helper-{side}-eyelashes-2")
        mesh = figure.part(upper, morphs=True)
        apart = mesh.positions - middle
        far = np.linalg.norm(apart, axis=1)
        v = 1 - (far - far.min()) / np.quantile(far - far.min(), 0.95)
        u = apart[:, 0] / (2 * np.abs(apart[:, 0]).max()) + 0.5
        eyes.append(replace(mesh, uvs=np.stack([u, np.clip(v, 0, 1)], axis=1)))
    return joined(*eyes)


def tongue(figure: Figure) -> Mesh:
    """Return the tongue."""
    mesh = compact(figure.part(figure.base.faces_of("helper-tongue"), morphs=True))
    return replace(mesh, positions=mesh.positions - [0, _TONGUE_LOW_M, _TONGUE_BACK_M])


def dimmed(mesh: Mesh, lips_z_m: float) -> Mesh:
    """Darken what is in a mouth towards its back: light comes in through the lips only.

    Args:
        mesh: A part of the mouth.
        lips_z_m: Where the lips are.
    """
    deep = lips_z_m - mesh.positions[:, 2]
    shade = np.interp(deep, [0.006, 0.016, 0.032, 0.055], [1.0, 0.85, 0.45, 0.10])
    return replace(mesh, colors=np.repeat(shade[:, None], 3, axis=1))
