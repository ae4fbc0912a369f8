"""Voice activity: the edge of its engines, and when a probability counts as speech. Pure."""

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
    def capabilities(self) -> VadCapabilities:
        """What the engine is."""

    def open(self) -> VadStream:
        """Returns a new stream with fresh state."""


@dataclass(frozen=True, slots=True)
class VadOptions:
    """When a probability counts as speech.

    Attributes:
        engine: name of the VAD engine.
        model: model name in the store.
        start_probability: at or above it a window is speech (0.5: Silero's own default).
        stop_probability: below it a window is silence; between the two it stays what it was
            (0.45: with Silero's own 0.35 a pause is noticed a window later now and then; 5 % more
            decodes, `bench endpoint`).
        stir_probability: at or above it a window may be speech: enough to pause a reply that is
            being heard, not to begin a turn (0.4: two windows of it come 0.1 s before three of
            0.5 on the slowest voices, and as often on noise; docs/decisions.md).
        start_windows: consecutive speech windows before speech counts as started (3 = 96 ms: a
            click or a key press is shorter).
        pause_windows: consecutive silent windows before a pause counts (1 = 32 ms: the text is
            asked for 32 ms sooner than with 2, for 5 % more decodes, `bench endpoint`).
        dip_db: fall of the level, against the speech before, by which a pause may be seen before
            the probability follows, dB; 0 = never (at 22 a pause is seen 50 ms sooner in the
            median, for 1.6 false alarms in a second of speech: docs/decisions.md).
    """

    engine: str = "silero"
    model: str = "silero-vad-v6"
    start_probability: float = 0.5
    stop_probability: float = 0.45
    stir_probability: float = 0.4
    start_windows: int = 3
    pause_windows: int = 1
    dip_db: float = 22.0
