"""A client that breaks rules on purpose and remembers all that a server says."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Origin, Subprotocol

from voice_avatar.conformance.transcript import Binary, Seen, Text, read_binary, read_text
from voice_avatar.wire import server_messages, session_messages, turn_messages
from voice_avatar.wire.fields import PATH, SUBPROTOCOL, ServerMessage
from voice_avatar.wire.frame_codec import AudioFrame, FrameFlag, FrameKind, pack_audio

GREETING_S = 0.5
"""How long a greeting of the server is waited for, seconds."""

REPORT_SAMPLES = 4800
"""Samples between two reports: reports for every frame would be too many messages."""

LOST = 1006
"""What is taken for the close code of a connection without a close frame (RFC 6455)."""


M = TypeVar("M", bound=ServerMessage)


class RuleBroken(Exception):  # noqa: N818 - not an error of the checker
    """The server does not keep the rule; the text says what it did."""


class CannotTell(Exception):  # noqa: N818 - not an error of the checker
    """This server gives no occasion to check the rule; the text says why."""


@dataclass(slots=True)
class Target:
    """A server under test.

    Attributes:
        url: of its WebSocket.
        token: bearer token, None for none.
        timeout_s: how long an answer may take, seconds.
        speech: PCM16 at 16 kHz that is taken for speech.
        sessions: what was seen, one list for each session that was not resumed.
    """

    url: str
    token: str | None
    timeout_s: float
    speech: bytes
    sessions: list[list[Seen]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if urlsplit(self.url).path in {"", "/"}:
            self.url = urlsplit(self.url)._replace(path=PATH).geturl()

    async def connect(
        self,
        *,
        subprotocols: Sequence[str] | None = (SUBPROTOCOL,),
        origin: str | None = None,
        token: str | None = None,
        url: str | None = None,
        compression: str | None = None,
    ) -> ClientConnection:
        """Opens a socket; see `open_socket` for what it raises. A `token` of "" = none."""
        token = self.token if token is None else token
        return await open_socket(
            url or self.url,
            subprotocols=None if subprotocols is None else [Subprotocol(s) for s in subprotocols],
            origin=None if origin is None else Origin(origin),
            additional_headers={"Authorization": f"Bearer {token}"} if token else None,
            compression=compression,
            max_size=None,
            open_timeout=self.timeout_s,
            ping_interval=None,
            close_timeout=self.timeout_s,
        )

    async def status(self, **options: Any) -> int:
        """Returns the HTTP status of a handshake; 101 for one that succeeds."""
        try:
            socket = await self.connect(**options)
        except InvalidStatus as refused:
            return refused.response.status_code
        except InvalidHandshake as failed:
            raise RuleBroken(f"the handshake failed: {failed}") from failed
        await socket.close()
        return 101

    @asynccontextmanager
    async def raw(self, **options: Any) -> AsyncIterator[Session]:
        """A connection without a hello."""
        socket = await self.connect(**options)
        session = Session(socket, self.timeout_s)
        try:
            yield session
        finally:
            await socket.close()

    @asynccontextmanager
    async def session(self, **hello: Any) -> AsyncIterator[Session]:
        """An open session; what is seen in it is checked for the rules of order later."""
        async with self.raw() as session:
            self.sessions.append(session.seen)
            await session.greet(**hello)
            yield session

    @asynccontextmanager
    async def quiet_session(self, **hello: Any) -> AsyncIterator[Session]:
        """An open session in which a greeting, if there is one, is over."""
        async with self.session(**hello) as session:
            for seen in await session.quiet(GREETING_S):
                if isinstance(seen, Text) and isinstance(seen.message, turn_messages.ReplyStarted):
                    await session.ends(seen.message.reply_id)
            yield session


class Session:
    """One connection.

    Attributes:
        seen: all that came, in order.
        plays: whether audio is reported as played as soon as it comes.
    """

    def __init__(self, socket: ClientConnection, timeout_s: float) -> None:
        self.seen: list[Seen] = []
        self.plays = True
        self.socket = socket
        self._timeout_s = timeout_s
        self._ready: session_messages.SessionReady | None = None
        self._mic_seq = 0
        self._mic_pts = 0
        self._reply_id = 0
        self._played = 0

    def takes_over(self, reply_id: int, played: int) -> None:
        """Goes on with a reply of a connection that was lost, which was reported up to `played`."""
        self._reply_id, self._played = reply_id, played

    async def greet(self, **hello: Any) -> session_messages.SessionReady:
        """Sends a hello and waits for `session.ready`."""
        await self.send({"type": "session.hello", "client": {"name": "conformance"}} | hello)
        self._ready = await self.first(session_messages.SessionReady)
        return self._ready

    @property
    def ready(self) -> session_messages.SessionReady:
        """What was agreed."""
        assert self._ready is not None
        return self._ready

    @property
    def last_seq(self) -> int:
        """Highest `seq` so far; -1 for none."""
        texts = (one.message for one in self.seen if isinstance(one, Text))
        return max((message.seq for message in texts if message is not None), default=-1)

    async def send(self, what: dict[str, Any] | str | bytes) -> None:
        """Sends a message, or a frame as it is."""
        data = json.dumps(what) if isinstance(what, dict) else what
        try:
            await self.socket.send(data)
        except ConnectionClosed as closed:
            raise RuleBroken(f"the connection was closed: {_code(closed)}") from closed

    async def speak(self, pcm: bytes, *, every_s: float = 0.02) -> None:
        """Sends microphone audio in frames of 20 ms."""
        for at in range(0, len(pcm), 640):
            await self.send(self.microphone(pcm[at : at + 640]))
            if every_s:
                await asyncio.sleep(every_s)

    def microphone(self, pcm: bytes) -> bytes:
        """Returns the next microphone frame."""
        flags = FrameFlag.START if self._mic_seq == 0 else FrameFlag.NONE
        frame = AudioFrame(FrameKind.AUDIO_IN, 0, self._mic_seq, self._mic_pts, pcm, flags)
        self._mic_seq += 1
        self._mic_pts += len(pcm) // 2
        return pack_audio(frame)

    def skip_microphone(self, samples: int) -> None:
        """Leaves samples out."""
        self._mic_pts += samples

    async def next(self, timeout_s: float) -> Seen | None:
        """Returns the next frame; None when none came in time.

        Raises:
            ConnectionClosed: the server closed.
        """
        try:
            async with asyncio.timeout(timeout_s):
                data = await self.socket.recv()
        except TimeoutError:
            return None
        seen = read_text(data) if isinstance(data, str) else read_binary(data)
        self.seen.append(seen)
        await self._play(seen)
        return seen

    async def _play(self, seen: Seen) -> None:
        """Reports audio as played the moment it comes, so that replies take no time."""
        match seen:
            case Text(message=turn_messages.ReplyStarted(reply_id=reply_id)):
                self._reply_id, self._played = reply_id, 0
            case Text(message=turn_messages.ReplyAudioDone(sample_count=count)) if self.plays:
                await self.report("finished", count)
            case Binary(frame=AudioFrame() as frame) if self.plays:
                end = frame.pts + len(frame.payload) // 2
                if self._played == 0 or end - self._played >= REPORT_SAMPLES:
                    await self.report("playing" if self._played else "started", end)
                    self._played = end
            case _:
                pass

    async def report(self, state: str, played: int) -> None:
        """Sends a playback report of the current reply."""
        await self.send(
            {
                "type": "playback.report",
                "reply_id": self._reply_id,
                "state": state,
                "played_samples": played,
            }
        )

    async def until(
        self, fits: Callable[[Seen], bool], what: str, *, within_s: float | None = None
    ) -> Seen:
        """Waits for a frame.

        Raises:
            RuleBroken: it did not come, or the server closed.
        """
        loop = asyncio.get_running_loop()
        end_s = loop.time() + (within_s or self._timeout_s)
        while (left_s := end_s - loop.time()) > 0:
            try:
                seen = await self.next(left_s)
            except ConnectionClosed as closed:
                raise RuleBroken(f"closed with {_code(closed)} instead of {what}") from closed
            if seen is not None and fits(seen):
                return seen
        raise RuleBroken(f"no {what} came")

    async def first(self, kind: type[M], **fields: Any) -> M:
        """Waits for a message of a kind with these fields; see `until` for what it raises."""
        what = str(kind.__struct_config__.tag)
        what += "".join(f" {name}={value}" for name, value in fields.items())

        def fits(seen: Seen) -> bool:
            message = seen.message if isinstance(seen, Text) else None
            return isinstance(message, kind) and all(
                getattr(message, name) == value for name, value in fields.items()
            )

        seen = await self.until(fits, what)
        assert isinstance(seen, Text)
        assert isinstance(seen.message, kind)
        return seen.message

    async def ends(self, reply_id: int) -> turn_messages.ReplyDone:
        """Waits for the end of a reply, if it has not come yet."""
        for seen in self.seen:
            message = seen.message if isinstance(seen, Text) else None
            if isinstance(message, turn_messages.ReplyDone) and message.reply_id == reply_id:
                return message
        return await self.first(turn_messages.ReplyDone, reply_id=reply_id)

    async def quiet(self, seconds: float) -> list[Seen]:
        """Takes what comes for so long."""
        loop = asyncio.get_running_loop()
        end_s, came = loop.time() + seconds, []
        while (left_s := end_s - loop.time()) > 0:
            try:
                seen = await self.next(left_s)
            except ConnectionClosed as closed:
                raise RuleBroken(f"the server closed with {_code(closed)}") from closed
            if seen is not None:
                came.append(seen)
        return came

    async def is_open(self) -> None:
        """Checks that the session goes on.

        Raises:
            RuleBroken: it does not answer.
        """
        mark = float(len(self.seen))
        await self.send({"type": "clock.ping", "t0_ms": mark})
        await self.first(server_messages.ClockPong, t0_ms=mark)

    async def closes(self, within_s: float = math.nan) -> int:
        """Waits for the server's close and returns its code.

        Raises:
            RuleBroken: it stays open.
        """
        within_s = self._timeout_s if math.isnan(within_s) else within_s
        loop = asyncio.get_running_loop()
        end_s = loop.time() + within_s
        try:
            while (left_s := end_s - loop.time()) > 0:
                await self.next(left_s)
        except ConnectionClosed as closed:
            return _code(closed)
        except RuleBroken:  # a report could not be sent any more
            await self.socket.wait_closed()
            return self.socket.close_code or LOST
        raise RuleBroken("the server did not close")

    def codes(self, kind: type[Any]) -> list[str]:
        """Returns the codes of all warnings or errors so far."""
        found = (one.message for one in self.seen if isinstance(one, Text))
        return [str(getattr(one, "code", "")) for one in found if isinstance(one, kind)]


def _code(closed: ConnectionClosed) -> int:
    return closed.rcvd.code if closed.rcvd else LOST
