"""A folder of its own for every command, and a question to be asked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from kit.command_line import STAGES
from kit.edge import hush, tone

from voice_avatar.audio.wav import write_wav


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder whose `voice-avatar.toml` needs no model; its own model store."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("VOICE_AVATAR_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("VOICE_AVATAR_HOME", str(tmp_path / "models"))
    tables = "".join(f'[{stage}]\nengine = "scripted"\n' for stage in STAGES)
    (tmp_path / "voice-avatar.toml").write_text(tables)
    return tmp_path


@pytest.fixture
def question(tmp_path: Path) -> str:
    """A recording with 1.2 s of speech that ends at 1.4 s."""
    path = tmp_path / "question.wav"
    write_wav(path, hush(0.2) + tone(1.2) + hush(0.4), 16_000)
    return str(path)
