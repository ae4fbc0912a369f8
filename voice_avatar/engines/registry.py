"""Engines by name, imported only when they are asked for."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from voice_avatar.engines.blas import hold_to_one_thread
from voice_avatar.errors import ConfigError
from voice_avatar.stages.denoise import DenoiseOptions
from voice_avatar.stages.engines import Engines
from voice_avatar.stages.llm import LlmOptions
from voice_avatar.stages.stt import SttOptions
from voice_avatar.stages.tts import TtsOptions
from voice_avatar.stages.turn import TurnOptions
from voice_avatar.stages.vad import VadOptions

if TYPE_CHECKING:
    from voice_avatar.engines.tables import EngineTables
    from voice_avatar.models.store import ModelStore

NONE: Final = "none"
"""Name that leaves an optional stage out."""

ENGINES: Final[dict[str, dict[str, str]]] = {
    "vad": {"silero": "silero_vad:load", "scripted": "scripted:load_vad"},
    "turn": {"smart_turn": "smart_turn:load", "scripted": "scripted:load_turn"},
    "stt": {"faster_whisper": "faster_whisper_stt:load", "scripted": "scripted:load_stt"},
    "llm": {
        "llamacpp": "llamacpp_llm:load",
        "vllm": "vllm_llm:load",
        "openai_http": "openai_http_llm:load",
        "scripted": "scripted:load_llm",
    },
    "tts": {"piper": "piper_tts:load", "scripted": "scripted:load_tts"},
    "denoise": {"webrtc": "webrtc_denoise:load"},
}
"""Stage -> engine name -> where its `load(options, store)` is, or `load(options, store, own)`."""

OPTIONAL: Final = frozenset({"turn", "denoise"})
"""Stages that a server can do without."""


def load_engine(
    stage: str, options: Any, store: ModelStore, tables: EngineTables | None = None
) -> Any:
    """Loads one engine; None for an optional stage that is left out. Blocks.

    Args:
        stage: "vad", "turn", "stt", "llm", "tts" or "denoise".
        options: of the stage.
        store: where models are.
        tables: the engines' own options; None = their defaults.

    Raises:
        ConfigError: no engine of that name.
        EngineUnavailable: its library or device is absent.
        ModelError: its model is not to be had.
    """
    name: str = options.engine
    if name == NONE and stage in OPTIONAL:
        return None
    known = ENGINES[stage]
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else f" There are: {', '.join(known)}."
        raise ConfigError(f"There is no {stage} engine {name!r}.{hint}")
    hold_to_one_thread()
    module, _, function = known[name].partition(":")
    load = getattr(importlib.import_module(f"voice_avatar.engines.{module}"), function)
    own = None if tables is None else tables.own(stage, name)
    return load(options, store) if own is None else load(options, store, own)


def load_engines(
    *,
    vad: VadOptions,
    turn: TurnOptions,
    stt: SttOptions,
    llm: LlmOptions,
    tts: TtsOptions,
    denoise: DenoiseOptions,
    store: ModelStore,
    tables: EngineTables | None = None,
    on_stage: Callable[[str, str], None] = lambda stage, name: None,
) -> Engines:
    """Loads all engines, one after the other. Blocks.

    Args:
        vad, turn, stt, llm, tts, denoise: the stages' options.
        store: where models are.
        tables: the engines' own options; None = their defaults.
        on_stage: told the stage and the engine's name before each is loaded.
    """
    stages: dict[str, Any] = {
        "vad": vad,
        "turn": turn,
        "stt": stt,
        "llm": llm,
        "tts": tts,
        "denoise": denoise,
    }
    loaded = {}
    for stage, options in stages.items():
        on_stage(stage, options.engine)
        loaded[stage] = load_engine(stage, options, store, tables)
    return Engines(**loaded)
