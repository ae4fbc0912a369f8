"""Clips as files that players can read."""

from __future__ import annotations

import json
import math
import struct

import pytest

from voice_avatar.acting.clips import library, vrma
from voice_avatar.acting.clips.skeleton import REQUIRED, skeleton

NAMES = library.names()


def content(data: bytes) -> tuple[dict, bytes]:
    """The JSON and the binary part of a binary glTF."""
    magic, version, size = struct.unpack_from("<III", data)
    assert (magic, version, size) == (0x46546C67, 2, len(data))
    text_size, text_kind = struct.unpack_from("<II", data, 12)
    assert text_kind == 0x4E4F534A
    at = 20 + text_size
    body_size, body_kind = struct.unpack_from("<II", data, at)
    assert body_kind == 0x004E4942
    assert at + 8 + body_size == len(data)
    return json.loads(data[20:at]), data[at + 8 :]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_a_whole_vrm_animation(name: str) -> None:
    clip = library.clip(name)
    document, data = content(vrma.vrma(clip))
    bones = document["extensions"]["VRMC_vrm_animation"]["humanoid"]["humanBones"]
    assert document["extensions"]["VRMC_vrm_animation"]["specVersion"] == "1.0"
    assert bones.keys() >= REQUIRED
    for bone, found in bones.items():
        node = document["nodes"][found["node"]]
        assert node["name"] == bone
        assert "rotation" not in node
        children = [document["nodes"][child]["name"] for child in node.get("children", [])]
        assert all(skeleton()[child].parent == bone for child in children)
    (animation,) = document["animations"]
    turned = {}
    for channel in animation["channels"]:
        sampler = animation["samplers"][channel["sampler"]]
        at, out = (document["accessors"][sampler[key]] for key in ("input", "output"))
        assert at["count"] == out["count"]
        times_s = struct.unpack_from(f"<{at['count']}f", data, at["byteOffset"])
        assert (at["min"], at["max"]) == ([times_s[0]], [times_s[-1]])
        assert list(times_s) == sorted(set(times_s))
        if channel["target"]["path"] == "rotation":
            values = struct.unpack_from(f"<{4 * out['count']}f", data, out["byteOffset"])
            rows = [values[place : place + 4] for place in range(0, len(values), 4)]
            assert all(math.isclose(math.hypot(*row), 1, abs_tol=1e-5) for row in rows)
            turned[document["nodes"][channel["target"]["node"]]["name"]] = rows
    assert turned.keys() == clip.tracks.keys()
    assert animation["extras"]["voice_avatar"] == vrma.described(clip)


def test_hips_move_about_the_height_that_they_have_in_the_file() -> None:
    document, data = content(vrma.vrma(library.clip("weight_shift")))
    animation = document["animations"][0]
    (channel,) = (c for c in animation["channels"] if c["target"]["path"] == "translation")
    out = document["accessors"][animation["samplers"][channel["sampler"]]["output"]]
    first = struct.unpack_from("<3f", data, out["byteOffset"])
    assert first == pytest.approx(document["nodes"][0]["translation"])
