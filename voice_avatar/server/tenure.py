"""The time for which one connection carries a session: what all connections do alike.

A connection is admitted to a session, runs a few tasks for it (one reads, one writes), and is over
with the first of them that ends. Until then another connection may take the session over: this one
gives way, and the newer one waits until nothing of the session is read or sent here any more. So
there are never two that carry a session, and what the older one has taken out of the outbox is in
the resend buffer before the newer one looks there.

A connection has a tenure and is none: what it says, and in which order, is its own business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any

from websockets.asyncio.server import ServerConnection

from voice_avatar.server.closing import Closing, shut
from voice_avatar.wire.codes import CloseCode


class Tenure:
    """One connection's time with a session.

    Use as `with tenure:` around all that the connection does: leaving the block, however, tells
    whoever takes over that this connection is done.

    Attributes:
        socket: to the client.
    """

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket
        self._must_go = asyncio.Event()
        self._is_done = asyncio.Event()

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_done.set()

    async def carry(self, *work: Coroutine[Any, Any, Any]) -> None:
        """Runs the connection's tasks until one ends, or another connection takes over.

        Raises:
            Closing: another connection has taken over, or a task says so.
            ConnectionClosed: the client closed it, or it is lost.
        """
        try:
            await until_first(*work, self._must_go.wait())
        except Exception:
            # A task that fails while the connection gives way fails because it was torn away from
            # the session, or at the same moment by chance: either way the session goes on
            # elsewhere, and this client is told that, and nothing of a failure.
            if not self._must_go.is_set():
                raise
        if self._must_go.is_set():
            raise Closing(CloseCode.REPLACED)

    async def give_way(self) -> None:
        """Another connection takes over; returns once nothing is read or sent any more."""
        self._must_go.set()
        await self._is_done.wait()

    async def leave(self, code: CloseCode) -> None:
        """Closes the connection from the server's side."""
        await shut(self.socket, code)


async def until_first(*work: Coroutine[Any, Any, Any]) -> None:
    """Runs tasks until one of them ends, ends the others, and raises what one has raised."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        # All are waited for, so that nothing of a connection runs on once it is over.
        results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result
