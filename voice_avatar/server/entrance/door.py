"""The listening sockets of a port, and who is taken there at all.

An event loop's own server takes whoever comes: it makes a transport, TLS and a task for each before
anybody is asked. Here a connection is taken from the system, its address is asked for, and one that
may not come is reset on the spot: 20 us of work. The others are handed to the loop, a few at a
turn, so that a storm of them makes nobody wait who is in already.
"""

from __future__ import annotations

import asyncio
import logging
import socket as sockets
import struct
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

from voice_avatar.server.entrance.address_budgets import Sayings
from voice_avatar.server.entrance.doorstep import Doorstep

_log = logging.getLogger(__name__)

_SEND_BUFFER_BYTES: Final = 128 * 1024
"""What the system may hold for a client: 1.3 s of PCM at 48 kHz. With its own default, of
megabytes, a client that does not read would be found out only after a minute."""

_BACKLOG: Final = 2048
"""Connections that the system keeps until they are taken: with fewer, a storm of others makes
whoever comes wait for a second, until the network tries again."""

_TAKEN_A_TURN: Final = 8
"""Connections that are taken before anything else has its turn: each is 1 ms of work."""

_REFUSED_A_TURN: Final = 128
"""Likewise those that are refused."""

_REST_S: Final = 0.1
"""Time until it is tried again when the system gives none, as it has no more files, seconds."""

_RESET: Final = struct.pack("ii", 1, 0)
"""Lingering for no time: the connection is reset, and the system keeps nothing of it."""


def listening_sockets(host: str, port: int) -> tuple[sockets.socket, ...]:
    """Returns sockets that listen on all addresses of a host.

    Raises:
        OSError: it cannot be listened there.
    """
    found = sockets.getaddrinfo(
        host or None, port, type=sockets.SOCK_STREAM, flags=sockets.AI_PASSIVE
    )
    made: list[sockets.socket] = []
    try:
        for family, kind, protocol, _, address in dict.fromkeys(found):
            one = sockets.socket(family, kind, protocol)
            made.append(one)
            one.setblocking(False)
            one.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR, 1)
            # Whatever is taken from it inherits that.
            one.setsockopt(sockets.SOL_SOCKET, sockets.SO_SNDBUF, _SEND_BUFFER_BYTES)
            if family == sockets.AF_INET6:
                one.setsockopt(sockets.IPPROTO_IPV6, sockets.IPV6_V6ONLY, 1)
            one.bind(address)
            one.listen(_BACKLOG)
    except OSError:
        for one in made:
            one.close()
        raise
    return tuple(made)


class Door(asyncio.AbstractServer):
    """Takes connections; what `asyncio.Server` does for whoever comes.

    Attributes:
        sockets: that it listens on.
    """

    def __init__(
        self,
        listening: Sequence[sockets.socket],
        make: Callable[[], asyncio.Protocol],
        doorstep: Doorstep,
        **transport: Any,
    ) -> None:
        """Makes it.

        Args:
            listening: sockets that listen, not blocking.
            make: makes the protocol of a connection.
            doorstep: says who may come.
            **transport: for `connect_accepted_socket`, about TLS.
        """
        self.sockets = tuple(listening)
        self._make = make
        self._doorstep = doorstep
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._opening: set[asyncio.Task[None]] = set()
        self._sayings = Sayings()
        self._is_serving = False
        self._is_closed = False

    # -- as `asyncio.Server`

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Returns its event loop."""
        return self._loop

    def is_serving(self) -> bool:
        """Returns whether connections are taken."""
        return self._is_serving

    async def start_serving(self) -> None:
        """Begins to take connections."""
        self._is_serving = True
        for one in self.sockets:
            self._attend(one)

    async def serve_forever(self) -> None:
        """Takes connections until it is closed."""
        await self.start_serving()
        await self._loop.create_future()

    def close(self) -> None:
        """Takes no more connections; those there are stay."""
        if self._is_closed:
            return
        self._is_closed, self._is_serving = True, False
        for one in self.sockets:
            self._loop.remove_reader(one)
            one.close()
        for opening in self._opening:
            opening.cancel()

    async def wait_closed(self) -> None:
        """Waits until nobody is between the door and the house."""
        if self._opening:
            await asyncio.wait(tuple(self._opening))

    # -- one by one

    def _attend(self, listening: sockets.socket) -> None:
        if self._is_serving:
            self._loop.add_reader(listening, self._take, listening)

    def _take(self, listening: sockets.socket) -> None:
        taken = 0
        for _ in range(_REFUSED_A_TURN):
            try:
                client, address = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                self._rest(listening, error)
                return
            peer = address[0]
            if not self._doorstep.may_come(peer, time.monotonic()):
                with suppress(OSError):
                    client.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, _RESET)
                client.close()
                continue
            client.setblocking(False)
            opening = self._loop.create_task(self._open(client))
            self._opening.add(opening)
            opening.add_done_callback(partial(self._opened, client))
            self._doorstep.opens(opening, peer)
            taken += 1
            if taken == _TAKEN_A_TURN:
                return

    async def _open(self, client: sockets.socket) -> None:
        # One that goes away in its TLS handshake, or never ends it, is nobody's fault here.
        with suppress(OSError, TimeoutError):
            await self._loop.connect_accepted_socket(self._make, client, **self._transport)

    def _opened(self, client: sockets.socket, opening: asyncio.Task[None]) -> None:
        self._opening.discard(opening)
        self._doorstep.opened(opening)
        if opening.cancelled():  # perhaps before anything was made that would close it
            client.close()
        elif (error := opening.exception()) is not None:
            client.close()
            _log.error("connection failed", exc_info=error)

    def _rest(self, listening: sockets.socket, error: OSError) -> None:
        """The system gives no connection now, and would say so again and again."""
        reason = str(error.strerror)
        if self._sayings.about(reason, time.monotonic()) is not None:
            _log.error("no connection can be taken", extra={"reason": reason})
        self._loop.remove_reader(listening)
        self._loop.call_later(_REST_S, self._attend, listening)
