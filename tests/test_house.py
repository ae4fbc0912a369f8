"""The shape of the code: rooms, what each may import, purity, sizes, and what an import costs.

The plan is `kit/house.py`, each rule and its reasons are in `kit/house_law.py`, and
docs/house.md shows both.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from kit import house, house_law
from kit.house_law import Tree
from kit.house_plan import Plan

SPEC = find_spec("voice_avatar")
assert SPEC is not None
assert SPEC.origin is not None
TREE = Tree(Path(SPEC.origin).parent)
TESTS = Path(__file__).parent

HEAVY = frozenset(
    "av ctranslate2 faster_whisper httpx huggingface_hub livekit llama_cpp numpy onnx onnxruntime"
    " opencc piper pypinyin rich sounddevice soxr threadpoolctl torch transformers uvloop vllm"
    " websockets xllamacpp".split()
)


def listed(breaches: list[str]) -> str:
    return "\n" + "\n".join(breaches)


@pytest.mark.parametrize("rule", house_law.RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_the_law(rule: Callable[[Tree, Plan], list[str]]) -> None:
    breaches = rule(TREE, house.PLAN)
    assert not breaches, listed(breaches)


def test_every_module_has_its_test_file_or_says_where_it_is_tested() -> None:
    breaches = house_law.every_module_is_tested_somewhere(TREE, house.PLAN, TESTS)
    assert not breaches, listed(breaches)


def test_every_exception_gives_its_reason() -> None:
    assert all(reason for _, reason in house.EXCEPTIONS.values())


@pytest.mark.parametrize("module", ["voice_avatar", "voice_avatar.cli"])
def test_importing_the_package_or_the_command_line_loads_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split()) & HEAVY
    assert not loaded, f"import {module} loads {sorted(loaded)}"
