"""Takes away a constant by which a microphone's samples are shifted (DC). Pure.

A strong one hides speech from the VAD and the recogniser, and every level is that of the constant.
Samples that are not shifted pass as they are, to the last bit: a filter would change them all.
"""

from __future__ import annotations

from typing import Final

import numpy as np

_LEAST: Final = 330.0
"""1 % of full scale: less is left as it is. Windows of speech average more now and then, but not
in the mean over half a second."""

_CLEAR: Final = 0.5
"""Mean of the first window, times its deviation, from which on it is a shift at once."""

_SHARE: Final = 0.06
"""How much a window moves the mean: 0.5 s until it has moved by 2/3."""


class OffsetRemoval:
    """The shift of one stream, and its samples without it."""

    def __init__(self) -> None:
        self._mean: float | None = None
        self._taken = 0.0

    def without(self, pcm: bytes) -> bytes:
        """Returns the next window without the shift."""
        samples = np.frombuffer(pcm, dtype="<i2")
        mean = float(samples.mean())
        if self._mean is None:
            # A microphone that is shifted is so from its first sample on. A sound in the first
            # window has a mean too, but a small one.
            self._mean = mean if abs(mean) >= _CLEAR * float(samples.std()) else 0.0
            self._taken = self._mean if abs(self._mean) >= _LEAST else 0.0
        self._mean += _SHARE * (mean - self._mean)
        before, self._taken = self._taken, self._mean if abs(self._mean) >= _LEAST else 0.0
        if before == self._taken == 0.0:
            return pcm
        # From one window to the next in a straight line: a step would be heard.
        shift = np.linspace(before, self._taken, samples.size, endpoint=False)
        cleaned = np.clip(np.rint(samples - shift), -32768, 32767)
        return cleaned.astype("<i2").tobytes()
