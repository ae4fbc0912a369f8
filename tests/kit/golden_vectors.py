"""The golden vectors, case by case, for the tests of what reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from voice_avatar.conformance.vectors import golden

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / golden.FOLDER


def cases(name: str) -> list[Any]:
    document = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    assert document["format"] == golden.FORMAT
    names = [case["name"] for case in document["cases"]]
    assert len({(c.get("from"), c["name"]) for c in document["cases"]}) == len(names)
    return [
        pytest.param(case, id=f"{case.get('from', '')} {case['name']}".strip())
        for case in document["cases"]
    ]
