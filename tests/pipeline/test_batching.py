"""Gathered calls into a thread: who shares a hop, who fails alone, what is left at the end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from voice_avatar.pipeline.batching import Batcher

Answer = str | Exception


class Engine:
    """Answers in upper case, and notes who came together; waits while it is held."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.threads: set[str] = set()
        self.entered = threading.Event()
        self.is_free = threading.Event()
        self.is_free.set()

    def __call__(self, requests: Sequence[str]) -> list[Answer]:
        self.threads.add(threading.current_thread().name)
        self.batches.append(list(requests))
        self.entered.set()
        assert self.is_free.wait(60.0)
        return [ValueError(r) if r == "bad" else r.upper() for r in requests]


@contextmanager
def batching(engine: Engine, gather_s: float = 0.0) -> Iterator[Batcher[str, str]]:
    with ThreadPoolExecutor(1, "engine") as executor:
        yield Batcher(executor, engine, gather_s=gather_s)


async def answers(batcher: Batcher[str, str], *requests: str) -> list[Answer]:
    """Submits requests in one go and waits for all answers."""
    got: list[Answer] = []
    done = asyncio.Event()

    def came(answer: Answer) -> None:
        got.append(answer)
        if len(got) == len(requests):
            done.set()

    for request in requests:
        batcher.submit(request, came)
    async with asyncio.timeout(60.0):
        await done.wait()
    return got


async def test_requests_of_one_moment_share_a_hop_and_are_answered_in_order() -> None:
    engine = Engine()
    with batching(engine) as batcher:
        assert await answers(batcher, "a", "b", "c") == ["A", "B", "C"]
        assert await answers(batcher, "d") == ["D"]
    assert engine.batches == [["a", "b", "c"], ["d"]]
    assert engine.threads == {"engine_0"}


async def test_who_comes_while_a_hop_is_under_way_shares_the_next() -> None:
    engine = Engine()
    with batching(engine) as batcher:
        engine.is_free.clear()
        first = asyncio.create_task(answers(batcher, "a"))
        await asyncio.to_thread(engine.entered.wait)
        rest = [asyncio.create_task(answers(batcher, name)) for name in "bc"]
        await asyncio.sleep(0.01)
        engine.is_free.set()
        assert [await task for task in (first, *rest)] == [["A"], ["B"], ["C"]]
    assert engine.batches == [["a"], ["b", "c"]]


@pytest.mark.virtual_time
async def test_the_first_hops_at_once_and_the_next_not_before_its_time() -> None:
    engine = Engine()
    with batching(engine, gather_s=0.05) as batcher:
        now_s = asyncio.get_running_loop().time
        start_s = now_s()
        await answers(batcher, "a")
        assert now_s() == start_s
        late = [asyncio.create_task(answers(batcher, name)) for name in "bc"]
        await asyncio.gather(*late)
        assert now_s() - start_s == pytest.approx(0.05)
        await asyncio.sleep(0.06)
        start_s = now_s()
        await answers(batcher, "d")
        assert now_s() == start_s
    assert engine.batches == [["a"], ["b", "c"], ["d"]]


async def test_a_request_that_fails_fails_alone() -> None:
    with batching(Engine()) as batcher:
        good, bad, other = await answers(batcher, "a", "bad", "b")
    assert (good, other) == ("A", "B")
    assert isinstance(bad, ValueError)


async def test_a_request_may_be_made_in_the_answer_to_another() -> None:
    engine = Engine()
    with batching(engine) as batcher:
        got: list[Answer] = []
        done = asyncio.Event()

        def again(answer: Answer) -> None:
            got.append(answer)
            if len(got) < 3:
                batcher.submit(f"{len(got)}", again)
            else:
                done.set()

        batcher.submit("a", again)
        async with asyncio.timeout(60.0):
            await done.wait()
    assert got == ["A", "1", "2"]


async def test_what_waits_when_the_thread_is_shut_down_is_never_answered() -> None:
    engine = Engine()
    executor = ThreadPoolExecutor(1)
    batcher: Batcher[str, str] = Batcher(executor, engine, gather_s=0.0)
    got: list[Answer] = []
    engine.is_free.clear()
    blocked = executor.submit(engine, ["block"])
    await asyncio.to_thread(engine.entered.wait)
    batcher.submit("a", got.append)
    await asyncio.sleep(0.01)
    executor.shutdown(wait=False, cancel_futures=True)
    engine.is_free.set()
    await asyncio.wrap_future(blocked)
    await asyncio.sleep(0.01)
    assert got == []


async def test_what_comes_once_the_thread_has_ended_is_left_unanswered() -> None:
    errors: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))
    engine = Engine()
    with batching(engine) as batcher:
        pass
    batcher.submit("late", errors.append)
    await asyncio.sleep(0.02)
    assert not errors
    assert not engine.batches
