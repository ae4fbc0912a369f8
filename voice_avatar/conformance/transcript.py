"""What a server sent in one session, and which rules of PROTOCOL.md it breaks. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from voice_avatar.errors import ProtocolError
from voice_avatar.wire import cue_messages, server_messages, session_messages, turn_messages
from voice_avatar.wire.frame_codec import AudioFrame, FrameFlag, FrameKind, is_face, unpack_audio
from voice_avatar.wire.text import UnknownType, decode_server_text

ROUNDING_MS: Final = 0.11
"""Times are sent with 0.1 ms."""

Message = server_messages.AnyServerMessage


@dataclass(frozen=True, slots=True)
class Text:
    """A text frame.

    Attributes:
        data: as it came.
        message: what it says; None for a type that is not known, or what is not readable.
        error: why it is not readable, "" if it is.
    """

    data: str
    message: Message | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Binary:
    """A binary frame.

    Attributes:
        frame: reply audio; None for another kind, or what is not readable.
        error: why it is not readable, "" if it is.
    """

    frame: AudioFrame | None
    error: str = ""


Seen = Text | Binary


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that was broken.

    Attributes:
        rule: its name in `ORDER_RULES`.
        why: what was seen.
    """

    rule: str
    why: str


ORDER_RULES: Final[dict[str, str]] = {
    "frames.readable": "Every frame of the server is as PROTOCOL.md says, with all of its fields.",
    "order.seq": "seq is 0, 1, 2 … over all text frames, and ts_ms never goes back.",
    "order.one_reply": "At most one reply is live, and reply_id grows.",
    "order.started_first": "Nothing of a reply comes before its reply.started.",
    "order.done_once": "Each reply ends with exactly one reply.done; only metrics come after it.",
    "order.cues_first": "Captions, visemes and cues are sent before the audio that they belong to.",
    "order.never_back": "Segments and visemes never go back in time.",
    "order.sync_points": "The sync points of a gesture never decrease.",
    "order.audio": "Reply audio comes in order, without overlap, the first frame with START.",
    "order.audio_done": "reply.audio_done comes after the last audio and tells its length.",
    "order.interrupted": "After reply.interrupted nothing of the reply comes but done and metrics.",
    "order.paused": "While a reply is paused no audio of it comes.",
    "order.turn": "A turn that is answered has transcript.final (spoken ones), then turn.ended.",
    "order.names": "Only names of session.ready.gestures and expressions are sent.",
}
"""Rules that hold in every session."""


def read_text(data: str) -> Text:
    """Reads a text frame of a server."""
    try:
        message = decode_server_text(data)
    except ProtocolError as error:
        return Text(data, None, error.message)
    return Text(data, None if isinstance(message, UnknownType) else message)


def read_binary(data: bytes) -> Binary:
    """Reads a binary frame of a server."""
    if is_face(data):
        return Binary(None)
    try:
        return Binary(unpack_audio(data, FrameKind.AUDIO_OUT))
    except ProtocolError as error:
        return Binary(None, error.message)


def broken_rules(seen: Sequence[Seen]) -> Iterator[Broken]:
    """Yields what is broken in a session that was not resumed."""
    yield from _Order().all(seen)


@dataclass(slots=True)
class _Reply:
    reply_id: int
    rate_hz: int
    turn_id: int
    sent: int = 0
    frames: int = 0
    spoken_ms: float = 0.0
    covered_ms: float = 0.0
    is_cut: bool = False
    is_paused: bool = False
    is_audio_done: bool = False

    @property
    def sent_ms(self) -> float:
        return self.sent * 1000 / self.rate_hz


