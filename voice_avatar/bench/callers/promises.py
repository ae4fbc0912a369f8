"""What a server promises of the order of what it sends, held against one session. Pure.

A short form of what `voice-avatar conform` checks, which goes on over a resumed connection: numbers
without a hole, one reply at a time from `reply.started` to one `reply.done`, captions, visemes and
cues before their audio, audio without a hole, and nothing after an interruption.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from voice_avatar.errors import ProtocolError
from voice_avatar.wire import cue_messages, server_messages, session_messages, turn_messages
from voice_avatar.wire.frame_codec import AudioFrame, FrameKind, is_face, unpack_audio
from voice_avatar.wire.text import UnknownType, decode_server_text

_ROUNDING_MS: Final = 0.11
MOST: Final = 20
"""Broken promises that are kept in words, of a session."""


@dataclass(slots=True)
class Reply:
    """A reply as it comes.

    Attributes:
        reply_id: which.
        rate_hz: of its audio.
        end: samples that came.
        frames: of audio that came.
        is_cut: whether it was interrupted.
        is_paused: whether it stands still.
        is_audio_done: whether all audio has come.
        is_over: whether it is done.
    """

    reply_id: int
    rate_hz: int
    end: int = 0
    frames: int = 0
    is_cut: bool = False
    is_paused: bool = False
    is_audio_done: bool = False
    is_over: bool = False


class Promises:
    """Watches one session.

    Attributes:
        broken: what was promised and not kept, in words.
        count: how often.
        seq: highest number that came, -1 = none.
        reply: the newest reply.
        replies: how many began.
    """

    def __init__(self) -> None:
        self.broken: list[str] = []
        self.count = 0
        self.seq = -1
        self.reply: Reply | None = None
        self.replies = 0

    def text(self, data: str) -> server_messages.AnyServerMessage | None:
        """Takes a text frame; returns its message, None for one that came before or is unknown."""
        try:
            message = decode_server_text(data)
        except ProtocolError as error:
            self._break(f"unreadable: {error.message}")
            return None
        if isinstance(message, UnknownType):
            return None
        if isinstance(message, session_messages.SessionResumed):
            if message.lost:
                self.seq = -1
            return message
        if message.seq <= self.seq:
            return None
        if self.seq >= 0 and message.seq != self.seq + 1:
            self._break(f"seq {message.seq} after {self.seq}")
        self.seq = message.seq
        self._message(message)
        return message

    def audio(self, data: bytes) -> None:
        """Takes a binary frame."""
        if is_face(data):
            return
        try:
            frame = unpack_audio(data, FrameKind.AUDIO_OUT)
        except ProtocolError as error:
            self._break(f"unreadable frame: {error.message}")
            return
        if frame is not None:
            self._audio(frame)

    def _break(self, why: str) -> None:
        self.count += 1
        if len(self.broken) < MOST:
            self.broken.append(why)

    def _message(self, message: server_messages.AnyServerMessage) -> None:
        if isinstance(message, turn_messages.ReplyStarted):
            if self.reply is not None and not (self.reply.is_cut or self.reply.is_over):
                self._break("a reply began within another")
            if self.reply is not None and message.reply_id <= self.reply.reply_id:
                self._break(f"reply {message.reply_id} after {self.reply.reply_id}")
            self.reply = Reply(message.reply_id, message.rate_hz)
            self.replies += 1
            return
        reply_id: int | None = getattr(message, "reply_id", None)
        if reply_id is None or isinstance(message, server_messages.Metrics):
            return
        kind, reply = str(message.__struct_config__.tag), self.reply
        if reply is None or reply_id != reply.reply_id or reply.is_over:
            self._break(f"{kind} of a reply that is not live")
            return
        if reply.is_cut and not isinstance(message, turn_messages.ReplyDone):
            self._break(f"{kind} after reply.interrupted")
        first_ms = _first_ms(message)
        if first_ms is not None and first_ms < 1000 * reply.end / reply.rate_hz - _ROUNDING_MS:
            self._break(f"{kind} after its audio")
        match message:
            case turn_messages.ReplyInterrupted():
                reply.is_cut = True
            case turn_messages.ReplyPaused():
                reply.is_paused = True
            case turn_messages.ReplyResumed():
                reply.is_paused = False
            case turn_messages.ReplyAudioDone(sample_count=samples):
                reply.is_audio_done = True
                if samples > reply.end:
                    self._break(f"reply.audio_done tells {samples} samples, {reply.end} came")
            case turn_messages.ReplyDone(status=status):
                if status == "completed" and not reply.is_audio_done:
                    self._break("reply.done without reply.audio_done")
                reply.is_over = True
            case _:
                pass

    def _audio(self, frame: AudioFrame) -> None:
        reply = self.reply
        if reply is None or frame.stream != reply.reply_id & 0xFFFF or reply.is_over:
            self._break("audio of a reply that is not live")
            return
        if frame.seq < reply.frames:  # it came before the connection was resumed
            return
        for is_so, why in (
            (reply.is_cut, "audio after reply.interrupted"),
            (reply.is_paused, "audio of a reply that is paused"),
            (reply.is_audio_done, "audio after reply.audio_done"),
            (frame.seq > reply.frames, f"frame {frame.seq} of audio instead of {reply.frames}"),
            (frame.pts != reply.end, f"sample {frame.pts} instead of {reply.end}"),
        ):
            if is_so:
                self._break(why)
        reply.frames = frame.seq + 1
        reply.end = frame.pts + len(frame.payload) // 2


def _first_ms(message: server_messages.AnyServerMessage) -> float | None:
    """Returns when what a message tells of begins, for what has to come before its audio."""
    match message:
        case turn_messages.ReplySegment(start_ms=at_ms) | cue_messages.Face(t_ms=at_ms):
            return at_ms
        case cue_messages.Gesture(stroke_ms=at_ms):
            return at_ms
        case cue_messages.Head(start_ms=at_ms) | cue_messages.Gaze(start_ms=at_ms):
            return at_ms
        case cue_messages.Visemes(keys=keys):
            return min((key[0] for key in keys), default=None)
    return None
