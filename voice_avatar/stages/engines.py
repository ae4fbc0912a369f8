"""The engines of a server, one for each stage. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from voice_avatar.stages.denoise import Denoiser
from voice_avatar.stages.llm import LlmEngine
from voice_avatar.stages.stt import SttEngine
from voice_avatar.stages.tts import TtsEngine
from voice_avatar.stages.turn import TurnEngine
from voice_avatar.stages.vad import VadEngine

UNPLANNED_THREADS: Final = 1
"""What an engine takes that is loaded alone, with `threads` 0 and without a plan."""


@dataclass(frozen=True, slots=True)
class Engines:
    """The engines of a server, loaded and shared. `turn` None = endpoint by silence alone."""

    vad: VadEngine
    turn: TurnEngine | None
    stt: SttEngine
    llm: LlmEngine
    tts: TtsEngine
    denoise: Denoiser | None = None
