"""The avatars' generator: the parts that need neither the wheel nor an image library."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from avatar_builder.garments import convex_outline
from avatar_builder.gltf import GlbWriter, Primitive, top_influences
from avatar_builder.hair import arc, direction
from avatar_builder.head import Unwrap, unwrapped
from avatar_builder.mesh import Mesh, border_edges, clipped, hemmed, one_region, vertex_normals
from avatar_builder.raster import rasterised, spread
from avatar_builder.rig import BONES, HUMANOID, NUMBER, Skeleton, posed, rotation_between, t_pose
from avatar_builder.shape import Build, macro_weights
from avatar_builder.source import parse_obj, parse_target


def square(cells: int = 4) -> Mesh:
    """A flat square of side 1 in x and y that faces +z."""
    x, y = np.meshgrid(np.linspace(0, 1, cells + 1), np.linspace(0, 1, cells + 1))
    positions = np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1)
    a = (np.arange(cells)[:, None] * (cells + 1) + np.arange(cells)).ravel()
    up = cells + 1
    triangles = np.concatenate(
        [np.stack([a, a + 1, a + up + 1], 1), np.stack([a, a + up + 1, a + up], 1)]
    )
    return Mesh(positions, triangles, np.ones((len(positions), 1)))


def area(mesh: Mesh) -> float:
    a, b, c = (mesh.positions[mesh.triangles[:, k]] for k in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


def test_an_obj_gives_quads_points_and_groups():
    text = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvt 1 0\ng body\nf 1/1 2/2 3/2 4/1\n"
    mesh = parse_obj(text.splitlines())
    assert mesh.quads.tolist() == [[0, 1, 2, 3]]
    assert mesh.uv_quads.tolist() == [[0, 1, 1, 0]]
    assert mesh.faces_of("body").tolist() == [0]
    assert mesh.faces_of("bod").tolist() == []


def test_a_target_gives_offsets_and_its_comments_none():
    offsets = parse_target("# about 1 2 3\n2 .5 -1 0\n", 4)
    assert offsets.tolist() == [[0, 0, 0], [0, 0, 0], [0.5, -1, 0], [0, 0, 0]]


def test_macro_targets_share_a_build_out():
    build = Build("female", 0.6, 0.7, 0.4, 0.5, 0.5, {"caucasian": 0.75, "asian": 0.25})
    weights = macro_weights(build)
    frames = {k: w for k, w in weights.items() if k.startswith("macrodetails/universal")}
    assert sum(frames.values()) == pytest.approx(1)
    assert frames["macrodetails/universal-female-young-averagemuscle-averageweight"] == (
        pytest.approx(0.8 * 0.6 * 0.8)
    )
    assert weights["macrodetails/asian-female-old"] == pytest.approx(0.25 * 0.2)
    assert not any("height/" in name for name in weights)


def test_a_cut_follows_its_line_not_the_triangles():
    mesh = square()
    part = clipped(mesh, 0.37 - mesh.positions[:, 0])
    assert area(part) == pytest.approx(0.37)
    assert part.positions[:, 0].max() == pytest.approx(0.37)
    assert (vertex_normals(part.positions, part.triangles)[:, 2] > 0.99).all()
    assert part.weights.sum(axis=1) == pytest.approx(1)


def test_a_cut_that_meets_nothing_keeps_everything():
    mesh = square()
    assert area(clipped(mesh, np.ones(len(mesh.positions)))) == pytest.approx(1)


def test_a_hem_is_one_strip_around_the_border():
    mesh = square()
    border = len(border_edges(mesh.triangles))
    hem = hemmed(mesh, np.tile([0, 0, -0.1], (len(mesh.positions), 1)))
    assert border == 16
    assert len(hem.triangles) == len(mesh.triangles) + 2 * border
    assert area(hem) == pytest.approx(1 + 4 * 0.1)
    assert len(border_edges(hem.triangles)) == border


def test_only_the_region_of_the_seed_stays_inside():
    mesh = square(8)
    x = mesh.positions[:, 0]
    inside = np.abs(x - 0.5) - 0.2
    kept = one_region(mesh, inside, int(x.argmin()))
    assert (kept[(x < 0.3)] > 0).all()
    assert (kept[(x > 0.3)] <= 0).all()


def test_a_rotation_turns_one_direction_to_the_other():
    rng = np.random.default_rng(0)
    for _ in range(10):
        start, end = rng.normal(size=(2, 3))
        rotation = rotation_between(start, end)
        turned = rotation @ start / np.linalg.norm(start)
        np.testing.assert_allclose(turned, end / np.linalg.norm(end), atol=1e-9)
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-9)


def test_hanging_arms_are_raised_to_a_t_and_take_the_skin_along():
    heads, tails = np.zeros((len(BONES), 3)), np.zeros((len(BONES), 3))
    for number, (bone, (_, parent)) in enumerate(HUMANOID.items()):
        start = tails[NUMBER[parent]] if parent else np.zeros(3)
        side = 1 if bone.startswith("left") else -1
        heads[number] = start
        arm = np.array([side * 0.5, -0.5, 0.1]) if parent else np.array([0, 0.1, 0])
        tails[number] = start + arm
    skeleton, carried = t_pose(Skeleton(heads, tails))
    upper = NUMBER["leftUpperArm"]
    along = skeleton.tails[upper] - skeleton.heads[upper]
    assert along / np.linalg.norm(along) == pytest.approx([1, 0, 0], abs=1e-9)
    weights = np.eye(len(BONES))[[upper]]
    tip = posed(tails[[upper]], weights, carried)
    np.testing.assert_allclose(tip[0], skeleton.tails[upper], atol=1e-9)


def test_the_four_strongest_bones_share_255():
    weights = np.random.default_rng(1).dirichlet(np.ones(9), size=50)
    joints, shares = top_influences(weights)
    assert (shares.astype(int).sum(axis=1) == 255).all()
    assert (joints[:, 0] == weights.argmax(axis=1)).all()
    assert (joints[shares == 0] == 0).all()


def test_a_hull_leaves_inner_points_out():
    points = np.array([[0, 0], [2, 0], [2, 2], [0, 2], [1, 1], [1, 0]], dtype=float)
    hull = convex_outline(points)
    assert sorted(hull.tolist()) == [[0, 0], [0, 2], [2, 0], [2, 2]]


def test_an_arc_stays_on_the_sphere_and_ends_where_it_should():
    start, end = direction(0.2, 1.2), direction(1.9, 0.0)
    path = arc(start, end, 7)
    np.testing.assert_allclose(np.linalg.norm(path, axis=1), 1)
    np.testing.assert_allclose(path[[0, -1]], [start, end], atol=1e-12)


def test_the_face_gets_more_of_the_texture_than_the_back_of_the_head():
    unwrap = Unwrap(axis_z_m=0.0, low_m=0.0, high_m=1.0)
    around = np.radians([0, 30, 150, 180 - 1e-6])
    points = np.stack([np.sin(around), np.full(4, 0.5), np.cos(around)], axis=1)
    u = unwrap.uvs(points, np.ones(4))[:, 0]
    assert u[0] == pytest.approx(0.5, abs=1e-4)
    assert u[1] - u[0] > 2.9 * (u[3] - u[2])


def test_a_seam_at_the_back_has_both_ends_of_the_texture():
    positions = np.array([[0, 0, -1], [0, 1, -1], [1, 0, -1], [-1, 0, -1]], dtype=float)
    mesh = Mesh(positions, np.array([[0, 1, 2], [1, 0, 3]]), np.ones((4, 1)))
    uvs = unwrapped(mesh, Unwrap(0.0, 0.0, 1.0)).uvs
    assert uvs is not None
    assert len(uvs) == 6
    assert np.ptp(uvs[:, 0]) > 0.99


def test_pixels_of_a_triangle_get_their_place():
    uvs = np.array([[0, 0], [1, 0], [0, 1]], dtype=float)
    image, covered = rasterised(uvs, np.array([[0, 1, 2]]), uvs, 32)
    assert covered[4, 4] == 1
    assert covered[30, 30] == 0
    assert image[10, 5] == pytest.approx([5.5 / 32, 10.5 / 32])
    filled = spread(image, covered, 2)
    assert filled[17, 16, 0] > 0


def test_a_written_file_is_aligned_and_a_shape_holds_only_what_moves():
    mesh = square()
    morphs = np.zeros((len(mesh.positions), 2, 3))
    morphs[3, 0] = [0, 0, 0.01]
    writer = GlbWriter()
    moving = Mesh(mesh.positions, mesh.triangles, mesh.weights, morphs=morphs)
    writer.mesh("Face", [Primitive(moving, 0)], ["open", "still"])
    glb = writer.glb({"asset": {"version": "2.0"}})
    size = struct.unpack_from("<I", glb, 12)[0]
    document = json.loads(glb[20 : 20 + size])
    assert len(glb) % 4 == 0
    assert all(view["byteOffset"] % 4 == 0 for view in document["bufferViews"])
    opened, still = document["meshes"][0]["primitives"][0]["targets"]
    sparse = document["accessors"][opened["POSITION"]]
    assert sparse["sparse"]["count"] == 1
    assert sparse["max"] == pytest.approx([0, 0, 0.01], abs=2e-5)
    assert "sparse" not in document["accessors"][still["POSITION"]]
