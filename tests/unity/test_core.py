"""The Unity package, compiled and run under mono: Core, and its files.

`make test-unity` installs mono first. Without mono the tests that need it are skipped
(tests/kit/csharp.py).
"""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from kit.csharp import PACKAGE, ROOT, SOURCES, compiled, run
from kit.wire_examples import SERVER_EXAMPLES

from voice_avatar.wire import client_messages
from voice_avatar.wire.text import decode_text, encode_text


def script(name: str) -> ModuleType:
    """Returns a script of tests/unity as a module."""
    spec = importlib.util.spec_from_file_location(name, SOURCES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def make_meta() -> ModuleType:
    """The script that writes the `.meta` files."""
    return script("make_meta")


def turn(what: str, errors_ms: list[float], **seen: Any) -> dict[str, Any]:
    """A turn as the console client tells it, in short."""
    quiet = {"sample_count": 900, "played_samples": 900, "gap_samples": 0, "late_blocks": 0}
    still = {"standstill_ms": 0.0, "resume_ms": [], "audio_back_ms": [], "blocks": 50}
    told = {"what": what, "sync_errors_ms": errors_ms, "allocated_bytes": 0, **quiet, **still}
    return told | {"silent_after_ms": -1, "shut_mouth_ms": -1} | seen


def test_the_figures_are_those_of_all_turns_and_every_lost_sample_counts() -> None:
    turns = [
        turn("say", [-1.0, 2.0]),
        turn("cut", [3.0], resume_ms=[40.0, 60.0], differing_samples=7, standstill_ms=21.3),
        turn("cut", [0.0], gap_samples=5, differing_samples=2, played_samples=897),
        turn("interrupt", [4.0], silent_after_ms=12.0, shut_mouth_ms=80.0, played_samples=300),
    ]
    found = {figure.name: figure for figure in script("measure").figures("x", turns)}
    values = {name: figure.value for name, figure in found.items() if figure.summary is None}
    assert values["x.frames"] == 5
    assert values["x.sync.bias"] == pytest.approx(1.6)
    assert found["x.sync"].summary.mean == pytest.approx(2.0)
    assert found["x.resume"].summary.count == 2
    assert "x.resume.audio" not in found
    assert (values["x.lost"], values["x.differing"], values["x.resume.gap"]) == (8, 9, 21.3)
    assert (values["x.allocated"], found["x.silent"].summary.most) == (0, 12.0)


def test_core_passes_its_tests_and_server_and_client_read_each_others_messages(
    core: Path, tmp_path: Path
) -> None:
    tests = [SOURCES / "Runner.cs", SOURCES / "FakeServer.cs"]
    tests += sorted((SOURCES / "core").glob("*.cs"))
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
    assert isinstance(hello, client_messages.SessionHello)
    assert hello.resume == client_messages.Resume(session_id="s", token="t", last_seq=41)
    assert hello.instructions == 'Say "你好".'
    assert hello.tools == (
        client_messages.ToolOffer(name="now"),
        client_messages.ToolOffer(name="look", description="Up.", parameters={"type": "object"}),
    )
    assert hello.tool_choice == "look"
    assert client_messages.ToolResult(call_id="call_1_0", output='"blue"') in messages
    assert hello.capabilities.pause
    assert hello.endpointing == "manual"
    gaze = [message for message in messages if isinstance(message, client_messages.UserGaze)]
    assert gaze[0].avatar == pytest.approx((0.1, 1.6, -0.4))
    assert [one.target for one in gaze] == ["avatar", None]
    assert gaze[1].avatar is None
    report = messages[-1]
    assert isinstance(report, client_messages.PlaybackReport)
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
