"""OpenAI's Realtime protocol over a WebSocket, by its names of today (GA) and those of its beta.

PCM16 at 24 kHz goes both ways in base64. Which names a server speaks is read off its first word,
`session.created`. What it has set for the end of turns and for transcripts is left as it is; where
it has set nothing, `server_vad` and a transcription are asked for: without them nobody answers, and
nothing is told of what was heard.

A client of this protocol stops its loudspeaker when `input_audio_buffer.speech_started` comes while
a response is played, and says with `conversation.item.truncate` how much of it was (unless the
server says that it lets nobody interrupt: then only a cancelled response is cut). So that event is
"the word of the interruption", a cough that raises it is a false interruption, and what still comes
of that response is stale.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import msgspec

from voice_avatar.audio.pcm import sample_count
from voice_avatar.bench.figures.line_events import (
    AudioCame,
    LineEvent,
    Reacted,
    ReplyBegan,
    ReplyEnded,
    SpeechNoticed,
    Subject,
    Trouble,
    TurnCommitted,
    UserHeard,
)
from voice_avatar.bench.targets.options import DialOptions
from voice_avatar.bench.targets.target import TargetCapabilities
from voice_avatar.bench.targets.websocket_line import MALFORMED, Message, SocketTarget
from voice_avatar.errors import ConnectionFailed
from voice_avatar.events.payloads import MIC_HZ

PCM_HZ: Final = 24_000
"""The one rate of `audio/pcm`."""

CAPABILITIES: Final = TargetCapabilities(
    name="realtime",
    mic_hz=PCM_HZ,
    has_transcripts=True,
    has_reactions=True,
    has_marks=False,
    has_interruptions=True,
    reports_playback=True,
)

READY_S: Final = 30.0
"""Time for `session.created` and `session.updated`: a server may load models for a session."""

TRANSCRIBER: Final = "whisper-1"
"""Model that is asked for where a server has set none."""

_BETA: Final[Mapping[str, str]] = {
    "response.audio.delta": "response.output_audio.delta",
    "response.audio.done": "response.output_audio.done",
    "response.audio_transcript.delta": "response.output_audio_transcript.delta",
    "response.audio_transcript.done": "response.output_audio_transcript.done",
}
"""Beta name -> the name of today, where they differ and are read here."""


def target(url: str, options: DialOptions) -> SocketTarget:
    """Returns the server at `url`; which model, its query says (`?model=…`)."""
    opened = partial(Realtime, options.instructions)
    return SocketTarget(url, CAPABILITIES, opened, options.token)


@dataclass(slots=True)
class _Response:
    """A response as it comes."""

    reply: str
    item: str = ""
    content: int = 0
    earlier: int = 0  # samples of the items before this one
    samples: int = 0
    played: int = 0
    texts: dict[str, str] = field(default_factory=dict)
    is_over: bool = False
    is_cut: bool = False
    is_truncated: bool = False

    @property
    def text(self) -> str:
        return " ".join(self.texts.values()).strip()

    @property
    def is_playing(self) -> bool:
        return bool(self.samples) and (self.played < self.samples or not self.is_over)


class Realtime:
    """A session; see `LineDialect`."""

    ready_within_s = READY_S

    def __init__(self, instructions: str = "") -> None:
        """`instructions` are the system prompt; "" = the server's own."""
        self.is_ready = False
        self.subject = Subject()
        self._instructions = instructions
        self._rate_hz = PCM_HZ
        self._is_interruptible = True
        self._is_asked = False
        self._responses: dict[str, _Response] = {}
        self._pending: list[Message] = []

    def to_send(self) -> list[Message]:
        """See `LineDialect`."""
        pending, self._pending = self._pending, []
        return pending

    def late(self) -> None:
        """See `LineDialect`."""
        raise ConnectionFailed(f"No Realtime session within {READY_S:g} s.")

    def mic(self, pcm: bytes) -> Message:
        """See `LineDialect`."""
        return _message("input_audio_buffer.append", audio=base64.b64encode(pcm).decode())

    def played(self, reply: str, samples: int) -> None:
        """See `LineDialect`; after a cut the server is told, once."""
        response = self._responses.get(reply)
        if response is None:
            return
        response.played = samples
        if response.is_cut and response.item and not response.is_truncated:
            response.is_truncated = True
            # Never more than there is: the server would call that an error.
            within = min(max(0, samples - response.earlier), response.samples - response.earlier)
            self._pending.append(
                _message(
                    "conversation.item.truncate",
                    item_id=response.item,
                    content_index=response.content,
                    audio_end_ms=within * 1000 // self._rate_hz,
                )
            )

    def read(self, message: Message, at_s: float) -> Sequence[LineEvent]:
        """See `LineDialect`."""
        try:
            event = msgspec.json.decode(message, type=dict[str, Any])
            if isinstance(message, bytes):
                raise _Malformed
            return list(self._event(event, at_s))
        except (msgspec.DecodeError, _Malformed):
            return [Trouble(at_s, MALFORMED)]

    def _event(self, event: Mapping[str, Any], at_s: float) -> Iterator[LineEvent]:
        kind = _text(event, "type")
        match _BETA.get(kind, kind):
            case "":
                raise _Malformed
            case "session.created":
                self._pending.append(self._update(_mapping(event, "session")))
            case "session.updated":
                self._updated(_mapping(event, "session"))
            case "input_audio_buffer.speech_started":
                yield SpeechNoticed(at_s, False, _sample(event, "audio_start_ms"))
                yield from self._interrupt(at_s)
            case "input_audio_buffer.speech_stopped":
                yield SpeechNoticed(at_s, True, _sample(event, "audio_end_ms"))
            case "input_audio_buffer.committed":
                self._is_asked = True
                yield TurnCommitted(at_s)
                yield Reacted(at_s, "state:thinking")
            case "conversation.item.input_audio_transcription.completed":
                if text := _text(event, "transcript").strip():
                    yield UserHeard(at_s, text)
            case "conversation.item.input_audio_transcription.failed":
                yield Trouble(at_s, "transcription_failed")
            case "error":
                yield self._error(_mapping(event, "error"), at_s)
            case _ if kind.startswith("response."):
                yield from self._of_response(_BETA.get(kind, kind), event, at_s)

    # -- the session

    def _update(self, session: Mapping[str, Any]) -> Message:
        """Returns what is asked for, in the words that the server speaks."""
        is_beta = "input_audio_format" in session or "modalities" in session
        has = session if is_beta else _mapping(_mapping(session, "audio"), "input")
        text = {"instructions": self._instructions} if self._instructions else {}
        turns = {} if has.get("turn_detection") else {"turn_detection": {"type": "server_vad"}}
        if is_beta:
            words = {"input_audio_transcription": {"model": TRANSCRIBER}}
            wanted = {
                "modalities": ["audio", "text"],
                "input_audio_format": "pcm16",
                "output_audio_format": "pcm16",
                **turns,
                **({} if has.get("input_audio_transcription") else words),
            }
        else:
            words = {"transcription": {"model": TRANSCRIBER}}
            format_ = {"type": "audio/pcm", "rate": PCM_HZ}
            wanted = {
                "type": "realtime",
                "output_modalities": ["audio"],
                "audio": {
                    "input": {
                        "format": format_,
                        **turns,
                        **({} if has.get("transcription") else words),
                    },
                    "output": {"format": format_},
                },
            }
        return _message("session.update", session=wanted | text)

    def _updated(self, session: Mapping[str, Any]) -> None:
        audio = _mapping(session, "audio")
        heard, spoken = _mapping(audio, "input"), _mapping(audio, "output")
        format_ = _mapping(spoken, "format")
        kind = _text(format_, "type") or _text(session, "output_audio_format")
        if kind not in {"", "audio/pcm", "pcm16"}:
            raise ConnectionFailed(f"The server speaks {kind}, not PCM.")
        rate_hz = format_.get("rate")
        self._rate_hz = rate_hz if isinstance(rate_hz, int) and rate_hz > 0 else PCM_HZ
        turns = _mapping(heard, "turn_detection") or _mapping(session, "turn_detection")
        self._is_interruptible = turns.get("interrupt_response") is not False
        words = _mapping(heard, "transcription") or _mapping(session, "input_audio_transcription")
        models = {
            "llm": _text(session, "model"),
            "stt": _text(words, "model"),
            "tts": _text(spoken, "voice") or _text(session, "voice"),
        }
        self.subject = Subject(models={stage: name for stage, name in models.items() if name})
        self.is_ready = True

    def _error(self, error: Mapping[str, Any], at_s: float) -> LineEvent:
        code = _text(error, "code") or _text(error, "type") or "error"
        if not self.is_ready:
            raise ConnectionFailed(f"The server refuses the session: {code}.")
        return Trouble(at_s, code)

    # -- responses

    def _interrupt(self, at_s: float) -> Iterator[LineEvent]:
        if self._is_interruptible:
            for response in self._responses.values():
                if response.is_playing:
                    yield from self._cut(response, at_s)

    def _cut(self, response: _Response, at_s: float) -> Iterator[LineEvent]:
        if not response.is_cut:
            response.is_cut = True
            yield ReplyEnded(at_s, response.reply, True, response.text)

    def _of_response(self, kind: str, event: Mapping[str, Any], at_s: float) -> Iterator[LineEvent]:
        told = _mapping(event, "response")
        reply = _text(event, "response_id") or _text(told, "id")
        if kind == "response.created":
            if not reply:
                raise _Malformed
            self._responses[reply] = _Response(reply)
            yield ReplyBegan(at_s, reply, is_filler=not self._is_asked)
            return
        response = self._responses.get(reply)
        if response is None:  # it was never announced: whose it is nobody can tell
            if kind == "response.output_audio.delta":
                raise _Malformed
            return
        match kind:
            case "response.output_audio.delta":
                yield self._audio(response, event, at_s)
            case "response.output_audio_transcript.delta":
                item = _text(event, "item_id")
                response.texts[item] = response.texts.get(item, "") + _text(event, "delta")
            case "response.output_audio_transcript.done" if _text(event, "transcript"):
                response.texts[_text(event, "item_id")] = _text(event, "transcript")
            case "response.done":
                yield from self._done(response, told, at_s)

    def _audio(self, response: _Response, event: Mapping[str, Any], at_s: float) -> LineEvent:
        try:
            pcm = base64.b64decode(_text(event, "delta"), validate=True)
        except (binascii.Error, ValueError) as error:
            raise _Malformed from error
        if len(pcm) % 2:
            raise _Malformed
        if (item := _text(event, "item_id")) != response.item:
            index = event.get("content_index")
            response.item, response.earlier = item, response.samples
            response.content = index if isinstance(index, int) else 0
        response.samples += sample_count(pcm)
        return AudioCame(at_s, response.reply, pcm, self._rate_hz)

    def _done(
        self, response: _Response, told: Mapping[str, Any], at_s: float
    ) -> Iterator[LineEvent]:
        response.is_over = True
        status = _text(told, "status")
        if status == "cancelled":
            yield from self._cut(response, at_s)
            return
        if status in {"failed", "incomplete"}:
            details = _mapping(told, "status_details")
            error = _mapping(details, "error")
            reason = _text(error, "code") or _text(details, "reason")
            yield Trouble(at_s, f"response_{status}" + (f":{reason}" if reason else ""))
        if not response.is_cut:
            yield ReplyEnded(at_s, response.reply, False, response.text)


class _Malformed(Exception):  # noqa: N818 - says what happened
    """A message that breaks the dialect."""


def _message(kind: str, **fields: Any) -> Message:
    return json.dumps({"type": kind, **fields})


def _mapping(event: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = event.get(key)
    return value if isinstance(value, dict) else {}


def _text(event: Mapping[str, Any], key: str) -> str:
    value = event.get(key)
    return value if isinstance(value, str) else ""


def _sample(event: Mapping[str, Any], key: str) -> int | None:
    """Returns a place in all audio that was sent, in milliseconds, as a sample at 16 kHz."""
    ms = event.get(key)
    if isinstance(ms, bool) or not isinstance(ms, int | float) or not 0 <= ms < 1e12:
        return None
    return round(ms * MIC_HZ / 1000)
