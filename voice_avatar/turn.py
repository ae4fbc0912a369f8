"""Endpointing. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class TurnCapabilities:
    """What a turn engine is.

    Attributes:
        name: engine name.
        model: model name and version.
        window_s: seconds of audio that it looks at.
    """

    name: str
    model: str
    window_s: float


class TurnEngine(Protocol):
    """End-of-turn engine."""

    @property
    def capabilities(self) -> TurnCapabilities: ...

    def score(self, pcm: bytes) -> float:
        """Returns the probability (0..1) that the speaker has finished.

        Args:
            pcm: the turn so far, 16 kHz; only the last `window_s` count.

        Raises:
            TurnFailed: the model failed.
        """
