"""Test files of `tests/js`, run by node's own test runner."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "js"


def node() -> str:
    found = shutil.which("node")
    if found is None:
        pytest.skip("node is not installed")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True)
    if int(version.stdout.lstrip("v").partition(".")[0]) < 20:
        pytest.skip(f"node {version.stdout.strip()} is too old for its own test runner")
    return found


def run_node(*files: str, env: dict[str, str] | None = None) -> str:
    """Runs test files of `tests/js` and returns what node says."""
    done = subprocess.run(
        [node(), "--experimental-websocket", "--test", *(str(FOLDER / name) for name in files)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        env={**os.environ, **(env or {})},
    )
    assert done.returncode == 0, done.stdout[-6000:]
    return done.stdout.replace("ℹ", "#")
