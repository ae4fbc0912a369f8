"""Other people's avatars on the page, in a real browser: they are seen, and their mouths move.

No model is needed: the server is one of scripted engines. Pictures are kept in build/web/pictures.
"""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from kit.browser import CHROMIUM, Page, browser
from kit.edge import engines, quiet_config
from kit.made_avatars import Made, glb, made
from kit.page_probe import PICTURES, clean
from kit.stage_probe import SUMMARY, look, mouth_opened, put_on, refused

from voice_avatar.server.port import AvatarServer

pytestmark = [
    pytest.mark.web,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]

DATA = Path(__file__).parents[1] / "data" / "avatars"
WEB = Path(__file__).parents[2] / "voice_avatar" / "web"


def turned(*rows: list[float]) -> np.ndarray:
    return np.array([*rows, [0, 0, 0, 1]], float)


def moved(x: float, y: float, z: float) -> np.ndarray:
    return turned([1, 0, 0, x], [0, 1, 0, y], [0, 0, 1, z])


def scaled(by: float) -> np.ndarray:
    return np.diag([by, by, by, 1.0])


Z_UP = turned([1, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0])
X_UP = turned([0, 1, 0, 0], [-1, 0, 0, 0], [0, 0, 1, 0])
ABOUT = turned([-1, 0, 0, 0], [0, 1, 0, 0], [0, 0, -1, 0])


def without(*gone: str) -> Callable[[str], str]:
    return lambda name: "" if name in gone else name


def sided(name: str) -> str:
    """Blender's spelling: `UpperArm.L`."""
    for side in ("Left", "Right"):
        if name.startswith(side):
            own = {"Arm": "UpperArm", "ForeArm": "LowerArm"}.get(
                name[len(side) :], name[len(side) :]
            )
            return f"{own}.{side[0]}"
    return name


def with_floor(document: dict[str, Any]) -> None:
    """Puts a great plate behind the avatar, as scenes of others have: no skin of its own."""
    floor = {"name": "Floor", "mesh": 0, "scale": [40, 0.01, 40], "translation": [0, 1.0, 0]}
    document["nodes"].append(floor)
    document["scenes"][0]["nodes"].append(len(document["nodes"]) - 1)


def under_a_group(document: dict[str, Any]) -> None:
    document["nodes"].append({"name": "Head", "children": [0]})
    document["scenes"][0]["nodes"] = [len(document["nodes"]) - 1]


@dataclass(frozen=True)
class Case:
    """A file, and what is found in it."""

    file: str | Made
    bones: int = 15
    visemes: int = 15


CASES: dict[str, Case] = {
    "a second Mixamo file": Case("B57_mixamorig1.glb"),
    "VRChat's names": Case("B58_vrchat_names.glb"),
    "a root that turns z up": Case("B60_zup_root.glb"),
    "a mesh called Head": Case("B61_mesh_called_head.glb", bones=13),
    "gltfpack's meshopt": Case("B62_meshopt.glb"),
    "interleaved attributes": Case("B63_interleaved.glb"),
    "Draco": Case("draco.glb"),
    "meshopt, filtered": Case("meshopt_high.glb"),
    "meshopt of Khronos": Case("meshopt_khr.glb"),
    "Blender's sides": Case(Made(bone=sided)),
    "VRChat's names in capitals": Case(Made(shapes=("VRC.V_AA", "VRC.V_OH")), visemes=2),
    "z up, and nobody turned it": Case(Made(inside=np.linalg.inv(Z_UP))),
    "x up": Case(Made(inside=X_UP)),
    "an armature in centimetres": Case(Made(matrix=scaled(0.01))),
    "centimetres, z up": Case(Made(matrix=Z_UP @ scaled(0.01))),
    "a giant in centimetres": Case(Made(inside=scaled(100))),
    "a dwarf": Case(Made(inside=scaled(0.01))),
    "aside": Case(Made(matrix=moved(5, -1, 3), inside=np.eye(4))),
    "its middle on the floor": Case(Made(inside=moved(0, -0.95, 0))),
    "its back to us": Case(Made(inside=ABOUT)),
    "meshes called Hips and LeftEye": Case(Made(meshes=("Hips", "LeftEye"))),
    "a mesh called Head that hangs on nothing": Case(
        Made(
            bone=without("Head", "LeftEye", "RightEye"), meshes=("Body", "Head"), is_skinned=False
        ),
        bones=12,
    ),
    "a group called Head": Case(Made(more=under_a_group)),
    "no bones": Case(Made(bone=lambda _: ""), bones=0),
    "bones that nobody knows": Case(Made(bone=lambda name: f"q{sum(name.encode())}"), bones=0),
    "a plate that came along": Case(Made(more=with_floor)),
    "interleaved": Case(Made(is_interleaved=True)),
    "quantised": Case(Made(is_quantised=True)),
    "quantised and interleaved": Case(Made(is_quantised=True, is_interleaved=True)),
    "quantised, on one bone": Case(Made(is_quantised=True, is_rigid=True)),
    "quantised, z up, in centimetres": Case(Made(is_quantised=True, matrix=Z_UP @ scaled(0.01))),
}


