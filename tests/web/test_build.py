"""The page's parts: what is vendored is what the lock names, and the pure modules in node."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from kit.node import run_node

from voice_avatar.server import http

WEB = Path(__file__).parents[2] / "voice_avatar" / "web"
WANTED = json.loads((WEB / "package.json").read_text())
LOCK = json.loads((WEB / "package-lock.json").read_text())["packages"]


def test_the_lock_is_of_these_packages_and_names_no_registry() -> None:
    for kind in ("dependencies", "devDependencies"):
        assert LOCK[""][kind] == WANTED[kind]
        for name, version in WANTED[kind].items():
            assert LOCK[f"node_modules/{name}"]["version"] == version
    for name, package in LOCK.items():
        assert "resolved" not in package, name
        assert not name or package["integrity"].startswith("sha512-")


def test_the_bundle_was_built_from_the_lock() -> None:
    head = (WEB / "vendor" / "three_vrm.mjs").read_text()[:400]
    built = dict(re.findall(r"(three|@pixiv/three-vrm|esbuild) (\d[\d.]*\d)", head))
    locked = {name: LOCK[f"node_modules/{name}"]["version"] for name in built}
    assert built == locked
    assert set(built) == {"three", "@pixiv/three-vrm", "esbuild"}


def test_the_decoders_were_built_from_the_lock() -> None:
    for name, package in (("meshopt", "meshoptimizer"), ("draco", "three")):
        head = (WEB / "vendor" / f"{name}_decoder.mjs").read_text()[:400]
        (built,) = re.findall(rf"{package} (\d[\d.]*\d)", head)
        assert built == LOCK[f"node_modules/{package}"]["version"]


def test_what_is_bundled_is_free_to_be_passed_on_and_its_licences_lie_beside_it() -> None:
    licences = (WEB / "vendor" / "three_vrm.licenses.txt").read_text()
    licences += (WEB / "vendor" / "decoders.licenses.txt").read_text()
    for name in WANTED["dependencies"]:
        assert LOCK[f"node_modules/{name}"]["license"] == "MIT"
        assert f"== {name}\n" in licences
    assert licences.count("Permission is hereby granted, free of charge") == 3
    assert "== draco\n" in licences
    assert "Apache License\n" in licences


def test_the_types_of_the_bundle_name_what_it_exports() -> None:
    entry = (WEB / "vendor" / "three_vrm.entry.mjs").read_text()
    names = re.findall(r"\w+", " ".join(re.findall(r"export \{([^}]*)\}", entry)))
    typed = re.findall(r"export const (\w+): any;", (WEB / "vendor/three_vrm.d.mts").read_text())
    assert sorted(typed) == sorted(names)


def test_the_bundle_evaluates_no_text_as_code() -> None:
    for file in (WEB / "vendor").glob("*.mjs"):
        assert not re.search(r"\beval\(|new Function\(", file.read_text()), file


def test_what_the_decoders_are_built_from_is_not_served() -> None:
    served = http.web_documents()
    assert "/vendor/draco_decoder.mjs" in served
    assert not [path for path in served if ".entry." in path]


def test_every_module_that_the_page_imports_is_served() -> None:
    served = http.web_documents()
    for path, document in served.items():
        if not path.endswith(".mjs") or "/vendor/" in path:
            continue
        for name in re.findall(r"(?:from|import\()\s*[\"'](\.[^\"']+)", document.plain.decode()):
            target = os.path.normpath(os.path.join(os.path.dirname(path), name))
            assert target in served, f"{path} imports {name}"


def test_every_element_that_the_page_asks_for_is_there() -> None:
    ids = set(re.findall(r'\bid="([^"]+)"', (WEB / "index.html").read_text()))
    for file in (WEB / "page").glob("*.mjs"):
        for name in re.findall(r'byId\("([^"$]+)"\)', file.read_text()):
            assert name in ids or name == "hud-v2v", f"{file.name}: {name}"


def test_the_pure_modules_of_the_page(tmp_path: Path) -> None:
    clip = tmp_path / "wave.vrma"
    clip.write_bytes(http.clip_documents()[f"{http.CLIPS_PATH}/wave.vrma"].plain)
    said = run_node("page.test.mjs", env={"VOICE_AVATAR_CLIP": str(clip)})
    assert "# fail 0" in said
    assert "# skipped 0" in said


def first_loaded() -> set[str]:
    """Returns the modules that every visitor with WebGL loads: what `main` and the stage import."""
    found: set[str] = set()
    ahead = ["page/main.mjs", "stage/scene.mjs", "stage/morphs.mjs"]
    ahead += ["client/audio/capture_worklet.mjs", "client/audio/playout_worklet.mjs"]
    while ahead:
        name = ahead.pop()
        if name in found:
            continue
        found.add(name)
        if not name.startswith("vendor/"):
            code = (WEB / name).read_text()
            imported = re.findall(r"^(?:import|export)\b[^;]*?[\"'](\.[^\"']+)[\"'];", code, re.M)
            ahead += [os.path.normpath(os.path.join(os.path.dirname(name), i)) for i in imported]
    return found


def test_what_only_other_peoples_avatars_need_is_not_loaded_at_first() -> None:
    first = first_loaded()
    assert "stage/model.mjs" in first
    assert "vendor/three_vrm.mjs" in first
    late = {"vendor/draco_decoder.mjs", "vendor/meshopt_decoder.mjs", "stage/decoders.mjs"}
    late |= {"stage/files.mjs", "stage/standing.mjs", "stage/rigs/table.mjs", "stage/face2d.mjs"}
    assert not first & late
    packed = sum(len(http.web_documents()[f"/{name}"].packed) for name in first)
    assert packed < 297_400, "what it was before there were any of these"


@pytest.mark.parametrize("name", ["index.html", "page/main.mjs", "vendor/three_vrm.mjs"])
def test_the_page_is_small_enough_to_wait_for(name: str) -> None:
    most = {"index.html": 4_000, "page/main.mjs": 6_000, "vendor/three_vrm.mjs": 220_000}
    assert len(http.web_documents()[f"/{name}"].packed) < most[name]
