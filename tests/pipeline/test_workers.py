"""Room in an engine's threads: who is let in, and when."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from voice_avatar.errors import LlmTimeout
from voice_avatar.pipeline.workers import LlmPulse, PrioritySemaphore


class Door:
    """PrioritySemaphore, and the order in which people came in."""

    def __init__(self, count: int) -> None:
        self.places = PrioritySemaphore(count)
        self.inside: list[str] = []
        self._leave = {"": asyncio.Event()}

    def comes(self, name: str, urgency: int) -> asyncio.Task[None]:
        self._leave[name] = asyncio.Event()
        return asyncio.create_task(self._visit(name, urgency))

    async def _visit(self, name: str, urgency: int) -> None:
        async with self.places.place(urgency):
            self.inside.append(name)
            await self._leave[name].wait()

    async def leaves(self, name: str) -> None:
        self._leave[name].set()
        await settle()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_no_more_come_in_than_there_are_places() -> None:
    door = Door(2)
    for name in "abc":
        door.comes(name, 0)
    await settle()
    assert door.inside == ["a", "b"]
    await door.leaves("b")
    assert door.inside == ["a", "b", "c"]
    await door.leaves("a")
    await door.leaves("c")
    assert door.places.has_spare


async def test_the_most_urgent_comes_in_first_and_then_who_has_waited_longest() -> None:
    door = Door(1)
    for name, urgency in (("a", 0), ("later", 2), ("soon", 1), ("now", 0), ("now too", 0)):
        door.comes(name, urgency)
        await settle()
    for name in ("a", "now", "now too", "soon", "later"):
        assert door.inside[-1] == name
        await door.leaves(name)


async def test_who_gives_up_waiting_takes_no_place() -> None:
    door = Door(1)
    door.comes("a", 0)
    await settle()
    impatient = door.comes("b", 0)
    door.comes("c", 0)
    await settle()
    impatient.cancel()
    await door.leaves("a")
    assert door.inside == ["a", "c"]
    await door.leaves("c")
    assert door.places.has_spare


async def test_who_gives_up_at_the_moment_of_being_let_in_gives_the_place_back() -> None:
    door = Door(1)
    door.comes("a", 0)
    await settle()
    impatient = door.comes("b", 0)
    await settle()
    door._leave["a"].set()
    await asyncio.sleep(0)
    impatient.cancel()
    with suppress(asyncio.CancelledError):
        await impatient
    await settle()
    assert door.places.has_spare


async def test_of_two_places_one_is_spare_while_both_are_free() -> None:
    door = Door(2)
    assert door.places.has_spare
    door.comes("a", 0)
    await settle()
    assert not door.places.has_spare
    assert Door(1).places.has_spare


def test_a_language_model_that_is_asked_for_nothing_has_nothing_to_answer() -> None:
    pulse = LlmPulse()
    with suppress(LlmTimeout), pulse.request():
        raise LlmTimeout("")
    assert len(pulse.running) == 1  # nobody could wait for that
    pulse.alive()
    assert pulse.running == ()
    with pulse.request():
        pulse.alive()
        assert len(pulse.running) == 1
