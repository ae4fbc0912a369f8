"""Hair: locks, which are bent strips with a texture of strands, laid over a cap on the scalp."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from avatar_builder.mesh import Mesh, joined, smoothed, vertex_normals
from avatar_builder.rig import BONES, NUMBER
from avatar_builder.source import Floats


@dataclass(frozen=True, slots=True)
class Skull:
    """The head's surface, as a distance from its middle in each direction.

    Attributes:
        middle: (3,) a point inside the head, at the height of the eyes.
        points: (vertices, 3) of the head's skin, relative to `middle`.
    """

    middle: Floats
    points: Floats

    def radius(self, directions: Floats, nearest: int = 16) -> Floats:
        """Return the distance (directions,) of the skin from the middle, metres."""
        lengths = np.linalg.norm(self.points, axis=1)
        units = self.points / lengths[:, None]
        alike = directions @ units.T
        near = np.argpartition(-alike, nearest, axis=1)[:, :nearest]
        result: Floats = np.quantile(lengths[near], 0.8, axis=1)
        return result

    def girth(self, turns: Floats, low_m: float, high_m: float) -> Floats:
        """Return the greatest level distance between two heights, smooth around the head.

        Args:
            turns: (n,) radians from the front, towards +x.
            low_m, high_m: Heights relative to the middle.
        """
        band = self.points[(self.points[:, 1] > low_m) & (self.points[:, 1] < high_m)]
        of_band = np.arctan2(band[:, 0], band[:, 2])
        level = np.hypot(band[:, 0], band[:, 2])
        grid = np.linspace(-np.pi, np.pi, 72, endpoint=False)
        apart = np.abs((of_band[None] - grid[:, None] + np.pi) % (2 * np.pi) - np.pi)
        widest = np.array([level[row < 0.14].max(initial=0.05) for row in apart])
        for _ in range(2):
            widest = (np.roll(widest, 1) + 2 * widest + np.roll(widest, -1)) / 4
        result: Floats = np.interp(
            turns % (2 * np.pi), grid + np.pi, np.roll(widest, 36), period=2 * np.pi
        )
        return result


def direction(turn: float, rise: float) -> Floats:
    """Return a unit vector: `turn` radians from the front towards +x, `rise` above level."""
    return np.array([np.sin(turn) * np.cos(rise), np.sin(rise), np.cos(turn) * np.cos(rise)])


def arc(start: Floats, end: Floats, count: int) -> Floats:
    """Return directions (count, 3) on the great circle from `start` to `end`."""
    angle = np.arccos(np.clip(start @ end, -1, 1))
    t = np.linspace(0, 1, count)[:, None]
    result: Floats = (np.sin((1 - t) * angle) * start + np.sin(t * angle) * end) / np.sin(angle)
    return result


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock of hair.

    Attributes:
        path: (steps, 3) its middle line, from root to tip.
        outward: (steps, 3) unit vectors away from the head.
        width_m: Its widest width.
        tone: How light it is; 1 is the hair's own colour.
        strand: 0 to 1, the part of the texture that it shows.
    """

    path: Floats
    outward: Floats
    width_m: float
    tone: float
    strand: float


def lock_mesh(
    lock: Lock, *, root_width: float = 0.8, tip_width: float = 0.55, columns: int = 4
) -> Mesh:
    """Bend a strip along a lock: narrower at its ends, its edges closer to the head."""
    spread = np.linspace(-1, 1, columns)
    path, steps = lock.path, len(lock.path)
    along = np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    across = np.cross(lock.outward, along)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    outward = np.cross(along, across)
    t = np.linspace(0, 1, steps)
    width = np.interp(t, [0, 0.25, 0.7, 1], [root_width, 1, 1, tip_width]) * lock.width_m / 2
    side = spread[None, :, None] * width[:, None, None]
    sink = -0.28 * spread[None, :, None] ** 2 * width[:, None, None]
    positions = path[:, None] + side * across[:, None] + sink * outward[:, None]
    normals = outward[:, None] + 0.55 * spread[None, :, None] * across[:, None]
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    u = lock.strand + 0.24 * (spread + 1) / 2
    # The texture repeats: its very edges are left out.
    uvs = np.stack(np.broadcast_arrays(u[None], 0.02 + 0.96 * t[:, None]), axis=2)
    shade = np.interp(t, [0, 0.12, 0.3, 0.45, 1], [0.62, 0.85, 1.12, 1.0, 0.95]) * lock.tone
    colors = np.repeat(np.repeat(shade[:, None, None], columns, axis=1), 3, axis=2) / 1.4
    first = (np.arange(steps - 1)[:, None] * columns + np.arange(columns - 1)[None]).reshape(-1)
    quads = np.stack([first, first + 1, first + columns + 1, first + columns], axis=1)
    count = steps * columns
    return Mesh(
        positions.reshape(count, 3),
        np.concatenate([quads[:, [0, 2, 1]], quads[:, [0, 3, 2]]]),
        on_head(count),
        uvs.reshape(count, 2),
        np.clip(colors.reshape(count, 3), 0, 1),
        normals=normals.reshape(count, 3),
    )


def on_head(count: int) -> Floats:
    """Return weights (count, bones) that bind everything to the head."""
    weights = np.zeros((count, len(BONES)))
    weights[:, NUMBER["head"]] = 1
    return weights


