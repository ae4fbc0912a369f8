"""What a client does with each frame of the server. Pure. PROTOCOL.md, sections 2, 3, 4 and 6.

`Reactions` holds the rules of order from a client's side: what belongs to the live reply is
played or scheduled, what is stale is dropped, an interruption flushes, and what cannot be read
is passed over; after a lost connection what came already is dropped. It plays nothing: its answers
are `Action`s.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from voice_avatar.client.rules.reconnecting import RESUMABLE, wait_ms
from voice_avatar.errors import ProtocolError
from voice_avatar.wire import client_messages, server_messages, session_messages, turn_messages
from voice_avatar.wire.frame_codec import AudioFrame, FrameKind, unpack_audio
from voice_avatar.wire.text import UnknownType, decode_server_text

Do = Literal[
    "open",
    "resume_session",
    "report",
    "settings",
    "state",
    "begin",
    "schedule",
    "gap",
    "play",
    "ends_at",
    "pause",
    "resume",
    "flush",
    "end",
    "goaway",
    "fail",
    "note",
    "drop",
    "ignore",
    "reconnect",
    "give_up",
]


class Action(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that a client does.

    Attributes:
        do: "open" the session, which forgets the one before, or "resume_session"; send a playback
            "report" at once; take "settings"; show a "state"; "begin", "pause", "resume",
            "flush" or "end" a reply; "schedule" a cue or caption; put silence into a "gap";
            "play" audio; the reply "ends_at" a sample; heed "goaway"; "fail" with the server's
            fatal error; take "note" of what needs no rule; "drop" what is stale; "ignore" what is
            not known or not readable; "reconnect" after a wait, or "give_up".
        type: of the message that is scheduled, noted or dropped.
        reply_id: which reply.
        pts: first sample of the reply.
        samples: how many; for "ends_at", of the whole reply.
        state: for "state", and the `playback.report` that is due for "pause" and "flush".
        code: of an error.
        after_ms: wait before the connection is made again.
        resume: what the hello of that connection asks to come back to, None for a new session.
    """

    do: Do
    type: str = ""
    reply_id: int = 0
    pts: int = -1
    samples: int = 0
    state: str = ""
    code: str = ""
    after_ms: float = -1.0
    resume: client_messages.Resume | None = None


