"""The command line, for its tests: how it is run and what it tells."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

STAGES = ("vad", "turn", "stt", "llm", "tts")
Capture = pytest.CaptureFixture[str]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "voice_avatar", *arguments],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def told(capsys: Capture) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]
