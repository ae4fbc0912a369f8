"""The connections that have no session yet: bounded in all and for each address.

A connection is counted from its first byte, before anything of it is known, until it carries a
session or is gone. Those that have opened a WebSocket and owe a hello are counted once more, in a
waiting room: one for those who have shown a token (or need none), and a smaller share of another
for strangers. Sessions are no business of this: they have places of their own, and nobody without
a hello takes one.

Whoever waits makes room for who comes later, and who comes too often from one address is not taken
at all (`address_budgets.py`). What comes from a trusted proxy is let through, and counted once it
says for whom; another proxy is an address like any other, and its users share what that may have.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from websockets.asyncio.server import ServerConnection

from voice_avatar.config.load import ServerOptions
from voice_avatar.server.caller import network_of, shown_in_logs
from voice_avatar.server.closing import shut
from voice_avatar.server.entrance.address_budgets import ConnectBudget, Sayings
from voice_avatar.server.entrance.crowd import Crowd
from voice_avatar.wire.codes import CloseCode

_log = logging.getLogger(__name__)

_MOST_CONNECTIONS: Final = 512
"""Connections without a session, in all: half of the files that a process may usually open."""

STRANGERS_EACH: Final = 4
"""Connections from one address that owe a hello and a token."""

STRANGER_HELLO_S: Final = 3.0
"""Time for the hello of who owes a token too, seconds."""


class Doorstep:
    """Counts the connections without a session, and sends away those that are too many."""

    def __init__(
        self,
        options: ServerOptions,
        note_sent_away: Callable[[str], None],
        note_refused: Callable[[], None],
    ) -> None:
        """Makes it.

        Args:
            options: of the server.
            note_sent_away: told "silent" or "hello" for each connection that has to go.
            note_refused: told of each connection that is not taken.
        """
        self._trusted = frozenset(options.trusted_proxies)
        self._note_sent_away = note_sent_away
        self._note_refused = note_refused
        self._connects = ConnectBudget(options.per_address)
        self._sayings = Sayings()
        each, pool = options.per_address, options.hello_pool
        most = max(_MOST_CONNECTIONS, 2 * pool)
        self._opening: Crowd[asyncio.Task[None]] = Crowd(most, each)
        self._all: Crowd[ServerConnection] = Crowd(most, each)
        self._known: Crowd[ServerConnection] = Crowd(pool, each)
        self._strangers: Crowd[ServerConnection] = Crowd(
            pool, min(each, STRANGERS_EACH) if each else 0
        )
        self._farewells: set[asyncio.Task[None]] = set()

    # -- before anything of a connection is made

    def may_come(self, peer: str, now_s: float) -> bool:
        """Returns whether a connection from an address is taken."""
        return peer in self._trusted or self._is_within_budget(peer, now_s)

    def opens(self, opening: asyncio.Task[None], peer: str) -> None:
        """A connection is being made, which with TLS takes what its client says."""
        if peer not in self._trusted:
            leaver = self._opening.add(opening, network_of(peer))
            if leaver is not None:
                self._note_sent_away("silent")
                leaver.cancel()

    def opened(self, opening: asyncio.Task[None]) -> None:
        """It is made, or is not to be."""
        self._opening.remove(opening)

    # -- connections

    def arrived(self, socket: ServerConnection) -> None:
        """A connection is made."""
        address = socket.remote_address
        peer = address[0] if isinstance(address, tuple) else ""
        # What comes through a proxy is counted once it says for whom.
        if peer not in self._trusted:
            self._cut(self._all.add(socket, network_of(peer)))

    def asked(self, socket: ServerConnection, address: str, now_s: float) -> bool:
        """A request has come, from the client at this address.

        It may be read when the client is gone already: then nobody would take it out again.

        Returns:
            Whether it is to be answered: what a trusted proxy passes on is only counted now.
        """
        if _is_gone(socket):
            return True
        is_taken = True
        if socket not in self._all:
            is_taken = address in self._trusted or self._is_within_budget(address, now_s)
            self._cut(self._all.add(socket, network_of(address)))
        self._all.heard(socket)
        return is_taken

    def waits(self, socket: ServerConnection, address: str, *, is_stranger: bool) -> None:
        """A WebSocket is open that owes a hello, and if it is a stranger's, a token."""
        if _is_gone(socket):
            return
        room = self._strangers if is_stranger else self._known
        leaver = room.add(socket, network_of(address))
        if leaver is not None:
            self._note_sent_away("hello")
            farewell = asyncio.create_task(shut(leaver, CloseCode.OVERLOADED, "retry-after=5"))
            self._farewells.add(farewell)
            farewell.add_done_callback(self._farewells.discard)

    def left(self, socket: ServerConnection) -> None:
        """A connection carries a session, or is gone; either way it does not wait any more."""
        for crowd in (self._all, self._known, self._strangers):
            crowd.remove(socket)

    async def aclose(self) -> None:
        """Waits until those that were sent away are gone."""
        if self._farewells:
            await asyncio.wait(self._farewells)

    def _is_within_budget(self, address: str, now_s: float) -> bool:
        network = network_of(address)
        if self._connects.take(network, now_s):
            return True
        self._note_refused()
        shown = shown_in_logs(network)
        if (count := self._sayings.about(shown, now_s)) is not None:
            _log.warning("connections refused", extra={"from": shown, "count": count})
        return False

    def _cut(self, leaver: ServerConnection | None) -> None:
        if leaver is not None:
            self._note_sent_away("silent")
            leaver.transport.abort()


def _is_gone(socket: ServerConnection) -> bool:
    return socket.transport.is_closing()
