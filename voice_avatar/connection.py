"""One WebSocket of `voice-avatar.v1`: hello, then frames in and notices out.

The reader turns frames into what the conversation takes; the writer turns notices into frames. A
client that does not read is closed (4408) once one frame has waited for too long: the outbox in
front of it is bounded, so it holds up nobody but itself.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from voice_avatar import __version__, negotiation, protocol, wire
from voice_avatar.attention import ReportBudget
from voice_avatar.closing import Closing, shut
from voice_avatar.codes import CloseCode
from voice_avatar.connection_audio import MicrophoneIn, ReplyOut
from voice_avatar.connection_face import FaceOut
from voice_avatar.errors import (
    ProtocolError,
    Unauthorized,
    UnexpectedMessage,
    VoiceAvatarError,
)
from voice_avatar.events import (
    ErrorNotice,
    Notice,
    ReplyAudio,
    ReplyDone,
    SessionInput,
    SettingsChanged,
    StageMarks,
    WarningNotice,
)
from voice_avatar.face import rest_face
from voice_avatar.frames import MAX_BINARY_BYTES, MIC_BURST_S, MIC_REALTIME_FACTOR
from voice_avatar.logs import SessionLog
from voice_avatar.pipeline import Conversation
from voice_avatar.protocol import Dialect
from voice_avatar.vocabulary import vocabulary

_log = logging.getLogger(__name__)

MAX_ERRORS = 100
"""Errors of its own making after which a client is closed (4000)."""

WRITE_LIMIT_BYTES = 32 * 1024
"""Bytes that wait for the system to take them, from which on sending waits for the client."""

MESSAGES_PER_S = 100.0
"""Text messages per second that a client may send: ten times what PROTOCOL.md asks of it."""

MESSAGE_BURST = 500.0
"""Text messages at once; beyond, the client is closed (4429)."""


GAZES_PER_S = 10.0
"""`user.gaze` messages per second that are taken; the rest is dropped."""


class Meter(Protocol):
    """What counts what passes (see `metrics.py`)."""

    def note(self, notice: Notice) -> None:
        """A notice goes out."""

    def note_input(self, event: SessionInput) -> None:
        """A client's event comes in."""

    def note_bytes(self, received: int, sent: int) -> None:
        """Bytes of payload came in and went out."""

    def note_pacing(self, frames: int, late_s: float) -> None:
        """Frames of reply audio go out, so late against the playout schedule, seconds."""


class MessageBudget:
    """Limit of text messages: a bucket of `MESSAGE_BURST`, refilled at `MESSAGES_PER_S`."""

    def __init__(self, now_s: float) -> None:
        self._left = MESSAGE_BURST
        self._at_s = now_s

    def take(self, now_s: float) -> bool:
        """Returns whether a message that came at `now_s` is within the limit."""
        refill = (now_s - self._at_s) * MESSAGES_PER_S
        self._left = min(MESSAGE_BURST, self._left + refill)
        self._at_s = now_s
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


@dataclass(frozen=True, slots=True)
class Terms:
    """What the server offers and demands.

    Attributes:
        offer: what can be agreed on.
        models: models at work.
        tokens: accepted bearer tokens; none = everybody may come.
        hello_timeout_s: time for the hello, seconds.
        slow_consumer_s: time that one frame may wait to be read, seconds.
        frame_ms: length of a frame of reply audio, milliseconds.
        max_ahead_s: for the limits that the client is told, seconds.
        idle_timeout_s: likewise, seconds; 0 = never.
        input_chars: likewise, characters of a typed turn.
        bodies: what the body of each persona does by itself.
    """

    offer: negotiation.ServerOffer
    models: wire.Models
    tokens: tuple[str, ...] = ()
    hello_timeout_s: float = protocol.HELLO_TIMEOUT_S
    slow_consumer_s: float = protocol.SLOW_CONSUMER_CLOSE_S
    frame_ms: int = 20
    max_ahead_s: float = protocol.MAX_AHEAD_S
    idle_timeout_s: float = 0.0
    input_chars: int = wire.MAX_INPUT_CHARS
    bodies: Mapping[str, wire.Autonomic] = field(default_factory=dict)


