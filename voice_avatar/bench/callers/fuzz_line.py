"""A plain socket under a fuzzer: bytes out, and what the server makes of them."""

from __future__ import annotations

import asyncio
import ssl
import struct
import sys
from collections.abc import Collection
from typing import Final

from voice_avatar.bench.callers.fuzz_lives import Life
from voice_avatar.bench.material.raw_frames import CLOSE, PING, PONG, SLOW_BYTES, frame

OPEN_S: Final = 5.0
ANSWER_S: Final = 2.0
"""Time for the answer to a batch, seconds: beyond it the rest is given up."""

LIE_S: Final = 0.3
"""Likewise to frames that may tell a length that does not come: nobody can answer those."""

_DRIP_S: Final = 0.03
_MAX_DRIPS: Final = 60
_ELSEWHERE: Final = "127.0.0.2"
"""Where Linux lets a client on loopback come from: what a server keeps by address is its own."""


class FuzzLine:
    """One connection; `run` lives a life on it.

    Attributes:
        outcome: how it ended: "1002" (the server's close code), "answered to ours", "cut by us",
            "unread" (no answer in time), "half a frame" (nobody could), "no close frame", "reset",
            "refused", "http 400", …
        unread: batches that were not answered in time.
        slowest_s: longest time until a batch was answered, seconds.
    """

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        self._host, self._port, self._tls = host, port, tls
        self._got = bytearray()
        self._code: int | None = None
        self._pongs = 0
        self.outcome = ""
        self.unread = 0
        self.slowest_s = 0.0

    async def run(self, life: Life) -> None:
        """Lives a life to its end."""
        try:
            async with asyncio.timeout(OPEN_S):
                reader, writer = await asyncio.open_connection(
                    self._host, self._port, ssl=self._tls, local_addr=_local(self._host)
                )
        except (OSError, TimeoutError):
            self.outcome = "refused"
            return
        try:
            self.outcome = await self._live(life, reader, writer)
        except (ConnectionError, BrokenPipeError):
            self.outcome = str(self._code) if self._code is not None else "reset"
        except TimeoutError:
            self.outcome = "unread"
        finally:
            writer.transport.abort()

    async def _live(
        self, life: Life, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> str:
        if not life.is_websocket:
            return await self._ask(life, reader, writer)
        writer.write(life.request)
        async with asyncio.timeout(OPEN_S):
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                return "no answer"
        status = head.split(b" ", 2)[1].decode("ascii", "replace")
        if status != "101":
            return f"http {status}"
        for number, batch in enumerate(life.batches):
            writer.write(batch + frame(PING, b"fuzz%d" % number))
            may_lie = life.kind == "frames"
            if not await self._answered(reader, number + 1, LIE_S if may_lie else ANSWER_S):
                return self._ended(is_ours="close" in life.ways)
            if self.unread:
                self.unread -= may_lie
                return "half a frame" if may_lie else "unread"
        if not life.bye:
            return "cut by us"
        writer.write(life.bye)
        while await self._read(reader):
            pass
        return "answered to ours" if self._code is not None else "no close frame"

    def _ended(self, *, is_ours: bool) -> str:
        """How the server ended it; `is_ours` = a close frame of ours was among what was sent."""
        if self._code is None:
            return "no close frame"
        return "answered to ours" if is_ours and self._code not in {1002, 1007} else str(self._code)

    async def _answered(self, reader: asyncio.StreamReader, pongs: int, within_s: float) -> bool:
        """Waits for the pong to a batch; returns whether the server is still there."""
        loop = asyncio.get_running_loop()
        since_s = loop.time()
        try:
            async with asyncio.timeout(within_s):
                while self._pongs < pongs:
                    if not await self._read(reader):
                        return False
        except TimeoutError:
            self.unread += 1
            return True
        self.slowest_s = max(self.slowest_s, loop.time() - since_s)
        return True

    async def _read(self, reader: asyncio.StreamReader) -> bool:
        """Takes what has come; False = nothing comes any more."""
        async with asyncio.timeout(OPEN_S):
            data = await reader.read(65_536)
        self._got += data
        for opcode, payload in frames_of(self._got):
            if opcode == CLOSE:
                self._code = struct.unpack_from("!H", payload)[0] if len(payload) > 1 else 1005
            elif opcode == PONG and payload.startswith(b"fuzz"):
                self._pongs += 1
        # The server now waits for our goodbye, which a fuzzer does not say.
        return bool(data) and self._code is None

    async def _ask(
        self, life: Life, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> str:
        """Sends a request that is plain HTTP, or should not become a WebSocket."""
        if life.kind == "slow":
            for at in range(0, min(len(life.request), SLOW_BYTES * _MAX_DRIPS), SLOW_BYTES):
                if reader.at_eof() or writer.is_closing():
                    break
                writer.write(life.request[at : at + SLOW_BYTES])
                await asyncio.sleep(_DRIP_S)
        else:
            writer.write(life.request)
        try:
            async with asyncio.timeout(ANSWER_S / 4):
                head = await reader.read(65_536)
        except TimeoutError:
            return "waits for more"
        if not head.startswith(b"HTTP/"):
            return "no answer"
        return f"http {head.split(b' ', 2)[1].decode('ascii', 'replace')}"


def frames_of(got: bytearray) -> list[tuple[int, bytes]]:
    """Takes the frames of a server that are whole out of what came."""
    found, at = [], 0
    while len(got) - at >= 2:
        size, start = got[at + 1] & 0x7F, at + 2
        if size >= 126:
            width = 2 if size == 126 else 8
            if len(got) < start + width:
                break
            size, start = int.from_bytes(got[start : start + width]), start + width
        if len(got) < start + size:
            break
        found.append((got[at] & 0x0F, bytes(got[start : start + size])))
        at = start + size
    del got[:at]
    return found


def _local(host: str) -> tuple[str, int] | None:
    return (_ELSEWHERE, 0) if host == "127.0.0.1" and sys.platform == "linux" else None


def is_documented(outcome: str, codes: Collection[int]) -> bool:
    """Returns whether an end is one that a client is told of."""
    if outcome.isdigit():
        return int(outcome) in codes
    return outcome not in {"no close frame", "http 500"}
