"""The engines of a server, one for each stage. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from voice_avatar.denoise import Denoiser
from voice_avatar.llm import LlmEngine
from voice_avatar.stt import SttEngine
from voice_avatar.tts import TtsEngine
from voice_avatar.turn import TurnEngine
from voice_avatar.vad import VadEngine


@dataclass(frozen=True, slots=True)
class Engines:
    """The engines of a server, loaded and shared. `turn` None = endpoint by silence alone."""

    vad: VadEngine
    turn: TurnEngine | None
    stt: SttEngine
    llm: LlmEngine
    tts: TtsEngine
    denoise: Denoiser | None = None
