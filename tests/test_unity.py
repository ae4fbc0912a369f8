"""The Unity package, compiled and run under mono: Core, and its files.

`make test-unity` installs mono first. Without mono the tests that need it are skipped (csharp.py).
"""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import pytest
from csharp import PACKAGE, ROOT, SOURCES, compiled, run
from wire_examples import SERVER_EXAMPLES

from voice_avatar import wire
from voice_avatar.protocol import decode_text, encode_text


@pytest.fixture(scope="session")
def make_meta() -> ModuleType:
    """The script that writes the `.meta` files."""
    spec = importlib.util.spec_from_file_location("make_meta", SOURCES / "make_meta.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_core_passes_its_tests_and_server_and_client_read_each_others_messages(
    core: Path, tmp_path: Path
) -> None:
    tests = [SOURCES / "Runner.cs", *sorted((SOURCES / "core").glob("*.cs"))]
    program = compiled(core.with_name("CoreTests.exe"), tests, f"-r:{core}")
    examples, written = tmp_path / "server.jsonl", tmp_path / "client.jsonl"
    lines = [encode_text(m, seq=i, ts_ms=1.5) for i, m in enumerate(SERVER_EXAMPLES)]
    examples.write_text("\n".join(lines), "utf-8")
    out = run(
        "mono",
        "--debug",
        program,
        VOICE_AVATAR_SERVER_EXAMPLES=str(examples),
        VOICE_AVATAR_CLIENT_MESSAGES=str(written),
        VOICE_AVATAR_VECTORS=str(ROOT / "unity_client_protocol" / "vectors"),
    )
    passed = re.search(r"^(\d+) of (\d+) tests passed", out, re.M)
    assert passed is not None
    assert passed[1] == passed[2]
    messages = [decode_text(line) for line in written.read_text("utf-8").splitlines()]
    hello = messages[2]
    assert isinstance(hello, wire.SessionHello)
    assert hello.resume == wire.Resume(session_id="s", token="t", last_seq=41)
    assert hello.instructions == 'Say "你好".'
    assert hello.capabilities.pause
    assert hello.endpointing == "manual"
    report = messages[-1]
    assert isinstance(report, wire.PlaybackReport)
    assert (report.state, report.played_samples, report.buffered_ms) == ("stalled", 960, 12.5)


def test_core_names_no_engine_and_keeps_to_the_language_that_mono_compiles() -> None:
    for path in (PACKAGE / "Runtime" / "Core").rglob("*.cs"):
        assert "UnityEngine" not in path.read_text("utf-8"), path
    definition = json.loads((PACKAGE / "Runtime/Core/VoiceAvatar.Core.asmdef").read_text("utf-8"))
    assert definition["noEngineReferences"] is True
    assert definition["references"] == []


def test_every_asset_and_folder_has_its_meta_file_and_no_other_is_there(
    make_meta: ModuleType,
) -> None:
    wanted = {make_meta.meta_of(path): make_meta.meta(path) for path in make_meta.assets()}
    found = {path: path.read_text("utf-8") for path in PACKAGE.rglob("*.meta")}
    assert found == wanted, "run: python tests/unity/make_meta.py"
    guids = [re.findall(r"^guid: ([0-9a-f]{32})$", text, re.M) for text in found.values()]
    assert len({guid for (guid,) in guids}) == len(found)


def test_the_manifest_is_that_of_a_package_of_this_name_and_version() -> None:
    manifest = json.loads((PACKAGE / "package.json").read_text("utf-8"))
    assert manifest["name"] == PACKAGE.name
    assert re.fullmatch(r"\d+\.\d+\.\d+", manifest["version"])
    assert manifest["unity"] == "2021.3"
    assert f"## [{manifest['version']}]" in (PACKAGE / "CHANGELOG.md").read_text("utf-8")
    for sample in manifest.get("samples", []):
        assert (PACKAGE / sample["path"]).is_dir()
