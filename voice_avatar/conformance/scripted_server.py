"""A server that plays scenarios, so that a client can be tested without engines.

The scenario is named in the path (`/v1/avatar?scenario=NAME`) or as `client.name` of the hello.
At its end the server closes: with 1000 and the reason "passed", or with 1008 and what it had
expected of the client.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, NegotiationError
from websockets.typing import Subprotocol

from voice_avatar.conformance.scenarios import (
    SCENARIOS,
    Close,
    Cut,
    Expect,
    Forbid,
    Scenario,
    Send,
    Step,
    Wait,
)
from voice_avatar.conformance.vectors.sessions import offer, ready
from voice_avatar.errors import ProtocolError, VersionUnsupported
from voice_avatar.wire import client_messages, server_messages, session_messages
from voice_avatar.wire.codes import CloseCode
from voice_avatar.wire.fields import MAX_TEXT_BYTES, PATH, ServerMessage
from voice_avatar.wire.frame_codec import AudioFrame, FrameKind, pack_audio, unpack_audio
from voice_avatar.wire.negotiation import select_subprotocol
from voice_avatar.wire.text import UnknownType, decode_text, encode_text

_log = logging.getLogger(__name__)

DEFAULT = "reply"
"""Scenario of a client that names none."""


class Unexpected(Exception):  # noqa: N818 - a verdict on the client, not an error
    """The client did not do what the scenario expects; the text says what."""


@dataclass(slots=True)
class _Kept:
    """A session of the scripted server, over its connections."""

    session_id: str
    scenario: Scenario
    token: str = ""
    seq: int = 0
    sent: list[tuple[int, str | bytes]] = field(default_factory=list)
    played: dict[int, int] = field(default_factory=dict)


class _Sessions:
    """All sessions of a scripted server."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}
        self._tokens = 0

    def open(self, scenario: Scenario) -> _Kept:
        session = _Kept(f"s{len(self._kept) + 1}", scenario)
        self._kept[session.session_id] = session
        return session

    def find(self, resume: client_messages.Resume | None) -> _Kept | None:
        session = self._kept.get(resume.session_id) if resume else None
        return session if session and resume and session.token == resume.token else None

    def token(self) -> str:
        self._tokens += 1
        return f"token-{self._tokens}"


@asynccontextmanager
async def serve_scenarios(host: str, port: int) -> AsyncIterator[str]:
    """Serves scenarios; gives the URL."""
    sessions = _Sessions()

    async def handle(socket: ServerConnection) -> None:
        try:
            await _Play(socket, sessions).run()
        except ConnectionClosed:
            pass
        except Unexpected as verdict:
            _log.warning("the client failed: %s", verdict)
            await socket.close(CloseCode.POLICY, str(verdict)[:120])

    async with serve(
        handle,
        host,
        port,
        select_subprotocol=_subprotocol,
        compression=None,
        max_size=MAX_TEXT_BYTES,
    ) as listening:
        bound = listening.sockets[0].getsockname()[1]
        yield f"ws://{host}:{bound}{PATH}"


