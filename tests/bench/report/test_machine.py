"""What is said of the machine and the code."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from voice_avatar.bench.report import machine


def test_a_machine_is_described_without_its_name_or_paths() -> None:
    told = machine.describe()
    assert told["cpu"]
    assert told["cores"] >= 1
    assert told["memory_mb"] > 100
    assert re.fullmatch(r"\d+\.\d+.*", told["packages"]["numpy"])
    assert str(Path.home()) not in json.dumps(told)


def test_the_revision_is_that_of_the_checkout() -> None:
    assert re.fullmatch(r"([0-9a-f]{12}\+?)?", machine.revision())


def test_without_git_the_revision_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert machine.revision() == ""
