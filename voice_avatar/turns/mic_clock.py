"""When a sample of the microphone was spoken. Pure.

Samples are counted and seconds are measured; what joins them is the time at which sample 0 was
spoken. It is never told. Every window gives an estimate of it,

    zero_s = when the window came - its last sample / 16 kHz

which is late by what the packet and the network took, never early. So the least estimate is the
best one, and only the promptest windows count. Two things keep it from being the least of all
times: the crystals of two machines differ, so it may rise slowly (`_DRIFT_S` in a window), and
after a hole in the stream it is another one altogether (`_JUMP_S`).
"""

from __future__ import annotations

import math
from typing import Final

from voice_avatar.events.payloads import MIC_HZ

_DRIFT_S: Final = 1e-5
"""What the microphone's clock may fall behind in a window of 32 ms: 0.3 ms in a second, more
than two crystals differ by."""

_JUMP_S: Final = 0.5
"""A window so much later than expected is no late packet: samples are missing."""


class MicClock:
    """The microphone's samples on the session's clock.

    Attributes:
        sample: one past the last microphone sample that came.
        heard_s: when it came, seconds; after a new connection, since when audio is waited for.
    """

    def __init__(self) -> None:
        self.sample = 0
        self.heard_s = 0.0
        self._zero_s = -math.inf

    def hear(self, sample: int, now_s: float) -> None:
        """Takes a window that ends before `sample`, and dates all samples by it.

        A window comes up to a packet and whatever the network takes after its last sample; those
        that came soonest tell when samples were really spoken.
        """
        self.sample = sample
        self.heard_s = now_s
        zero_s = now_s - sample / MIC_HZ
        is_known = abs(zero_s - self._zero_s) < _JUMP_S
        drifted_s = self._zero_s + _DRIFT_S
        self._zero_s = min(zero_s, drifted_s) if is_known else zero_s

    def wait_from(self, now_s: float) -> None:
        """The microphone is connected again: audio is waited for as if some had just come."""
        self.heard_s = now_s

    def at_s(self, sample: int) -> float:
        """Returns when a sample was spoken, seconds; -inf before the first window."""
        return self._zero_s + sample / MIC_HZ

    def since_s(self, sample: int) -> float:
        """Returns how much audio came from sample `sample` on, seconds."""
        return (self.sample - sample) / MIC_HZ
