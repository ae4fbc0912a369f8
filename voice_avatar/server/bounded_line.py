"""The socket of a client, with bounds on what the library itself would do for anybody.

`websockets` reads what has come in one go, however many frames that is, answers each ping whether
or not the answers are read, and counts messages but not the frames they are made of. Here what has
come is taken in small pieces; after each it is asked whether the reader keeps up, whether pings and
fragments are within their rates, and whether the client reads what it is answered. So nobody can
make the event loop work for longer than a piece without being asked, with a token or without.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final, Protocol

from websockets.asyncio.server import ServerConnection
from websockets.frames import Frame, Opcode
from websockets.protocol import Event, State

from voice_avatar.server.rates import (
    CONTROL_BURST,
    CONTROL_PER_S,
    FRAGMENT_BURST,
    FRAGMENTS_PER_S,
    IN_FLIGHT_FREE_BYTES,
    IN_FLIGHT_WAIT_S,
    WRITE_BUFFER_BYTES,
    BytesInFlight,
)
from voice_avatar.wire.codes import CloseCode
from voice_avatar.wire.fields import MAX_TEXT_BYTES
from voice_avatar.wire.token_bucket import TokenBucket

_PIECE_BYTES: Final = 2048
"""What is taken at once: two frames of microphone audio, or 341 empty pings (3 ms)."""

_LARGE_PIECE_BYTES: Final = 8192
"""What is taken at once in the middle of a large message."""

_WAIT_S: Final = 0.02
"""How often it is asked whether there is room again, seconds."""

_LINGER_S: Final = 1.0
"""Time to read why it was closed, seconds."""


class Holder(Protocol):
    """What a reader of large messages tells of the bytes that it has and that wait for their use.

    As much is not read: from this client, and where all together have too much, from others.
    """

    def hold(self, count: int) -> None:
        """What was read was made into so many bytes, which wait for their use."""

    def release(self, count: int) -> None:
        """So many bytes that were read, or held, are used up."""


class BoundedLine(ServerConnection):
    """A WebSocket of the server whose client cannot make it work without end."""

    def __init__(self, *args: Any, flight: BytesInFlight | None = None, **kwargs: Any) -> None:
        """`flight` counts the bytes of large messages of all lines; else as `ServerConnection`."""
        super().__init__(*args, **kwargs)
        now_s = self.loop.time()
        self._control = TokenBucket(CONTROL_BURST, CONTROL_PER_S, now_s)
        self._fragments = TokenBucket(FRAGMENT_BURST, FRAGMENTS_PER_S, now_s)
        self._flight = flight or BytesInFlight()
        self._come = b""
        self._is_paused = False
        self._is_over = False
        self._is_cut = False
        self._is_large = False
        self._held = 0
        self._counted = 0
        self._waits_since_s: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    # -- what the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The client is there."""
        super().connection_made(transport)
        self.recv_messages.pause = self._pause
        self.recv_messages.resume = self._resume

    def data_received(self, data: bytes) -> None:
        """Takes what has come, as far as may be; the rest waits here, and its sender too."""
        self._come = self._come + data if self._come else data
        self._take()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._is_cut = True
        self._come = b""
        self._held = 0
        super().connection_lost(exc)
        self._count()

    # -- what the reader of large messages says (`Holder`)

    def hold(self, count: int) -> None:
        """What was read was made into so many bytes, which wait for their use."""
        if not self._is_cut:
            self._held += count
            self._count()

    def release(self, count: int) -> None:
        """So many bytes that were read, or held, are used up."""
        if not self._is_cut:
            self._held -= count
            self._count()

    # -- piece by piece

    def process_event(self, event: Event) -> None:
        """Takes a frame, and counts those that nobody else does."""
        super().process_event(event)
        if not isinstance(event, Frame):
            return
        match event.opcode:
            case Opcode.PING | Opcode.PONG:
                self._is_over |= not self._control.take(self.loop.time())
                return
            case Opcode.CONT:
                self._is_over |= not self._fragments.take(self.loop.time())
            case _:
                pass
        if self._is_large:
            self._held += len(event.data)

    def _take(self) -> None:
        at, come = 0, self._come
        while at < len(come) and not self._is_cut and not self._must_wait():
            size = _LARGE_PIECE_BYTES if self._is_in_large_message() else _PIECE_BYTES
            piece = come if len(come) <= size else come[at : at + size]
            at += len(piece)
            super().data_received(piece)
            if self._is_large:
                self._count()
            self._check()
        self._come = b"" if self._is_cut else come[at:]
        if not self._come and not self.recv_messages.paused:
            self._go_on_reading()

    def _is_in_large_message(self) -> bool:
        return len(self.protocol.reader.buffer) >= _LARGE_PIECE_BYTES

    def _check(self) -> None:
        """Ends the line of a client that asks for too much, or does not read the answers."""
        # Where events are large, so is an answer that is on its way; pongs are few there as well.
        is_asked = self.protocol.state is State.OPEN and not self._is_large
        if is_asked and self.transport.get_write_buffer_size() > WRITE_BUFFER_BYTES:
            self._cut()
        elif self._is_over:
            self._end()

    def _end(self) -> None:
        """Closes the line, without listening to it any more."""
        if self.protocol.state is not State.OPEN:
            self._cut()
            return
        self._is_cut = True
        self.protocol.fail(CloseCode.RATE_LIMIT, "rate_limited")
        self.send_data()
        self._pause()
        self.loop.call_later(_LINGER_S, self.transport.abort)

    def _cut(self) -> None:
        self._is_cut = True
        self.transport.abort()

    # -- waiting

    def _must_wait(self) -> bool:
        """Returns whether what has come waits: for the reader, or for the bytes of others."""
        if self.recv_messages.paused:
            return True
        # A path that takes larger messages says so after the handshake (see `front_desk.py`).
        if not self._is_large:
            limit = self.protocol.max_message_size
            if limit is None or limit <= MAX_TEXT_BYTES:
                return False
            self._is_large = True
            self.recv_messages.high, self.recv_messages.low = 1, 0
        if self._counted <= IN_FLIGHT_FREE_BYTES or self._flight.has_room(_LARGE_PIECE_BYTES):
            self._waits_since_s = None
            return False
        now_s = self.loop.time()
        if self._waits_since_s is None:
            self._waits_since_s = now_s
        if now_s - self._waits_since_s > IN_FLIGHT_WAIT_S:
            self._end()
            return True
        self._pause()
        if self._timer is None:
            self._timer = self.loop.call_later(_WAIT_S, self._look_again)
        return True

    def _look_again(self) -> None:
        self._timer = None
        self._take()

    def _count(self) -> None:
        """Tells how much of this line is on its way."""
        part = 0 if self._is_cut or not self._is_large else len(self.protocol.reader.buffer)
        now = self._held + part
        self._flight.total += now - self._counted
        self._counted = now

    def _pause(self) -> None:
        if not self._is_paused and not self.transport.is_closing():
            self._is_paused = True
            self.transport.pause_reading()

    def _resume(self) -> None:
        """The reader has caught up. Not at once: it is in the middle of its work."""
        self.loop.call_soon(self._take)

    def _go_on_reading(self) -> None:
        if self._is_paused and not self._is_cut and not self.transport.is_closing():
            self._is_paused = False
            self.transport.resume_reading()
