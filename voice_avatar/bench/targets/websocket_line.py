"""One WebSocket for every dialect of others: here is the socket, there what is said over it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Final, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidURI, WebSocketException

from voice_avatar.bench.figures.line_events import LineEvent, Subject
from voice_avatar.bench.targets.target import Line, TargetCapabilities
from voice_avatar.errors import ConnectionFailed

Message = str | bytes

OPEN_S: Final = 15.0
"""Time for a connection to be opened."""

MAX_BYTES: Final = 2**25
"""Of a message: a whole reply of some minutes in one is no error of the server."""

_CLOSE_S: Final = 2.0

MALFORMED: Final = "malformed_message"
"""`Trouble.code` for a message that breaks its dialect; the session goes on."""


class LineDialect(Protocol):
    """What is said in one session, and what is made of what is heard. Pure."""

    @property
    def subject(self) -> Subject:
        """Who answers, as far as was told."""

    @property
    def is_ready(self) -> bool:
        """Whether the session is set up, so that microphone audio may be sent."""

    @property
    def ready_within_s(self) -> float:
        """How long that may take, seconds; then comes `late`."""

    def late(self) -> None:
        """Notes that it took longer: the session goes on as it is.

        Raises:
            ConnectionFailed: it cannot.
        """

    def to_send(self) -> Iterable[Message]:
        """Returns what is to be sent now, each message once."""

    def read(self, message: Message, at_s: float) -> Iterable[LineEvent]:
        """Returns what a message means. One that breaks the dialect is a `Trouble`.

        Raises:
            ConnectionFailed: the server refuses the session.
        """

    def mic(self, pcm: bytes) -> Message:
        """Returns microphone audio as a message."""

    def played(self, reply: str, samples: int) -> None:
        """Notes what was played; see `Line.played`."""


class SocketTarget:
    """A server; see `Target`."""

    def __init__(
        self,
        url: str,
        capabilities: TargetCapabilities,
        opened: Callable[[], LineDialect],
        token: str = "",
    ) -> None:
        """Knows a server.

        Args:
            url: "ws://…" or "wss://…".
            capabilities: of the dialect.
            opened: makes the dialect of a session.
            token: bearer token, "" = none.
        """
        self.capabilities = capabilities
        self._url = url
        self._opened = opened
        self._headers: Mapping[str, str] = {"Authorization": f"Bearer {token}"} if token else {}

    @asynccontextmanager
    async def dial(self) -> AsyncIterator[Line]:
        """See `Target`."""
        try:
            socket = await connect(
                self._url,
                additional_headers=self._headers,
                compression=None,
                max_size=MAX_BYTES,
                open_timeout=OPEN_S,
                close_timeout=_CLOSE_S,
            )
        except (InvalidURI, WebSocketException, OSError, TimeoutError) as error:
            raise ConnectionFailed(f"The server cannot be reached: {error}.") from error
        try:
            line = SocketLine(socket, self._opened())
            await line.set_up()
            yield line
        finally:
            await socket.close()


class SocketLine:
    """A session; see `Line`."""

    def __init__(self, socket: ClientConnection, dialect: LineDialect) -> None:
        self._socket = socket
        self._dialect = dialect
        self._early: list[LineEvent] = []

    @property
    def subject(self) -> Subject:
        """See `Line`."""
        return self._dialect.subject

    async def set_up(self) -> None:
        """Speaks until the session is set up.

        Raises:
            ConnectionFailed: it cannot be.
        """
        await self._flush()
        try:
            async with asyncio.timeout(self._dialect.ready_within_s):
                while not self._dialect.is_ready:
                    message = await self._socket.recv()
                    self._early += self._dialect.read(message, time.monotonic())
                    await self._flush()
        except TimeoutError:
            self._dialect.late()
        except ConnectionClosed as error:
            raise ConnectionFailed(f"The server hung up: {error}.") from error

    async def send(self, pcm: bytes) -> None:
        """See `Line`."""
        await self._say(self._dialect.mic(pcm))

    async def played(self, reply: str, samples: int) -> None:
        """See `Line`."""
        self._dialect.played(reply, samples)
        await self._flush()

    async def events(self) -> AsyncIterator[LineEvent]:
        """See `Line`."""
        early, self._early = self._early, []
        for event in early:
            yield event
        try:
            async for message in self._socket:
                for event in self._dialect.read(message, time.monotonic()):
                    yield event
                await self._flush()
        except ConnectionClosed as error:
            raise ConnectionFailed(f"The session broke: {error}.") from error

    async def _flush(self) -> None:
        for message in self._dialect.to_send():
            await self._say(message)

    async def _say(self, message: Message) -> None:
        try:
            await self._socket.send(message)
        except ConnectionClosed as error:
            raise ConnectionFailed(f"The server hung up: {error}.") from error
