"""Speech probability per window -> where speech starts and stops. Pure.

Theory of operation. A probability jitters; speech starts and stops once. Between them stand two
thresholds and two counts (`VadOptions`), and a second opinion, the level:

    probability   .1 .6 .9 .8 .7 .4 .9 .1 .1 .1
    start (3)        |<--------->|                 SpeechStarted: dated back to the .6
    between                      .4                neither starts nor stops anything
    stop (1)                           |           SpeechStopped: dated back to the end of the .9

- `start_windows` in a row over `start_probability`: a click or a key press is shorter.
- `pause_windows` in a row below `stop_probability`; what is between the two changes nothing.
- A *dip*: the level falls away, against the speech so far and down to the background, before the
  probability follows. It is no fact, only a reason to ask the engines early (`questions.py`).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from voice_avatar.events.inputs import VadFrame
from voice_avatar.events.payloads import WINDOW_SAMPLES
from voice_avatar.stages.vad import VadOptions

_SILENT_DBFS = -100.0

_FADE_DB = 0.3
"""What the remembered level of speech loses in a window: 10 dB in a second, as much as a sentence
falls from its loudest word to its last."""

_ABOVE_FLOOR_DB = 6.0
"""How far over the background a window may be and still be a pause."""

_CONTRAST_DB = 12.0
"""Least difference between speech and background for a fall in level to mean anything."""

_CERTAIN = 0.97
"""Probability from which a fall in level is the closure of a consonant: it spares a fifth of the
false alarms and no true one (16 clips)."""

_RECENT = 100
"""Windows whose levels are remembered: 3.2 s, in which a speaker takes breath."""

_FLOOR_SHARE = 0.1
"""How much a window of silence moves the remembered background: 0.3 s until it has moved by 2/3."""


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

    Attributes:
        is_speaking: whether speech goes on.
        is_dipping: whether, while it goes on, the sound has fallen away as at its end. The
            probability follows a window or two later, or the sound comes back: a stop consonant.
    """

    def __init__(self, options: VadOptions) -> None:
        self._options = self._configured = options
        self._run = 0
        self._run_start = 0
        self._peak = 0.0
        self._quiet_run = 0
        self._last_speech_end = 0
        self._loud_dbfs = self._floor_dbfs = _SILENT_DBFS
        self._recent: deque[tuple[float, int]] = deque(maxlen=_RECENT)
        self.is_speaking = False
        self.is_dipping = False

    def set_start(self, probability: float | None) -> None:
        """Changes the probability from which on windows are speech; None = as configured.

        The one at which speech stops keeps its distance.
        """
        options = self._configured
        if probability is not None:
            gap = options.start_probability - options.stop_probability
            stop = max(0.0, probability - gap)
            options = replace(options, start_probability=probability, stop_probability=stop)
        self._options = options

    @property
    def is_rising(self) -> bool:
        """Whether speech may be starting: windows of speech, not yet enough of them."""
        return self._run > 0

    @property
    def last_speech_end(self) -> int:
        """One past the last microphone sample of the last speech window."""
        return self._last_speech_end

    def softest(self) -> int:
        """Returns the microphone sample of the last three seconds where it was most quiet."""
        return min(self._recent)[1]

    def reset(self) -> None:
        """Forgets what was going on: after a hole in the stream speech has to start anew."""
        self._run = 0
        self.is_speaking = self.is_dipping = False

    def step(self, frame: VadFrame) -> SpeechStarted | SpeechStopped | None:
        """Takes the next window."""
        self._recent.append((frame.dbfs, frame.start + WINDOW_SAMPLES // 2))
        if self.is_speaking:
            event: SpeechStarted | SpeechStopped | None = self._step_in_speech(frame)
        else:
            event = self._step_in_silence(frame)
        self.is_dipping = self.is_speaking and self._is_dip(frame)
        return event

    def _is_dip(self, frame: VadFrame) -> bool:
        """Follows the level of speech; returns whether the window ends in a pause, by its level."""
        self._loud_dbfs = max(frame.dbfs, self._loud_dbfs - _FADE_DB)
        limit = max(self._loud_dbfs - self._options.dip_db, self._floor_dbfs + _ABOVE_FLOOR_DB)
        is_clear = limit <= self._loud_dbfs - _CONTRAST_DB
        is_open = bool(self._options.dip_db) and frame.probability < _CERTAIN
        return is_open and is_clear and frame.tail_dbfs < limit

    def _step_in_silence(self, frame: VadFrame) -> SpeechStarted | None:
        if frame.probability < self._options.start_probability:
            self._run = 0
            self._floor_dbfs += _FLOOR_SHARE * (frame.dbfs - self._floor_dbfs)
            return None
        if self._run == 0:
            self._run_start, self._peak = frame.start, 0.0
        self._run += 1
        self._peak = max(self._peak, frame.probability)
        if self._run < self._options.start_windows:
            return None
        self.is_speaking, self._run, self._quiet_run = True, 0, 0
        self._loud_dbfs = frame.dbfs
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
