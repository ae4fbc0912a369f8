"""What goes out to one client, in order.

A client that does not read is closed (4408) once one frame has waited for too long: the outbox in
front of it is bounded, so it holds up nobody but itself.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

from websockets.asyncio.server import ServerConnection

from voice_avatar.server.closing import Closing
from voice_avatar.wire.codes import CloseCode

WRITE_LIMIT_BYTES = 32 * 1024
"""Bytes that wait for the system to take them, from which on sending waits for the client."""


class Outgoing:
    """Frames to one client. Whoever puts some in may send them; nobody overtakes."""

    def __init__(
        self,
        socket: ServerConnection,
        slow_consumer_s: float,
        note_bytes: Callable[[int, int], None],
    ) -> None:
        """Makes the line of frames.

        Args:
            socket: to the client.
            slow_consumer_s: time that one frame may wait to be read, seconds.
            note_bytes: is told of bytes that came in and that went out.
        """
        self._socket = socket
        self._slow_consumer_s = slow_consumer_s
        self._note_bytes = note_bytes
        self._waiting: deque[str | bytes] = deque()
        self._sending = asyncio.Lock()

    def put(self, frames: Iterable[str | bytes]) -> None:
        """Puts frames at the end of the line."""
        self._waiting += frames

    async def flush(self) -> None:
        """Sends what waits.

        Raises:
            Closing: the client does not read.
            ConnectionClosed: it is gone.
        """
        # Whoever holds the lock sends what others put in meanwhile too, in the order in which it
        # was put in; they find nothing left then, and know that theirs is sent.
        async with self._sending:
            while self._waiting:
                await self._send(self._waiting.popleft())

    async def _send(self, data: str | bytes) -> None:
        self._note_bytes(0, len(data))
        waiting = self._socket.transport.get_write_buffer_size()
        if waiting + len(data) < WRITE_LIMIT_BYTES:  # then this does not wait for the client
            await self._socket.send(data)
            return
        try:
            async with asyncio.timeout(self._slow_consumer_s):
                await self._socket.send(data)
        except TimeoutError:
            raise Closing(
                CloseCode.SLOW_CONSUMER, "slow_consumer", "The client reads too slowly."
            ) from None
