"""The WebSocket of a user under load, on the Sans-I/O client of `websockets`.

A user sends fifty frames a second, and a machine that is measured has better things to do than to
run its users: no task waits for a message, what comes is given to a callback, and a frame of the
microphone is put together by hand, with a masking key of zeros (RFC 6455 asks for a key that is
hard to guess to protect proxies; here is none).
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from typing import Final, cast

from websockets.client import ClientProtocol
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from voice_avatar.errors import ConnectionFailed
from voice_avatar.wire.fields import MAX_TEXT_BYTES
from voice_avatar.wire.frame_codec import HEADER_BYTES, AudioFrame, pack_audio

_OPEN_TIMEOUT_S: Final = 60.0
_MASKED_BINARY: Final = struct.Struct("!BBHI")
_LEAST_LONG_BYTES: Final = 126
"""Payloads from here on have a length of 16 bits; a frame of audio is always one of them."""

Callee = Callable[[str | bytes], None]


class LoadLine(asyncio.Protocol):
    """One WebSocket; use `dial`.

    Attributes:
        close_code: the server's, None while it is open.
    """

    def __init__(self, url: str, token: str, heard: Callee) -> None:
        self._uri = parse_uri(url)
        self._heard = heard
        self._protocol = ClientProtocol(self._uri, max_size=MAX_TEXT_BYTES)
        self._token = token
        self._transport: asyncio.Transport | None = None
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lost = asyncio.Event()
        self._fragments = bytearray()
        self._is_text = False

    @classmethod
    async def dial(cls, url: str, token: str, heard: Callee) -> LoadLine:
        """Opens a line; `heard` is given every message that comes.

        Raises:
            ConnectionFailed: there is no server, or it refuses.
        """
        line = cls(url, token, heard)
        uri = line._uri
        try:
            async with asyncio.timeout(_OPEN_TIMEOUT_S):
                await asyncio.get_running_loop().create_connection(
                    lambda: line, uri.host, uri.port, ssl=uri.secure or None
                )
                await line._opened
        except (OSError, TimeoutError) as error:
            raise ConnectionFailed("The server cannot be reached.") from error
        return line

    @property
    def close_code(self) -> int | None:
        """The server's close code, None while the line is open."""
        return self._protocol.close_code if self._protocol.state is State.CLOSED else None

    # -- out

    def send_text(self, text: str) -> None:
        """Sends a message, unless the line is closed."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_text(text.encode())
            self._flush()

    def send_audio(self, frame: AudioFrame) -> None:
        """Sends a frame of at least 110 bytes of audio, unless the line is closed."""
        if self._protocol.state is not State.OPEN or self._transport is None:
            return
        size = HEADER_BYTES + len(frame.payload)
        assert size >= _LEAST_LONG_BYTES
        head = _MASKED_BINARY.pack(0x80 | Opcode.BINARY, 0x80 | _LEAST_LONG_BYTES, size, 0)
        self._transport.write(head + pack_audio(frame))

    async def close(self) -> None:
        """Closes the line and waits until it is."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(CloseCode.NORMAL_CLOSURE)
            self._flush()
        await self._lost.wait()

    def hang_up(self) -> None:
        """Cuts the line, as a network does: no goodbye."""
        if self._transport is not None:
            self._transport.abort()

    def read(self, *, is_reading: bool) -> None:
        """Stops to read, as a client that is too slow, or goes on."""
        if self._transport is not None and not self._transport.is_closing():
            if is_reading:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()

    def _flush(self) -> None:
        assert self._transport is not None
        for data in self._protocol.data_to_send():
            if data:
                self._transport.write(data)
            elif self._transport.can_write_eof():
                self._transport.write_eof()
            else:
                self._transport.close()

    # -- in (what asyncio calls)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asks for the upgrade."""
        self._transport = cast("asyncio.Transport", transport)
        request = self._protocol.connect()
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        self._protocol.send_request(request)
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Passes on the messages that are whole."""
        self._protocol.receive_data(data)
        self._flush()
        for event in self._protocol.events_received():
            if isinstance(event, Frame):
                self._take(event)
            elif not self._opened.done():
                self._answered()

    def _answered(self) -> None:
        if (refusal := self._protocol.handshake_exc) is None:
            self._opened.set_result(None)
        else:
            self._opened.set_exception(ConnectionFailed(f"The server refuses: {refusal}."))

    def _take(self, frame: Frame) -> None:
        if frame.opcode in {Opcode.TEXT, Opcode.BINARY}:
            self._is_text = frame.opcode is Opcode.TEXT
        elif frame.opcode is not Opcode.CONT:
            return
        data = bytes(frame.data)
        if self._fragments or not frame.fin:
            self._fragments += data
            if not frame.fin:
                return
            data = bytes(self._fragments)
            self._fragments.clear()
        self._heard(data.decode() if self._is_text else data)

    def eof_received(self) -> None:
        """The server sends nothing more."""
        self._protocol.receive_eof()
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """The line is closed."""
        self._protocol.receive_eof()
        if not self._opened.done():
            self._opened.set_exception(ConnectionFailed("The server hung up."))
        self._lost.set()
