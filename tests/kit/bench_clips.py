"""Recordings made of tones and the noise of a room."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from voice_avatar.bench.figures.clip import Clip

HZ = 16_000
RNG = np.random.default_rng(3)


def room(seconds: float) -> bytes:
    return (RNG.standard_normal(int(seconds * HZ)) * 20).astype("<i2").tobytes()


def tone(seconds: float, rate_hz: int = HZ) -> bytes:
    t = np.arange(int(rate_hz * seconds)) / rate_hz
    return (8000 * np.sin(2 * np.pi * 200 * t)).astype("<i2").tobytes()


def write(path: Path, pcm: bytes, rate_hz: int = HZ) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate_hz, 0, "NONE", ""))
        file.writeframes(pcm)


def two_words() -> Clip:
    pcm = room(0.2) + tone(0.5) + room(0.1) + tone(0.5) + room(0.3)
    return Clip("two", pcm, int(1.3 * HZ), "two words")