def bob(skull: Skull, end_m: float, rng: np.random.Generator) -> Mesh:
    """Return hair to the chin, parted at the side, that bends in at its end.

    Args:
        skull: The head.
        end_m: The height of the ends relative to the skull's middle; negative.
        rng: Chance, for what no two locks have alike.
    """
    part_x = 0.022
    locks: list[Mesh] = []
    # Inner layers are shorter and denser; the last lies on top.
    for layer, (lift, width, step_deg, shorter) in enumerate(
        [(0.004, 0.034, 8.0, 0.012), (0.010, 0.034, 8.0, 0.004), (0.015, 0.026, 7.0, 0.0)]
    ):
        for side in (1.0, -1.0):
            for turn_deg in np.arange(45 + 3 * layer, 181, step_deg):
                turn = np.radians(turn_deg + rng.uniform(-2.5, 2.5))
                back = np.clip((turn_deg - 50) / 130, 0, 1)
                root_rise = np.radians(np.interp(back, [0, 0.35, 1], [46, 74, 118]))
                root = np.array([part_x / 0.1, np.sin(root_rise), np.cos(root_rise)])
                root /= np.linalg.norm(root)
                end = direction(side * turn, 0.0)
                over = arc(root, end, 9)
                heights = skull.radius(over) + lift + 0.004 * np.sin(np.linspace(0, np.pi, 9))
                dome = skull.middle + over * heights[:, None]
                length = end_m + shorter + rng.uniform(-0.006, 0.004)
                fall = np.linspace(0, 1, 7)[1:]
                girth = float(skull.girth(np.array([side * turn]), -0.05, 0.02)[0]) + lift
                level = np.hypot(dome[-1, 0] - skull.middle[0], dome[-1, 2] - skull.middle[2])
                # In front they keep clear of cheeks that a smile lifts.
                girth = max(girth, float(level)) + 0.008 * np.clip((75 - turn_deg) / 25, 0, 1)
                reach = girth + (level - girth) * (1 - fall) ** 2
                reach = reach * (1 + 0.05 * np.sin(np.pi * fall)) - 0.028 * fall**3
                bent = side * turn * (1 + 0.03 * fall)
                hanging = np.stack(
                    [np.sin(bent) * reach, fall * length, np.cos(bent) * reach], axis=1
                )
                path = _evened(np.concatenate([dome, skull.middle + hanging]), 5)
                outward = path - skull.middle
                outward[:, 1] = np.maximum(outward[:, 1], 0)
                outward /= np.linalg.norm(outward, axis=1, keepdims=True)
                tone = rng.uniform(0.86, 1.12) * (0.72, 0.9, 1.0)[layer]
                strand = rng.integers(0, 4) * 0.25 + 0.005
                locks.append(
                    lock_mesh(Lock(path, outward, width * rng.uniform(0.9, 1.15), tone, strand))
                )
    # The outermost first, so that they hide the others before these are drawn.
    return joined(*reversed(locks))


SHELLS = 6
SHELL_CUTOFF = 0.2
"""The alpha that a hair must have to show; each layer's own share is in its vertices' alpha."""


def shells(scalp: Mesh, skull: Skull, inside: Floats) -> Mesh:
    """Return short hair: layers above the scalp that show ever fewer hairs towards the top.

    Args:
        scalp: The part of the head that has hair, and some way around it.
        skull: The head.
        inside: (vertices,) how far a vertex is above the hairline, metres.

    Returns:
        All layers, the highest first, so that it hides what is under it.
    """
    normals = smoothed(vertex_normals(scalp.positions, scalp.triangles), scalp.triangles, 4)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    relative = scalp.positions - skull.middle
    top = np.clip((relative[:, 1] - 0.02) / 0.07, 0, 1)
    full = np.clip(inside / 0.022, 0, 1)
    length = (0.0032 + 0.0135 * top**1.2) * (0.12 + 0.88 * full**0.8)
    # Fewer hairs near the hairline, none some millimetres below it.
    dense = np.clip((inside + 0.006) / 0.016, 0, 1)
    # Texture points: the angle from straight up, along each meridian.
    angle = np.arctan2(np.hypot(relative[:, 0], relative[:, 2]), relative[:, 1])
    turn = np.arctan2(relative[:, 0], relative[:, 2])
    uvs = 1.6 * angle[:, None] * np.stack([np.sin(turn), np.cos(turn)], axis=1)
    layers = []
    for number in reversed(range(SHELLS)):
        share = (number + 0.4) / SHELLS
        colors = np.full((len(relative), 4), 0.16 + 0.55 * share**1.3)
        colors[:, 3] = np.clip(SHELL_CUTOFF / max(0.9 * share, SHELL_CUTOFF), 0, 1) * dense
        layers.append(
            Mesh(
                scalp.positions + normals * (length * share)[:, None], scalp.triangles,
                on_head(len(relative)), uvs, colors, normals=normals,
            )
        )  # fmt: skip
    return joined(*layers)


def cap(head: Mesh, lift_m: float) -> Mesh:
    """Return a layer just above the part `head` of the scalp, which locks lie on."""
    normals = vertex_normals(head.positions, head.triangles)
    lift = smoothed(np.full(len(head.positions), lift_m), head.triangles, 1)
    positions = head.positions + normals * lift[:, None]
    uvs = np.stack([0.3 + positions[:, 0], (positions[:, 1] % 0.3) + 0.1], axis=1)
    colors = np.full((len(positions), 3), 0.5)
    return Mesh(positions, head.triangles, on_head(len(positions)), uvs, colors, normals=normals)


def _evened(path: Floats, rounds: int) -> Floats:
    """Smooth a line and keep its ends."""
    path = path.copy()
    for _ in range(rounds):
        path[1:-1] += 0.5 * ((path[:-2] + path[2:]) / 2 - path[1:-1])
    return path
