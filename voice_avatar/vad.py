"""Voice activity: speech probability per window -> where speech starts and stops. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from voice_avatar.events import WINDOW_SAMPLES, VadFrame


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
        start_windows: consecutive speech windows before speech counts as started (3 = 96 ms: a
            click or a key press is shorter).
        pause_windows: consecutive silent windows before a pause counts (1 = 32 ms: the text is
            asked for 32 ms sooner than with 2, for 5 % more decodes, `bench endpoint`).
    """

    engine: str = "silero"
    model: str = "silero-vad-v6"
    start_probability: float = 0.5
    stop_probability: float = 0.45
    start_windows: int = 3
    pause_windows: int = 1


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Speech began, or went on after a pause, at microphone sample `sample`."""

    sample: int
    probability: float


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """Speech has paused since microphone sample `sample`."""

    sample: int


class SpeechDetector:
    """Turns the windows of one stream into starts and stops of speech.

    A start is dated back to the first window of its run, a stop to the end of the last speech
    window, so both are exact to one window whatever the debouncing.
    """

    def __init__(self, options: VadOptions) -> None:
        self._options = options
        self._run = 0
        self._run_start = 0
        self._peak = 0.0
        self._quiet_run = 0
        self._last_speech_end = 0
        self.is_speaking = False

    @property
    def is_rising(self) -> bool:
        """Whether speech may be starting: windows of speech, not yet enough of them."""
        return self._run > 0

    @property
    def last_speech_end(self) -> int:
        """One past the last microphone sample of the last speech window."""
        return self._last_speech_end

    def reset(self) -> None:
        """Forgets what was going on: after a hole in the stream speech has to start anew."""
        self._run = 0
        self.is_speaking = False

    def step(self, frame: VadFrame) -> SpeechStarted | SpeechStopped | None:
        """Takes the next window."""
        if self.is_speaking:
            return self._step_in_speech(frame)
        return self._step_in_silence(frame)

    def _step_in_silence(self, frame: VadFrame) -> SpeechStarted | None:
        if frame.probability < self._options.start_probability:
            self._run = 0
            return None
        if self._run == 0:
            self._run_start, self._peak = frame.start, 0.0
        self._run += 1
        self._peak = max(self._peak, frame.probability)
        if self._run < self._options.start_windows:
            return None
        self.is_speaking, self._run, self._quiet_run = True, 0, 0
        self._last_speech_end = frame.start + WINDOW_SAMPLES
        return SpeechStarted(self._run_start, self._peak)

    def _step_in_speech(self, frame: VadFrame) -> SpeechStopped | None:
        if frame.probability >= self._options.stop_probability:
            self._quiet_run = 0
            self._last_speech_end = frame.start + WINDOW_SAMPLES
            return None
        self._quiet_run += 1
        if self._quiet_run < self._options.pause_windows:
            return None
        self.is_speaking = False
        return SpeechStopped(self._last_speech_end)
