"""Pipecat's WebSocket transports with its Protobuf serializer, and RTVI where the bot speaks it.

| what comes | what it is taken for |
|---|---|
| audio | audio; replies are told apart by `segments.py` |
| interruption | the client drops what was not played |
| RTVI `bot-ready` | the pipeline runs; name and version |
| RTVI `user-started-speaking` | a voice is heard |
| RTVI `user-stopped-speaking` | the turn is over (in Pipecat that is the end of the turn) |
| RTVI `user-input`, before 1.13 `user-transcription`; a transcription frame | what was heard |
| RTVI `bot-llm-started` | a first sign of life: clients show that the bot thinks |
| RTVI `bot-output`, spoken | the words of the reply |
| RTVI `bot-stopped-speaking` | the reply is over |
| RTVI `metrics` | times to first byte of recognition, language model and voice; model names |
| RTVI `error` | trouble |

A bot without RTVI is measured by its audio alone. Each session is told to a bot as a client of its
own; one that serves a single client (`SingleClientWebsocketServerTransport`) has to go on after it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any, Final

import msgspec
import numpy as np

from voice_avatar import __version__
from voice_avatar.bench.figures.line_events import (
    DurationsTold,
    LineEvent,
    Reacted,
    SpeechNoticed,
    Subject,
    Trouble,
    TurnCommitted,
    UserHeard,
)
from voice_avatar.bench.targets import pipecat_frames
from voice_avatar.bench.targets.options import DialOptions
from voice_avatar.bench.targets.segments import Segmenter
from voice_avatar.bench.targets.target import TargetCapabilities
from voice_avatar.bench.targets.websocket_line import MALFORMED, Message, SocketTarget
from voice_avatar.events.payloads import MIC_HZ

CAPABILITIES: Final = TargetCapabilities(
    name="pipecat",
    mic_hz=MIC_HZ,
    has_transcripts=True,
    has_reactions=True,
    has_marks=False,
    has_interruptions=True,
    reports_playback=False,
)

READY_S: Final = 8.0
"""Time for `bot-ready`: a pipeline loads its models when a client comes. A bot without RTVI never
says it, and is spoken to afterwards."""

RTVI_VERSION: Final = "2.0.0"
"""Of the RTVI messages that are read here; bots of 1.x understand it too."""

_LABEL: Final = "rtvi-ai"

_STAGES: Final = {"STT": "stt", "LLM": "llm", "TTS": "tts"}
"""What the name of a processor holds -> which stage it is."""


def target(url: str, options: DialOptions) -> SocketTarget:
    """Returns the bot at `url`."""
    return SocketTarget(url, CAPABILITIES, Pipecat, options.token)


class _Rtvi(msgspec.Struct):
    """Any RTVI message."""

    label: str = ""
    type: str = ""
    data: Any = None


class Pipecat:
    """A session; see `LineDialect`."""

    ready_within_s = READY_S

    def __init__(self) -> None:
        self.is_ready = False
        self.subject = Subject()
        self._replies = Segmenter()
        self._has_input = False
        self._pending: list[Message] = [pipecat_frames.said(json.dumps(_client_ready()))]

    def to_send(self) -> list[Message]:
        """See `LineDialect`."""
        pending, self._pending = self._pending, []
        return pending

    def late(self) -> None:
        """See `LineDialect`: this bot has no RTVI."""
        self.is_ready = True

    def mic(self, pcm: bytes) -> Message:
        """See `LineDialect`."""
        self._replies.ask(pcm)
        return pipecat_frames.audio(pcm, MIC_HZ)

    def played(self, reply: str, samples: int) -> None:
        """See `LineDialect`; nobody wants to know."""

    def read(self, message: Message, at_s: float) -> Sequence[LineEvent]:
        """See `LineDialect`."""
        if isinstance(message, str):
            return [Trouble(at_s, MALFORMED)]
        try:
            kind, frame = pipecat_frames.parse(message)
        except pipecat_frames.FrameInvalid:
            return [Trouble(at_s, MALFORMED)]
        match kind:
            case "audio":
                return self._audio(frame, at_s)
            case "interruption":
                return self._replies.cut(at_s)
            case "transcription" if frame.text.strip() and not self._has_input:
                return [UserHeard(at_s, frame.text.strip())]
            case "message":
                return self._message(frame.data, at_s)
        return []

    def _audio(self, frame: Any, at_s: float) -> Sequence[LineEvent]:
        channels, rate_hz = frame.num_channels or 1, frame.sample_rate
        if not rate_hz or len(frame.audio) % (2 * channels):
            return [Trouble(at_s, MALFORMED)]
        pcm = frame.audio
        if channels > 1:
            samples = np.frombuffer(pcm, "<i2").reshape(-1, channels)
            pcm = samples.mean(axis=1).astype("<i2").tobytes()
        return self._replies.push(pcm, rate_hz, at_s)

    # -- RTVI

    def _message(self, data: str, at_s: float) -> Sequence[LineEvent]:
        try:
            told = msgspec.json.decode(data, type=_Rtvi)
        except msgspec.DecodeError:
            return [Trouble(at_s, MALFORMED)]
        if told.label != _LABEL:
            return []
        return list(self._rtvi(told.type, told.data if isinstance(told.data, dict) else {}, at_s))

    def _rtvi(self, kind: str, data: Mapping[str, Any], at_s: float) -> Iterator[LineEvent]:
        match kind:
            case "bot-ready":
                self.is_ready = True
                about = _mapping(data.get("about"))
                name, version = _text(about, "library"), _text(about, "library_version")
                self.subject = Subject(name, version, self.subject.models)
            case "user-started-speaking":
                yield SpeechNoticed(at_s, is_end=False)
            case "user-stopped-speaking":
                yield TurnCommitted(at_s)
            case "user-input" | "user-transcription" if data.get("final") is True:
                yield from self._heard(kind, data, at_s)
            case "bot-llm-started":
                yield Reacted(at_s, "state:thinking")
            case "bot-output" if data.get("spoken") is True:
                self._replies.say(_text(data, "text"))
            case "bot-stopped-speaking":
                yield from self._replies.end(at_s)
            case "metrics":
                yield from self._metrics(data, at_s)
            case "error" | "error-response":
                yield Trouble(at_s, f"rtvi_{kind.replace('-', '_')}", data.get("fatal") is True)

    def _heard(self, kind: str, data: Mapping[str, Any], at_s: float) -> Iterator[LineEvent]:
        # The same is told by both; a bot of 1.13 and later sends both.
        is_input = kind == "user-input"
        self._has_input = self._has_input or is_input
        is_speech = data.get("input_type", "transcription") == "transcription"
        text = _text(data, "text").strip()
        if text and is_speech and (is_input or not self._has_input):
            yield UserHeard(at_s, text)

    def _metrics(self, data: Mapping[str, Any], at_s: float) -> Iterator[LineEvent]:
        durations_s: dict[str, float] = {}
        models = dict(self.subject.models)
        first_bytes = data.get("ttfb")
        for entry in map(_mapping, first_bytes if isinstance(first_bytes, list) else ()):
            processor, value = _text(entry, "processor"), entry.get("value")
            stage = next((s for name, s in _STAGES.items() if name in processor), "")
            if stage and isinstance(value, int | float) and value > 0:
                durations_s[stage] = float(value)
                if model := PurePath(_text(entry, "model")).name:
                    models[stage] = model
        if models != self.subject.models:
            self.subject = Subject(self.subject.name, self.subject.version, models)
        if durations_s:
            yield DurationsTold(at_s, durations_s)


def _client_ready() -> dict[str, Any]:
    about = {"library": "voice-avatar-bench", "library_version": __version__}
    data = {"version": RTVI_VERSION, "about": about}
    return {"label": _LABEL, "type": "client-ready", "id": "client-ready", "data": data}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""
