"""The avatars of voice_avatar/web/avatars, as files: what a client may count on."""

from __future__ import annotations

import gzip
import itertools
import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from avatar_builder.rig import BONES
from avatar_builder.shapes import ARKIT, SHAPES, VISEMES, viseme_mixtures
from kit.avatar_file import AvatarFile

import voice_avatar
from voice_avatar.acting.face.tables import ARKIT as SERVER_ARKIT

PACKAGE = Path(voice_avatar.__file__).parent
FOLDER = PACKAGE / "web" / "avatars"
INDEX = json.loads((FOLDER / "index.json").read_text())["avatars"]
KEYS = [entry["id"] for entry in INDEX]


@cache
def avatar(key: str) -> AvatarFile:
    return AvatarFile(FOLDER / f"{key}.vrm")


def skin(file: AvatarFile) -> dict:
    return next(p for p in file.mesh("Face")["primitives"] if file.material(p) == "skin")


def morph(file: AvatarFile, primitive: dict, name: str) -> np.ndarray:
    return file.accessor(primitive["targets"][SHAPES.index(name)]["POSITION"])


def test_the_index_lists_every_avatar_with_its_terms():
    assert {f"{key}.vrm" for key in KEYS} == {path.name for path in FOLDER.glob("*.vrm")}
    for entry in INDEX:
        assert entry["license"] == "CC0-1.0"
        assert any("Mika Suominen" in credit for credit in entry["credits"])


@pytest.mark.parametrize("key", KEYS)
def test_an_avatar_is_small_enough_for_a_page(key: str):
    assert 1e6 < len(gzip.compress(avatar(key).data)) < 1.4e6
    assert len(avatar(key).data) < 4.2e6


@pytest.mark.parametrize("key", KEYS)
def test_an_avatar_has_52_body_bones_and_two_eyes(key: str):
    bones = avatar(key).vrm["humanoid"]["humanBones"]
    assert tuple(bones) == BONES
    assert len(bones) == 52 + 2
    assert len({bone["node"] for bone in bones.values()}) == len(bones)


@pytest.mark.parametrize("key", KEYS)
def test_shapes_are_arkits_in_the_servers_order_and_then_the_visemes(key: str):
    assert tuple(SERVER_ARKIT) == ARKIT
    mesh = avatar(key).mesh("Face")
    assert tuple(mesh["extras"]["targetNames"]) == SHAPES
    assert all(len(primitive["targets"]) == len(SHAPES) for primitive in mesh["primitives"])


@pytest.mark.parametrize("key", KEYS)
def test_visemes_are_what_the_servers_table_mixes(key: str):
    file = avatar(key)
    primitive = skin(file)
    mixtures = viseme_mixtures(PACKAGE / "data" / "visemes" / "sets.toml")
    for name in VISEMES:
        mixed = sum(
            (weight * morph(file, primitive, shape) for shape, weight in mixtures[name].items()),
            np.zeros((1, 3)),
        )
        off_m = np.abs(morph(file, primitive, f"viseme_{name}") - mixed).max()
        assert off_m < 0.0003, name  # what is too small to be stored adds up to less than that


@pytest.mark.parametrize("key", KEYS)
def test_weights_sum_to_one_and_name_bones(key: str):
    file = avatar(key)
    for primitive in file.primitives():
        weights = file.accessor(primitive["attributes"]["WEIGHTS_0"]).astype(int)
        joints = file.accessor(primitive["attributes"]["JOINTS_0"])
        assert (weights.sum(axis=1) == 255).all()
        assert joints.max() < len(BONES)


@pytest.mark.parametrize("key", KEYS)
def test_normals_are_of_unit_length(key: str):
    file = avatar(key)
    for primitive in file.primitives():
        normals = file.accessor(primitive["attributes"]["NORMAL"])
        np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-3)


@pytest.mark.parametrize("key", KEYS)
def test_the_bind_pose_is_a_t_with_bones_that_are_not_turned(key: str):
    file = avatar(key)
    nodes, places = file.nodes(), file.joints()
    assert all("rotation" not in node for node in file.document["nodes"])
    for side, sign in (("left", 1), ("right", -1)):
        arm = [places[nodes[side + bone]] for bone in ("UpperArm", "LowerArm", "Hand")]
        for start, end in itertools.pairwise(arm):
            direction = (end - start) / np.linalg.norm(end - start)
            assert direction @ [sign, 0, 0] > 0.999
        leg = places[nodes[f"{side}Foot"]] - places[nodes[f"{side}UpperLeg"]]
        assert -leg[1] / np.linalg.norm(leg) > 0.99
    skin_entry = file.document["skins"][0]
    inverse = file.accessor(skin_entry["inverseBindMatrices"]).reshape(-1, 4, 4)
    joints = np.array(skin_entry["joints"])
    np.testing.assert_allclose(inverse[:, 3, :3], -places[joints], atol=1e-5)


