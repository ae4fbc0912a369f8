"""Voice activity: speech probability per window -> where speech starts and stops. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class VadStream(Protocol):
    """Recurrent state of one session."""

    def step(self, pcm: bytes) -> float:
        """Returns the speech probability (0..1) of the next `WINDOW_SAMPLES` samples.

        Raises:
            VadFailed: the model failed.
        """

    def reset(self) -> None:
        """Forgets the stream's past (after a gap)."""


@dataclass(frozen=True, slots=True)
class VadCapabilities:
    """What a VAD engine is.

    Attributes:
        name: engine name.
        model: model name and version.
    """

    name: str
    model: str


class VadEngine(Protocol):
    """Voice activity engine: one loaded model, many streams."""

    @property
    def capabilities(self) -> VadCapabilities: ...

    def open(self) -> VadStream:
        """Returns a new stream with fresh state."""
