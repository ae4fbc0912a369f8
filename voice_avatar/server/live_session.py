"""A session as the server keeps it: all that must outlive the connection that carries it.

A connection attaches to a session, pulls what is to be sent through it, and is lost, gives way to
a newer one, or ends it. While no connection is attached the conversation goes on by itself, up to
what its outbox and the playout window let it; after `ttl_s` of that the session is over.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from random import Random

from voice_avatar.acting.face.render import rest_face
from voice_avatar.events.inputs import ClientBack, ClientLost, PlaybackReport
from voice_avatar.events.notices import Notice, ReplyAudio, ReplyDone, ReplyInterrupted
from voice_avatar.pipeline.conversation import Conversation
from voice_avatar.server.caller import Caller
from voice_avatar.server.native.audio import MicrophoneIn, ReplyOut
from voice_avatar.server.native.face_out import FaceOut
from voice_avatar.server.resend import ResendBuffer, Resent
from voice_avatar.server.resumption import ResumeKey
from voice_avatar.server.tenure import Tenure
from voice_avatar.vocabulary import vocabulary
from voice_avatar.wire import client_messages, negotiation, session_messages
from voice_avatar.wire.fields import ServerMessage
from voice_avatar.wire.frame_codec import pts_of
from voice_avatar.wire.telling import Preferences, to_message
from voice_avatar.wire.text import encode_text


class LiveSession:
    """One session, with or without a connection.

    Attributes:
        session_id: its id.
        caller: who opened it; whose it is, once there are accounts.
        conversation: the conversation.
        agreed: what was agreed with the client.
        settings: settings in force.
        dialect: how notices are told to the client.
        microphone: microphone frames, in order over all connections.
        key: which tokens open it.
        ttl_s: how long it may be without a connection, seconds; 0 = not at all.
        lost_s: since when it is, seconds; None = it has one.
        opened: set once the conversation runs.
    """

    def __init__(
        self,
        session_id: str,
        conversation: Conversation,
        agreed: negotiation.Agreed,
        *,
        caller: Caller,
        frame_ms: int,
        ttl_s: float,
        first_seq: int = 0,
        body: session_messages.Autonomic | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Makes it; it lives once `run` runs.

        Args:
            session_id: its id.
            conversation: the conversation, not yet begun.
            agreed: what was agreed with the client.
            caller: who opens it.
            frame_ms: length of a frame of reply audio, milliseconds.
            ttl_s: how long it may be without a connection, seconds; 0 = not at all.
            first_seq: number of its first text frame.
            body: what the persona's body does by itself; None = its face rests neutral.
            clock: tells the time, seconds.
        """
        self.session_id = session_id
        self.caller = caller
        self.conversation = conversation
        self.agreed = agreed
        self.settings = agreed.settings
        self.dialect = _dialect(agreed, agreed.settings)
        self.microphone = MicrophoneIn(agreed.audio_in, clock())
        self.key = ResumeKey()
        self.ttl_s = ttl_s
        self.lost_s: float | None = None
        self.opened = asyncio.Event()
        self._clock = clock
        self._reply_out = ReplyOut(agreed.audio_out, frame_ms)
        self._face_out = _faces(agreed, body)
        self._sent = ResendBuffer()
        self._seq = first_seq
        self._holder: Tenure | None = None
        self._attaching = asyncio.Lock()
        self._expiry: asyncio.TimerHandle | None = None
        self._begins = asyncio.Event()
        self._begins.set()
        self._is_over = asyncio.Event()
        self._has_run = asyncio.Event()

    # -- life

    async def run(self) -> None:
        """Keeps the conversation until the session is over. Raises what made it fail."""
        try:
            await self._begins.wait()
            if self._is_over.is_set():
                return
            async with self.conversation as conversation:
                conversation.when_over(self._conversation_over)
                self.opened.set()
                await self._is_over.wait()
        finally:
            self.end()
            self.opened.set()
            self._has_run.set()

    def hold(self) -> None:
        """Before it runs: its conversation waits for `begin`."""
        self._begins.clear()

    async def begin(self) -> None:
        """Has the conversation begin, and returns once it runs.

        It is no part of being admitted: whoever has said hello and is gone when the answer is
        written costs neither a greeting nor a session that waits.
        """
        self._begins.set()
        await self.opened.wait()

    def _conversation_over(self) -> None:
        """A connection hears of it from the notices; without one nobody does."""
        if self._holder is None:
            self.end()

    @property
    def is_over(self) -> bool:
        """Whether the session has ended; it cannot be resumed any more."""
        return self._is_over.is_set()

    def end(self) -> None:
        """The session is over."""
        self._is_over.set()
        self._begins.set()
        if self._expiry is not None:
            self._expiry.cancel()

    async def finish(self) -> None:
        """Ends the session and waits until nothing of it runs."""
        self.end()
        await self._has_run.wait()

    @property
    def is_speaking(self) -> bool:
        """Whether a reply is being spoken to somebody who is here."""
        return self.lost_s is None and self.conversation.is_speaking

    # -- connections

    async def attach(self, holder: Tenure) -> bool:
        """Lets a connection carry the session; the one that does gives way.

        Returns:
            Whether it may: the session is not over.
        """
        # One after the other: of two clients that come back at once, the second lets the first give
        # way like any other.
        async with self._attaching:
            if self._holder is not None:
                await self._holder.give_way()
            # The older connection may have ended the session while it gave way.
            if self._is_over.is_set():
                return False
            self._holder = holder
            if self._expiry is not None:
                self._expiry.cancel()
                self._expiry = None
            if self.lost_s is not None:
                self.lost_s = None
                self.conversation.submit(ClientBack())
            return True

    def is_held_by(self, holder: Tenure) -> bool:
        """Returns whether it is this connection that carries the session."""
        return self._holder is holder

    def lose(self) -> None:
        """The connection is lost: waits for another one, or ends, if nobody can come back."""
        self._holder = None
        if not self.ttl_s or not self._begins.is_set() or self.conversation.is_over:
            self.end()
            return
        self.lost_s = self._clock()
        self._expiry = asyncio.get_running_loop().call_later(self.ttl_s, self.end)
        self.conversation.submit(ClientLost())

    # -- what is sent

    def frame(self, message: ServerMessage) -> str:
        """Returns a message as the next text frame of the session."""
        now_s, seq = self._clock(), self._seq
        text = encode_text(message, seq=seq, ts_ms=now_s * 1000)
        self._sent.add_text(seq, text, now_s)
        self._seq += 1
        return text

    def frames(self, notice: Notice) -> list[str | bytes]:
        """Returns the frames that tell a notice; none if the client does not want it."""
        if self._face_out is not None:
            self._face_out.note(notice, self._clock())
        match notice:
            case ReplyAudio():
                return self._audio(notice)
            case ReplyInterrupted(reply_id=reply_id):
                self._sent.cut(reply_id)
            case ReplyDone(reply_id=reply_id):
                self._sent.over(reply_id)
            case _:
                pass
        message = to_message(notice, self.dialect)
        return [] if message is None else [self.frame(message)]

    def _audio(self, audio: ReplyAudio) -> list[str | bytes]:
        now_s, out = self._clock(), self._reply_out.frames(audio)
        for data in out:
            self._sent.add_audio(audio.reply_id, pts_of(data), data, now_s)
        # Faces are not sent again: there are the visemes.
        faces = self._face_out.frames(audio) if self._face_out is not None else []
        return [*faces, *out]

    def played(self, report: PlaybackReport) -> None:
        """The client has played this, and needs it no more."""
        self._sent.played(report.reply_id, report.played)

    def resend(self, last_seq: int) -> Resent:
        """Returns what a client needs that has the text frames up to `last_seq`."""
        return self._sent.after(last_seq)

    def update(
        self, message: client_messages.SessionUpdate, offer: negotiation.ServerOffer
    ) -> tuple[str, ...]:
        """Changes settings; returns the preferences that cannot be met."""
        self.settings, missing = negotiation.update(self.settings, message, offer)
        self.dialect = _dialect(self.agreed, self.settings)
        return missing


def _faces(agreed: negotiation.Agreed, body: session_messages.Autonomic | None) -> FaceOut | None:
    """Makes the dense face track, where the client asked for it."""
    if not agreed.settings.face_hz:
        return None
    rest = None
    if body is not None:
        rest = rest_face(body.expression, vocabulary().expressions[body.expression].intensity)
    return FaceOut(Random(), agreed.settings.face_hz, agreed.audio_out.rate_hz, rest)


def _dialect(agreed: negotiation.Agreed, settings: session_messages.Settings) -> Preferences:
    audio = agreed.audio_out
    return Preferences(
        audio.rate_hz, audio.codec, settings.viseme_set, settings.captions, settings.gaze
    )
