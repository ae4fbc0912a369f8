"""One WebSocket of `voice-avatar.v1`: hello, then frames in and notices out.

The reader turns frames into what the conversation takes; the writer turns notices into frames. A
client that does not read is closed (4408) once one frame has waited for too long: the outbox in
front of it is bounded, so it holds up nobody but itself.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from voice_avatar import __version__, negotiation, protocol, wire
from voice_avatar.attention import ReportBudget
from voice_avatar.budget import Budget
from voice_avatar.closing import Closing, shut
from voice_avatar.codes import CloseCode
from voice_avatar.errors import (
    ProtocolError,
    Unauthorized,
    UnexpectedMessage,
    VoiceAvatarError,
)
from voice_avatar.events import (
    ErrorNotice,
    Notice,
    PlaybackReport,
    ReplyAudio,
    ReplyDone,
    SessionInput,
    SettingsChanged,
    StageMarks,
    WarningNotice,
)
from voice_avatar.frames import MAX_BINARY_BYTES, MIC_BURST_S, MIC_REALTIME_FACTOR, is_face
from voice_avatar.line import Line, until_first
from voice_avatar.logs import SessionLog
from voice_avatar.served import ServedSession

_log = logging.getLogger(__name__)

MAX_ERRORS = 100
"""Errors of its own making after which a client is closed (4000)."""

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

    def note_resumed(self, *, is_lost: bool) -> None:
        """A session was resumed; `is_lost` tells whether the client misses some of it."""


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


Admit = Callable[["Connection", wire.SessionHello], Awaitable[ServedSession]]
"""Attaches a connection to the session that its hello asks for: a new one, or one it resumes."""


def is_token_valid(token: str | None, tokens: tuple[str, ...]) -> bool:
    """Returns whether `token` is one of `tokens`, in a time that tells nothing."""
    given = (token or "").encode()
    return bool(sum(hmac.compare_digest(given, known.encode()) for known in tokens))


class Connection:
    """One client's connection; `run` serves it from hello to close.

    Attributes:
        session_id: id of its session, should it open a new one.
        served: the session that it carries, None before the hello.
        greeting_count: text frames that were sent before it had one.
    """

    def __init__(
        self,
        socket: ServerConnection,
        session_id: str,
        terms: Terms,
        admit: Admit,
        meter: Meter,
        *,
        is_authorized: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`is_authorized` tells whether the handshake already carried a valid token."""
        self._socket = socket
        self.session_id = session_id
        self._terms = terms
        self._admit = admit
        self._meter = meter
        self._is_authorized = is_authorized or not terms.tokens
        self._clock = clock
        self._log = SessionLog(_log, session_id)
        self.served: ServedSession | None = None
        self.greeting_count = 0
        self._errors = 0
        self._messages = Budget(MESSAGE_BURST, MESSAGES_PER_S, clock())
        self._reports = ReportBudget(GAZES_PER_S, clock())
        self._line = Line(socket, terms.slow_consumer_s, meter.note_bytes)
        self._must_go = asyncio.Event()
        self._is_done = asyncio.Event()

    # -- life

    async def run(self) -> None:
        """Serves the connection until it closes.

        Raises:
            Closing: it has to be closed, with this code.
            ConnectionClosed: the client closed it, or it is lost.
        """
        try:
            hello = await self._hello()
            self.served = served = await self._admit(self, hello)
            self._log = SessionLog(_log, served.session_id)
            if hello.resume is not None and served.session_id == hello.resume.session_id:
                self._resume(served, hello.resume)
            else:
                self._begin(served, is_second_choice=hello.resume is not None)
            await self._talk(served)
        finally:
            self._is_done.set()

    async def give_way(self) -> None:
        """Another connection takes over; returns once nothing is read or sent any more."""
        self._must_go.set()
        await self._is_done.wait()

    def _begin(self, served: ServedSession, *, is_second_choice: bool) -> None:
        """A new session begins."""
        agreed = served.agreed
        self._line.put((served.frame(self._ready(served)),))
        warnings = [("setting_unavailable", f"Not available: {w}.") for w in agreed.unavailable]
        if is_second_choice:
            warnings.insert(0, ("resume_failed", "The session is gone; this is a new one."))
        for code, message in warnings:
            self._line.put((served.frame(wire.WarningMessage(code=code, message=message)),))

    def _resume(self, served: ServedSession, resume: wire.Resume) -> None:
        """A session goes on: what may have been lost is sent again, before anything else."""
        replayed = served.replay(resume.last_seq)
        answer = wire.SessionResumed(
            replayed=replayed.text_count,
            lost=replayed.is_lost,
            resume=self._offer(served, held=resume.token),
        )
        now_ms = self._clock() * 1000
        self._line.put((protocol.encode_text(answer, seq=resume.last_seq, ts_ms=now_ms),))
        self._line.put(replayed.frames)
        self._log.info(
            "session resumed", extra={"frames": len(replayed.frames), "lost": replayed.is_lost}
        )
        self._meter.note_resumed(is_lost=replayed.is_lost)

    def _offer(self, served: ServedSession, held: str = "") -> wire.ResumeOffer:
        token = secrets.token_urlsafe(32)
        served.key.offer(token, held)
        return wire.ResumeOffer(token=token, ttl_s=served.ttl_s)

    async def _talk(self, served: ServedSession) -> None:
        """Runs reader and writer until one of them ends, or another connection takes over."""
        try:
            await until_first(self._read(served), self._write(served), self._must_go.wait())
        except Exception:
            if not self._must_go.is_set():
                raise
        if self._must_go.is_set():
            raise Closing(CloseCode.REPLACED)

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

    def _ready(self, served: ServedSession) -> wire.SessionReady:
        terms, agreed = self._terms, served.agreed
        return wire.SessionReady(
            session_id=served.session_id,
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
            resume=self._offer(served) if served.ttl_s else None,
        )

    async def leave(self, code: CloseCode) -> None:
        """Closes the connection from the server's side."""
        await shut(self._socket, code)

    # -- out

    async def tell(self, message: wire.ServerMessage) -> None:
        """Sends a message."""
        if self.served is not None:
            self._line.put((self.served.frame(message),))
        else:
            seq, self.greeting_count = self.greeting_count, self.greeting_count + 1
            now_ms = self._clock() * 1000
            self._line.put((protocol.encode_text(message, seq=seq, ts_ms=now_ms),))
        await self._line.flush()

    async def goodbye(self, reconnect_ms: float) -> None:
        """Tells that the server is about to stop."""
        await self.tell(wire.SessionGoaway(reconnect_in_ms=reconnect_ms, reason="shutdown"))

    async def explain(self, end: Closing) -> None:
        """Tells why the connection is about to close."""
        await self.tell(wire.ErrorMessage(code=end.error, message=end.message, fatal=True))

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

    async def _write(self, served: ServedSession) -> None:
        await self._line.flush()
        async for notice in served.conversation.notices():
            self._note(notice, served)
            # From here to the end of the line nothing waits: what is taken out of the outbox is in
            # the replay before it can get lost.
            frames = served.frames(notice)
            self._line.put(frames)
            self._note_pacing(notice, frames)
            await self._line.flush()
        raise Closing(CloseCode.IDLE_TIMEOUT, "idle_timeout", "Nothing was said for too long.")

    def _note_pacing(self, notice: Notice, frames: list[str | bytes]) -> None:
        if not isinstance(notice, ReplyAudio) or notice.due_s is None:
            return
        count = sum(isinstance(data, bytes) and not is_face(data) for data in frames)
        if count:
            self._meter.note_pacing(count, self._clock() - notice.due_s)

    def _note(self, notice: Notice, served: ServedSession) -> None:
        """Counts and logs a notice; never its text."""
        self._meter.note(notice)
        match notice:
            case StageMarks(reply_id=reply_id, ttft_s=ttft_s, sent_s=sent_s):
                fields = {"reply": reply_id, "first_token_s": ttft_s, "first_audio_s": sent_s}
                self._log.info("reply begins", extra=fields)
            case ReplyDone(reply_id=reply_id, status=status):
                played_s = notice.played / served.dialect.rate_hz
                over = {"reply": reply_id, "status": status, "played_s": round(played_s, 2)}
                self._log.info("reply over", extra=over)
            case ErrorNotice(code=code) | WarningNotice(code=code):
                self._log.warning("trouble", extra={"code": code})
            case _:
                pass

    # -- in

    async def _read(self, served: ServedSession) -> None:
        async for data in self._socket:
            served.key.confirm()
            self._meter.note_bytes(len(data), 0)
            try:
                if isinstance(data, bytes):
                    await self._audio_in(served, data)
                else:
                    await self._text_in(served, data)
            except VoiceAvatarError as error:
                await self._refuse(error, data)

    async def _text_in(self, served: ServedSession, data: str) -> None:
        if not self._messages.take(self._clock()):
            raise Closing(CloseCode.RATE_LIMIT, "rate_limited", "Too many messages.")
        message = protocol.decode_text(data)
        if not isinstance(message, protocol.UnknownType):
            await self._message_in(served, message)
        elif not message.is_experimental:
            await self._warn("unknown_type", f"Unknown type {message.type!r}.")

    async def _message_in(self, served: ServedSession, message: wire.AnyClientMessage) -> None:
        match message:
            case wire.ClockPing(t0_ms=t0_ms):
                now_ms = self._clock() * 1000
                await self.tell(wire.ClockPong(t0_ms=t0_ms, t1_ms=now_ms, t2_ms=now_ms))
            case wire.SessionHello():
                raise UnexpectedMessage("The session is already open.")
            case wire.SessionClose():
                raise Closing(CloseCode.NORMAL)
            case wire.SessionUpdate():
                await self._update(served, message)
            case wire.UserGaze() if not self._reports.take(self._clock()):
                if self._reports.begins_excess():
                    await self._warn("gaze_overrun", "user.gaze comes too often: some is dropped.")
            case _:
                event = protocol.session_input(message)
                if event is not None:
                    self._meter.note_input(event)
                    if isinstance(event, PlaybackReport):
                        served.played(event)
                    served.conversation.submit(event)

    async def _update(self, served: ServedSession, message: wire.SessionUpdate) -> None:
        before = served.settings
        missing = served.update(message, self._terms.offer)
        now = served.settings
        served.conversation.submit(
            SettingsChanged(
                language=now.language if now.language != before.language else None,
                system_prompt=message.instructions,
                endpointing=now.endpointing if now.endpointing != before.endpointing else None,
                tools=None if message.tools is None else protocol.tools_of(message.tools),
                tool_choice=now.tool_choice,
            )
        )
        await self.tell(wire.SessionUpdated(settings=now))
        for wish in missing:
            await self._warn("setting_unavailable", f"Not available: {wish}.")

    async def _audio_in(self, served: ServedSession, data: bytes) -> None:
        heard = served.microphone.take(data, self._clock())
        if heard.begins_overrun:
            await self._warn("input_overrun", "Audio comes faster than real time: some is dropped.")
        if heard.pcm:
            served.conversation.hear(heard.pcm, served.agreed.audio_in.rate_hz, heard.pts)


class Explaining(Protocol):
    """A connection that can tell why it closes."""

    async def explain(self, end: Closing) -> None:
        """Tells why the connection is about to close."""


async def close(connection: Explaining | None, socket: ServerConnection, error: Exception) -> None:
    """Closes a socket because of `error`, telling the client why if it can still be told."""
    if isinstance(error, ConnectionClosed):
        return
    end = Closing.because_of(error)
    if end.error and connection is not None and end.code is not CloseCode.SLOW_CONSUMER:
        with suppress(ConnectionClosed, Closing):
            await connection.explain(end)
    await shut(socket, end.code, end.message if end.code is CloseCode.OVERLOADED else end.error)
