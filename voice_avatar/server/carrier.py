"""What carries a session to its client: the one interface of all connections.

A connection is one WebSocket of one protocol (`native/`, `realtime/`, `pcm/`). What the port, the
drain and admission need of it is here; what all of them do alike is in `tenure.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from voice_avatar.server.caller import Arrival
from voice_avatar.server.closing import Closing, shut
from voice_avatar.server.live_session import LiveSession
from voice_avatar.server.tenure import Tenure
from voice_avatar.wire.codes import CloseCode

Admit = Callable[[Tenure, Arrival], Awaitable[LiveSession]]
"""Lets a connection carry the session that it asks for: a new one, or one that it resumes."""


class Carrier(Protocol):
    """A connection, from its first byte to its close."""

    @property
    def live(self) -> LiveSession | None:
        """The session that it carries, None before it was admitted to one."""

    @property
    def tenure(self) -> Tenure:
        """Its time with the session."""

    async def run(self) -> None:
        """Serves the connection until it closes.

        Raises:
            Closing: it has to be closed, with this code.
            ConnectionClosed: the client closed it, or it is lost.
        """

    async def goodbye(self, reconnect_ms: float) -> None:
        """Tells that the server is about to stop, and when to come again, milliseconds."""

    async def explain(self, end: Closing) -> None:
        """Tells why the connection is about to close."""


async def close(carrier: Carrier | None, socket: ServerConnection, error: Exception) -> None:
    """Closes a socket because of `error`, telling the client why if it can still be told.

    Args:
        carrier: the connection on it; None = there never was one.
        socket: to the client.
        error: what has ended it.
    """
    if isinstance(error, ConnectionClosed):
        return
    end = Closing.because_of(error)
    # Who reads too slowly would not read the reason either: it would only wait behind the rest.
    if end.error and carrier is not None and end.code is not CloseCode.SLOW_CONSUMER:
        with suppress(ConnectionClosed, Closing):
            await carrier.explain(end)
    await shut(socket, end.code, end.message if end.code is CloseCode.OVERLOADED else end.error)
