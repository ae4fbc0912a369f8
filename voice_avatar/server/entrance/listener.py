"""A listener of the server: the door, and behind it WebSockets.

`websockets` runs each connection; its own way in, by the event loop's server, is left out: who is
taken is decided at the door (`door.py`).
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as websockets_server
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from voice_avatar.config.load import ServerOptions
from voice_avatar.errors import ConfigError
from voice_avatar.server.closing import CLOSE_TIMEOUT_S
from voice_avatar.server.entrance.door import Door, listening_sockets
from voice_avatar.server.entrance.door_connection import DoorConnection
from voice_avatar.server.entrance.doorstep import Doorstep
from voice_avatar.server.outgoing import WRITE_LIMIT_BYTES
from voice_avatar.server.rates import BytesInFlight
from voice_avatar.server.tls import ServerTls
from voice_avatar.telemetry.logs import WEBSOCKETS
from voice_avatar.wire.fields import MAX_TEXT_BYTES

_HANDSHAKE_S: Final = 5.0
"""Time for TLS, and again for a request and its answer, seconds."""

_MAX_QUEUE: Final = 32
"""Frames of a client that wait to be read."""

_Pick: TypeAlias = Callable[[ServerConnection, Sequence[Subprotocol]], Subprotocol | None]


@dataclass(frozen=True, slots=True)
class Answers:
    """What a listener answers.

    Attributes:
        handle: serves a WebSocket.
        respond: answers a request; None = it is a WebSocket that may go on.
        finish: completes any answer.
        pick: picks the subprotocol of a WebSocket; None = there is none.
    """

    handle: Callable[[ServerConnection], Awaitable[None]]
    respond: Callable[[ServerConnection, Request], Response | None]
    finish: Callable[[ServerConnection, Request, Response], None]
    pick: _Pick | None = None


@asynccontextmanager
async def listening(
    host: str,
    port: int,
    answers: Answers,
    doorstep: Doorstep,
    options: ServerOptions,
    *,
    tls: ServerTls | None = None,
) -> AsyncIterator[int]:
    """Takes connections at a place; in the end, closes those that are left.

    Args:
        host: to listen on.
        port: likewise; 0 = any free one.
        answers: what it answers.
        doorstep: says who may come, and counts those who wait.
        options: of the server.
        tls: settings, None = none.

    Yields:
        The port.

    Raises:
        ConfigError: it cannot listen there.
    """
    logger = logging.getLogger(WEBSOCKETS)
    flight = BytesInFlight()
    server = websockets_server(
        answers.handle,
        process_request=answers.respond,
        process_response=answers.finish,
        open_timeout=_HANDSHAKE_S,
        server_header="voice-avatar",
        logger=logger,
    )

    def connection() -> DoorConnection:
        def picked(_: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
            return None if answers.pick is None else answers.pick(made, offered)

        made = DoorConnection(
            ServerProtocol(select_subprotocol=picked, max_size=MAX_TEXT_BYTES, logger=logger),
            server,
            doorstep=doorstep,
            flight=flight,
            ping_interval=options.ping_s or None,
            ping_timeout=options.ping_timeout_s or None,
            close_timeout=CLOSE_TIMEOUT_S,
            max_queue=_MAX_QUEUE,
            write_limit=WRITE_LIMIT_BYTES,
        )
        return made

    transport: dict[str, Any] = {}
    if tls is not None:
        transport = {
            "ssl": tls,
            "ssl_handshake_timeout": _HANDSHAKE_S,
            "ssl_shutdown_timeout": CLOSE_TIMEOUT_S,
        }
    try:
        sockets = listening_sockets(host, port)
    except OSError as error:
        raise ConfigError(f"Cannot listen on {host}:{port}: {error.strerror}.") from error
    # It asks for a server of the event loop only if it has none.
    server.server = cast("Any", Door(sockets, connection, doorstep, **transport))
    async with server:
        await server.start_serving()
        yield sockets[0].getsockname()[1]
