"""Every engine of a kind behind one fixture, so that one suite states what the kind promises.

A contract suite parametrises its fixture over `stt_engines()`, `vad_engines()` or `turn_engines()`
and asks the case for the engine; a test then runs once per engine, the real ones under the marker
`models`, the scripted ones always.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from _pytest.mark.structures import ParameterSet

from voice_avatar.models.store import ModelStore
from voice_avatar.stages.stt import SttOptions
from voice_avatar.stages.turn import TurnOptions
from voice_avatar.stages.vad import VadOptions


@dataclass(frozen=True, slots=True)
class EngineCase:
    """An engine under test.

    Attributes:
        name: for the test's id.
        make: builds it; blocking.
        is_real: whether it runs a model, and so understands speech.
    """

    name: str
    make: Callable[[ModelStore], Any]
    is_real: bool


def stt_engines() -> list[ParameterSet]:
    """Returns the recognisers."""
    return [_real("faster_whisper_stt", SttOptions()), _scripted("ScriptedStt")]


def vad_engines() -> list[ParameterSet]:
    """Returns the voice activity engines."""
    return [_real("silero_vad", VadOptions()), _scripted("ScriptedVad")]


def turn_engines() -> list[ParameterSet]:
    """Returns the end-of-turn engines."""
    return [_real("smart_turn", TurnOptions()), _scripted("ScriptedTurn")]


def _real(module: str, options: Any) -> ParameterSet:
    def make(store: ModelStore) -> Any:
        return importlib.import_module(f"voice_avatar.engines.{module}").load(options, store)

    return pytest.param(EngineCase(module, make, True), id=module, marks=pytest.mark.models)


def _scripted(name: str) -> ParameterSet:
    def make(store: ModelStore) -> Any:
        module = pytest.importorskip("voice_avatar.engines.scripted")
        return getattr(module, name)()

    return pytest.param(EngineCase(name, make, False), id=name)
