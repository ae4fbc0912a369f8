"""The session's deadline as a timer: rung once it has come, however often it moved before."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from voice_avatar.events.inputs import SessionInput, Tick
from voice_avatar.pipeline.alarm import Alarm

pytestmark = pytest.mark.virtual_time


class Owner:
    """A session with a deadline, and the conversation that is asked to step it."""

    def __init__(self, deadline_s: float | None = None) -> None:
        self.deadline_s = deadline_s
        self.has_ended = False
        self.fails = False
        self.ticks_s: list[float] = []
        self.failure: Exception | None = None
        self.alarm = Alarm(self, self, self.now)  # type: ignore[arg-type]

    @staticmethod
    def now() -> float:
        return asyncio.get_running_loop().time()

    def step(self, event: SessionInput) -> None:
        assert event == Tick()
        if self.fails:
            raise ZeroDivisionError
        self.ticks_s.append(self.now())
        self.deadline_s = None

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        raise NotImplementedError

    def fail(self, error: Exception) -> None:
        self.failure = error

    def wants(self, after_s: float | None) -> None:
        """The session has made a step and names a deadline, from now."""
        self.deadline_s = None if after_s is None else self.now() + after_s
        self.alarm.wind_up(self.now())


async def test_it_rings_when_the_deadline_comes_and_not_again() -> None:
    owner, begun_s = Owner(), asyncio.get_running_loop().time()
    owner.wants(2.0)
    await asyncio.sleep(10.0)
    assert owner.ticks_s == [pytest.approx(begun_s + 2.0, abs=0.01)]


async def test_without_a_deadline_it_never_rings() -> None:
    owner = Owner()
    owner.wants(None)
    await asyncio.sleep(100.0)
    assert owner.ticks_s == []


async def test_a_deadline_that_moves_away_is_rung_once_at_its_last_place() -> None:
    owner = Owner()
    for _ in range(20):
        owner.wants(1.0)
        await asyncio.sleep(0.3)
    moved_s = owner.now() - 0.3
    await asyncio.sleep(5.0)
    assert owner.ticks_s == [pytest.approx(moved_s + 1.0, abs=0.01)]


async def test_a_deadline_that_comes_nearer_is_kept() -> None:
    owner, begun_s = Owner(), asyncio.get_running_loop().time()
    owner.wants(60.0)
    owner.wants(1.0)
    await asyncio.sleep(5.0)
    assert owner.ticks_s == [pytest.approx(begun_s + 1.0, abs=0.01)]


async def test_a_deadline_that_has_passed_is_rung_at_once_but_not_within_the_call() -> None:
    owner = Owner()
    owner.wants(-3.0)
    assert owner.ticks_s == []
    await asyncio.sleep(0.01)
    assert len(owner.ticks_s) == 1


@pytest.mark.parametrize("how", ["stopped", "ended"])
async def test_a_conversation_that_is_over_gets_no_tick(how: str) -> None:
    owner = Owner()
    owner.wants(1.0)
    if how == "stopped":
        owner.alarm.stop()
    else:
        owner.has_ended = True
    await asyncio.sleep(5.0)
    assert owner.ticks_s == []


async def test_a_session_that_fails_at_its_tick_ends_the_conversation() -> None:
    owner = Owner()
    owner.fails = True
    owner.wants(1.0)
    await asyncio.sleep(5.0)
    assert isinstance(owner.failure, ZeroDivisionError)
