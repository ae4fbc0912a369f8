"""How a connection ends, and how a socket is closed that may not be read any more."""

from __future__ import annotations

import asyncio

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from voice_avatar.errors import VoiceAvatarError
from voice_avatar.server.resumption import Parting
from voice_avatar.wire.codes import CloseCode, close_code

CLOSE_TIMEOUT_S = 2.0
"""Time for the closing handshake, seconds."""


class Closing(Exception):  # noqa: N818 - how a connection ends, not always an error
    """Ends a connection.

    Attributes:
        code: WebSocket close code.
        error: code for an `error` message before it, "" for none.
        message: for a person.
    """

    def __init__(self, code: CloseCode, error: str = "", message: str = "") -> None:
        super().__init__(code.name)
        self.code = code
        self.error = error
        self.message = message

    @classmethod
    def because_of(cls, error: Exception) -> Closing:
        """Returns how `error` ends a connection; of what was not foreseen, nothing is told."""
        match error:
            case Closing():
                return error
            case VoiceAvatarError():
                return cls(close_code(error), error.code, error.message)
            case _:
                return cls(CloseCode.INTERNAL, "internal", "The server failed.")


async def shut(socket: ServerConnection, code: CloseCode, reason: str = "") -> None:
    """Closes a socket; one whose client does not read, and so never sees the close, is cut."""
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await socket.close(code, reason)
    except TimeoutError:
        socket.transport.abort()


def parting_of(closed: ConnectionClosed) -> Parting:
    """Returns how a WebSocket that is closed came to its end."""
    received, sent = closed.rcvd, closed.sent
    return Parting(
        None if received is None else received.code,
        None if sent is None else sent.code,
        is_ours=not closed.rcvd_then_sent,
    )
