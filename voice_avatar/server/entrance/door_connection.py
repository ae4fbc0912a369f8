"""A connection at the port, from its first byte: one request is read, and nothing but that.

`websockets` reads a handshake and then frames; whatever else a client may send before it has its
answer (a body, a second request, frames) is kept from it here. What belongs to a WebSocket follows
once that is open; all other is let go, and the request gets the answer that it would have got.
"""

from __future__ import annotations

import re
from typing import Any, Final

from websockets.asyncio.server import Server
from websockets.protocol import State
from websockets.server import ServerProtocol

from voice_avatar.server.bounded_line import BoundedLine
from voice_avatar.server.entrance.doorstep import Doorstep

_MAX_HEAD_BYTES: Final = 64 * 1024
"""What a request may be long, line and headers; the library bounds each of them."""

_END: Final = re.compile(rb"\r?\n\r?\n")

_BODY_HEADER: Final = re.compile(
    rb"\r?\n(?:content-length[ \t]*:(?![ \t]*0[ \t]*\r?\n)|transfer-encoding[ \t]*:)[^\n]*(?=\n)",
    re.IGNORECASE,
)
"""A header that announces a body that is not empty."""


class DoorConnection(BoundedLine):
    """One connection.

    Attributes:
        has_body: whether its request announced a body, which nobody wants.
    """

    def __init__(
        self, protocol: ServerProtocol, server: Server, *, doorstep: Doorstep, **options: Any
    ) -> None:
        super().__init__(protocol, server, **options)
        self.has_body = False
        self._doorstep = doorstep
        self._behind = bytearray()
        self._is_asked = False
        self._is_through = False

    def connection_made(self, transport: Any) -> None:
        """It is there."""
        super().connection_made(transport)
        self._doorstep.arrived(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._doorstep.left(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Takes what has come."""
        if self._is_through:
            super().data_received(data)
        elif self.response is None or self.response.status_code == 101:
            self._behind += data
            if not self._is_asked:
                self._look()
        # Else the answer is on its way, and nothing that follows will get one.

    def _look(self) -> None:
        end = _END.search(self._behind)
        if end is None:
            if len(self._behind) > _MAX_HEAD_BYTES:
                self.transport.abort()
            return
        self._is_asked = True
        head, self._behind = bytes(self._behind[: end.end()]), self._behind[end.end() :]
        # The library answers nothing to a request with a body: it is asked without.
        bare = _BODY_HEADER.sub(b"\r", head)
        self.has_body = bare != head
        super().data_received(bare)

    async def handshake(self, *args: Any, **options: Any) -> None:
        """Answers the request; what has followed it goes on if it was for a WebSocket."""
        await super().handshake(*args, **options)
        self._is_through = True
        held, self._behind = bytes(self._behind), bytearray()
        if held and self.protocol.state is State.OPEN:
            super().data_received(held)
