"""Looks after the engines: asks those that are idle, and replaces one that hangs.

What is a hang is decided in `engine_watch.py`. One that hangs is given up: whoever waits for it is
told so, its thread is left where it is, and another engine is loaded in its place. Until that one
has answered, the stage counts as hung. One that hangs again at once is beyond help, and so is one
that cannot be loaded again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from voice_avatar.audio.pcm import silence
from voice_avatar.errors import EngineError
from voice_avatar.events.payloads import MIC_HZ, WINDOW_SAMPLES, SpeakableChunk
from voice_avatar.pipeline.engine_threads import EngineThreads
from voice_avatar.pipeline.engine_watch import Beat, EngineWatch, Hang, Recovery, WatchOptions
from voice_avatar.pipeline.workers import Workers, in_thread

_log = logging.getLogger(__name__)

_CLOSE_S = 2.0
"""Longest wait for a language model that is given up to let go of what it holds, seconds."""

_WORD = SpeakableChunk(0, "a", "a")


class EngineGuard:
    """Looks after the engines of `Workers` while `run` runs."""

    def __init__(
        self,
        workers: Workers,
        options: WatchOptions,
        *,
        reload: Callable[[str], Any] | None = None,
        tell: Callable[[str, bool], None] = lambda stage, is_hung: None,
        give_up: Callable[[str], None] = lambda stage: None,
    ) -> None:
        """Begins with engines that have all worked.

        Args:
            workers: the engines and their threads.
            options: when an engine hangs.
            reload: loads the engine of a stage once more; it blocks. None = that cannot be done:
                the same engine is entered again, by another thread.
            tell: told each time that a stage hangs, and that it does no more.
            give_up: told a stage that is beyond help.
        """
        self._workers = workers
        self._options = options
        self._reload = reload
        self._tell = tell
        self._give_up = give_up
        self._watch = EngineWatch(options)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def hung(self) -> tuple[str, ...]:
        """Stages that hang, or whose engine is just being replaced."""
        return self._watch.hung

    async def run(self) -> None:
        """Looks after them until it is cancelled."""
        try:
            while True:
                await asyncio.sleep(self._options.look_s)
                self.look(time.monotonic())
        finally:
            for task in self._tasks:
                task.cancel()

    def look(self, now_s: float) -> None:
        """Looks at them once, and begins what is to be done.

        Args:
            now_s: any clock that goes on, seconds.
        """
        for action in self._watch.look(self._workers.vitals(), now_s):
            match action:
                case Beat(stage):
                    self._spawn(self._beat(stage))
                case Hang():
                    self._hangs(action)
                case Recovery(stage):
                    self._recovered(stage)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- beats

    async def _beat(self, stage: str) -> None:
        with suppress(EngineError):  # an engine that fails does not hang
            await self._ask(stage)

    async def _ask(self, stage: str) -> None:
        """Asks the engine of a stage for next to nothing, and waits until it has answered."""
        workers = self._workers
        engines = workers.engines
        if stage == "llm":
            with workers.llm.beat():
                has_worked = await engines.llm.beat()
            if has_worked and workers.llm.running:
                workers.llm.alive()  # what it has been asked for only takes long
            return
        work: dict[str, Callable[[], object]] = {
            "vad": lambda: engines.vad.open().step(silence(WINDOW_SAMPLES)),
            "turn": lambda: engines.turn and engines.turn.score(silence(MIC_HZ)),
            # Silence costs a recogniser nothing: nobody who speaks just now has to wait for it.
            "stt": lambda: engines.stt.transcribe(silence(MIC_HZ), "en"),
            "tts": lambda: sum(1 for _ in engines.tts.synthesize(_WORD)),
        }
        await asyncio.wrap_future(workers.threads[stage].submit_beat(work[stage]))

    # -- hangs

    def _hangs(self, hang: Hang) -> None:
        stage = hang.stage
        _log.error("engine hung", extra={"stage": stage, "again": hang.is_again})
        self._tell(stage, True)
        if not hang.is_ours:
            return
        self._workers.abandon(stage)
        if hang.is_again:
            self._beyond_help(stage)
        else:
            self._spawn(self._replace(stage))

    async def _replace(self, stage: str) -> None:
        """Puts another engine in the place of one that was given up."""
        started_s = time.monotonic()
        engine = getattr(self._workers.engines, stage)
        try:
            if stage == "llm":  # first, for two may not find room
                with suppress(TimeoutError, EngineError):
                    async with asyncio.timeout(_CLOSE_S):
                        await engine.aclose()
            if self._reload is not None:
                loading = EngineThreads(f"{stage}_loader")
                try:
                    engine = await in_thread(loading, self._reload, stage)
                finally:
                    loading.shutdown(wait=False)
            self._workers.replace(stage, engine)
            async with asyncio.timeout(self._options.hang_s):
                await self._ask(stage)
        except Exception as error:  # whatever a library raises: there is no engine
            _log.error("engine lost", extra={"stage": stage, "why": type(error).__name__})
            self._workers.abandon(stage)
            self._beyond_help(stage)
            return
        self._recovered(stage)
        took_s = round(time.monotonic() - started_s, 2)
        _log.warning("engine replaced", extra={"stage": stage, "took_s": took_s})

    def _recovered(self, stage: str) -> None:
        self._watch.recovered(stage)
        self._tell(stage, False)

    def _beyond_help(self, stage: str) -> None:
        _log.error("engine beyond help", extra={"stage": stage})
        self._give_up(stage)
