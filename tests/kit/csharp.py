"""Compiles and runs C# with mono.

Without mono the tests that need it are skipped, unless VOICE_AVATAR_MONO is "required", as it is in
`make test-unity`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "unity_client_protocol" / "com.voiceavatar.client"
SOURCES = ROOT / "tests" / "unity"
COMPILER = ("mcs", "-langversion:7.2", "-warn:4", "-warnaserror", "-debug+")
"""C# 7.2 is what mono compiles of the language, and less than Unity's own compiler takes."""


def require_mono() -> None:
    """Skips the test without mono; fails it where mono is required."""
    if not shutil.which("mcs") or not shutil.which("mono"):
        assert os.environ.get("VOICE_AVATAR_MONO") != "required", "mono is not installed"
        pytest.skip("mono is not installed: make test-unity does it")


def run(*command: str | Path, **environment: str) -> str:
    """Runs a command to its end and returns what it printed."""
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,  # the limit of a test is 300 s
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-4000:]
    return done.stdout


def compiled(target: Path, sources: Sequence[Path], *options: str) -> Path:
    """Compiles a program (.exe) or a library (.dll) and returns it; a warning is an error."""
    is_library = target.suffix == ".dll"
    docs = [f"-doc:{target.with_suffix('.xml')}"] if is_library else []  # then comments are checked
    run(
        *COMPILER,
        f"-target:{'library' if is_library else 'exe'}",
        f"-out:{target}",
        *docs,
        *options,
        *sources,
    )
    return target


def console_client(core: Path) -> Path:
    """Compiles the console client beside Core and returns it."""
    sources = sorted((SOURCES / "console").glob("*.cs"))
    return compiled(core.with_name("client.exe"), sources, f"-r:{core}")


def core_in(folder: Path) -> Path:
    """Compiles Core, without the engine, into a folder and returns it."""
    target = folder / "VoiceAvatar.Core.dll"
    return compiled(target, sorted((PACKAGE / "Runtime" / "Core").rglob("*.cs")))
