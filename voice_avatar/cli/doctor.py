"""`voice-avatar doctor`: what is installed, which models are here, and a short self-test."""

from __future__ import annotations

import asyncio
import importlib.metadata
import importlib.util
import platform
import resource
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from itertools import chain
from statistics import median
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from voice_avatar.audio import opus
from voice_avatar.audio.pcm import resample, sample_count
from voice_avatar.cli.serve import engines_of, planned_engines
from voice_avatar.config.load import Config
from voice_avatar.errors import TtsFailed, VoiceAvatarError
from voice_avatar.events.payloads import (
    MIC_HZ,
    WINDOW_SAMPLES,
    LlmDone,
    LlmRequest,
    Message,
    SpeechPiece,
)
from voice_avatar.machine.cores import processor, usable_cores
from voice_avatar.machine.thread_plan import Share
from voice_avatar.models.store import ModelStore, list_models
from voice_avatar.pipeline.llm_check import llm_trouble
from voice_avatar.stages.engines import Engines
from voice_avatar.stages.tts import TtsEngine
from voice_avatar.text.chunking import Chunker

_LIBRARIES = (
    "websockets",
    "numpy",
    "faster-whisper",
    "ctranslate2",
    "piper-tts",
    "xllamacpp",
    "vllm",
    "onnxruntime",
    "uvloop",
    "av",
    "sounddevice",
    "livekit",
)
_SENTENCE = "The museum opens at nine, and the garden is behind it."
_ROUNDS = 3


_FIGURES = {
    "vad": ("vad_window_ms", "a window"),
    "turn": ("turn_ms", "a score"),
    "stt": ("stt_ms", "a sentence"),
    "llm": ("llm_first_token_ms", "to the first token"),
    "tts": ("tts_first_audio_ms", "to the first audio"),
}
"""Stage -> its figure in the self-test, and what that is the time of."""

_REASONS = {
    "option": "option",
    "plan": "by the cores",
    "tuned": "tuned",
    "single": "always one",
    "elsewhere": "computes elsewhere",
}


class ThreadRow(msgspec.Struct, frozen=True, kw_only=True):
    """Threads of one stage.

    Attributes:
        stage: "vad", "turn", "stt", "llm" or "tts".
        engine: its name.
        threads: that it computes with.
        why: see `threads.Share`.
        tuning_ms: what was measured for the plan, threads -> milliseconds of its part of a turn.
        test_ms: of the self-test, milliseconds; None = not measured.
    """

    stage: str
    engine: str
    threads: int
    why: str
    tuning_ms: dict[int, float]
    test_ms: float | None = None


@dataclass(slots=True)
class Findings:
    """What the doctor found.

    Attributes:
        system: facts about the machine.
        libraries: installed versions, "" where absent.
        models: names of the models that are here.
        devices: what can be heard and said with.
        threads: the thread plan.
        test: figures of the self-test.
        advice: what to do, in words.
    """

    system: dict[str, Any] = field(default_factory=dict)
    libraries: dict[str, str] = field(default_factory=dict)
    models: list[str] = field(default_factory=list)
    devices: dict[str, Any] = field(default_factory=dict)
    threads: list[ThreadRow] = field(default_factory=list)
    test: dict[str, float | str] = field(default_factory=dict)
    advice: list[str] = field(default_factory=list)


def doctor(config: Config, *, has_test: bool, is_json: bool) -> int:
    """Looks, tests, and says what it found; 1 where the self-test could not run."""
    found = Findings()
    _look(found)
    is_well = True
    try:
        _plan(config, found)
        if has_test:
            asyncio.run(_test(config, found))
            _plan(config, found)  # loading the engines may have tuned it
    except VoiceAvatarError as error:
        is_well = False
        found.advice.append(f"The self-test failed: {error.code}: {error.message}")
    _advise(found)
    if is_json:
        print(msgspec.json.encode(found).decode())
    else:
        _show(found)
    return 0 if is_well else 1


