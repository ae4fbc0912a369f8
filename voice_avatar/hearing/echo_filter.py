"""The way from the avatar's loudspeaker into the user's microphone, learned while it speaks. Pure.

A Kalman filter in the frequency domain, in blocks of one VAD window (Enzner and Vary 2006; in
partitions: Kuech, Mabande and Enzner 2014). What it has over a gradient filter is that it knows how
unsure it is: until it has learned something, everything that the loudspeaker could have caused
counts as its echo, and the user needs no detector of "double talk" to be left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from voice_avatar.events.payloads import WINDOW_SAMPLES

BLOCK: Final = WINDOW_SAMPLES
FFT: Final = 2 * BLOCK
BINS: Final = BLOCK + 1

Floats = npt.NDArray[np.float32]
Spectra = npt.NDArray[np.complex64]

_STAY: Final = 0.9995
"""How much of a path is still there after a window of 32 ms: half of it after 45 s. People and
their heads move; the figure is ours."""
_SMOOTHING: Final = 0.7
"""How slowly the estimate of what is not echo follows, per window."""
_LEAST_POWER: Final = np.float32(1e-6)


@dataclass(frozen=True, slots=True)
class Explained:
    """A window of the microphone, and what of it the loudspeaker explains.

    Attributes:
        heard: its spectrum (`BINS`).
        heard_power: power of that.
        echo_power: power of the echo that the path predicted (`BINS`).
        unsure_power: power that might be echo besides, for each partition (partitions x `BINS`).
        gain_power: power of the path by which it was predicted (partitions x `BINS`).
    """

    heard: Spectra
    heard_power: Floats
    echo_power: Floats
    unsure_power: Floats
    gain_power: Floats


class EchoFilter:
    """A path of so many partitions of one window each.

    Attributes:
        gain: the path (partitions x `BINS`).
        variance: how unsure it is: expected square of what `gain` is wrong by.
    """

    def __init__(self, partitions: int, variance: float = 0.0) -> None:
        self.gain: Spectra = np.zeros((partitions, BINS), np.complex64)
        self.variance: Floats = np.full((partitions, BINS), variance, np.float32)
        self._rest: Floats | None = None
        self._frames = np.zeros((3, FFT), np.float32)

    def forget_rest(self) -> None:
        """The level of what is not echo has to be found anew."""
        self._rest = None

    def step(self, spoken: Spectra, heard: Floats) -> Explained:
        """Takes the next window.

        Args:
            spoken: spectra of what was said, the latest first (partitions x `BINS`): each of its
                window and the one before.
            heard: the microphone's `BLOCK` samples.
        """
        spoken_power = power_of(spoken)
        predicted = np.fft.irfft((self.gain * spoken).sum(0))[BLOCK:]
        frames = self._frames  # their first half stays silent
        frames[0, BLOCK:] = heard - predicted
        frames[1, BLOCK:] = heard
        frames[2, BLOCK:] = predicted
        spectra = np.fft.rfft(frames, axis=1).astype(np.complex64)
        powers = power_of(spectra)
        explained = Explained(
            spectra[1], powers[1], powers[2], self.variance * spoken_power, power_of(self.gain)
        )
        self._learn(spoken, spoken_power, spectra[0], powers[0], explained.unsure_power)
        return explained

    def _learn(
        self,
        spoken: Spectra,
        spoken_power: Floats,
        error: Spectra,
        error_power: Floats,
        unsure_power: Floats,
    ) -> None:
        rest = error_power
        if self._rest is not None:
            rest = _SMOOTHING * self._rest + np.float32(1 - _SMOOTHING) * error_power
        self._rest = rest
        rate = self.variance / (0.5 * unsure_power.sum(0) + rest + _LEAST_POWER)
        step = np.fft.irfft(rate * np.conj(spoken) * error, axis=1)
        step[:, BLOCK:] = 0.0  # a partition is one window long
        self.gain = self.gain + np.fft.rfft(step, axis=1).astype(np.complex64)
        stay = np.float32(_STAY * _STAY)
        kept = self.variance * (1 - 0.5 * rate * spoken_power)
        self.variance = stay * kept + (1 - stay) * power_of(self.gain)


def power_of(spectra: Spectra) -> Floats:
    """Returns the power of each bin."""
    return spectra.real**2 + spectra.imag**2
