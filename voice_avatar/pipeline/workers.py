"""The threads in which the synchronous engines of a server run (`Workers`), and who goes first.

This is the only bridge between threads and the event loop.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

from voice_avatar.hearing.analysis import AnalysisRequest, HeardWindow, analyse_all
from voice_avatar.pipeline.batching import Batcher
from voice_avatar.stages.engines import Engines

T = TypeVar("T")


class PrioritySemaphore:
    """Room for so many calls at once. Who waits is let in by urgency, then in order of coming."""

    def __init__(self, count: int) -> None:
        self._count = self._free = count
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._arrivals = itertools.count()

    @property
    def has_spare(self) -> bool:
        """Whether somebody else could still come in if one place were taken now."""
        return self._free >= min(2, self._count)

    @asynccontextmanager
    async def place(self, urgency: int) -> AsyncIterator[None]:
        """Waits for a place and keeps it for as long as the block runs; 0 is the most urgent."""
        if self._free:
            self._free -= 1
        else:
            turn = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (urgency, next(self._arrivals), turn))
            try:
                await turn
            except asyncio.CancelledError:
                if not turn.cancelled():
                    self._give_back()
                raise
        try:
            yield
        finally:
            self._give_back()

    def _give_back(self) -> None:
        while self._waiting:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


class Workers:
    """The engines and the threads in which the synchronous ones run.

    One thread per engine: an engine is never entered twice at once, and what is waiting takes its
    turn piece by piece, so that no session starves another. The recogniser has as many threads as
    it takes calls at once, and whoever is most urgent goes first.

    Attributes:
        engines: the engines.
        hearing: the VAD's thread, for the windows of all conversations together.
        running_replies: replies that are worked on, in all conversations; those that speculate
            too. A reply that was cut counts until its last task has ended.
        running_requests: generations that the language model has under way, likewise.
        stt_places: room in the recogniser's threads.
    """

    def __init__(self, engines: Engines) -> None:
        self.engines = engines
        self.running_replies = 0
        self.running_requests = 0
        self.vad = ThreadPoolExecutor(1, "vad")
        self.hearing: Batcher[AnalysisRequest, list[HeardWindow]] = Batcher(self.vad, analyse_all)
        self.turn = ThreadPoolExecutor(1, "turn")
        self.stt = ThreadPoolExecutor(engines.stt.capabilities.parallel, "stt")
        self.stt_places = PrioritySemaphore(engines.stt.capabilities.parallel)
        self.tts = ThreadPoolExecutor(1, "tts")

    @contextmanager
    def request(self) -> Iterator[None]:
        """Counts a generation for as long as the block runs."""
        self.running_requests += 1
        try:
            yield
        finally:
            self.running_requests -= 1

    @contextmanager
    def reply(self) -> Iterator[None]:
        """Counts a reply for as long as the block runs."""
        self.running_replies += 1
        try:
            yield
        finally:
            self.running_replies -= 1

    def close(self) -> None:
        """Ends the threads once what they do is done. The engines stay as they are."""
        for executor in (self.vad, self.turn, self.stt, self.tts):
            executor.shutdown(wait=True, cancel_futures=True)


async def in_thread(executor: Executor, call: Callable[..., T], *args: Any) -> T:
    """Runs a call of a synchronous engine in its thread."""
    return await asyncio.get_running_loop().run_in_executor(executor, call, *args)