@asynccontextmanager
async def serving() -> AsyncIterator[int]:
    """A server of scripted engines; yields its port."""
    server = AvatarServer(quiet_config(), lambda: engines("Hello."))
    ready = asyncio.Event()
    task = asyncio.create_task(server.serve(lambda _: ready.set()))
    await ready.wait()
    try:
        yield server.port
    finally:
        server.stop()
        await task


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page() -> AsyncIterator[Page]:
    """The page, for all tests of this file: what is on its stage is what was dropped last."""
    async with serving() as port, browser() as tab:
        await tab.open(f"http://127.0.0.1:{port}/")
        yield tab
        assert tab.errors == [], tab.errors
        await clean(tab, f"127.0.0.1:{port}")


async def test_at_first_nothing_is_loaded_that_only_other_peoples_avatars_need(page: Page) -> None:
    asked = [url for url in page.requests if "/stage/" in url or "/vendor/" in url]
    assert any("three_vrm.mjs" in url for url in asked)
    late = ("decoder", "rigs/", "standing", "files.mjs")
    assert not [url for url in asked if any(name in url for name in late)]
    sight = await look(page)
    assert sight.at_eyes > 200, "our own avatar looks out of the picture"


@pytest.mark.parametrize("name", CASES)
async def test_an_avatar_is_seen_with_its_eyes_in_the_picture_and_its_mouth_moves(
    page: Page, tmp_path: Path, name: str
) -> None:
    case = CASES[name]
    file = tmp_path / "made.glb" if isinstance(case.file, Made) else DATA / case.file
    if isinstance(case.file, Made):
        file.write_bytes(made(case.file))
    summary = await put_on(page, file)
    sight = await look(page)
    await page.picture(PICTURES / "avatars" / f"{name.replace(' ', '_')}.png")
    assert f"{case.visemes} of 15 visemes" in summary
    assert f"{case.bones} of 15 bones" in summary
    assert sight.hidden == ()
    assert 0.2 < sight.drawn < 0.6
    assert abs(sight.x) < 0.2
    assert 0 < sight.y < 0.8
    assert sight.at_eyes > 200, "the face is drawn where its eyes are"
    opened = await mouth_opened(page)
    assert 0.1 < opened.share < 0.25, "the lower part of the face, and nothing else"
    assert 0.02 < opened.most_m < 0.04
    assert opened.lowered == 1
    assert opened.left_m < 1e-5


def nameless(document: dict[str, Any]) -> None:
    """Takes away what VRM says of the file: only the names of bones and shapes are left."""
    del document["extensions"]
    document["extensionsUsed"] = [
        one for one in document["extensionsUsed"] if not one.startswith("VRM")
    ]


async def test_our_own_avatar_is_the_same_without_what_vrm_says_of_it(
    page: Page, tmp_path: Path
) -> None:
    avatar = WEB / "avatars" / "ava.vrm"
    file = tmp_path / "plain.glb"
    file.write_bytes(changed(avatar, nameless))
    seen = []
    for one in (avatar, file):
        summary = await put_on(page, one)
        assert "15 of 15 visemes, 52 of 52 face shapes, 15 of 15 bones" in summary
        seen.append(((await look(page)).y, await mouth_opened(page)))
    (as_vrm, opened), (as_glb, opened_too) = seen
    assert as_glb == pytest.approx(as_vrm, abs=0.02), "the eyes"
    np.testing.assert_allclose(opened_too.hands, opened.hands, atol=0.001)
    assert opened_too.most_m == pytest.approx(opened.most_m, abs=1e-4)


@pytest.mark.parametrize("degrees", [45, 90])
async def test_arms_that_rest_lower_are_held_as_those_that_rest_in_a_t(
    page: Page, tmp_path: Path, degrees: int
) -> None:
    held = []
    for hang in (0, degrees):
        file = tmp_path / f"{hang}.glb"
        file.write_bytes(made(Made(arms_deg=hang)))
        await put_on(page, file)
        held.append((await mouth_opened(page)).hands)
    assert len(held[0]) == 2
    np.testing.assert_allclose(held[1], held[0], atol=0.005)
    assert all(0.1 < abs(x) < 0.6 and y < 1.2 for x, y, _ in held[0]), "they hang beside the body"


