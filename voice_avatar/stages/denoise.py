"""Denoising: an optional stage between capture and everything that listens. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class DenoiseCapabilities:
    """What a denoiser is.

    Attributes:
        name: engine name.
        delay_samples: how far its output lags behind its input, 16 kHz samples.
    """

    name: str
    delay_samples: int


class DenoiseStream(Protocol):
    """Filter state of one session."""

    def process(self, pcm: bytes) -> bytes:
        """Returns the next samples, cleaned: as many as `pcm` has, late by the engine's delay.

        Args:
            pcm: 16 kHz samples, any number of them.

        Raises:
            EngineError: the library failed.
        """


class Denoiser(Protocol):
    """Denoise engine."""

    @property
    def capabilities(self) -> DenoiseCapabilities:
        """What this denoiser is."""

    def open(self) -> DenoiseStream:
        """Returns a new stream with fresh state."""


@dataclass(frozen=True, slots=True)
class DenoiseOptions:
    """What is done to the microphone's sound before anything listens to it.

    Off by default: on the recordings and on noisy variants of them it raised the word error rate
    (docs/decisions.md, "Denoising is off"). It can still help a loudspeaker set-up with a steady
    hum, and so stays available. What a denoiser does in particular stands beside it
    (`WebrtcOptions`).

    Attributes:
        engine: name of the denoiser, "none" for none.
    """

    engine: str = "none"
