"""What an engine's part of a turn takes with so many threads: loads it, times it, gives it up."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing, closing, contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from statistics import median
from typing import Any, Final

from voice_avatar.audio.pcm import resample
from voice_avatar.engines.registry import load_engine
from voice_avatar.engines.tables import EngineTables
from voice_avatar.events.payloads import MIC_HZ, LlmRequest, Message, SpeakableChunk, SpeechPiece
from voice_avatar.machine.thread_plan import ThreadPlan
from voice_avatar.models.store import ModelStore
from voice_avatar.stages.llm import LlmEngine, LlmOptions
from voice_avatar.stages.stt import SttEngine, SttOptions
from voice_avatar.stages.tts import TtsEngine, TtsOptions

_SENTENCE: Final = "The museum opens at nine, and the garden is behind it."

_ROUNDS: Final = 3
"""A figure is the median of so many rounds, after one that does not count."""

_ENOUGH_MS: Final = 1000.0
"""No further round is begun after so long: a slow engine varies less, in relation."""

_FIRST_CLAUSE_TOKENS: Final = 8
"""Tokens up to the first chunk of a reply (7 in the median of 16 replies; docs/decisions.md)."""


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """The options of the engines whose threads are planned.

    Attributes:
        stt, llm, tts: of the stages.
        tables: of single engines.
    """

    stt: SttOptions
    llm: LlmOptions
    tts: TtsOptions
    tables: EngineTables = field(default_factory=EngineTables)

    def asked(self) -> dict[str, int]:
        """Returns the stages that compute on these cores -> option `threads`, 0 = by the plan."""
        asked = {}
        if self.llm.engine == "llamacpp" and self.tables.llm.llamacpp.gpu_layers == 0:
            asked["llm"] = self.llm.threads
        is_on_gpu = self.tables.stt.faster_whisper.device == "cuda"
        if self.stt.engine == "faster_whisper" and not is_on_gpu:
            asked["stt"] = self.stt.threads
        if self.tts.engine == "piper":
            asked["tts"] = self.tts.threads
        return asked

    def with_threads(self, threads: ThreadPlan) -> EngineOptions:
        """Returns the options with the threads of a plan."""
        return replace(
            self,
            stt=replace(self.stt, threads=threads.of("stt")),
            llm=replace(self.llm, threads=threads.of("llm")),
            tts=replace(self.tts, threads=threads.of("tts")),
        )


class Trials:
    """Measures the engines of one configuration.

    The voice is loaded once: it says what the recogniser hears, and it speaks while the language
    model is measured, because that is how the model runs in a reply, and threads that have no core
    of their own show only beside others.
    """

    def __init__(self, engines: EngineOptions, store: ModelStore) -> None:
        self._engines = engines
        self._store = store
        self._voice: TtsEngine | None = None

    def measure(self, stage: str, threads: int) -> float:
        """Returns the milliseconds of a stage's part of a turn.

        Args:
            stage: "stt", "llm" or "tts".
            threads: of its engine.

        Raises:
            EngineError, EngineUnavailable, ModelError: it cannot be loaded, or failed.
        """
        match stage:
            case "tts":
                return first_audio_ms(self._load_voice(threads))
            case "stt":
                options = replace(self._engines.stt, threads=threads)
                speech = _speech(self._load_voice(1))
                return transcription_ms(self._load("stt", options), speech)
            case _:
                voice = self._load_voice(1)
                options_llm = replace(self._engines.llm, threads=threads)
                llm = self._load("llm", options_llm)
                with speaking(voice):
                    return asyncio.run(_first_clause_ms_of(llm))

    def _load_voice(self, threads: int) -> TtsEngine:
        options = replace(self._engines.tts, threads=threads)
        if threads > 1:
            voice: TtsEngine = self._load("tts", options)
            return voice
        self._voice = self._voice or self._load("tts", options)
        return self._voice

    def _load(self, stage: str, options: Any) -> Any:
        return load_engine(stage, options, self._store, self._engines.tables)


def first_audio_ms(tts: TtsEngine) -> float:
    """Returns the time to the first piece of a sentence, milliseconds."""

    def until_first() -> None:
        with closing(tts.synthesize(_chunk())) as speech:
            for part in speech:
                if isinstance(part, SpeechPiece):
                    return

    return _median_ms(until_first)


def transcription_ms(stt: SttEngine, pcm: bytes) -> float:
    """Returns the time of a transcription, milliseconds; `pcm` at 16 kHz."""
    return _median_ms(lambda: stt.transcribe(pcm, "en"))


async def first_clause_ms(llm: LlmEngine) -> float:
    """Returns the time from a question to a first clause behind a known prompt, milliseconds."""
    times_ms: list[float] = []
    for number in count():
        question = f"What is in room number {number}, please?"
        prompt = (Message("system", "You are a friendly guide."), Message("user", question))
        request = LlmRequest(prompt, max_tokens=_FIRST_CLAUSE_TOKENS, cache_key="threads")
        begun_s = time.perf_counter()
        async with aclosing(llm.generate(request)) as deltas:
            async for _ in deltas:
                pass
        if number:  # the first has read the prompt
            times_ms.append(1000.0 * (time.perf_counter() - begun_s))
        if _is_enough(times_ms):
            break
    return median(times_ms)


async def _first_clause_ms_of(llm: LlmEngine) -> float:
    try:
        return await first_clause_ms(llm)
    finally:
        await llm.aclose()


@contextmanager
def speaking(tts: TtsEngine) -> Iterator[None]:
    """Lets the voice speak on and on, in a thread of its own, for as long as the block runs."""
    is_over = threading.Event()

    def speak() -> None:
        while not is_over.is_set():
            for _ in tts.synthesize(_chunk()):
                if is_over.is_set():
                    break

    thread = threading.Thread(target=speak, name="trial-voice")
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _speech(tts: TtsEngine) -> bytes:
    pieces = (part.pcm for part in tts.synthesize(_chunk()) if isinstance(part, SpeechPiece))
    return resample(b"".join(pieces), tts.capabilities.rate_hz, MIC_HZ)


def _chunk() -> SpeakableChunk:
    return SpeakableChunk(0, _SENTENCE, _SENTENCE)


def _median_ms(call: Callable[[], object]) -> float:
    call()
    times_ms: list[float] = []
    while not _is_enough(times_ms):
        begun_s = time.perf_counter()
        call()
        times_ms.append(1000.0 * (time.perf_counter() - begun_s))
    return median(times_ms)


def _is_enough(times_ms: list[float]) -> bool:
    return len(times_ms) >= _ROUNDS or sum(times_ms) >= _ENOUGH_MS
