"""Where somebody who thinks would pause: between two words, in the middle of what is said.

A pause inside a word is none that people make, and spoils the transcript. So words are found with
the forced aligner where the text is known and English; elsewhere the quietest place has to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from voice_avatar.audio.pcm import to_float
from voice_avatar.bench.figures.clip import Clip
from voice_avatar.bench.figures.words import scorable
from voice_avatar.bench.material.clips import quietest_s, with_pause
from voice_avatar.bench.material.forced_aligner import align
from voice_avatar.errors import EngineUnavailable
from voice_avatar.events.payloads import MIC_HZ

MIDDLE: Final = (0.25, 0.75)
"""Part of the speech in which a pause is put in: both sides are long enough to be a turn."""

_NEAR: Final = MIC_HZ * 40 // 1000
"""Boundaries of words are known to within 40 ms."""

_SMOOTH: Final = MIC_HZ * 20 // 1000


def with_pauses(clip: Clip, lengths_s: Sequence[float]) -> list[Clip]:
    """Returns the clip with each of these pauses put in, at the same place."""
    at_s = pause_at_s(clip) if lengths_s else 0.0
    return [with_pause(clip, at_s, length_s) for length_s in lengths_s]


def pause_at_s(clip: Clip) -> float:
    """Returns the quietest boundary between two words in the middle of the speech, seconds."""
    starts_s = _word_starts_s(clip)
    if not starts_s:
        return quietest_s(clip)
    first_s, last_s = starts_s[0], clip.end / MIC_HZ
    early_s, late_s = (first_s + share * (last_s - first_s) for share in MIDDLE)
    power = np.convolve(np.square(to_float(clip.pcm)), np.ones(_SMOOTH) / _SMOOTH, "same")
    found = [
        _quietest(power, round(start_s * MIC_HZ))
        for start_s in starts_s[1:]
        if early_s <= start_s <= late_s
    ]
    return min(found)[1] / MIC_HZ if found else quietest_s(clip)


def _quietest(power: np.typing.NDArray[np.float64], at: int) -> tuple[float, int]:
    """Returns how quiet it is at the quietest sample near a boundary, and which that is."""
    first = max(0, at - _NEAR)
    place = first + int(np.argmin(power[first : at + _NEAR]))
    return float(power[place]), place


def _word_starts_s(clip: Clip) -> list[float]:
    """Returns when words begin; none where the aligner cannot tell."""
    if clip.language != "en" or not clip.text:
        return []
    try:
        phones = align(scorable(clip.text, clip.language), np.frombuffer(clip.pcm, "<i2"))
    except (EngineUnavailable, ValueError):
        return []
    return [phone.start_s for phone in phones if phone.is_word_start]
