"""Engines by name."""

from __future__ import annotations

import pytest

from voice_avatar.config.load import Config
from voice_avatar.engines.registry import ENGINES, NONE, OPTIONAL, load_engine, load_engines
from voice_avatar.engines.scripted import ScriptedLlm, ScriptedVad
from voice_avatar.errors import ConfigError
from voice_avatar.models.store import ModelStore
from voice_avatar.stages.stt import SttOptions
from voice_avatar.stages.turn import TurnOptions


def test_every_engine_of_the_registry_has_a_load_function(store: ModelStore) -> None:
    config = Config()
    assert {stage: getattr(config, stage).engine for stage in ENGINES} == {
        "vad": "silero",
        "turn": "smart_turn",
        "stt": "faster_whisper",
        "llm": "llamacpp",
        "tts": "piper",
        "denoise": "none",
    }
    for stage, known in ENGINES.items():
        options = getattr(config, stage)
        assert options.engine in known or (stage in OPTIONAL and options.engine == NONE)


def test_engines_load_by_name_one_after_the_other(tmp_path: object) -> None:
    config = Config()
    told: list[tuple[str, str]] = []
    stages = {
        stage: type(getattr(config, stage))(engine="none" if stage == "denoise" else "scripted")
        for stage in ENGINES
    }
    loaded = load_engines(
        **stages, store=ModelStore(), on_stage=lambda stage, name: told.append((stage, name))
    )
    assert isinstance(loaded.vad, ScriptedVad)
    assert isinstance(loaded.llm, ScriptedLlm)
    assert loaded.denoise is None
    assert told[0] == ("vad", "scripted")
    assert [stage for stage, _ in told] == list(ENGINES)


def test_an_optional_stage_can_be_left_out_and_others_cannot(store: ModelStore) -> None:
    assert load_engine("turn", TurnOptions(engine="none"), store) is None
    with pytest.raises(ConfigError):
        load_engine("stt", SttOptions(engine="none"), store)


def test_an_unknown_engine_is_an_error_with_a_suggestion(store: ModelStore) -> None:
    with pytest.raises(ConfigError, match="faster_whisper"):
        load_engine("stt", SttOptions(engine="faster_whispr"), store)
    with pytest.raises(ConfigError, match="There are: silero"):
        load_engine("vad", SttOptions(engine="zzz"), store)
