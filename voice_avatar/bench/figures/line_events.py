"""What a server says over a line, whatever dialect it speaks: its events, and who it is. Pure.

All figures of conversations are made of these; the adapters in `targets/` make them of what comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class AudioCame:
    """Reply audio. PCM16 mono.

    Attributes:
        at_s: when it came, on the line's clock, seconds.
        reply: which reply.
        pcm: samples.
        rate_hz: their rate, hertz.
        start: index of the first on the reply's clock; None = it follows on.
    """

    at_s: float
    reply: str
    pcm: bytes
    rate_hz: int
    start: int | None = None


@dataclass(frozen=True, slots=True)
class ReplyBegan:
    """A reply was announced. `is_filler`: it is no answer ("hmm"), or a greeting."""

    at_s: float
    reply: str
    is_filler: bool = False


@dataclass(frozen=True, slots=True)
class ReplyEnded:
    """Nothing more of the reply comes. `text`: what it said, "" when unknown."""

    at_s: float
    reply: str
    is_interrupted: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True)
class ReplyPaused:
    """The reply stands still from now on, and nothing of it is lost."""

    at_s: float
    reply: str


@dataclass(frozen=True, slots=True)
class ReplyResumed:
    """A paused reply goes on where it stood still."""

    at_s: float
    reply: str


@dataclass(frozen=True, slots=True)
class Reacted:
    """A sign of life before or beside the audio, e.g. kind "state:thinking", "gaze", "head"."""

    at_s: float
    kind: str


@dataclass(frozen=True, slots=True)
class SpeechNoticed:
    """The server noticed that the user began (`is_end` False) or ended to speak.

    Attributes:
        at_s: when the word of it came.
        is_end: which.
        sample: microphone sample at which it happened by the server's own word, counted at 16 kHz
            whatever the line's `mic_hz` is; None = unknown.
    """

    at_s: float
    is_end: bool
    sample: int | None = None


@dataclass(frozen=True, slots=True)
class TurnCommitted:
    """The server took the user's turn to be over, by its own word."""

    at_s: float


@dataclass(frozen=True, slots=True)
class UserHeard:
    """What the server understood of the user's turn."""

    at_s: float
    text: str


@dataclass(frozen=True, slots=True)
class StagesTold:
    """When the server's stages happened, seconds after the end of speech *by the server's ear*.

    Attributes:
        at_s: when the word of it came.
        reply: which reply.
        marks_s: "stt", "commit", "llm_start", "ttft", "first_chunk", "ttfa", "sent"; a stage that
            did not happen is left out; negative = before.
        is_speculative: whether work began before the turn was committed.
        wasted_tokens: of replies withdrawn unheard since this was last told; None = not told.
    """

    at_s: float
    reply: str
    marks_s: Mapping[str, float]
    is_speculative: bool = False
    wasted_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class DurationsTold:
    """How long stages took until their first result, where a server tells that and no marks.

    Attributes:
        at_s: when the word of it came.
        durations_s: "stt", "llm", "tts" -> seconds.
    """

    at_s: float
    durations_s: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Trouble:
    """A warning or an error of the server."""

    at_s: float
    code: str
    is_fatal: bool = False


LineEvent = (
    AudioCame
    | ReplyBegan
    | ReplyPaused
    | ReplyResumed
    | ReplyEnded
    | Reacted
    | SpeechNoticed
    | TurnCommitted
    | UserHeard
    | StagesTold
    | DurationsTold
    | Trouble
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What was measured, by its own word.

    Attributes:
        name: server or package, "" when it does not say.
        version: its version.
        models: stage ("stt", "llm", "tts", "vad", "turn") -> model name.
    """

    name: str = ""
    version: str = ""
    models: Mapping[str, str] = field(default_factory=dict)
