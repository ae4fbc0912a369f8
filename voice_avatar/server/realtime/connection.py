"""One WebSocket of OpenAI's Realtime protocol, on a session like any other.

The dialect (`realtime/dialect.py`) says what to do; here are the socket, the clock, and the order:
what is done with the microphone waits until the audio before it was heard.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from typing import Any, Final

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosedOK

from voice_avatar.audio.pcm import BYTES_PER_SAMPLE, sample_count
from voice_avatar.events.inputs import ClearInput, CommitInput
from voice_avatar.events.notices import (
    ErrorNotice,
    Notice,
    ReplyDone,
    TurnEnded,
    TurnForgotten,
    WarningNotice,
)
from voice_avatar.realtime import server_events as se
from voice_avatar.realtime.dialect import Dialect
from voice_avatar.realtime.large_events import LARGE_BYTES
from voice_avatar.realtime.large_events import read as read_large
from voice_avatar.realtime.settings import PCM_HZ, Offer, Settings
from voice_avatar.realtime.steps import Hear, Step
from voice_avatar.server.bounded_line import Holder
from voice_avatar.server.caller import Arrival, Caller
from voice_avatar.server.carrier import Admit
from voice_avatar.server.closing import Closing
from voice_avatar.server.live_session import LiveSession
from voice_avatar.server.meter import Meter
from voice_avatar.server.outgoing import Outgoing
from voice_avatar.server.rates import (
    EVENT_BYTES_BURST,
    EVENT_BYTES_PER_S,
    MESSAGE_BURST,
    MESSAGES_PER_S,
)
from voice_avatar.server.realtime.door import Handshake
from voice_avatar.server.tenure import Tenure
from voice_avatar.telemetry.logs import SessionLog, SparseLog
from voice_avatar.wire import client_messages
from voice_avatar.wire.codes import CloseCode
from voice_avatar.wire.token_bucket import TokenBucket

_log = logging.getLogger(__name__)

MAX_ERRORS: Final = 1000
"""Events in a row that are refused, after which a client is closed."""

MAX_UNHEARD_S: Final = 600.0
"""Microphone audio that may wait to be heard, seconds: a client may send a file at once."""

_PIECE_S: Final = 0.5
"""Audio that is heard before more of it is given, seconds."""

_TURN_S: Final = 60.0
"""Longest wait for the words of a turn that the client has committed, seconds."""

_CODES: Final = {
    "overloaded": "server_overloaded",
    "rate_limited": "rate_limit_exceeded",
    "idle_timeout": "session_expired",
    "not_ready": "server_overloaded",
}


class RealtimeConnection:
    """One client's connection; `run` serves it to its close.

    Attributes:
        live: the session that it carries, None at first.
        tenure: its time with the session.
    """

    def __init__(
        self,
        socket: ServerConnection,
        holder: Holder,
        session_id: str,
        caller: Caller,
        offer: Offer,
        handshake: Handshake,
        admit: Admit,
        meter: Meter,
        *,
        slow_consumer_s: float,
        heard_tolerance_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Makes the connection.

        Args:
            socket: to the client.
            holder: told of the bytes that were read and wait for their use.
            session_id: for its session.
            caller: who it is.
            offer: what the server has.
            handshake: what the request said.
            admit: lets it carry a session.
            meter: counts what passes.
            slow_consumer_s: time that one frame may wait to be read, seconds.
            heard_tolerance_s: by how much a word may be cut off and still counts as heard, seconds.
            clock: tells the time, seconds.
        """
        self._socket = socket
        self._holder = holder
        hello = client_messages.SessionHello(audio_out=client_messages.AudioWish(rate_hz=PCM_HZ))
        self._arrival = Arrival(session_id, caller, hello)
        self._admit = admit
        self._meter = meter
        self._clock = clock
        self._log = SessionLog(_log, session_id)
        self.live: LiveSession | None = None
        self.tenure = Tenure(socket)
        self._outgoing = Outgoing(socket, slow_consumer_s, meter.note_bytes)
        self._budget = TokenBucket(MESSAGE_BURST, MESSAGES_PER_S, clock())
        self._bytes = TokenBucket(EVENT_BYTES_BURST, EVENT_BYTES_PER_S, clock())
        self._errors = 0
        self._refusals = SparseLog()
        self._microphone: asyncio.Queue[Hear | CommitInput | ClearInput] = asyncio.Queue()
        self._unheard_s = 0.0
        self._settled = asyncio.Event()
        self._is_due = asyncio.Event()
        self._dialect = Dialect(
            offer,
            Settings(
                session_id=f"sess_{session_id}",
                model=handshake.model or offer.model,
                instructions=offer.instructions,
                avatar=handshake.avatar,
                viseme_set=handshake.viseme_set or offer.viseme_sets[0],
            ),
            reply_hz=PCM_HZ,
            new_id=lambda word: f"{word}_{secrets.token_hex(10)}",
            rate_limits=self._rate_limits,
            is_beta=handshake.is_beta,
            heard_tolerance=int(heard_tolerance_s * PCM_HZ),
        )

    # -- life

    async def run(self) -> None:
        """Serves the connection until it closes.

        Raises:
            Closing: it has to be closed, with this code.
            ConnectionClosed: the client closed it, or it is lost.
        """
        with self.tenure:
            self.live = live = await self._admit(self.tenure, self._arrival)
            await self._do(live, self._dialect.open())
            await self.tenure.carry(
                self._read(live), self._write(live), self._feed(live), self._tick(live)
            )

    async def goodbye(self, reconnect_ms: float) -> None:
        """Warns that the server is about to stop."""
        await self._send_error("server_shutting_down", "The server is about to stop.")

    async def explain(self, end: Closing) -> None:
        """Says why the connection is about to close."""
        await self._send_error(_CODES.get(end.error, "server_error"), end.message)

    async def _send_error(self, code: str, message: str) -> None:
        error = se.ErrorBody(type="server_error", code=code, message=message)
        self._outgoing.put((self._dialect.encode(se.ErrorEvent(error=error)),))
        await self._outgoing.flush()

    # -- steps

    async def _do(self, live: LiveSession, steps: list[Step]) -> None:
        """Does what the dialect says. Nothing waits before the last step is under way."""
        conversation = live.conversation
        for step in steps:
            match step:
                case se.ServerEvent():
                    if text := self._dialect.encode(step):
                        self._outgoing.put((text,))
                case Hear(pcm, rate_hz):
                    self._unheard_s += sample_count(pcm) / rate_hz
                    self._holder.hold(len(pcm))
                    self._microphone.put_nowait(step)
                case CommitInput() | ClearInput():
                    self._microphone.put_nowait(step)
                case _:
                    self._meter.note_input(step)
                    conversation.submit(step)
        if steps:
            self._is_due.set()
        await self._outgoing.flush()

    def _rate_limits(self) -> list[dict[str, Any]]:
        """Returns what may still come: the protocol counts requests, which are events here."""
        left = self._budget.left
        return [
            {
                "name": "requests",
                "limit": int(MESSAGE_BURST),
                "remaining": int(left),
                "reset_seconds": round((MESSAGE_BURST - left) / MESSAGES_PER_S, 2),
            }
        ]

    # -- in

    async def _read(self, live: LiveSession) -> None:
        while True:
            # As bytes: what is to be read in a thread is not made to text before.
            try:
                data = await self._socket.recv(decode=False)
            except ConnectionClosedOK:
                return
            self._meter.note_bytes(len(data), 0)
            if not self._budget.take(self._clock()):
                await self._slow_down()
            await self._wait_for(len(data))
            if len(data) <= LARGE_BYTES:
                steps = self._dialect.receive(data, self._clock())
            else:
                large = await asyncio.to_thread(read_large, data)
                steps = self._dialect.receive_large(large)
            self._count_errors(steps)
            size = len(data)
            del data  # it may be large, and the next one is waited for below
            await self._do(live, steps)
            del steps
            self._holder.release(size)
            if self._unheard_s > MAX_UNHEARD_S:
                raise Closing(CloseCode.RATE_LIMIT, "rate_limited", "Too much audio waits.")

    async def _wait_for(self, count: int) -> None:
        """Waits until so many bytes are within the limit: what was read stands until then."""
        if not self._bytes.take(self._clock(), count):
            await asyncio.sleep((count - self._bytes.left) / EVENT_BYTES_PER_S + 0.001)
            self._bytes.take(self._clock(), count)

    async def _slow_down(self) -> None:
        """Reads no faster than is allowed: who sends a file at once waits, and loses nothing."""
        await asyncio.sleep(1.0 / MESSAGES_PER_S)
        self._budget.take(self._clock())

    def _count_errors(self, steps: list[Step]) -> None:
        refused = [step for step in steps if isinstance(step, se.ErrorEvent)]
        self._errors = self._errors + 1 if refused else 0
        for step in refused:
            code = {"code": step.error.code}
            self._refusals.info(self._log, "event refused", code, self._clock())
            self._meter.note(ErrorNotice(step.error.code, ""))
        if self._errors > MAX_ERRORS:
            raise Closing(CloseCode.PROTOCOL_ERROR, "protocol_error", "Too many errors.")

    async def _feed(self, live: LiveSession) -> None:
        """Gives the session what the microphone brought, in order, as fast as it is heard."""
        conversation = live.conversation
        while True:
            step = await self._microphone.get()
            match step:
                case Hear(pcm, rate_hz):
                    size = int(rate_hz * _PIECE_S) * BYTES_PER_SAMPLE
                    for at in range(0, len(pcm), size):
                        piece = pcm[at : at + size]
                        conversation.hear(piece, rate_hz)
                        self._unheard_s -= sample_count(piece) / rate_hz
                        self._holder.release(len(piece))
                        if len(pcm) > size or not self._microphone.empty():
                            await conversation.heard()
                case _:
                    await conversation.heard()
                    self._settled.clear()
                    self._meter.note_input(step)
                    conversation.submit(step)
                    if isinstance(step, CommitInput):
                        await self._turn_is_settled()

    async def _turn_is_settled(self) -> None:
        """Waits until the words of a committed turn are known: they are a turn of their own."""
        try:
            async with asyncio.timeout(_TURN_S):
                await self._settled.wait()
        except TimeoutError:
            self._log.warning("trouble", extra={"code": "stt_failed"})

    # -- out

    async def _write(self, live: LiveSession) -> None:
        async for notice in live.conversation.notices():
            self._note(notice)
            await self._do(live, self._dialect.notice(notice, self._clock()))
            if isinstance(notice, TurnEnded | TurnForgotten):
                self._settled.set()
        raise Closing(CloseCode.GOING_AWAY, "idle_timeout", "Nothing was said for too long.")

    def _note(self, notice: Notice) -> None:
        """Counts and logs a notice; never its text."""
        self._meter.note(notice)
        match notice:
            case ReplyDone(reply_id=reply_id, status=status):
                self._log.info("reply over", extra={"reply": reply_id, "status": status})
            case ErrorNotice(code=code) | WarningNotice(code=code):
                self._log.warning("trouble", extra={"code": code})
            case _:
                pass

    async def _tick(self, live: LiveSession) -> None:
        """Gives the dialect the time when it wants to know it."""
        while True:
            self._is_due.clear()
            deadline_s = self._dialect.deadline_s
            wait_s = None if deadline_s is None else max(0.0, deadline_s - self._clock())
            try:
                async with asyncio.timeout(wait_s):
                    await self._is_due.wait()
            except TimeoutError:
                await self._do(live, self._dialect.tick(self._clock()))
