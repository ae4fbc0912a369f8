"""Engines that hang, in this process: seen, given up, loaded again (see also cli/test_serve.py)."""

from __future__ import annotations

import asyncio
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

QUICK = WatchOptions(hang_s=1.2, beat_s=0.4, look_s=0.02)


class Scene:
    """A guard, one engine that may hang, and what was told of it."""

    def __init__(self, stage: str, *, can_reload: bool = True) -> None:
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
            QUICK,
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
        self.running = asyncio.create_task(self.guard.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.running.cancel()
        with suppress(asyncio.CancelledError):
            await self.running
        self.is_lit = False
        self.fuse.release.set()
        for threads in self.workers.threads.values():
            for thread in threads._left:
                await asyncio.to_thread(thread.join, 5)
        assert self.workers.close() == ()

    async def until(self, stage: str, is_hung: bool) -> None:
        async with asyncio.timeout(20):
            while (stage, is_hung) not in self.told:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


@pytest.mark.realtime
@pytest.mark.parametrize("stage", STAGES)
async def test_an_idle_engine_that_hangs_is_found_out_and_replaced(stage: str) -> None:
    async with Scene(stage) as scene:
        await asyncio.sleep(0.2)
        assert scene.guard.hung == ()
        scene.is_lit = True
        await scene.until(stage, True)
        await scene.until(stage, False)
        assert getattr(scene.workers.engines, stage) is not scene.engine
        assert scene.guard.hung == ()
        assert scene.lost == []


@pytest.mark.realtime
async def test_whoever_waits_for_an_engine_that_hangs_is_told_so() -> None:
    async with Scene("stt") as scene:
        scene.is_lit = True
        stt = scene.workers.engines.stt
        call = in_thread(scene.workers.stt, stt.transcribe, b"", "en")
        with pytest.raises(EngineError) as told:
            await asyncio.wait_for(call, 20)
        assert told.value.code == "stt_failed"
        await scene.until("stt", False)
        stt = scene.workers.engines.stt
        assert (await in_thread(scene.workers.stt, stt.transcribe, b"", "en")).text == ""


@pytest.mark.realtime
async def test_an_engine_that_cannot_be_loaded_again_is_beyond_help() -> None:
    async with Scene("tts") as scene:
        scene.reload_fails = True
        scene.is_lit = True
        await scene.until("tts", True)
        await asyncio.sleep(0.1)
        assert scene.lost == ["tts"]
        assert scene.guard.hung == ("tts",)


@pytest.mark.realtime
async def test_without_a_way_to_load_it_again_the_same_engine_gets_another_thread() -> None:
    async with Scene("turn", can_reload=False) as scene:
        scene.heals = True  # before the same engine is asked once more
        scene.is_lit = True
        await scene.until("turn", True)
        await scene.until("turn", False)
        assert scene.workers.engines.turn is scene.engine
