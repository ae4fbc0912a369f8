"""Timing an engine's part of a turn."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from voice_avatar.engines.faster_whisper_stt import FasterWhisperOptions
from voice_avatar.engines.llamacpp_llm import LlamaCppOptions
from voice_avatar.engines.scripted import ScriptedTts
from voice_avatar.engines.tables import EngineTables, LlmTables, SttTables
from voice_avatar.errors import SttFailed
from voice_avatar.machine.thread_plan import ThreadOptions, plan
from voice_avatar.machine.trials import (
    EngineOptions,
    Trials,
    first_audio_ms,
    speaking,
    transcription_ms,
)
from voice_avatar.models.store import ModelStore
from voice_avatar.stages.llm import LlmOptions
from voice_avatar.stages.stt import SttOptions
from voice_avatar.stages.tts import TtsOptions

SCRIPTED = EngineOptions(
    SttOptions(engine="scripted"), LlmOptions(engine="scripted"), TtsOptions(engine="scripted")
)


class Slow:
    """A recogniser that counts how often it is asked."""

    def __init__(self, error: SttFailed | None = None) -> None:
        self.asked = 0
        self._error = error

    def transcribe(self, pcm: bytes, language: str | None) -> None:
        self.asked += 1
        if self._error:
            raise self._error


@pytest.mark.parametrize("stage", ["stt", "llm", "tts"])
def test_every_stage_can_be_timed_and_leaves_no_thread(stage: str) -> None:
    before = set(threading.enumerate())
    assert Trials(SCRIPTED, ModelStore()).measure(stage, 2) > 0.0
    assert set(threading.enumerate()) <= before


def test_the_first_round_does_not_count() -> None:
    slow = Slow()
    transcription_ms(slow, b"")  # type: ignore[arg-type]
    assert slow.asked == 4


def test_a_failure_is_passed_on() -> None:
    with pytest.raises(SttFailed):
        transcription_ms(Slow(SttFailed("no")), b"")  # type: ignore[arg-type]


def test_the_voice_speaks_for_as_long_as_the_block_runs() -> None:
    with speaking(ScriptedTts()):
        assert "trial-voice" in {thread.name for thread in threading.enumerate()}
    assert "trial-voice" not in {thread.name for thread in threading.enumerate()}


def test_a_voice_that_says_nothing_is_timed_too() -> None:
    class Mute(ScriptedTts):
        def synthesize(self, chunk):  # type: ignore[no-untyped-def]
            yield from ()

    assert first_audio_ms(Mute()) >= 0.0


def test_stages_are_asked_for_where_they_compute() -> None:
    stt, llm, tts = SttOptions(), LlmOptions(), TtsOptions()
    assert EngineOptions(stt, llm, tts).asked() == {"stt": 0, "llm": 0, "tts": 0}
    given = EngineOptions(stt, replace(llm, threads=4), replace(tts, threads=2))
    assert given.asked() == {"stt": 0, "llm": 4, "tts": 2}
    on_gpu = EngineTables(
        stt=SttTables(FasterWhisperOptions(device="cuda")), llm=LlmTables(LlamaCppOptions(-1))
    )
    assert EngineOptions(stt, llm, tts, on_gpu).asked() == {"tts": 0}
    elsewhere = EngineOptions(stt, replace(llm, engine="openai_http"), tts)
    assert elsewhere.asked() == {"stt": 0, "tts": 0}
    assert SCRIPTED.asked() == {}


def test_what_is_measured_has_the_options_of_its_engine_too(
    monkeypatch: pytest.MonkeyPatch, store: ModelStore
) -> None:
    loaded = []

    def load(stage: str, options: object, store: ModelStore, tables: object) -> object:
        loaded.append((stage, tables))
        return ScriptedTts()

    monkeypatch.setattr("voice_avatar.machine.trials.load_engine", load)
    tables = EngineTables(llm=LlmTables(LlamaCppOptions(-1)))
    Trials(replace(SCRIPTED, tables=tables), store).measure("tts", 2)
    assert loaded == [("tts", tables)]


def test_options_take_the_threads_of_a_plan() -> None:
    options = EngineOptions(SttOptions(), LlmOptions(threads=3), TtsOptions())
    made = options.with_threads(plan(8, {"llm": 3, "stt": 0, "tts": 0}, {}))
    assert (made.stt.threads, made.llm.threads, made.tts.threads) == (3, 3, 2)
    assert ThreadOptions().is_tuned


@pytest.mark.models
@pytest.mark.parametrize("stage", ["stt", "llm", "tts"])
def test_the_real_engines_can_be_timed(stage: str, store: ModelStore) -> None:
    real = EngineOptions(SttOptions(), LlmOptions(), TtsOptions())
    assert 1.0 < Trials(real, store).measure(stage, 1) < 10_000.0
