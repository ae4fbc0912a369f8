"""Voices and rooms made of noise, for the echo guard.

A voice is noise that comes and goes as syllables do, in bands as vowels have.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from voice_avatar.events.payloads import MIC_HZ

Floats = npt.NDArray[np.float32]
LEAD_S = 0.5


def voice(seconds: float, seed: int) -> Floats:
    """Returns something with the rhythm and the formants of a voice, at about -20 dBFS."""
    rng = np.random.default_rng(seed)
    count = round(seconds * MIC_HZ)
    sound = np.zeros(count, np.float32)
    at = 0
    while at < count:
        length = int(rng.uniform(0.08, 0.3) * MIC_HZ)
        pause = int(rng.uniform(0.0, 0.12) * MIC_HZ)
        noise = rng.standard_normal(length)
        spectrum = np.fft.rfft(noise)
        hz = np.fft.rfftfreq(length, 1 / MIC_HZ)
        shape = sum(
            np.exp(-(((hz - peak) / 150) ** 2))
            for peak in (rng.uniform(250, 900), rng.uniform(900, 2500), rng.uniform(2500, 3500))
        )
        syllable = np.fft.irfft(spectrum * (shape + 0.01), length) * np.hanning(length)
        syllable *= 0.1 / (np.sqrt((syllable**2).mean()) + 1e-9)
        end = min(count, at + length)
        sound[at:end] = syllable[: end - at]
        at += length + pause
    return sound


def room(echo: Floats, seed: int) -> Floats:
    """Returns a sound as a small room and a small loudspeaker give it back, at the same level."""
    rng = np.random.default_rng(seed)
    tail = rng.standard_normal(MIC_HZ // 4) * 10 ** (-3 * np.arange(MIC_HZ // 4) / (MIC_HZ * 0.3))
    response = np.concatenate(([1.0], 0.5 * tail / np.sqrt((tail**2).sum())))
    heard = np.convolve(echo, response)[: echo.size]
    return (heard * np.sqrt((echo**2).mean() / (heard**2).mean())).astype(np.float32)


def heard(echo: Floats, *, delay_s: float, gain_db: float, seconds: float = 6.0) -> Floats:
    """Returns the microphone: background, and the echo from `LEAD_S` + `delay_s` on."""
    rng = np.random.default_rng(99)
    mic = (rng.standard_normal(round(seconds * MIC_HZ)) * 10 ** (-65 / 20)).astype(np.float32)
    at = round((LEAD_S + delay_s) * MIC_HZ)
    part = echo[: mic.size - at]
    mic[at : at + part.size] += part * np.float32(10 ** (gain_db / 20))
    return mic
