"""How loud a voice is at each place, and how far that opens the mouth. Pure.

A louder voice opens jaw and lips further (JALI, Edwards et al. 2016, ties both to the volume of the
recording). What counts is not the level as such but its distance from the voice's usual level: a
quiet voice has a mouth, too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from voice_avatar.audio.pcm import FLOOR_DBFS

HOP_MS: Final = 10
"""Step of the envelope; levels are RMS over two steps, so that a low voice has two periods."""
GAIN: Final = (0.7, 1.15)
"""Least and most: quiet vowels stay readable, loud ones do not gape."""
GAIN_PER_DB: Final = 0.03
"""10 dB below the usual level is the least gain, 5 dB above it the most."""
GAIN_PER_S: Final = 3.0
"""Fastest change of the gain: the whole range in 150 ms, a syllable."""
MEMORY: Final = 40
"""Vowels that make the usual level: about ten seconds of speech."""
OUTLIER_DB: Final = 10.0
"""A level further than this from the usual one pulls it no more than this."""


class Envelope:
    """The energy of audio in steps of `HOP_MS`, grown piece by piece."""

    def __init__(self, rate_hz: int) -> None:
        self._hop = rate_hz * HOP_MS // 1000
        self._squares = np.zeros(0, np.float64)
        self._rest: npt.NDArray[np.float32] = np.zeros(0, np.float32)

    def push(self, pcm: bytes) -> None:
        """Takes the next samples."""
        new = np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768.0)
        samples = np.concatenate((self._rest, new))
        whole = samples.size // self._hop * self._hop
        hops = samples[:whole].reshape(-1, self._hop)
        self._squares = np.concatenate((self._squares, np.mean(hops * hops, axis=1)))
        self._rest = samples[whole:]

    def peak_dbfs(self, start: int, end: int) -> float | None:
        """Returns the highest level within [start, end) in dB relative to full scale.

        Args:
            start, end: samples; what was not pushed yet does not count.

        Returns:
            RMS over two steps, the loudest two; None if there are no two.
        """
        first, last = max(0, start // self._hop), min(self._squares.size, end // self._hop)
        if last - first < 2:
            return None
        part = self._squares[first:last]
        return _dbfs(float(np.max(part[1:] + part[:-1])) / 2)


def _dbfs(mean_square: float) -> float:
    return max(FLOOR_DBFS, 10.0 * math.log10(max(mean_square, 1e-12)))


@dataclass(slots=True)
class VoiceLevel:
    """How loud a voice usually is, and how far its mouth is open; one for each conversation.

    Attributes:
        usual_dbfs: slow mean of the levels of its vowels; None = nothing heard yet.
        vowels: how many were heard, at most `MEMORY`.
        gain: of the last vowel.
    """

    usual_dbfs: float | None = None
    vowels: int = 0
    gain: float = 1.0

    def push(self, dbfs: float) -> float:
        """Takes the level of the next vowel and returns how far it is from the usual one, dB."""
        if self.usual_dbfs is None:
            self.usual_dbfs = dbfs
        self.vowels = min(MEMORY, self.vowels + 1)
        pull = max(-OUTLIER_DB, min(OUTLIER_DB, dbfs - self.usual_dbfs))
        self.usual_dbfs += pull / self.vowels
        return dbfs - self.usual_dbfs

    def gain_of(self, dbfs: float | None, passed_s: float) -> float:
        """Returns the gain of the next vowel.

        Args:
            dbfs: its level; None = not known yet, the gain stays.
            passed_s: seconds since the last vowel; the gain moves no faster than `GAIN_PER_S`.
        """
        if dbfs is not None:
            least, most = GAIN
            wanted = max(least, min(most, 1.0 + GAIN_PER_DB * self.push(dbfs)))
            step = GAIN_PER_S * max(0.0, passed_s)
            self.gain += max(-step, min(step, wanted - self.gain))
        return self.gain
