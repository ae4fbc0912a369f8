"""What one thread produces, another reads: to its end, to its failure, or until nobody listens."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing

import pytest

from voice_avatar.engines.chat.chunks import Chunk, Usage
from voice_avatar.engines.relay import Relay
from voice_avatar.errors import LlmFailed, LlmTimeout
from voice_avatar.events.payloads import LlmDelta, LlmDone, TextDelta

LAST = Chunk(finish_reason="stop", usage=Usage(3, 2))


async def read(relay: Relay) -> list[LlmDelta]:
    return [delta async for delta in relay.read()]


async def test_a_reply_comes_over_from_its_thread_in_order() -> None:
    relay = Relay()
    released = []
    relay.release = lambda: released.append(True)

    def work() -> None:
        for number in range(100):
            relay.put(Chunk(text=f"{number} "))
        relay.put(LAST)
        relay.end()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(work)
        got = await read(relay)
    assert got == [*(TextDelta(f"{number} ") for number in range(100)), LlmDone("stop", 3, 2)]
    assert released == [True]


async def test_a_reply_that_was_cut_by_its_tokens_says_so() -> None:
    relay = Relay()
    relay.put(Chunk(text="So", finish_reason="length"))
    relay.end()
    assert await read(relay) == [TextDelta("So"), LlmDone("length", 0, 0)]


async def test_an_end_without_a_reason_is_a_failure() -> None:
    relay = Relay()
    relay.put(Chunk(text="So"))
    relay.end()
    with pytest.raises(LlmFailed, match="in the middle"):
        await read(relay)


async def test_a_failure_of_the_thread_is_raised_where_it_is_read() -> None:
    relay = Relay()
    relay.put(Chunk(text="So"))
    relay.end(LlmFailed("It broke."))
    async with aclosing(relay.read()) as deltas:
        assert await anext(deltas) == TextDelta("So")
        with pytest.raises(LlmFailed, match="It broke"):
            await anext(deltas)


async def test_a_reader_who_leaves_aborts_and_waits_until_the_thread_has_let_go() -> None:
    relay = Relay()
    told: list[str] = []

    def abort() -> None:
        told.append("abort")
        relay.end()

    relay.abort, relay.release = abort, lambda: told.append("release")
    relay.put(Chunk(text="So"))
    async with aclosing(relay.read()) as deltas:
        assert await anext(deltas) == TextDelta("So")
    assert told == ["abort", "release"]
    await asyncio.wait_for(relay.wait(), 1)


async def test_a_request_that_is_failed_from_outside_drops_what_it_has_produced() -> None:
    relay = Relay()
    relay.abort = relay.end
    relay.put(Chunk(text="late"))
    relay.fail(LlmTimeout("Nothing came."))
    with pytest.raises(LlmTimeout):
        await read(relay)


async def test_a_thread_whose_loop_is_gone_is_not_disturbed() -> None:
    def elsewhere() -> Relay:
        async def made() -> Relay:
            return Relay()

        return asyncio.run(made())

    relay = await asyncio.to_thread(elsewhere)
    relay.put(LAST)
    relay.end()
