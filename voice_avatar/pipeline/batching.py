"""Small calls of many conversations into one engine's thread, in batches: one hop for all of them.

A hop into a thread and back costs the event loop more than a window's work costs the VAD: two
switches of context, two locks, a wake-up of the loop. With a window per conversation every 32 ms,
a hop for each is most of what a busy server does. So a call that finds the thread at rest hops at
once, and whoever comes within `GATHER_S` of that hop, or while it is under way, shares the next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Final, Generic, TypeVar

GATHER_S: Final = 0.004
"""Least time between the starts of two hops, seconds: an eighth of a VAD window, which is what a
window can lose by waiting for company, and 250 hops a second, whatever the number of sessions."""

Request = TypeVar("Request")
Result = TypeVar("Result")


class Batcher(Generic[Request, Result]):
    """One engine's thread and the requests that wait for it. Lives in one event loop."""

    def __init__(
        self,
        executor: Executor,
        answer: Callable[[Sequence[Request]], Sequence[Result | Exception]],
        *,
        gather_s: float = GATHER_S,
    ) -> None:
        """Makes a batcher.

        Args:
            executor: the thread.
            answer: runs in it: answers requests, each with a result or with what went wrong with
                that request alone.
            gather_s: least time between the starts of two hops, seconds.
        """
        self._executor = executor
        self._answer = answer
        self._gather_s = gather_s
        self._waiting: list[tuple[Request, Callable[[Result | Exception], None]]] = []
        self._is_scheduled = False
        self._free_s = 0.0

    def submit(self, request: Request, done: Callable[[Result | Exception], None]) -> None:
        """Has a request answered; `done` is called with the answer, in the event loop.

        Requests of one batcher are answered in order. `done` must not raise.
        """
        self._waiting.append((request, done))
        if not self._is_scheduled:
            self._schedule()

    def _schedule(self) -> None:
        """Lets what waits hop at once, or as soon as the time between two hops has passed."""
        self._is_scheduled = True
        loop = asyncio.get_running_loop()
        if loop.time() < self._free_s:
            loop.call_at(self._free_s, self._hop)
        else:
            loop.call_soon(self._hop)  # with whatever else comes in this round of the loop

    def _hop(self) -> None:
        loop = asyncio.get_running_loop()
        self._free_s = loop.time() + self._gather_s
        batch, self._waiting = self._waiting, []
        requests = [request for request, _ in batch]
        try:
            hop = loop.run_in_executor(self._executor, self._answer, requests)
        except RuntimeError:  # the thread has ended: so does the server, and nobody listens
            return

        def landed(hop: asyncio.Future[Sequence[Result | Exception]]) -> None:
            self._is_scheduled = False
            if not hop.cancelled():  # else the server ends, and nobody listens any more
                error = hop.exception()
                failed = [error] * len(batch) if isinstance(error, Exception) else None
                for (_, done), answer in zip(batch, failed or hop.result(), strict=True):
                    done(answer)
            if self._waiting and not self._is_scheduled:
                self._schedule()

        hop.add_done_callback(landed)
