"""The Unity layer of the package, compiled against a stand-in for the engine and driven by it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from kit.csharp import PACKAGE, SOURCES, compiled, run

LAYER = sorted((PACKAGE / "Runtime" / "Unity").glob("*.cs"))
EDITOR = sorted((PACKAGE / "Editor").glob("*.cs"))
UNASSIGNED = "-nowarn:649,169,67"
"""Fields that Unity's inspector assigns, and what of the engine's API nobody calls here."""


@pytest.fixture(scope="session")
def stub(core: Path) -> Path:
    """The stand-in for the engine."""
    sources = sorted((SOURCES / "stub").glob("*.cs"))
    return compiled(core.with_name("UnityEngine.dll"), sources, "-nowarn:1591", UNASSIGNED)


@pytest.mark.realtime
@pytest.mark.parametrize("symbol", ["UNITY_STANDALONE", "UNITY_ANDROID"])
def test_the_components_pass_their_tests_in_simulated_frames(
    core: Path, stub: Path, symbol: str
) -> None:
    folder = core.parent
    define = f"-d:{symbol}"
    layer = compiled(
        folder / "VoiceAvatar.Unity.dll", LAYER, define, UNASSIGNED, f"-r:{core}", f"-r:{stub}"
    )
    references = [f"-r:{core}", f"-r:{stub}", f"-r:{layer}"]
    editor = compiled(folder / "VoiceAvatar.Editor.dll", EDITOR, define, *references)
    tests = [SOURCES / "Runner.cs", SOURCES / "FakeServer.cs"]
    tests += sorted((SOURCES / "layer").glob("*.cs"))
    tests += sorted((PACKAGE / "Samples~").rglob("*.cs"))
    program = compiled(
        folder / "LayerTests.exe", tests, define, UNASSIGNED, *references, f"-r:{editor}"
    )
    only = ["on_android"] if symbol == "UNITY_ANDROID" else []
    passed = re.search(
        r"^(\d+) of (\d+) tests passed", run("mono", "--debug", program, *only), re.M
    )
    assert passed is not None
    assert passed[1] == passed[2]


def test_the_samples_compile(core: Path, stub: Path) -> None:
    references = [UNASSIGNED, f"-r:{core}", f"-r:{stub}"]
    layer = compiled(core.with_name("VoiceAvatar.Unity.dll"), LAYER, *references)
    for sample in sorted((PACKAGE / "Samples~").rglob("*.cs")):
        library = core.with_name(f"{sample.stem}.dll")
        compiled(library, [sample], *references, f"-r:{layer}")
