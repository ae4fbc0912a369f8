"""One WebSocket of `voice-avatar.v1`: hello, then frames in and notices out.

The reader turns frames into what the conversation takes; the writer turns notices into frames. A
client that does not read is closed (4408) once one frame has waited for too long: the outbox in
front of it is bounded, so it holds up nobody but itself.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from typing import Final

from websockets.asyncio.server import ServerConnection
from websockets.protocol import State

from voice_avatar.errors import ProtocolError, UnexpectedMessage, VoiceAvatarError
from voice_avatar.events.inputs import PlaybackReport, SettingsChanged
from voice_avatar.events.notices import (
    ErrorNotice,
    Notice,
    ReplyAudio,
    ReplyDone,
    StageMarks,
    WarningNotice,
)
from voice_avatar.server.caller import Arrival, Caller
from voice_avatar.server.carrier import Admit
from voice_avatar.server.closing import Closing
from voice_avatar.server.live_session import LiveSession
from voice_avatar.server.meter import Meter
from voice_avatar.server.native.ready import Limits, session_ready
from voice_avatar.server.outgoing import Outgoing
from voice_avatar.server.rates import (
    GAZES_PER_S,
    HELLO_BYTES,
    FrameBudget,
    ReportBudget,
    TurnBudget,
)
from voice_avatar.server.tenure import Tenure
from voice_avatar.telemetry.logs import SessionLog, SparseLog
from voice_avatar.wire import client_messages, server_messages, session_messages
from voice_avatar.wire.codes import CloseCode
from voice_avatar.wire.fields import ServerMessage
from voice_avatar.wire.frame_codec import is_face
from voice_avatar.wire.inputs import session_input
from voice_avatar.wire.text import (
    CLIENT_TYPES,
    UnknownType,
    decode_text,
    encode_text,
    tools_of,
    type_of,
)

_log = logging.getLogger(__name__)

MAX_ERRORS: Final = 100
"""Errors of its own making after which a client is closed (4000)."""


class NativeConnection:
    """One client's connection; `run` serves it from hello to close.

    Attributes:
        live: the session that it carries, None before the hello.
        tenure: its time with the session.
    """

    def __init__(
        self,
        socket: ServerConnection,
        session_id: str,
        caller: Caller,
        limits: Limits,
        admit: Admit,
        meter: Meter,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Makes the connection.

        Args:
            socket: to the client.
            session_id: id of its session, should it open a new one.
            caller: who it is, by the handshake.
            limits: what the server offers.
            admit: lets it carry a session.
            meter: counts what passes.
            clock: tells the time, seconds.
        """
        self._socket = socket
        self._session_id = session_id
        self._caller = caller
        self._limits = limits
        self._admit = admit
        self._meter = meter
        self._clock = clock
        self._log = SessionLog(_log, session_id)
        self.live: LiveSession | None = None
        self.tenure = Tenure(socket)
        self._greeting_count = 0
        self._errors = 0
        self._refusals = SparseLog()
        self._frames = FrameBudget(clock())
        self._reports = ReportBudget(GAZES_PER_S, clock())
        self._turns = TurnBudget(clock())
        self._outgoing = Outgoing(socket, limits.slow_consumer_s, meter.note_bytes)

    # -- life

    async def run(self) -> None:
        """Serves the connection until it closes.

        Raises:
            Closing: it has to be closed, with this code.
            ConnectionClosed: the client closed it, or it is lost.
        """
        with self.tenure:
            hello = await self._hello()
            caller = self._caller.showing(hello.auth.token if hello.auth else None)
            arrival = Arrival(self._session_id, caller, hello, self._greeting_count)
            self.live = live = await self._admit(self.tenure, arrival)
            self._log = SessionLog(_log, live.session_id)
            # What begins the session, or sends again what was lost, is in the line before the
            # writer takes the first notice: nothing new overtakes it.
            if hello.resume is not None and live.session_id == hello.resume.session_id:
                self._resume(live, hello.resume)
            else:
                self._begin(live, is_second_choice=hello.resume is not None)
                # Nothing is spoken to a client that is gone with its own hello.
                await self._outgoing.flush()
                await asyncio.sleep(0)
                if self._socket.state is not State.OPEN:
                    await self._socket.recv()
                await live.begin()
            await self.tenure.carry(self._read(live), self._write(live))

    def _begin(self, live: LiveSession, *, is_second_choice: bool) -> None:
        """A new session begins."""
        agreed = live.agreed
        resume = self._offer(live) if live.ttl_s else None
        ready = session_ready(self._limits, live.session_id, agreed, resume)
        self._outgoing.put((live.frame(ready),))
        warnings = [("setting_unavailable", f"Not available: {w}.") for w in agreed.unavailable]
        if is_second_choice:
            warnings.insert(0, ("resume_failed", "The session is gone; this is a new one."))
        for code, message in warnings:
            self._outgoing.put(
                (live.frame(server_messages.WarningMessage(code=code, message=message)),)
            )

    def _resume(self, live: LiveSession, resume: client_messages.Resume) -> None:
        """A session goes on: what may have been lost is sent again, before anything else."""
        resent = live.resend(resume.last_seq)
        answer = session_messages.SessionResumed(
            replayed=resent.text_count,
            lost=resent.is_lost,
            resume=self._offer(live, held=resume.token),
        )
        now_ms = self._clock() * 1000
        self._outgoing.put((encode_text(answer, seq=resume.last_seq, ts_ms=now_ms),))
        self._outgoing.put(resent.frames)
        self._log.info(
            "session resumed", extra={"frames": len(resent.frames), "lost": resent.is_lost}
        )
        self._meter.note_resumed(is_lost=resent.is_lost)

    def _offer(self, live: LiveSession, held: str = "") -> session_messages.ResumeOffer:
        token = secrets.token_urlsafe(32)
        live.key.offer(token, held)
        return session_messages.ResumeOffer(token=token, ttl_s=live.ttl_s)

    async def _hello(self) -> client_messages.SessionHello:
        try:
            async with asyncio.timeout(self._limits.hello_timeout_s):
                return await self._first_message()
        except TimeoutError:
            raise Closing(
                CloseCode.HELLO_TIMEOUT, "hello_timeout", "No session.hello came in time."
            ) from None

    async def _first_message(self) -> client_messages.SessionHello:
        left = HELLO_BYTES
        while True:
            data = await self._socket.recv()
            left -= len(data)
            if left < 0:
                raise Closing(CloseCode.RATE_LIMIT, "rate_limited", "Too much before the hello.")
            if isinstance(data, bytes):
                raise Closing(
                    CloseCode.UNSUPPORTED_DATA, "unexpected_message", "The first frame was binary."
                )
            try:
                message = decode_text(data)
                if isinstance(message, client_messages.SessionHello):
                    return message
                raise UnexpectedMessage("The first message must be session.hello.")
            except ProtocolError as error:
                await self._refuse(error, data)

    # -- out

    async def send(self, message: ServerMessage) -> None:
        """Sends a message."""
        if self.live is not None:
            self._outgoing.put((self.live.frame(message),))
        else:
            seq, self._greeting_count = self._greeting_count, self._greeting_count + 1
            now_ms = self._clock() * 1000
            self._outgoing.put((encode_text(message, seq=seq, ts_ms=now_ms),))
        await self._outgoing.flush()

    async def goodbye(self, reconnect_ms: float) -> None:
        """Tells that the server is about to stop."""
        await self.send(
            session_messages.SessionGoaway(reconnect_in_ms=reconnect_ms, reason="shutdown")
        )

    async def explain(self, end: Closing) -> None:
        """Tells why the connection is about to close."""
        await self.send(
            server_messages.ErrorMessage(code=end.error, message=end.message, fatal=True)
        )

    async def _warn(self, code: str, message: str) -> None:
        self._meter.note(WarningNotice(code, message))
        await self.send(server_messages.WarningMessage(code=code, message=message))

    async def _refuse(self, error: VoiceAvatarError, data: str | bytes) -> None:
        """Tells the client what was wrong with what it sent; too many times, and it is closed."""
        ref = type_of(data) if isinstance(data, str) else "binary"
        self._errors += 1
        if not error.is_recoverable:
            raise error
        if self._errors > MAX_ERRORS:
            raise Closing(CloseCode.PROTOCOL_ERROR, "protocol_error", "Too many errors.")
        self._meter.note(ErrorNotice(error.code, error.message))
        known = ref if ref in CLIENT_TYPES else ""
        self._refusals.info(
            self._log, "message refused", {"code": error.code, "type": known}, self._clock()
        )
        await self.send(
            server_messages.ErrorMessage(code=error.code, message=error.message, ref=ref)
        )

    async def _write(self, live: LiveSession) -> None:
        await self._outgoing.flush()
        async for notice in live.conversation.notices():
            self._note(notice, live)
            # From here to the end of the line nothing waits: what is taken out of the outbox is in
            # the resend buffer before it can get lost.
            frames = live.frames(notice)
            self._outgoing.put(frames)
            self._note_pacing(notice, frames)
            await self._outgoing.flush()
        raise Closing(CloseCode.IDLE_TIMEOUT, "idle_timeout", "Nothing was said for too long.")

    def _note_pacing(self, notice: Notice, frames: list[str | bytes]) -> None:
        if not isinstance(notice, ReplyAudio) or notice.due_s is None:
            return
        count = sum(isinstance(data, bytes) and not is_face(data) for data in frames)
        if count:
            self._meter.note_pacing(count, self._clock() - notice.due_s)

    def _note(self, notice: Notice, live: LiveSession) -> None:
        """Counts and logs a notice; never its text."""
        self._meter.note(notice)
        match notice:
            case StageMarks(reply_id=reply_id, ttft_s=ttft_s, sent_s=sent_s):
                fields = {"reply": reply_id, "first_token_s": ttft_s, "first_audio_s": sent_s}
                self._log.info("reply begins", extra=fields)
            case ReplyDone(reply_id=reply_id, status=status):
                played_s = notice.played / live.dialect.rate_hz
                over = {"reply": reply_id, "status": status, "played_s": round(played_s, 2)}
                self._log.info("reply over", extra=over)
            case ErrorNotice(code=code) | WarningNotice(code=code):
                self._log.warning("trouble", extra={"code": code})
            case _:
                pass

    # -- in

    async def _read(self, live: LiveSession) -> None:
        async for data in self._socket:
            live.key.confirm()
            self._meter.note_bytes(len(data), 0)
            # Before anything is looked at: what is ignored, refused or empty costs a frame too.
            if not self._frames.take(data, self._clock()):
                raise Closing(CloseCode.RATE_LIMIT, "rate_limited", "Too many messages.")
            try:
                if isinstance(data, bytes):
                    await self._audio_in(live, data)
                else:
                    await self._text_in(live, data)
            except VoiceAvatarError as error:
                await self._refuse(error, data)

    async def _text_in(self, live: LiveSession, data: str) -> None:
        message = decode_text(data)
        if not isinstance(message, UnknownType):
            await self._message_in(live, message)
        elif not message.is_experimental:
            await self._warn("unknown_type", f"Unknown type {message.type!r}.")

    async def _message_in(
        self, live: LiveSession, message: client_messages.AnyClientMessage
    ) -> None:
        match message:
            case client_messages.ClockPing(t0_ms=t0_ms):
                now_ms = self._clock() * 1000
                await self.send(server_messages.ClockPong(t0_ms=t0_ms, t1_ms=now_ms, t2_ms=now_ms))
            case client_messages.SessionHello():
                raise UnexpectedMessage("The session is already open.")
            case client_messages.SessionClose():
                raise Closing(CloseCode.NORMAL)
            case client_messages.SessionUpdate():
                await self._update(live, message)
            case client_messages.UserGaze() if not self._reports.take(self._clock()):
                if self._reports.begins_excess():
                    await self._warn("gaze_overrun", "user.gaze comes too often: some is dropped.")
            case client_messages.InputText(text=text) if not self._turns.take(
                len(text.encode("utf-8", "replace")), self._clock()
            ):
                if self._turns.is_exhausted:
                    raise Closing(CloseCode.RATE_LIMIT, "rate_limited", "Too many typed turns.")
                if self._turns.begins_excess:
                    await self._warn("text_overrun", "input.text comes too fast: some is dropped.")
            case client_messages.InputStop(mode="vad") if live.microphone.is_muted:
                pass  # said again, as after a lost connection
            case _:
                _set_microphone(live, message)
                event = session_input(message)
                if event is not None:
                    self._meter.note_input(event)
                    if isinstance(event, PlaybackReport):
                        live.played(event)
                    live.conversation.submit(event)

    async def _update(self, live: LiveSession, message: client_messages.SessionUpdate) -> None:
        before = live.settings
        missing = live.update(message, self._limits.offer)
        now = live.settings
        live.conversation.submit(
            SettingsChanged(
                language=now.language if now.language != before.language else None,
                system_prompt=message.instructions,
                endpointing=now.endpointing if now.endpointing != before.endpointing else None,
                tools=None if message.tools is None else tools_of(message.tools),
                tool_choice=now.tool_choice,
            )
        )
        await self.send(session_messages.SessionUpdated(settings=now))
        for setting in missing:
            await self._warn("setting_unavailable", f"Not available: {setting}.")

    async def _audio_in(self, live: LiveSession, data: bytes) -> None:
        heard = live.microphone.decode(data, self._clock())
        if heard.begins_overrun:
            await self._warn("input_overrun", "Audio comes faster than real time: some is dropped.")
        if heard.is_standing:
            await self._warn("input_repeated", "Frames come with a `seq` of the past: dropped.")
        if heard.pcm:
            live.conversation.hear(heard.pcm, live.agreed.audio_in.rate_hz, heard.pts)


def _set_microphone(live: LiveSession, message: client_messages.AnyClientMessage) -> None:
    """Mutes the microphone, or has it heard."""
    match message:
        case client_messages.InputStart(mode="ptt"):
            live.microphone.press(True)
        case client_messages.InputStop(mode="ptt"):
            live.microphone.press(False)
        case client_messages.InputStart():
            live.microphone.is_muted = False
        case client_messages.InputStop():
            live.microphone.is_muted = True
        case _:
            pass
