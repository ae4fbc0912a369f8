"""The engines' own options, found by the same two words as in the configuration: stage and engine.

What holds of every engine of a stage is in the stage's options (`LlmOptions`, table `[llm]`). What
only one library knows is a dataclass beside the engine that uses it (`VllmOptions`, table
`[llm.vllm]`); here they are only gathered. No library is loaded by importing this: each engine
imports its own where it loads its model.

A new engine with options of its own adds its dataclass in its file and one field here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from voice_avatar.engines.faster_whisper_stt import FasterWhisperOptions
from voice_avatar.engines.llamacpp_llm import LlamaCppOptions
from voice_avatar.engines.openai_http_llm import OpenAiHttpOptions
from voice_avatar.engines.piper_tts import PiperOptions
from voice_avatar.engines.vllm_llm import VllmOptions
from voice_avatar.engines.webrtc_denoise import WebrtcOptions


@dataclass(frozen=True, slots=True)
class DenoiseTables:
    """The tables below `[denoise]`."""

    webrtc: WebrtcOptions = field(default_factory=WebrtcOptions)


@dataclass(frozen=True, slots=True)
class SttTables:
    """The tables below `[stt]`."""

    faster_whisper: FasterWhisperOptions = field(default_factory=FasterWhisperOptions)


@dataclass(frozen=True, slots=True)
class LlmTables:
    """The tables below `[llm]`."""

    llamacpp: LlamaCppOptions = field(default_factory=LlamaCppOptions)
    openai_http: OpenAiHttpOptions = field(default_factory=OpenAiHttpOptions)
    vllm: VllmOptions = field(default_factory=VllmOptions)


@dataclass(frozen=True, slots=True)
class TtsTables:
    """The tables below `[tts]`."""

    piper: PiperOptions = field(default_factory=PiperOptions)


@dataclass(frozen=True, slots=True)
class EngineTables:
    """The own options of all engines, by stage. A stage whose engines have none is left out."""

    denoise: DenoiseTables = field(default_factory=DenoiseTables)
    stt: SttTables = field(default_factory=SttTables)
    llm: LlmTables = field(default_factory=LlmTables)
    tts: TtsTables = field(default_factory=TtsTables)

    def own(self, stage: str, engine: str) -> Any:
        """Returns the own options of an engine; None where it has none."""
        return getattr(getattr(self, stage, None), engine, None)
