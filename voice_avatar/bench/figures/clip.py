"""A recording of one turn: what is said in it, and where it ends. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LEAST_PAUSE_S: Final = 0.2
"""Shorter silences inside a turn are part of fluent speech: closures of plosives, and breaths."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording.

    Attributes:
        name: which.
        pcm: PCM16 mono at 16 kHz.
        end: one past the last sample of speech.
        text: what is said, "" when unknown or when the transcript is no reference.
        language: ISO 639-1.
        pauses_s: silences inside the turn of `LEAST_PAUSE_S` and more, seconds, inserted ones too.
        inserted_s: how much of them was put in by `with_pause`, seconds.
        ends_by: "annotation", or "energy" when the end was found by `speech_end`.
    """

    name: str
    pcm: bytes
    end: int
    text: str = ""
    language: str = "en"
    pauses_s: tuple[float, ...] = ()
    inserted_s: float = 0.0
    ends_by: str = "annotation"
