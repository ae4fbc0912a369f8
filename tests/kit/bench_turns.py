"""What was said to a server, and what came of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from kit.edge import hush, tone
from voice_avatar.bench.figures.clip import Clip
from voice_avatar.bench.figures.line_events import AudioCame
from voice_avatar.bench.figures.turns import TurnResult

HZ = 16_000


def said(seconds: float = 0.6, tail_s: float = 0.1, text: str = "One two.") -> Clip:
    return Clip("said", tone(seconds) + hush(tail_s), int(seconds * HZ), text)


def result(number: int = 0, clip: Clip | None = None, **rest: Any) -> TurnResult:
    return TurnResult(**{"clip": clip or said(), "number": number, "v2v_s": 0.5, **rest})


EARLY = {
    "stt": 0.15,
    "llm_start": 0.151,
    "ttft": 0.2,
    "first_chunk": 0.3,
    "ttfa": 0.35,
    "commit": 0.4,
    "sent": 0.401,
}
"""When the stages of a turn were done, seconds after the end of speech."""


def piece(
    at_s: float, seconds: float = 0.1, reply: str = "1", *, quiet_s: float = 0.0, **rest: int
) -> AudioCame:
    samples = np.full(int(seconds * HZ), 4000, "<i2")
    samples[: int(quiet_s * HZ)] = 5
    return AudioCame(at_s, reply, samples.tobytes(), HZ, **rest)