async def test_decoders_come_from_the_same_host_when_a_file_needs_them(page: Page) -> None:
    await put_on(page, DATA / "B62_meshopt.glb")
    await put_on(page, DATA / "draco.glb")
    asked = [url for url in page.requests if "_decoder.mjs" in url]
    assert len(asked) == len({*asked}) == 2
    assert all(url.startswith("http://127.0.0.1:") for url in asked)
    assert await page.run("policyViolations") == []


def changed(file: Path, change: Callable[[dict[str, Any]], None]) -> bytes:
    """Returns a file with another description."""
    data = file.read_bytes()
    (size,) = struct.unpack_from("<I", data, 12)
    document = json.loads(data[20 : 20 + size])
    change(document)
    return glb(document, data[28 + size :])


def png(side: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", side, side) + bytes(9)


def large_picture() -> bytes:
    """Returns an avatar whose only fault is a picture of 8192 x 8192 points."""

    def more(document: dict[str, Any]) -> None:
        last = document["bufferViews"][-1]
        picture = {"buffer": 0, "byteOffset": last["byteOffset"], "byteLength": 33}
        document["bufferViews"].append(picture)
        document["images"] = [
            {
                "name": "Skin",
                "bufferView": len(document["bufferViews"]) - 1,
                "mimeType": "image/png",
            }
        ]

    data = made(Made(more=more))
    (size,) = struct.unpack_from("<I", data, 12)
    at = json.loads(data[20 : 20 + size])["bufferViews"][-1]["byteOffset"] + 28 + size
    return data[:at] + png(8192) + data[at + 33 :]


def needing(*names: str) -> bytes:
    return made(replace(Made(), more=lambda document: document.update(extensionsRequired=names)))


def spoilt(name: str) -> bytes:
    """Returns a packed file whose first packed part is noise."""
    data = bytearray((DATA / name).read_bytes())
    (size,) = struct.unpack_from("<I", data, 12)
    document = json.loads(data[20 : 20 + size])
    view = document["bufferViews"][0]
    first = document["meshes"][0]["primitives"][0].get("extensions", {})
    if packed := first.get("KHR_draco_mesh_compression"):
        view = document["bufferViews"][packed["bufferView"]]
    at = 28 + size + view.get("byteOffset", 0)
    data[at : at + 600] = bytes(at * 7 % 251 for at in range(600))
    return bytes(data)


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "KTX2": (lambda: needing("KHR_texture_basisu"), "KTX2"),
    "an unknown need": (lambda: needing("ACME_fur"), "ACME_fur"),
    "a large picture": (large_picture, "“Skin” in it has 8192 × 8192 points, and at most 4096"),
    "a large file": (lambda: bytes(64 * 2**20 + 1), "65 MB, and at most 64"),
    "an FBX": (lambda: b"Kaydara FBX Binary  \0" + bytes(40), "FBX"),
    "a file cut off": (lambda: made(Made())[:9000], "cut off"),
    "parts elsewhere": (
        lambda: changed(
            DATA / "B57_mixamorig1.glb", lambda d: d["buffers"][0].update(uri="body.bin")
        ),
        "other files (body.bin)",
    ),
    "noise for meshopt": (lambda: spoilt("B62_meshopt.glb"), "meshopt"),
    "noise for Draco": (lambda: spoilt("draco.glb"), "Draco"),
    "accessors of nothing": (
        lambda: made(Made(more=lambda d: d["accessors"][0].update(bufferView=999))),
        "damaged",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_cannot_be_shown_is_explained_and_the_one_before_stays(
    page: Page, tmp_path: Path, name: str
) -> None:
    make, told = REFUSED[name]
    await put_on(page, DATA / "B57_mixamorig1.glb")
    file = tmp_path / "bad.glb"
    file.write_bytes(make())
    note = await refused(page, file)
    assert told in note
    assert "THREE" not in note
    assert "undefined" not in note
    assert (await page.run(SUMMARY)).startswith("B57_mixamorig1.glb")
    assert (await look(page)).at_eyes > 200


async def test_a_decoder_that_does_not_come_is_told(tmp_path: Path) -> None:
    async with serving() as port, browser() as tab:
        await tab.open(f"http://127.0.0.1:{port}/")
        await tab.command("Network.setBlockedURLs", urls=["*_decoder.mjs*"])
        note = await refused(tab, DATA / "B62_meshopt.glb")
    assert "did not come from the server" in note