OpenConversation = Callable[[str, negotiation.Agreed], Conversation]
"""Makes the conversation of a session id and what was agreed."""


def is_token_valid(token: str | None, tokens: tuple[str, ...]) -> bool:
    """Returns whether `token` is one of `tokens`, in a time that tells nothing."""
    given = (token or "").encode()
    return bool(sum(hmac.compare_digest(given, known.encode()) for known in tokens))


class Connection:
    """One client's connection; `run` serves it from hello to close.

    Attributes:
        session_id: its session.
        conversation: the conversation, None before the hello.
    """

    def __init__(
        self,
        socket: ServerConnection,
        session_id: str,
        terms: Terms,
        open_conversation: OpenConversation,
        meter: Meter,
        *,
        is_authorized: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`is_authorized` tells whether the handshake already carried a valid token."""
        self._socket = socket
        self.session_id = session_id
        self._terms = terms
        self._open_conversation = open_conversation
        self._meter = meter
        self._is_authorized = is_authorized or not terms.tokens
        self._clock = clock
        self._log = SessionLog(_log, session_id)
        self.conversation: Conversation | None = None
        self._seq = 0
        self._errors = 0
        self._messages = MessageBudget(clock())
        self._reports = ReportBudget(GAZES_PER_S, clock())
        self._dialect = Dialect(rate_hz=0)
        self._face_out: FaceOut | None = None

    # -- life

    async def run(self) -> None:
        """Serves the connection until it closes.

        Raises:
            Closing: it has to be closed, with this code.
            ConnectionClosed: the client closed it.
        """
        hello = await self._hello()
        agreed = negotiation.negotiate(hello, self._terms.offer)
        self._agreed = agreed
        self._settings = agreed.settings
        self._set_dialect()
        self._microphone = MicrophoneIn(agreed.audio_in, self._clock())
        self._reply_out = ReplyOut(agreed.audio_out, self._terms.frame_ms)
        self._face_out = self._faces(agreed)
        async with self._open_conversation(self.session_id, agreed) as conversation:
            self.conversation = conversation
            await self.tell(self._ready(agreed))
            if hello.resume is not None:
                await self._warn("resume_failed", "The session is gone; this is a new one.")
            for wish in agreed.unavailable:
                await self._warn("setting_unavailable", f"Not available: {wish}.")
            await self._talk(conversation)

    def _faces(self, agreed: negotiation.Agreed) -> FaceOut | None:
        """Makes the dense face track, where the client asked for it."""
        if not agreed.settings.face_hz:
            return None
        body = self._terms.bodies.get(agreed.settings.persona)
        rest = None
        if body is not None:
            rest = rest_face(body.expression, vocabulary().expressions[body.expression].intensity)
        return FaceOut(Random(), agreed.settings.face_hz, agreed.audio_out.rate_hz, rest)

    async def _talk(self, conversation: Conversation) -> None:
        """Runs reader and writer until one of them ends."""
        reader = asyncio.create_task(self._read(conversation))
        writer = asyncio.create_task(self._write(conversation))
        try:
            await asyncio.wait((reader, writer), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (reader, writer):
                task.cancel()
            results = await asyncio.gather(reader, writer, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def _hello(self) -> wire.SessionHello:
        try:
            async with asyncio.timeout(self._terms.hello_timeout_s):
                hello = await self._first_message()
        except TimeoutError:
            raise Closing(
                CloseCode.HELLO_TIMEOUT, "hello_timeout", "No session.hello came in time."
            ) from None
        token = hello.auth.token if hello.auth else None
        if not self._is_authorized and not is_token_valid(token, self._terms.tokens):
            raise Unauthorized("A valid token is needed.")
        return hello

    async def _first_message(self) -> wire.SessionHello:
        while True:
            data = await self._socket.recv()
            if isinstance(data, bytes):
                raise Closing(
                    CloseCode.UNSUPPORTED_DATA, "unexpected_message", "The first frame was binary."
                )
            try:
                message = protocol.decode_text(data)
                if isinstance(message, wire.SessionHello):
                    return message
                raise UnexpectedMessage("The first message must be session.hello.")
            except ProtocolError as error:
                await self._refuse(error, data)

    def _ready(self, agreed: negotiation.Agreed) -> wire.SessionReady:
        terms = self._terms
        return wire.SessionReady(
            session_id=self.session_id,
            audio_in=agreed.audio_in,
            audio_out=agreed.audio_out,
            settings=agreed.settings,
            gestures=agreed.gestures,
            expressions=agreed.expressions,
            voices=terms.offer.voices,
            languages=terms.offer.languages,
            limits=wire.Limits(
                text_bytes=protocol.MAX_TEXT_BYTES,
                binary_bytes=MAX_BINARY_BYTES,
                input_chars=terms.input_chars,
                hello_ms=terms.hello_timeout_s * 1000,
                mic_burst_ms=MIC_BURST_S * 1000,
                mic_realtime_factor=MIC_REALTIME_FACTOR,
                max_ahead_ms=terms.max_ahead_s * 1000,
                idle_ms=terms.idle_timeout_s * 1000,
            ),
            server=wire.ServerInfo(version=__version__),
            models=terms.models,
            autonomic=terms.bodies.get(agreed.settings.persona),
        )

    def _set_dialect(self) -> None:
        audio, settings = self._agreed.audio_out, self._settings
        self._dialect = Dialect(
            audio.rate_hz, audio.codec, settings.viseme_set, settings.captions, settings.gaze
        )

    @property
    def is_speaking(self) -> bool:
        """Whether a reply is being spoken."""
        return self.conversation is not None and self.conversation.is_speaking

    async def leave(self, code: CloseCode) -> None:
        """Closes the connection from the server's side."""
        await shut(self._socket, code)

    # -- out

    async def tell(self, message: wire.ServerMessage) -> None:
        """Sends a message."""
        text = protocol.encode_text(message, seq=self._seq, ts_ms=self._clock() * 1000)
        self._seq += 1
        await self._send(text)

    async def _send(self, data: str | bytes) -> None:
        self._meter.note_bytes(0, len(data))
        waiting = self._socket.transport.get_write_buffer_size()
        if waiting + len(data) < WRITE_LIMIT_BYTES:  # then this does not wait for the client
            await self._socket.send(data)
            return
        try:
            async with asyncio.timeout(self._terms.slow_consumer_s):
                await self._socket.send(data)
        except TimeoutError:
            raise Closing(
                CloseCode.SLOW_CONSUMER, "slow_consumer", "The client reads too slowly."
            ) from None

    async def _warn(self, code: str, message: str) -> None:
        await self.tell(wire.WarningMessage(code=code, message=message))

    async def _refuse(self, error: VoiceAvatarError, data: str | bytes) -> None:
        """Tells the client what was wrong with what it sent; too many times, and it is closed."""
        ref = protocol.type_of(data) if isinstance(data, str) else "binary"
        self._errors += 1
        if not error.is_recoverable:
            raise error
        if self._errors > MAX_ERRORS:
            raise Closing(CloseCode.PROTOCOL_ERROR, "protocol_error", "Too many errors.")
        self._meter.note(ErrorNotice(error.code, error.message))
        known = ref if ref in protocol.CLIENT_TYPES else ""
        self._log.info("message refused", extra={"code": error.code, "type": known})
        await self.tell(wire.ErrorMessage(code=error.code, message=error.message, ref=ref))

    async def _write(self, conversation: Conversation) -> None:
        async for notice in conversation.notices():
            self._note(notice)
            if self._face_out is not None:
                self._face_out.note(notice, self._clock())
            if isinstance(notice, ReplyAudio):
                await self._send_audio(notice)
            elif (message := protocol.to_message(notice, self._dialect)) is not None:
                await self.tell(message)
        raise Closing(CloseCode.IDLE_TIMEOUT, "idle_timeout", "Nothing was said for too long.")

    def _note(self, notice: Notice) -> None:
        """Counts and logs a notice; never its text."""
        self._meter.note(notice)
        match notice:
            case StageMarks(reply_id=reply_id, ttft_s=ttft_s, sent_s=sent_s):
                fields = {"reply": reply_id, "first_token_s": ttft_s, "first_audio_s": sent_s}
                self._log.info("reply begins", extra=fields)
            case ReplyDone(reply_id=reply_id, status=status):
                played_s = notice.played / self._dialect.rate_hz
                over = {"reply": reply_id, "status": status, "played_s": round(played_s, 2)}
                self._log.info("reply over", extra=over)
            case ErrorNotice(code=code) | WarningNotice(code=code):
                self._log.warning("trouble", extra={"code": code})
            case _:
                pass

    async def _send_audio(self, audio: ReplyAudio) -> None:
        if self._face_out is not None:
            for face in self._face_out.frames(audio):
                await self._send(face)
        frames = self._reply_out.frames(audio)
        if audio.due_s is not None and frames:
            self._meter.note_pacing(len(frames), self._clock() - audio.due_s)
        for frame in frames:
            await self._send(frame)

    # -- in

    async def _read(self, conversation: Conversation) -> None:
        async for data in self._socket:
            self._meter.note_bytes(len(data), 0)
            try:
                if isinstance(data, bytes):
                    await self._audio_in(conversation, data)
                else:
                    await self._text_in(conversation, data)
            except VoiceAvatarError as error:
                await self._refuse(error, data)

    async def _text_in(self, conversation: Conversation, data: str) -> None:
        if not self._messages.take(self._clock()):
            raise Closing(CloseCode.RATE_LIMIT, "rate_limited", "Too many messages.")
        message = protocol.decode_text(data)
        if not isinstance(message, protocol.UnknownType):
            await self._message_in(conversation, message)
        elif not message.is_experimental:
            await self._warn("unknown_type", f"Unknown type {message.type!r}.")

    async def _message_in(self, conversation: Conversation, message: wire.AnyClientMessage) -> None:
        match message:
            case wire.ClockPing(t0_ms=t0_ms):
                now_ms = self._clock() * 1000
                await self.tell(wire.ClockPong(t0_ms=t0_ms, t1_ms=now_ms, t2_ms=now_ms))
            case wire.SessionHello():
                raise UnexpectedMessage("The session is already open.")
            case wire.SessionClose():
                raise Closing(CloseCode.NORMAL)
            case wire.SessionUpdate():
                await self._update(conversation, message)
            case wire.UserGaze() if not self._reports.take(self._clock()):
                if self._reports.begins_excess():
                    await self._warn("gaze_overrun", "user.gaze comes too often: some is dropped.")
            case _:
                event = protocol.session_input(message)
                if event is not None:
                    self._meter.note_input(event)
                    conversation.submit(event)

    async def _update(self, conversation: Conversation, message: wire.SessionUpdate) -> None:
        before = self._settings
        self._settings, missing = negotiation.update(before, message, self._terms.offer)
        self._set_dialect()
        now = self._settings
        conversation.submit(
            SettingsChanged(
                language=now.language if now.language != before.language else None,
                system_prompt=message.instructions,
                endpointing=now.endpointing if now.endpointing != before.endpointing else None,
            )
        )
        await self.tell(wire.SessionUpdated(settings=now))
        for wish in missing:
            await self._warn("setting_unavailable", f"Not available: {wish}.")

    async def _audio_in(self, conversation: Conversation, data: bytes) -> None:
        heard = self._microphone.take(data, self._clock())
        if heard.begins_overrun:
            await self._warn("input_overrun", "Audio comes faster than real time: some is dropped.")
        if heard.pcm:
            conversation.hear(heard.pcm, self._agreed.audio_in.rate_hz, heard.pts)


async def close(connection: Connection | None, socket: ServerConnection, error: Exception) -> None:
    """Closes a socket because of `error`, telling the client why if it can still be told."""
    if isinstance(error, ConnectionClosed):
        return
    end = Closing.because_of(error)
    if end.error and connection is not None and end.code is not CloseCode.SLOW_CONSUMER:
        with suppress(ConnectionClosed, Closing):
            await connection.tell(
                wire.ErrorMessage(code=end.error, message=end.message, fatal=True)
            )
    await shut(socket, end.code, end.message if end.code is CloseCode.OVERLOADED else end.error)