@dataclass(slots=True)
class _Order:
    """The state of the rules along a session."""

    next_seq: int = 0
    ts_ms: float = 0.0
    live: _Reply | None = None
    newest: int = 0
    ended: set[int] = field(default_factory=set)
    ended_turns: dict[int, str] = field(default_factory=dict)
    finals: set[int] = field(default_factory=set)
    names: frozenset[str] | None = None

    def all(self, seen: Sequence[Seen]) -> Iterator[Broken]:
        for one in seen:
            if one.error:
                yield Broken("frames.readable", one.error)
            elif isinstance(one, Binary):
                if one.frame is not None:
                    yield from self._audio(one.frame)
            elif one.message is not None:
                yield from self._message(one.message)

    def _message(self, message: Message) -> Iterator[Broken]:
        if not isinstance(message, session_messages.SessionResumed):
            if message.seq != self.next_seq:
                yield Broken("order.seq", f"{message.seq} instead of {self.next_seq}")
            if message.ts_ms < self.ts_ms:
                yield Broken("order.seq", f"ts_ms goes back to {message.ts_ms}")
            self.next_seq, self.ts_ms = message.seq + 1, message.ts_ms
        match message:
            case session_messages.SessionReady():
                self.names = frozenset((*message.gestures, *message.expressions))
            case turn_messages.TranscriptFinal(turn_id=turn_id):
                self.finals.add(turn_id)
            case turn_messages.TurnEnded(turn_id=turn_id, reason=reason):
                if reason != "text" and turn_id not in self.finals:
                    yield Broken("order.turn", f"turn {turn_id} ended without transcript.final")
                self.ended_turns[turn_id] = reason
            case turn_messages.ReplyStarted():
                yield from self._started(message)
            case server_messages.Metrics(reply_id=reply_id):
                if reply_id > self.newest:
                    yield Broken("order.started_first", f"metrics of reply {reply_id}")
            case _:
                of_reply: int | None = getattr(message, "reply_id", None)
                if of_reply is not None:
                    yield from self._of_reply(of_reply, message)

    def _started(self, message: turn_messages.ReplyStarted) -> Iterator[Broken]:
        if self.live is not None and not self.live.is_cut:
            yield Broken("order.one_reply", f"reply {message.reply_id} began within another")
        if message.reply_id <= self.newest:
            yield Broken("order.one_reply", f"reply {message.reply_id} after {self.newest}")
        if message.stream != message.reply_id & 0xFFFF:
            yield Broken("frames.readable", f"stream {message.stream} of {message.reply_id}")
        if message.turn_id and message.turn_id not in self.ended_turns:
            yield Broken("order.turn", f"reply to turn {message.turn_id}, which has not ended")
        self.newest = message.reply_id
        self.live = _Reply(message.reply_id, message.rate_hz, message.turn_id)

    def _of_reply(self, reply_id: int, message: Message) -> Iterator[Broken]:
        kind = str(message.__struct_config__.tag)
        reply = self.live
        if reply_id in self.ended:
            yield Broken("order.done_once", f"{kind} of reply {reply_id}, which was over")
            return
        if reply is None or reply_id != reply.reply_id:
            yield Broken("order.started_first", f"{kind} of reply {reply_id}")
            return
        if reply.is_cut and not isinstance(message, turn_messages.ReplyDone):
            yield Broken("order.interrupted", f"{kind} of reply {reply_id}")
        yield from self._cue(reply, message)
        match message:
            case turn_messages.ReplyInterrupted():
                reply.is_cut = True
            case turn_messages.ReplyPaused():
                reply.is_paused = True
            case turn_messages.ReplyResumed():
                reply.is_paused = False
            case turn_messages.ReplyAudioDone(sample_count=count):
                reply.is_audio_done = True
                if count > reply.sent:
                    yield Broken("order.audio_done", f"{count} samples, {reply.sent} were sent")
            case turn_messages.ReplyDone():
                if message.status == "completed" and not reply.is_audio_done:
                    yield Broken("order.audio_done", f"none for reply {reply_id}")
                self.ended.add(reply_id)
                self.live = None

    def _cue(self, reply: _Reply, message: Message) -> Iterator[Broken]:
        first_ms = None
        match message:
            case turn_messages.ReplySegment(start_ms=start_ms):
                first_ms = start_ms
                if start_ms < reply.spoken_ms - ROUNDING_MS:
                    yield Broken("order.never_back", f"reply.segment at {start_ms} ms")
                reply.spoken_ms = message.end_ms
            case cue_messages.Visemes(keys=keys, until_ms=until_ms):
                first_ms = min((key[0] for key in keys), default=None)
                times = [reply.covered_ms - ROUNDING_MS, *(key[0] for key in keys)]
                if times != sorted(times) or until_ms < reply.covered_ms - ROUNDING_MS:
                    yield Broken("order.never_back", f"visemes until {until_ms} ms")
                reply.covered_ms = max(reply.covered_ms, *(key[0] for key in keys), 0.0)
            case cue_messages.Gesture():
                first_ms = message.stroke_ms
                points = [
                    *(message.start_ms, message.stroke_start_ms, message.stroke_ms),
                    *(message.stroke_end_ms, message.relax_ms, message.end_ms),
                ]
                if points != sorted(points):
                    yield Broken("order.sync_points", f"{message.lexeme}: {points}")
                yield from self._name(message.lexeme)
            case cue_messages.Face():
                first_ms = message.t_ms
                yield from self._name(message.expression)
            case cue_messages.Head() | cue_messages.Gaze():
                first_ms = message.start_ms
            case _:
                pass
        if first_ms is not None and first_ms < reply.sent_ms - ROUNDING_MS:
            kind = str(message.__struct_config__.tag)
            why = f"{kind} for {first_ms} ms, after audio up to {reply.sent_ms:.1f} ms"
            yield Broken("order.cues_first", why)

    def _name(self, name: str) -> Iterator[Broken]:
        if self.names is not None and name not in self.names:
            yield Broken("order.names", name)

    def _audio(self, frame: AudioFrame) -> Iterator[Broken]:
        reply = self.live
        if reply is None or frame.stream != reply.reply_id & 0xFFFF:
            cut = "order.done_once" if self.ended else "order.started_first"
            yield Broken(cut, f"audio of stream {frame.stream}, which is not live")
            return
        if reply.is_cut:
            yield Broken("order.interrupted", f"audio of reply {reply.reply_id}")
        if reply.is_paused:
            yield Broken("order.paused", f"audio of reply {reply.reply_id}")
        if reply.is_audio_done:
            yield Broken("order.audio_done", f"audio of reply {reply.reply_id} after it")
        if (FrameFlag.START in frame.flags) != (reply.frames == 0) or frame.seq != reply.frames:
            yield Broken("order.audio", f"frame {frame.seq} instead of {reply.frames}")
        if FrameFlag.CODEC not in frame.flags:
            if frame.pts != reply.sent:
                yield Broken("order.audio", f"sample {frame.pts} instead of {reply.sent}")
            reply.sent = frame.pts + len(frame.payload) // 2
        reply.frames = frame.seq + 1