class _Play:
    """One connection of the scripted server."""

    def __init__(self, socket: ServerConnection, sessions: _Sessions) -> None:
        self._socket = socket
        self._sessions = sessions
        self._inbox: deque[client_messages.AnyClientMessage] = deque()
        self._came = asyncio.Event()

    async def run(self) -> None:
        hello = await self._hello()
        scenario = _scenario(self._socket, hello)
        session = self._sessions.find(hello.resume)
        steps = scenario.steps
        if session is not None and session.scenario.is_kept:
            await self._resume(session, hello)
            steps = session.scenario.resumed
        else:
            if session is not None:
                scenario, steps = session.scenario, session.scenario.resumed
            session = self._sessions.open(scenario)
            if scenario.answers:
                await self._open(session, is_gone=hello.resume is not None)
        reading = asyncio.create_task(self._read(session))
        try:
            for step in steps:
                await self._do(session, step)
            await self._socket.wait_closed()
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError, ConnectionClosed):
                await reading

    async def _hello(self) -> client_messages.SessionHello:
        data = await self._socket.recv()
        try:
            message = decode_text(data) if isinstance(data, str) else None
        except ProtocolError as error:
            raise Unexpected(f"the hello cannot be read: {error.message}") from error
        if not isinstance(message, client_messages.SessionHello):
            raise Unexpected("the first frame is not session.hello")
        return message

    async def _open(self, session: _Kept, *, is_gone: bool) -> None:
        session.token = self._sessions.token()
        await self._send(session, Send(ready(session.token, session.session_id)))
        if is_gone:
            warning = server_messages.WarningMessage(
                code="resume_failed", message="The session is gone."
            )
            await self._send(session, Send(warning))

    async def _resume(self, session: _Kept, hello: client_messages.SessionHello) -> None:
        """Sends again what the client has missed, audio from the last sample that it played."""
        assert hello.resume is not None
        last = hello.resume.last_seq
        session.token = self._sessions.token()
        again = [one for one in session.sent if _is_missing(one, last, session.played)]
        texts = sum(isinstance(data, str) for _, data in again)
        message = session_messages.SessionResumed(
            replayed=texts, lost=False, resume=offer(session.token)
        )
        await self._socket.send(encode_text(message, seq=last, ts_ms=0.0))
        for _, data in again:
            await self._socket.send(data)

    async def _read(self, session: _Kept) -> None:
        """Takes what the client says. Runs as a task."""
        async for data in self._socket:
            if isinstance(data, bytes):
                continue
            try:
                message = decode_text(data)
            except ProtocolError as error:
                _log.warning("a message of the client cannot be read: %s", error.code)
                continue
            if isinstance(message, UnknownType):
                continue
            if isinstance(message, client_messages.ClockPing):
                now_ms = asyncio.get_running_loop().time() * 1000
                pong = server_messages.ClockPong(t0_ms=message.t0_ms, t1_ms=now_ms, t2_ms=now_ms)
                await self._send(session, Send(pong))
            if isinstance(message, client_messages.SessionClose):
                await self._socket.close(CloseCode.NORMAL)
            if isinstance(message, client_messages.PlaybackReport):
                played = session.played.get(message.reply_id, 0)
                session.played[message.reply_id] = max(played, message.played_samples)
            self._inbox.append(message)
            self._came.set()

    async def _do(self, session: _Kept, step: Step) -> None:
        match step:
            case Send():
                await self._send(session, step)
            case Wait(seconds):
                await asyncio.sleep(seconds)
            case Expect():
                await self._expect(step)
            case Forbid(reply_id, samples):
                played = session.played.get(reply_id, 0)
                if played > samples:
                    raise Unexpected(f"{played} samples of reply {reply_id}, not {samples}")
            case Close(code, reason):
                if code == CloseCode.NORMAL:
                    _log.info("the client passed")
                await self._socket.close(code, reason)
            case Cut():
                self._socket.transport.abort()

    async def _send(self, session: _Kept, send: Send) -> None:
        frame = send.frame
        if isinstance(frame, ServerMessage):
            now_ms = asyncio.get_running_loop().time() * 1000
            text = encode_text(frame, seq=session.seq, ts_ms=now_ms)
            session.sent.append((session.seq, text))
            session.seq += 1
            await self._socket.send(text)
        elif isinstance(frame, AudioFrame):
            data = pack_audio(frame)
            session.sent.append((session.seq - 1, data))
            await self._socket.send(data)
        elif isinstance(frame, str) and "SEQ" in frame:
            await self._socket.send(frame.replace("SEQ", str(session.seq)))
            session.seq += 1
        else:
            await self._socket.send(frame)

    async def _expect(self, expected: Expect) -> None:
        """Waits for a message.

        Raises:
            Unexpected: it does not come.
        """
        try:
            async with asyncio.timeout(expected.within_s):
                while True:
                    while self._inbox:
                        if _fits(self._inbox.popleft(), expected):
                            return
                    self._came.clear()
                    await self._came.wait()
        except TimeoutError:
            what = f"{expected.type} {expected.state}".strip()
            raise Unexpected(f"no {what} came within {expected.within_s:g} s") from None


def _is_missing(sent: tuple[int, str | bytes], last_seq: int, played: dict[int, int]) -> bool:
    """Whether a frame is sent again to a client that got `last_seq` and played so much."""
    seq, data = sent
    if isinstance(data, str):
        return seq > last_seq
    frame = unpack_audio(data, FrameKind.AUDIO_OUT)
    assert frame is not None
    return frame.pts + len(frame.payload) // 2 > played.get(frame.stream, 0)


def _fits(message: client_messages.AnyClientMessage, expected: Expect) -> bool:
    if str(message.__struct_config__.tag) != expected.type:
        return False
    if not isinstance(message, client_messages.PlaybackReport):
        return True
    is_state = not expected.state or message.state == expected.state
    return is_state and expected.reply_id in {0, message.reply_id}


def _subprotocol(socket: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    try:
        chosen = select_subprotocol(offered)
    except VersionUnsupported as error:
        raise NegotiationError(error.message) from error
    return None if chosen is None else Subprotocol(chosen)


def _scenario(socket: ServerConnection, hello: client_messages.SessionHello) -> Scenario:
    """Returns the scenario that a client asks for.

    Raises:
        Unexpected: there is none of that name.
    """
    assert socket.request is not None
    named = parse_qs(urlsplit(socket.request.path).query).get("scenario", [""])[0]
    if named and named not in SCENARIOS:
        raise Unexpected(f"no scenario {named!r}")
    return SCENARIOS[named or (hello.client.name if hello.client.name in SCENARIOS else DEFAULT)]
