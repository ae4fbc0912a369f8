"""`voice-avatar models`."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.command_line import Capture

from voice_avatar.cli.main import main

pytestmark = [pytest.mark.realtime, pytest.mark.usefixtures("here")]


def test_models_are_listed_and_their_place_is_told(here: Path, capsys: Capture) -> None:
    assert main(["models", "list"]) == 0
    assert "whisper-base" in capsys.readouterr().out
    assert main(["models", "path"]) == 0
    assert capsys.readouterr().out.strip() == str(here / "models")
    assert main(["models", "verify"]) == 0
    assert capsys.readouterr().out == ""
