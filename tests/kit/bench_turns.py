"""What was said to a server, and what came of it."""

from __future__ import annotations

from typing import Any

from kit.edge import hush, tone
from voice_avatar.bench.figures.clip import Clip
from voice_avatar.bench.figures.turns import TurnResult

HZ = 16_000


def said(seconds: float = 0.6, tail_s: float = 0.1, text: str = "One two.") -> Clip:
    return Clip("said", tone(seconds) + hush(tail_s), int(seconds * HZ), text)


def result(number: int = 0, clip: Clip | None = None, **rest: Any) -> TurnResult:
    return TurnResult(**{"clip": clip or said(), "number": number, "v2v_s": 0.5, **rest})
