"""How long after the server believes it the loudspeaker is heard: the delay of the echo. Pure.

Correlation of whitened spectra (Knapp and Carter 1976), summed up over some windows, against what
chance would give. A delay counts as found when it stands out of all others and several windows in a
row agree: a wrong one would make the user's own voice an echo.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from voice_avatar.events.payloads import MIC_HZ
from voice_avatar.hearing.echo_filter import BINS, BLOCK, FFT, Floats, Spectra, power_of

_HZ: Final = np.arange(BINS) * MIC_HZ / FFT
_BAND: Final = ((_HZ > 150) & (_HZ < 6000)).astype(np.float32)
"""Where loudspeakers are loud and microphones hear (hertz)."""
_TURN: Final = np.arange(BINS) * 2j * np.pi / FFT

_WHITENING: Final = 0.8
"""1 would give every frequency the same say, those with nothing but noise as well."""
_MEMORY: Final = 0.9
"""What the sum keeps from window to window: it spans a third of a second."""
_OVER_NOISE: Final = 4.0
_LEAST_SHARE: Final = 0.1
"""A window counts where it is `_OVER_NOISE` times the noise, if so much of the band is."""
FOUND: Final = 8.0
"""Standard deviations by which the sum stands out of chance where the delay is found."""
AGREES: Final = 3.0
_WINDOWS: Final = 3
"""So many windows in a row have to speak for it by themselves, each by `AGREES`."""
_NEAR: Final = 2  # samples
ALONE: Final = 8.0
"""Standard deviations by which one window by itself stands out where it can be nothing else: chance
reaches 5 among ten thousand delays."""


class DelaySearch:
    """Looks for one delay, from 0 to so many windows.

    Attributes:
        lag: the likeliest delay so far, samples.
        height: by how many standard deviations it stands out.
        agreeing: how many windows in a row speak for it.
        latest: delay for which the latest window by itself speaks most, samples; -1 = none.
        speaks_for_it: whether the latest window by itself speaks for `lag`.
        latest_height: by how many standard deviations.
        likeness: 0..1, how alike the two are at that delay.
    """

    def __init__(self, windows: int) -> None:
        self._windows = windows
        self.reset()

    def reset(self) -> None:
        """Starts anew."""
        shape = (self._windows, BINS)
        self._sum: Spectra = np.zeros(shape, np.complex64)
        self._variance = np.zeros(self._windows, np.float32)
        self._size = np.zeros(self._windows, np.float32)
        self._spoken: Spectra = np.zeros(shape, np.complex64)
        self._spoken_power = np.zeros(shape, np.float32)
        self.lag = self.latest = -1
        self.latest_height = 0.0
        self.speaks_for_it = False
        self.height = self.likeness = 0.0
        self.agreeing = 0
        self._sign = 1.0

    def say(self, spoken: Spectra) -> None:
        """Takes the spectrum of what was said in the next window."""
        size = np.abs(spoken) + np.float32(1e-6)
        white = np.where(size > 1e-2, spoken / size**_WHITENING, 0)
        self._spoken[1:] = self._spoken[:-1].copy()
        self._spoken_power[1:] = self._spoken_power[:-1].copy()
        self._spoken[0] = white
        self._spoken_power[0] = power_of(white)

    def hear(self, heard: Spectra, heard_power: Floats, noise: Floats) -> bool:
        """Takes the spectrum of what was heard in it.

        Args:
            heard: `BINS` of the microphone.
            heard_power: their power.
            noise: power of the background.

        Returns:
            Whether the delay is found: `lag`.
        """
        self.latest, self.latest_height = -1, 0.0
        mask = _BAND * (heard_power > _OVER_NOISE * noise)
        if mask.sum() < _LEAST_SHARE * _BAND.sum():
            return False
        size = np.sqrt(heard_power) + np.float32(1e-6)
        white = (heard / size**_WHITENING * mask).astype(np.complex64)
        power = power_of(white)
        scale = np.float32(2 / FFT)
        chance = self._spoken_power @ power * (scale / np.float32(FFT))
        own = self._alone(white, chance)
        product = (white * np.conj(self._spoken)).astype(np.complex64)
        self._look_at(product, chance)
        self.speaks_for_it = own >= AGREES
        memory = np.float32(_MEMORY)
        self._sum = memory * self._sum + product
        self._variance = memory * memory * self._variance + chance
        sizes = np.sqrt(self._spoken_power) @ np.sqrt(power) * scale
        self._last = (product, chance, sizes)
        self._size = memory * self._size + sizes
        found = np.fft.irfft(self._sum, axis=1)[:, :BLOCK]
        spread = np.sqrt(self._variance + self._variance.max() * 0.05 + 1e-9)
        heights = np.abs(found / spread[:, None])
        lag = int(heights.argmax())
        window, sample = divmod(lag, BLOCK)
        is_same = abs(lag - self.lag) <= _NEAR
        self.agreeing = self.agreeing + self.speaks_for_it if is_same else 0
        self.lag, self.height = lag, float(heights[window, sample])
        self._sign = float(np.sign(found[window, sample]))
        self.likeness = float(abs(found[window, sample]) / (self._size[window] + 1e-9))
        return self.height >= FOUND and self.agreeing >= _WINDOWS

    def restart(self) -> None:
        """Forgets what was summed up before the latest window: the delay has changed."""
        self._sum, self._variance, self._size = self._last
        self.lag, self.height, self.agreeing = self.latest, self.latest_height, 1
        self._sign = self._latest_sign

    def _look_at(self, product: Spectra, chance: Floats) -> None:
        """Finds the delay for which a window by itself speaks most."""
        found = np.fft.irfft(product, axis=1)[:, :BLOCK]
        spread = np.sqrt(chance + chance.max() * np.float32(0.05) + np.float32(1e-9))
        heights = np.abs(found / spread[:, None])
        self.latest = int(heights.argmax())
        window, sample = divmod(self.latest, BLOCK)
        self.latest_height = float(heights[window, sample])
        self._latest_sign = float(np.sign(found[window, sample]))

    def _alone(self, white: Spectra, chance: Floats) -> float:
        """Returns by how much this window alone speaks for the likeliest delay so far."""
        if self.lag < 0:
            return 0.0
        window, sample = divmod(self.lag, BLOCK)
        turned = white * np.conj(self._spoken[window]) * np.exp(_TURN * sample)
        return float(turned.real.sum() * 2 / FFT * self._sign / np.sqrt(chance[window] + 1e-9))