@pytest.mark.parametrize("key", KEYS)
def test_feet_are_on_the_ground_and_the_index_tells_the_height(key: str):
    file = avatar(key)
    heights = np.concatenate(
        [file.accessor(p["attributes"]["POSITION"])[:, 1] for p in file.primitives()]
    )
    assert heights.min() == pytest.approx(0, abs=0.005)
    told = next(entry["height_m"] for entry in INDEX if entry["id"] == key)
    assert heights.max() == pytest.approx(told, abs=0.002)


@pytest.mark.parametrize("key", KEYS)
def test_no_shape_moves_the_body(key: str):
    file = avatar(key)
    neck = file.joints()[file.nodes()["neck"]]
    for mesh in file.document["meshes"]:
        for primitive in mesh["primitives"]:
            positions = file.accessor(primitive["attributes"]["POSITION"])
            low = positions[:, 1] < neck[1]
            for target in primitive.get("targets", []):
                assert np.abs(file.accessor(target["POSITION"])[low]).max(initial=0) < 1e-4
    assert all("targets" not in p for p in file.mesh("Body")["primitives"])


def lip_distance_m(file: AvatarFile, viseme: str) -> float:
    """The distance between the lips' nearest vertices, in the middle of the mouth."""
    primitive = skin(file)
    rest = file.accessor(primitive["attributes"]["POSITION"])
    in_lower = np.abs(morph(file, primitive, "mouthRollLower")).max(axis=1) > 0.001
    in_upper = np.abs(morph(file, primitive, "mouthRollUpper")).max(axis=1) > 0.001
    middle = np.abs(rest[:, 0]) < 0.008
    moved = rest + morph(file, primitive, f"viseme_{viseme}")
    upper, lower = moved[in_upper & ~in_lower & middle], moved[in_lower & middle]
    return float(np.linalg.norm(upper[:, None] - lower[None], axis=2).min())


@pytest.mark.parametrize("key", KEYS)
def test_lips_meet_at_pp_and_part_at_aa(key: str):
    file = avatar(key)
    assert lip_distance_m(file, "PP") < 0.0015
    assert lip_distance_m(file, "FF") < 0.0020
    assert 0.012 < lip_distance_m(file, "aa") < 0.030
    assert lip_distance_m(file, "SS") < lip_distance_m(file, "O") < lip_distance_m(file, "aa")


@pytest.mark.parametrize("key", KEYS)
def test_a_blink_closes_the_eyes(key: str):
    file = avatar(key)
    lashes = next(p for p in file.mesh("Face")["primitives"] if file.material(p) == "lashes")
    positions = file.accessor(lashes["attributes"]["POSITION"])
    down = morph(file, lashes, "eyeBlinkLeft")[positions[:, 0] > 0, 1]
    assert down.mean() < -0.004
    assert np.abs(morph(file, lashes, "eyeBlinkLeft")[positions[:, 0] < 0]).max() < 1e-4


@pytest.mark.parametrize("key", KEYS)
def test_presets_of_vrm_move_the_face(key: str):
    file = avatar(key)
    presets = file.vrm["expressions"]["preset"]
    assert set(presets) == set(
        "happy angry sad relaxed surprised neutral aa ih ou ee oh blink blinkLeft blinkRight"
        " lookUp lookDown lookLeft lookRight".split()
    )
    face = file.nodes()["Face"]
    for name, preset in presets.items():
        binds = preset.get("morphTargetBinds", [])
        assert bool(binds) == (name != "neutral")
        assert all(bind["node"] == face and 0 < bind["weight"] <= 1 for bind in binds)
    assert set(file.vrm["expressions"]["custom"]) == set(SHAPES)


@pytest.mark.parametrize("key", KEYS)
def test_eyes_turn_with_their_bones(key: str):
    file = avatar(key)
    assert file.vrm["lookAt"]["type"] == "bone"
    eyes = next(p for p in file.mesh("Face")["primitives"] if file.material(p) == "eyes")
    positions = file.accessor(eyes["attributes"]["POSITION"])
    bones = file.accessor(eyes["attributes"]["JOINTS_0"])[:, 0]
    for side, sign in (("left", 1), ("right", -1)):
        assert set(bones[positions[:, 0] * sign > 0]) == {file.nodes()[f"{side}Eye"]}


@pytest.mark.parametrize("key", KEYS)
def test_the_face_is_in_the_head_only(key: str):
    file = avatar(key)
    for primitive in file.mesh("Face")["primitives"]:
        positions = file.accessor(primitive["attributes"]["POSITION"])
        assert np.abs(positions[:, 0]).max() < 0.2, file.material(primitive)
