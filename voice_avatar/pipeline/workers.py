"""The threads in which the synchronous engines of a server run (`Workers`), and who goes first.

This is the only bridge between threads and the event loop.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from concurrent.futures import Executor
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from time import monotonic
from typing import Any, Final, TypeVar

from voice_avatar.errors import (
    EngineError,
    LlmFailed,
    LlmTimeout,
    SttFailed,
    TtsFailed,
    TurnFailed,
    VadFailed,
)
from voice_avatar.hearing.analysis import AnalysisRequest, HeardWindow, analyse_all
from voice_avatar.pipeline.batching import Batcher
from voice_avatar.pipeline.engine_threads import EngineThreads
from voice_avatar.pipeline.engine_watch import Vital
from voice_avatar.stages.engines import Engines

T = TypeVar("T")

_ABORT_S: Final = 2.0
"""Longest wait until an engine has let go of a request, seconds; it takes a step of the model."""

_FAILURES: Final[dict[str, Callable[[], EngineError]]] = {
    "vad": lambda: VadFailed("The voice detector does not answer."),
    "turn": lambda: TurnFailed("The turn detector does not answer."),
    "stt": lambda: SttFailed("The speech recogniser does not answer."),
    "llm": lambda: LlmFailed("The language model does not answer."),
    "tts": lambda: TtsFailed("The voice does not answer."),
}
"""What every call of a stage is answered while its engine hangs."""


class LlmPulse:
    """Whether the language model answers; kept from what its requests see anyway.

    Attributes:
        begun: requests so far.
        failure: makes what every request fails with at once; None = they are made.
    """

    def __init__(self) -> None:
        self._numbers = 0
        self._running = 0
        self._unanswered = 0  # number of what it has to answer, 0 = nothing
        self._beat = 0
        self.begun = 0
        self.failure: Callable[[], EngineError] | None = None

    def alive(self) -> None:
        """Something came of it: what it has to answer is now what follows, if anything does."""
        self._numbers += 1
        self._unanswered = self._numbers if self._running else 0

    @contextmanager
    def request(self) -> Iterator[None]:
        """Watches a request for as long as the block runs.

        One that nobody could wait for stays unanswered, so that requests that all give up sooner
        than an engine is given up do not hide that none was answered.

        Raises:
            LlmFailed: the engine hangs.
        """
        if self.failure is not None:
            raise self.failure()
        self.begun += 1
        self._running += 1
        if not self._unanswered:
            self.alive()
        is_given_up = False
        try:
            yield
        except LlmTimeout:
            is_given_up = True
            raise
        finally:
            self._running -= 1
            if not self._running and not is_given_up:
                self._unanswered = 0

    @contextmanager
    def beat(self) -> Iterator[None]:
        """Watches a beat for as long as the block runs."""
        self._numbers += 1
        self._beat = self._numbers
        try:
            yield
        finally:
            self._beat = 0

    def reset(self) -> None:
        """Another engine is there: it has nothing to answer yet."""
        self._unanswered = 0

    @property
    def running(self) -> tuple[tuple[int, bool], ...]:
        """What it has to answer, as in `Vital`."""
        asked = ((self._unanswered, False),) if self._unanswered else ()
        return (*asked, (self._beat, True)) if self._beat else asked


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
        llm: whether the language model answers.
    """

    def __init__(self, engines: Engines) -> None:
        self.engines = engines
        self.running_replies = 0
        self.running_requests = 0
        self.vad = EngineThreads("vad")
        self.hearing: Batcher[AnalysisRequest, list[HeardWindow]] = Batcher(self.vad, analyse_all)
        self.turn = EngineThreads("turn")
        self.stt = EngineThreads("stt", engines.stt.capabilities.parallel)
        self.stt_places = PrioritySemaphore(engines.stt.capabilities.parallel)
        self.tts = EngineThreads("tts")
        self.llm = LlmPulse()

    @contextmanager
    def request(self) -> Iterator[None]:
        """Counts a generation for as long as the block runs."""
        self.running_requests += 1
        try:
            with self.llm.request():
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

    # -- engines that hang

    @property
    def threads(self) -> dict[str, EngineThreads]:
        """Stage -> the threads of its engine, where it has some."""
        stages = {"vad": self.vad, "turn": self.turn, "stt": self.stt, "tts": self.tts}
        if self.engines.turn is None:
            del stages["turn"]
        return stages

    def vitals(self) -> dict[str, Vital]:
        """Returns what is to be seen of each stage now."""
        seen = {stage: Vital(each.running, each.begun) for stage, each in self.threads.items()}
        seen["llm"] = Vital(self.llm.running, self.llm.begun)
        return seen

    def abandon(self, stage: str) -> None:
        """Gives an engine up: what it was asked fails, and so does what it is asked from now on."""
        if stage == "llm":
            self.llm.failure = _FAILURES[stage]
        else:
            self.threads[stage].abandon(_FAILURES[stage])

    def replace(self, stage: str, engine: Any) -> None:
        """Puts an engine in the place of one that was given up."""
        self.engines = replace(self.engines, **{stage: engine})
        if stage == "llm":
            self.llm.failure = None
            self.llm.reset()
        else:
            self.threads[stage].renew()

    def close(self, limit_s: float = 5.0) -> tuple[str, ...]:
        """Ends the threads once what they do is done. The engines stay as they are.

        Args:
            limit_s: longest wait for all of them, seconds.

        Returns:
            The stages that have threads left, because a call has not come back.
        """
        stages = {"vad": self.vad, "turn": self.turn, "stt": self.stt, "tts": self.tts}
        for threads in stages.values():
            threads.shutdown(wait=False, cancel_futures=True)
        until_s = monotonic() + limit_s
        return tuple(
            stage
            for stage, threads in stages.items()
            if not threads.join(max(0.0, until_s - monotonic()))
        )


async def in_thread(executor: Executor, call: Callable[..., T], *args: Any) -> T:
    """Runs a call of a synchronous engine in its thread."""
    return await asyncio.get_running_loop().run_in_executor(executor, call, *args)


async def given_up(deltas: AsyncGenerator[object, None]) -> None:
    """Has the language model give a request up; one that hangs is not waited for."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_ABORT_S):
            await deltas.aclose()
