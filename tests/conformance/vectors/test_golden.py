"""The golden vectors: they are what the code makes, and JavaScript passes them."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from voice_avatar.conformance.vectors import golden

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / golden.FOLDER


def test_the_committed_files_are_those_that_the_code_makes() -> None:
    assert golden.main(["--check", "--folder", str(FOLDER)]) == 0, (
        "run `python -m voice_avatar.conformance.vectors.golden` and commit what it wrote"
    )


def test_outdated_and_missing_files_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "clock.json").write_text("{}")
    assert golden.main(["--check", "--folder", str(tmp_path)]) == 1
    assert "differs: clock.json" in capsys.readouterr().out
    assert golden.main(["--folder", str(tmp_path)]) == 0
    assert golden.main(["--check", "--folder", str(tmp_path)]) == 0


def test_the_folder_holds_what_its_readme_lists() -> None:
    text = (FOLDER / "README.md").read_text("utf-8")
    for name in golden.DOCUMENTS:
        assert f"| `{name}` |" in text
    assert {path.name for path in FOLDER.glob("*.json")} == {
        *golden.DOCUMENTS,
        "retraction.json",  # by hand, run by tests/client/rules/test_retraction.py
    }


def test_javascript_passes_every_vector() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    done = subprocess.run(
        [node, "--test", "tests/js/vectors.test.mjs"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
    if int(version.stdout.lstrip("v").partition(".")[0]) < 20:
        pytest.skip(f"node {version.stdout.strip()} is too old for its own test runner")
    assert done.returncode == 0, done.stdout[-4000:]
    # Names of rigs are for clients that draw: client_vectors.test.mjs and C# run those.
    run = golden.DOCUMENTS.keys() - {"rigs.json"}
    count = sum(len(json.loads((FOLDER / n).read_text())["cases"]) for n in run)
    assert f"# pass {count}" in done.stdout.replace("ℹ", "#")
