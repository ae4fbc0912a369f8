"""Servers of other dialects, as small as they can be: an ear, a voice, and a socket on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import numpy as np
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

Conversation = Callable[[ServerConnection], Awaitable[None]]


@asynccontextmanager
async def serving(converse: Conversation) -> AsyncIterator[str]:
    """Runs a server and yields its URL; `converse` holds one session."""

    async def session(socket: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            await converse(socket)

    async with serve(session, "127.0.0.1", 0, compression=None, max_size=2**25) as server:
        (listening,) = server.sockets
        yield f"ws://127.0.0.1:{listening.getsockname()[1]}"


class Ear:
    """Hears tones: says "began" at the first loud frame, "ended" after `quiet` quiet ones.

    Attributes:
        frames: that it heard.
    """

    def __init__(self, quiet: int = 5) -> None:
        self.frames = 0
        self._quiet = quiet
        self._left = 0

    def hear(self, pcm: bytes) -> str:
        """Takes a frame and returns "began", "ended" or ""."""
        self.frames += 1
        if np.abs(np.frombuffer(pcm, "<i2").astype(np.int32)).max(initial=0) > 1000:
            was_quiet, self._left = not self._left, self._quiet
            return "began" if was_quiet else ""
        if not self._left:
            return ""
        self._left -= 1
        return "" if self._left else "ended"


def voice(seconds: float, hz: int, *, quiet_s: float = 0.0) -> bytes:
    """Returns something audible, after `quiet_s` of silence."""
    samples = np.full(round((quiet_s + seconds) * hz), 4000, "<i2")
    samples[: round(quiet_s * hz)] = 3
    return samples.tobytes()