class Reactions:
    """The rules for one session of PCM16 audio."""

    def __init__(self) -> None:
        self._newest = 0
        self._is_live = False
        self._expected = 0
        self._audio_seq: int | None = None
        self._goaway_ms: float | None = None
        self._failures = 0
        self._last_seq = -1
        self._session_id = ""
        self._token: str | None = None

    def text(self, data: str | bytes) -> list[Action]:
        """Takes a text frame of the server."""
        try:
            message = decode_server_text(data)
        except ProtocolError:
            return [Action(do="ignore")]
        if isinstance(message, UnknownType):
            return [Action(do="ignore", type=message.type)]
        kind = str(message.__struct_config__.tag)
        if isinstance(message, session_messages.SessionReady | session_messages.SessionResumed):
            return self._greeted(message)
        if message.seq <= self._last_seq:
            return [Action(do="drop", type=kind, reply_id=getattr(message, "reply_id", 0))]
        self._last_seq = message.seq
        reply_id = getattr(message, "reply_id", None)
        if isinstance(message, server_messages.Metrics) or reply_id is None:
            return self._of_session(message, kind)
        if isinstance(message, turn_messages.ReplyStarted):
            return self._begin(message)
        is_end = isinstance(message, turn_messages.ReplyDone)
        if reply_id != self._newest or not (self._is_live or is_end):
            return [Action(do="drop", type=kind, reply_id=reply_id)]
        return self._of_reply(message, kind)

    def binary(self, data: bytes) -> list[Action]:
        """Takes a binary frame of the server."""
        try:
            frame = unpack_audio(data, FrameKind.AUDIO_OUT)
        except ProtocolError:
            return [Action(do="ignore", type="binary")]
        if not isinstance(frame, AudioFrame):
            return [Action(do="ignore", type="binary")]
        is_stale = not self._is_live or frame.stream != self._newest & 0xFFFF
        if is_stale or self._has(frame.seq):
            return [Action(do="drop", type="binary")]
        self._audio_seq = frame.seq
        return self._place(frame)

    def closed(self, code: int) -> Action:
        """The connection is closed; `code` 1006 = without a close frame."""
        if code not in RESUMABLE and self._failures == 0:
            self._token = None
        can_resume = self._token is not None
        after_ms = wait_ms(code, self._failures, can_resume=can_resume, goaway_ms=self._goaway_ms)
        self._goaway_ms = None
        self._failures += 1
        if after_ms is None:
            return Action(do="give_up")
        resume = None
        if self._token is not None:
            resume = client_messages.Resume(
                session_id=self._session_id, token=self._token, last_seq=max(0, self._last_seq)
            )
        return Action(do="reconnect", after_ms=after_ms, resume=resume)

    # -- one kind of frame each

    def _has(self, seq: int) -> bool:
        """Whether a frame of the live reply came before, or was overtaken."""
        if self._audio_seq is None:
            return False
        return (seq - self._audio_seq - 1) & 0xFFFF_FFFF >= 0x8000_0000

    def _greeted(
        self, message: session_messages.SessionReady | session_messages.SessionResumed
    ) -> list[Action]:
        self._failures = 0
        self._token = message.resume.token if message.resume else None
        if isinstance(message, session_messages.SessionReady):
            self._session_id = message.session_id
            self._newest, self._is_live, self._last_seq = 0, False, message.seq
            return [Action(do="open")]
        actions = [Action(do="resume_session")]
        if self._is_live:
            actions.append(Action(do="report", reply_id=self._newest))
        return actions

    def _begin(self, message: turn_messages.ReplyStarted) -> list[Action]:
        if message.reply_id <= self._newest:
            return [Action(do="drop", type="reply.started", reply_id=message.reply_id)]
        self._newest, self._is_live, self._expected = message.reply_id, True, 0
        self._audio_seq = None
        return [Action(do="begin", reply_id=message.reply_id)]

    def _of_reply(self, message: server_messages.AnyServerMessage, kind: str) -> list[Action]:
        newest = self._newest
        match message:
            case turn_messages.ReplyPaused():
                return [Action(do="pause", reply_id=newest, state="paused")]
            case turn_messages.ReplyResumed():
                return [Action(do="resume", reply_id=newest)]
            case turn_messages.ReplyAudioDone(sample_count=count):
                return [Action(do="ends_at", reply_id=newest, samples=count)]
            case turn_messages.ReplyInterrupted():
                self._is_live = False
                return [Action(do="flush", reply_id=newest, state="stopped")]
            case turn_messages.ReplyDone():
                self._is_live = False
                return [Action(do="end", reply_id=newest)]
            case _:
                return [Action(do="schedule", type=kind, reply_id=newest)]

    def _of_session(self, message: server_messages.AnyServerMessage, kind: str) -> list[Action]:
        match message:
            case session_messages.SessionUpdated():
                return [Action(do="settings")]
            case session_messages.State(state=state):
                return [Action(do="state", state=state)]
            case session_messages.SessionGoaway(reconnect_in_ms=after_ms):
                self._goaway_ms = after_ms
                return [Action(do="goaway", after_ms=after_ms)]
            case server_messages.ErrorMessage(code=code, fatal=True):
                return [Action(do="fail", code=code)]
            case _:
                return [Action(do="note", type=kind)]

    def _place(self, frame: AudioFrame) -> list[Action]:
        """Puts audio in its place: silence where samples are missing, none of them twice."""
        end = frame.pts + len(frame.payload) // 2
        actions = []
        if frame.pts > self._expected:
            missing = frame.pts - self._expected
            actions.append(
                Action(do="gap", reply_id=self._newest, pts=self._expected, samples=missing)
            )
            self._expected = frame.pts
        if end > self._expected:
            samples = end - self._expected
            actions.append(
                Action(do="play", reply_id=self._newest, pts=self._expected, samples=samples)
            )
            self._expected = end
        return actions or [Action(do="note", type="binary")]
