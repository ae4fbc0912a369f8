"""The pitch of a voice, window by window. Pure.

It only has to tell a voice's low stretches from the rest of the same voice
(`acting/presence/backchannel.py`), on every window in which somebody speaks, for many conversations
at once. So it is the normalised
autocorrelation of the last two windows (McLeod and Wyvill, "A smarter way to find pitch", 2005) by
one FFT at half the rate, and no tracking over time: an octave error is one window's error.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from voice_avatar.events.payloads import MIC_HZ, WINDOW_SAMPLES

MIN_HZ: Final = 60.0
MAX_HZ: Final = 400.0
"""Range looked at: speaking voices of men, women and children."""

_HZ: Final = MIC_HZ // 2
_SPAN: Final = WINDOW_SAMPLES  # samples at half the rate: two windows, 64 ms
_FFT: Final = 2 * _SPAN
_FIRST_LAG: Final = int(_HZ / MAX_HZ)
_LAST_LAG: Final = int(_HZ / MIN_HZ) + 1

_FIRST_PEAK: Final = 0.9
"""The first peak at least so high, as a share of the highest, is the period: later ones are its
multiples (McLeod and Wyvill use 0.8 to 1.0)."""

_VOICED: Final = 0.7
"""Least height of that peak (1 = exactly periodic); white noise reaches about 0.35."""

_MIN_POWER: Final = 1e-6
"""Mean square below which nothing is looked for (-60 dBFS)."""


class PitchTracker:
    """Pitch of one microphone. Not thread-safe."""

    def __init__(self) -> None:
        self._last: npt.NDArray[np.float32] | None = None

    def step(self, pcm: bytes) -> float:
        """Takes the next window.

        Args:
            pcm: `WINDOW_SAMPLES` samples at 16 kHz.

        Returns:
            The fundamental frequency over this window and the one before, hertz; 0 where there is
            no voice, and for the first window after a break.
        """
        samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32)
        half = (samples[0::2] + samples[1::2]) * np.float32(0.5 / 32768.0)
        last, self._last = self._last, half
        if last is None:
            return 0.0
        return _pitch(np.concatenate((last, half)))

    def skip(self) -> None:
        """Leaves windows out: what comes next does not follow on what came last."""
        self._last = None


def _pitch(span: npt.NDArray[np.float32]) -> float:
    span = span - span.mean()
    power = np.concatenate((np.zeros(1), np.cumsum(np.square(span, dtype=np.float64))))
    if power[-1] < _MIN_POWER * _SPAN:
        return 0.0
    spectrum = np.fft.rfft(span, _FFT)
    correlation = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, _FFT)
    lags = slice(_FIRST_LAG - 1, _LAST_LAG + 2)
    both = power[::-1][lags] + power[-1] - power[lags]  # energy of both stretches compared
    height = 2.0 * correlation[lags] / np.maximum(both, 1e-12)
    inner = height[1:-1]
    is_peak = (inner >= height[:-2]) & (inner > height[2:])
    peaks = np.flatnonzero(is_peak)
    if not peaks.size:
        return 0.0
    highest = float(inner[peaks].max())
    if highest < _VOICED:
        return 0.0
    first = int(peaks[np.argmax(inner[peaks] >= _FIRST_PEAK * highest)])
    left, top, right = height[first : first + 3]
    shift = 0.5 * (left - right) / (left - 2.0 * top + right)  # vertex of the parabola
    return _HZ / (_FIRST_LAG + first + float(shift))
