"""Carries what a request produces in another thread to the event loop that reads it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from typing import Any, Final

from voice_avatar.engines.chat.chunks import Chunk, ChunkReader, Usage
from voice_avatar.errors import LlmFailed
from voice_avatar.events.payloads import LlmDelta, LlmDone

LET_GO_S: Final = 5.0
"""Longest wait for a thread to let go of a request, seconds: it takes a step of the model."""


class Relay:
    """One request: the thread that runs it on one side, the event loop that reads it on the other.

    Make it in the event loop. Then the thread calls `put`, and `end` exactly once.

    Attributes:
        abort: called in the event loop to make the thread end the request soon; set by the maker.
        release: called in the event loop once the thread has let go of the request, before anybody
            who waits for that goes on; set by the maker.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._chunks: asyncio.Queue[Chunk | LlmFailed | None] = asyncio.Queue()
        self._ended = asyncio.Event()
        self._failure: LlmFailed | None = None
        self.abort: Callable[[], None] = lambda: None
        self.release: Callable[[], None] = lambda: None

    # -- in the thread

    def put(self, chunk: Chunk | LlmFailed) -> None:
        """Hands over a piece of the reply, or what made it fail."""
        self.call(self._chunks.put_nowait, chunk)

    def end(self, failure: LlmFailed | None = None) -> None:
        """The thread has let go of the request."""
        self.call(self._chunks.put_nowait, failure)
        self.call(self._let_go)

    def call(self, call: Callable[..., object], *args: Any) -> None:
        """Calls something in the event loop."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(call, *args)

    # -- in the event loop

    def _let_go(self) -> None:
        self.release()
        self._ended.set()

    async def read(self) -> AsyncGenerator[LlmDelta, None]:
        """Yields the reply as `LlmEngine.generate` promises, and aborts it when closed early."""
        reason, usage, reader = "", Usage(), ChunkReader()
        try:
            while (chunk := await self._chunks.get()) is not None:
                if self._failure is not None:
                    raise self._failure
                if isinstance(chunk, LlmFailed):
                    raise chunk
                reason, usage = chunk.finish_reason or reason, chunk.usage or usage
                for delta in reader.push(chunk):
                    yield delta
        finally:
            if not self._ended.is_set():
                self.abort()
            await self.wait()
        if self._failure is not None:
            raise self._failure
        for delta in reader.finish():
            yield delta
        if not reason:
            raise LlmFailed("The language model stopped in the middle of a reply.")
        yield LlmDone(
            "length" if reason == "length" else "stop",
            usage.prompt_tokens,
            usage.completion_tokens,
        )

    def fail(self, failure: LlmFailed) -> None:
        """Ends the request with an error, whatever it has produced."""
        self._failure = failure
        self._chunks.put_nowait(None)
        self.abort()

    async def wait(self) -> None:
        """Waits until the thread has let go of the request; not for ever, for it may hang."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LET_GO_S):
                await self._ended.wait()