def _look(found: Findings) -> None:
    found.system = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "cores": usable_cores(),
        "event loop": "uvloop" if importlib.util.find_spec("uvloop") else "asyncio",
    }
    for library in _LIBRARIES:
        try:
            found.libraries[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            found.libraries[library] = ""
    store = ModelStore()
    found.models = [model.name for model in list_models() if store.is_cached(model.name)]
    found.devices = {"opus": opus.available(), "cuda": _has_cuda(), **_sound_devices()}


def _has_cuda() -> bool:
    if importlib.util.find_spec("ctranslate2") is None:
        return False
    import ctranslate2  # type: ignore[import-untyped,unused-ignore]

    return bool(ctranslate2.get_cuda_device_count())


def _sound_devices() -> dict[str, Any]:
    try:
        import sounddevice  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except (ImportError, OSError):  # OSError: PortAudio itself is absent
        return {"microphones": 0, "loudspeakers": 0}
    devices = sounddevice.query_devices()
    return {
        "microphones": sum(d["max_input_channels"] > 0 for d in devices),
        "loudspeakers": sum(d["max_output_channels"] > 0 for d in devices),
    }


def _plan(config: Config, found: Findings) -> None:
    """Notes the thread plan, with what is known of it without measuring."""
    _, plan = planned_engines(config, ModelStore(), may_measure=False)
    found.system["cores planned for"] = plan.cores
    found.threads = [_row(config, share, found.test) for share in plan.shares]


def _row(config: Config, share: Share, test: dict[str, float | str]) -> ThreadRow:
    figure, _ = _FIGURES[share.stage]
    test_ms = test.get(figure)
    return ThreadRow(
        stage=share.stage,
        engine=getattr(config, share.stage).engine,
        threads=share.threads,
        why=share.why,
        tuning_ms=dict(share.ms),
        test_ms=test_ms if isinstance(test_ms, float) else None,
    )


# -- the self-test


async def _test(config: Config, found: Findings) -> None:
    """Speaks a sentence, hears it, and answers it; every figure is the median of three."""
    started_s = time.monotonic()
    engines = await asyncio.to_thread(engines_of, config)
    found.test["load_s"] = time.monotonic() - started_s
    async with _closing(engines):
        pcm = _test_voice(engines.tts, Chunker(config.chunking, "en"), found)
        heard = resample(pcm, engines.tts.capabilities.rate_hz, MIC_HZ)
        vad = engines.vad.open()
        window = heard[: 2 * WINDOW_SAMPLES]
        found.test["vad_window_ms"] = _median_ms(lambda: vad.step(window), 20)
        if (turn := engines.turn) is not None:
            found.test["turn_ms"] = _median_ms(lambda: turn.score(heard))
        found.test["stt_ms"] = _median_ms(lambda: engines.stt.transcribe(heard, "en"))
        found.test["stt_text"] = engines.stt.transcribe(heard, "en").text
        await _test_llm(engines, found)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found.test["memory_mb"] = peak / (1024**2 if sys.platform == "darwin" else 1024)


@asynccontextmanager
async def _closing(engines: Engines) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await engines.llm.aclose()


def _test_voice(tts: TtsEngine, chunker: Chunker, found: Findings) -> bytes:
    firsts: list[float] = []
    pcm = b""
    chunks = (*chunker.push(_SENTENCE).chunks, *chunker.flush().chunks)
    for _ in range(_ROUNDS):
        started_s, pcm = time.monotonic(), b""
        for part in chain.from_iterable(map(tts.synthesize, chunks)):
            if isinstance(part, SpeechPiece):
                if not pcm:
                    firsts.append((time.monotonic() - started_s) * 1000)
                pcm += part.pcm
    if not pcm:
        raise TtsFailed("The voice said nothing.")
    whole_s = time.monotonic() - started_s
    found.test["tts_first_audio_ms"] = median(firsts)
    found.test["tts_realtime_factor"] = whole_s * tts.capabilities.rate_hz / sample_count(pcm)
    return pcm


async def _test_llm(engines: Engines, found: Findings) -> None:
    if trouble := await llm_trouble(engines.llm):
        found.advice.append(trouble)
    system = Message("system", "You are a friendly guide. Answer in one short sentence.")
    firsts: list[float] = []
    speeds: list[float] = []
    for question in ("Where is the exit?", "What is this painting?", "Who built this house?"):
        request = LlmRequest((system, Message("user", question)), max_tokens=24, cache_key="doctor")
        started_s = time.monotonic()
        first_s, tokens = None, 0
        async with aclosing(engines.llm.generate(request)) as deltas:
            async for delta in deltas:
                if isinstance(delta, LlmDone):
                    break
                first_s = first_s or time.monotonic()
                tokens += 1
        if first_s is not None and tokens > 1:
            firsts.append((first_s - started_s) * 1000)
            speeds.append((tokens - 1) / (time.monotonic() - first_s))
    if firsts:
        found.test["llm_first_token_ms"] = median(firsts)
        found.test["llm_tokens_per_s"] = median(speeds)


def _median_ms(call: Callable[[], object], rounds: int = _ROUNDS) -> float:
    call()
    times = []
    for _ in range(rounds):
        started_s = time.monotonic()
        call()
        times.append((time.monotonic() - started_s) * 1000)
    return median(times)


# -- what to say


def _advise(found: Findings) -> None:
    advice, test = found.advice, found.test
    for library in ("faster-whisper", "piper-tts"):
        if not found.libraries[library]:
            advice.append(f"{library} is missing: pip install 'voice-avatar[embedded]'")
    if not found.libraries["sounddevice"]:
        advice.append("No microphone support: pip install 'voice-avatar[microphone]'")
    if found.devices.get("cuda") and not found.libraries["vllm"]:
        advice.append("A GPU is here: pip install 'voice-avatar[vllm]', then serve --preset gpu")
    if float(test.get("tts_realtime_factor", 0.0)) > 0.7:
        advice.append("Synthesis is close to real time: choose a smaller voice, or a faster core")
    if 0 < float(test.get("llm_tokens_per_s", 99.0)) < 8:
        advice.append("The language model writes slower than people speak: choose a smaller one")
    if not advice:
        advice.append("All is well.")


def _show(found: Findings) -> None:
    console = Console()
    for title, facts in (
        ("system", found.system),
        ("libraries", found.libraries),
        ("devices", found.devices),
        ("self-test", found.test),
    ):
        if not facts:
            continue
        table = Table(title, "", title_justify="left")
        for name, value in facts.items():
            text = f"{value:.2f}" if isinstance(value, float) else str(value)
            table.add_row(name, text or "-")
        console.print(table)
    _show_threads(console, found.threads)
    console.print(f"models here: {', '.join(found.models) or 'none'}")
    for line in found.advice:
        console.print(f"- {line}", markup=False)


def _show_threads(console: Console, rows: list[ThreadRow]) -> None:
    table = Table("threads", "engine", "", "why", "measured", title_justify="left")
    for row in rows:
        why = _REASONS[row.why]
        if row.tuning_ms:
            times = (f"{count}: {ms:.0f} ms" for count, ms in sorted(row.tuning_ms.items()))
            why += f" ({', '.join(times)})"
        _, what = _FIGURES[row.stage]
        measured = "-" if row.test_ms is None else f"{row.test_ms:.1f} ms {what}"
        table.add_row(row.stage, row.engine, str(row.threads), why, measured)
    console.print(table)
