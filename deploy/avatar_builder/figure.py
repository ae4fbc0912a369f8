"""A person before dressing: the base mesh in its shape and in T pose, and its landmarks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from avatar_builder.mesh import Mesh, compact, transferred, triangulated
from avatar_builder.rig import NUMBER, Skeleton, posed, skeleton_of, skin_weights, t_pose
from avatar_builder.shape import Build, shaped
from avatar_builder.shapes import ARKIT, SHAPES, VISEMES
from avatar_builder.source import METRES, BaseMesh, Floats, Ints, Source

SOLE_M = 0.022
"""The height of a shoe's sole: the bare foot stands that much above the ground."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A person in T pose, metres, feet on y = 0, facing +z.

    Attributes:
        base: The base mesh, for its faces, texture points and groups.
        positions: (vertices, 3) of the base mesh.
        weights: (vertices, bones).
        morphs: (vertices, shapes, 3) the offsets of `SHAPES`.
        skeleton: The joints.
    """

    base: BaseMesh
    positions: Floats
    weights: Floats
    morphs: Floats
    skeleton: Skeleton

    def part(self, faces: Ints, *, morphs: bool = False, uvs: bool = False) -> Mesh:
        """Return some of the base mesh's faces as a mesh.

        Args:
            faces: Face numbers.
            morphs: Whether the face shapes come with it.
            uvs: Whether the base mesh's texture points do: then vertices are split at its seams.
        """
        quads = self.base.quads[faces]
        if not uvs:
            mesh = Mesh(self.positions, triangulated(quads), self.weights)
            if morphs:
                mesh = Mesh(mesh.positions, mesh.triangles, mesh.weights, morphs=self.morphs)
            return compact(mesh)
        pairs = np.stack([quads.reshape(-1), self.base.uv_quads[faces].reshape(-1)], axis=1)
        corners, numbers = np.unique(pairs, axis=0, return_inverse=True)
        vertex, point = corners[:, 0], corners[:, 1]
        uv = self.base.uvs[point] * [1, -1] + [0, 1]
        return Mesh(
            self.positions[vertex],
            triangulated(numbers.reshape(-1, 4)),
            self.weights[vertex],
            uvs=uv,
            morphs=self.morphs[vertex] if morphs else None,
        )

    def joint(self, name: str) -> Floats:
        """Return the place (3,) of one of the base mesh's joint cubes, such as `mouth`."""
        return self.base.joint(self.positions, f"joint-{name}")


def figure_of(source: Source, build: Build, visemes: Mapping[str, Mapping[str, float]]) -> Figure:
    """Shape a person and turn it into T pose.

    Args:
        source: The wheel.
        build: The person's build.
        visemes: Each viseme's mixture of ARKit shapes.
    """
    positions = shaped(source, build) * METRES
    weights = skin_weights(source, len(positions))
    body = np.unique(source.mesh.quads[source.mesh.faces_of("body")])
    helpers = np.setdiff1d(np.arange(len(positions)), body)
    skin = body[weights[body].sum(axis=1) > 0]
    # The rig's weights of helpers are rough: clothes follow the skin under them.
    weights[helpers] = transferred(positions[helpers], positions[skin], weights[skin])
    skeleton, carried = t_pose(skeleton_of(source, positions))
    positions = posed(positions, weights, carried)
    ground = np.array([0.0, SOLE_M - positions[body, 1].min(), 0.0])
    units = np.stack([source.face_unit(name) * METRES for name in ARKIT], axis=1)
    for name, weight in build.rest.items():
        positions += weight * units[:, ARKIT.index(name)]
        if name.startswith("eyeBlink"):
            units[:, ARKIT.index(name)] *= 1 - weight
    morphs = np.concatenate([units, _mixed(units, visemes)], axis=1)
    assert morphs.shape[1] == len(SHAPES)
    # Some targets pull at the neck by tenths of a millimetre: what is under the collar stays.
    morphs[positions[:, 1] < skeleton.heads[NUMBER["neck"], 1] + 0.005] = 0
    return Figure(
        source.mesh,
        positions + ground,
        weights,
        morphs,
        Skeleton(skeleton.heads + ground, skeleton.tails + ground),
    )


def _mixed(units: Floats, visemes: Mapping[str, Mapping[str, float]]) -> Floats:
    mixture = np.zeros((len(VISEMES), len(ARKIT)))
    for row, viseme in enumerate(VISEMES):
        for name, weight in visemes[viseme].items():
            mixture[row, ARKIT.index(name)] = weight
    result: Floats = np.einsum("sa,vac->vsc", mixture, units)
    return result
