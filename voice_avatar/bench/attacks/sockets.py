"""The socket of an attacker: bytes out as fast as they go, and how the server ends it.

It comes from an address of its own, as an attacker does: what a server keeps by address must not
be what it keeps of the innocent.
"""

from __future__ import annotations

import asyncio
import struct
import sys
import time
from dataclasses import dataclass
from typing import Final, cast

from voice_avatar.bench.callers.fuzz_line import frames_of
from voice_avatar.bench.material.raw_frames import CLOSE, handshake
from voice_avatar.wire.fields import PATH

ELSEWHERE: Final = "127.0.0.2"
"""Where Linux lets a client on loopback come from."""

_OPEN_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Target:
    """A server under attack.

    Attributes:
        host: where it listens.
        port: likewise.
        token: that it accepts, "" = none.
    """

    host: str
    port: int
    token: str = ""


class AttackSocket(asyncio.Protocol):
    """One connection; use `dial`.

    Attributes:
        status: of the answer to the handshake, 0 = none came.
        code: the server's close code, None = it has sent none.
        heard: payloads of text frames, the newest; empty where nobody reads.
        ended: is set once the connection is over.
        since_s: when it was opened, monotonic.
        ended_s: when it ended, None = it has not.
    """

    def __init__(self) -> None:
        self.status = 0
        self.code: int | None = None
        self.heard: list[bytes] = []
        self.ended = asyncio.Event()
        self.since_s = time.monotonic()
        self.ended_s: float | None = None
        self._answered = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._got = bytearray()
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def dial(cls, target: Target, first: bytes = b"") -> AttackSocket:
        """Opens a connection, and sends the first bytes.

        Raises:
            OSError: there is no server, or it does not take it in time.
        """
        at_home = target.host != "127.0.0.1" or sys.platform != "linux"
        async with asyncio.timeout(_OPEN_S):
            _, line = await asyncio.get_running_loop().create_connection(
                cls,
                target.host,
                target.port,
                local_addr=None if at_home else (ELSEWHERE, 0),
            )
        if first:
            line._write(first)
        return line

    @classmethod
    async def upgraded(
        cls, target: Target, path: str = PATH, *, token: str | None = None
    ) -> AttackSocket:
        """Opens a WebSocket, with the target's token unless another is given; "" = none.

        Raises:
            OSError: there is no server, it does not answer in time, or it refuses.
        """
        line = await cls.dial(target, request(target, path, token))
        if await line.answer() != 101:
            line.cut()
            raise ConnectionRefusedError(f"http {line.status}")
        return line

    async def answer(self) -> int:
        """Waits for the answer to the handshake and returns its status, 0 = none."""
        try:
            async with asyncio.timeout(_OPEN_S):
                await self._answered.wait()
        except TimeoutError:
            return 0
        return self.status

    # -- out

    async def send(self, data: bytes) -> bool:
        """Sends bytes, once the earlier ones are on their way; False = it is over."""
        self._write(data)
        if not self._room.is_set():
            waiting = [asyncio.ensure_future(e.wait()) for e in (self._room, self.ended)]
            try:
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for each in waiting:
                    each.cancel()
        return not self.ended.is_set() and self.code is None

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def deafen(self) -> None:
        """Reads nothing from now on."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def cut(self) -> None:
        """Hangs up."""
        if self._transport is not None:
            self._transport.abort()

    @property
    def end(self) -> str:
        """How it ended: "4429", "http 401", "cut" (without a word), "open"."""
        if self.code is not None:
            return str(self.code)
        if self.status not in {0, 101}:
            return f"http {self.status}"
        return "cut" if self.ended.is_set() else "open"

    # -- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Reads what the server says of this connection, and the newest of the rest."""
        self._got += data
        if not self.status:
            end = self._got.find(b"\r\n\r\n")
            if end < 0:
                return
            words = bytes(self._got[:64]).split(b" ", 2)
            self.status = int(words[1]) if len(words) > 1 and words[1].isdigit() else -1
            del self._got[: end + 4]
            self._answered.set()
        if self.status != 101:
            self._got.clear()
            return
        for opcode, payload in frames_of(self._got):
            if opcode == CLOSE:
                self.code = struct.unpack_from("!H", payload)[0] if len(payload) > 1 else 1005
                self._over()
                self.ended.set()  # some then wait for our goodbye, which an attacker does not say
            elif opcode == 1:
                self.heard = [*self.heard[-9:], payload]

    def pause_writing(self) -> None:
        """The server does not read as fast as we write."""
        self._room.clear()

    def resume_writing(self) -> None:
        """It has caught up."""
        self._room.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._answered.set()
        self._over()
        self.ended.set()

    def _over(self) -> None:
        if self.ended_s is None:
            self.ended_s = time.monotonic()


def request(target: Target, path: str = PATH, token: str | None = None) -> bytes:
    """Returns the request for a WebSocket; `token` None = the target's."""
    token = target.token if token is None else token
    more = [f"Authorization: Bearer {token}"] if token else []
    return handshake(f"{target.host}:{target.port}", path, *more)
