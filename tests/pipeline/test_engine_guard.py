"""Engines that hang, in this process: seen, given up, loaded again (see also cli/test_serve.py).

The guard's clock is the test's: it stands still while anything is under way that will end, however
long a loaded machine takes for that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from kit.edge import engines
from kit.hanging import HANGING, Fuse

from voice_avatar.engines import scripted
from voice_avatar.errors import EngineError
from voice_avatar.pipeline.engine_guard import EngineGuard
from voice_avatar.pipeline.engine_watch import STAGES, WatchOptions
from voice_avatar.pipeline.workers import Workers, in_thread

OPTIONS = WatchOptions()


class Scene:
    """A guard, one engine that may hang, and what was told of it."""

    def __init__(self, stage: str, *, can_reload: bool = True) -> None:
        self.stage = stage
        self.now_s = 100.0
        self.is_lit = False
        self.reload_fails = False
        self.heals = False
        self.told: list[tuple[str, bool]] = []
        self.lost: list[str] = []
        self.fuse = Fuse(lambda: self.is_lit)
        self.engine = HANGING[stage](self.fuse)
        self.workers = Workers(engines(**{stage: self.engine}))
        self.guard = EngineGuard(
            self.workers,
            OPTIONS,
            reload=self.load if can_reload else None,
            tell=self.tell,
            give_up=self.lost.append,
        )

    def tell(self, stage: str, is_hung: bool) -> None:
        self.told.append((stage, is_hung))
        self.is_lit = self.is_lit and not self.heals

    def load(self, stage: str) -> Any:
        if self.reload_fails:
            raise RuntimeError("There is no such library.")
        return getattr(scripted, f"Scripted{stage.capitalize()}")()

    async def __aenter__(self) -> Scene:
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self.guard._tasks:
            task.cancel()
        self.is_lit = False
        self.fuse.release.set()
        for threads in self.workers.threads.values():
            for thread in threads._left:
                await asyncio.to_thread(thread.join, 5)
        assert self.workers.close() == ()

    async def until(self, stage: str, is_hung: bool) -> None:
        await self.goes_on(lambda: (stage, is_hung) in self.told)

    async def goes_on(self, is_over: Callable[[], bool]) -> None:
        """Lets time go on until something is so."""
        async with asyncio.timeout(60):
            while not is_over():
                if not self.is_at_work():
                    self.now_s += OPTIONS.look_s
                    self.guard.look(self.now_s)
                await asyncio.sleep(0.001)

    def is_at_work(self) -> bool:
        """Whether a call is under way that will end."""
        hangs = self.is_lit and getattr(self.workers.engines, self.stage) is self.engine
        return any(
            vital.running and not (hangs and stage == self.stage)
            for stage, vital in self.workers.vitals().items()
        )


@pytest.mark.parametrize("stage", STAGES)
async def test_an_idle_engine_that_hangs_is_found_out_and_replaced(stage: str) -> None:
    async with Scene(stage) as scene:
        await scene.goes_on(lambda: scene.now_s > 125.0)
        assert scene.guard.hung == ()
        scene.is_lit = True
        await scene.until(stage, True)
        await scene.until(stage, False)
        assert getattr(scene.workers.engines, stage) is not scene.engine
        assert scene.guard.hung == ()
        await scene.goes_on(lambda: scene.now_s > 200.0)
        assert scene.told == [(stage, True), (stage, False)]
        assert scene.lost == []


async def test_whoever_waits_for_an_engine_that_hangs_is_told_so() -> None:
    async with Scene("stt") as scene:
        scene.is_lit = True
        stt = scene.workers.engines.stt
        call = asyncio.ensure_future(in_thread(scene.workers.stt, stt.transcribe, b"", "en"))
        await scene.until("stt", True)
        with pytest.raises(EngineError) as told:
            await call
        assert told.value.code == "stt_failed"
        await scene.until("stt", False)
        stt = scene.workers.engines.stt
        assert (await in_thread(scene.workers.stt, stt.transcribe, b"", "en")).text == ""


async def test_an_engine_that_cannot_be_loaded_again_is_beyond_help() -> None:
    async with Scene("tts") as scene:
        scene.reload_fails = True
        scene.is_lit = True
        await scene.goes_on(lambda: bool(scene.lost))
        assert scene.lost == ["tts"]
        assert scene.told == [("tts", True)]
        assert scene.guard.hung == ("tts",)


async def test_without_a_way_to_load_it_again_the_same_engine_gets_another_thread() -> None:
    async with Scene("turn", can_reload=False) as scene:
        scene.heals = True  # before the same engine is asked once more
        scene.is_lit = True
        await scene.until("turn", True)
        await scene.until("turn", False)
        assert scene.workers.engines.turn is scene.engine


async def test_the_guard_looks_by_itself_while_it_runs() -> None:
    scene = Scene("vad")
    seen: list[float] = []
    scene.guard.look = seen.append  # type: ignore[method-assign]
    running = asyncio.create_task(scene.guard.run())
    async with asyncio.timeout(60):
        while len(seen) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert seen == sorted(seen)
    assert scene.workers.close() == ()
