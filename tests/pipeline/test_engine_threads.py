"""Threads that can be left to themselves."""

from __future__ import annotations

import threading
import time
from concurrent.futures import CancelledError

import pytest

from voice_avatar.errors import SttFailed
from voice_avatar.pipeline.engine_threads import EngineThreads


def failure() -> Exception:
    return SttFailed("It does not answer.")


def test_calls_are_answered_in_order_and_by_as_many_threads_as_there_may_be() -> None:
    threads = EngineThreads("stt", 2)
    both = threading.Barrier(2, timeout=5)
    futures = [threads.submit(both.wait) for _ in range(2)]
    assert {future.result(5) for future in futures} == {0, 1}
    names = {threads.submit(lambda: threading.current_thread().name).result(5) for _ in range(8)}
    assert names <= {"stt_0", "stt_1"}
    threads.shutdown()
    assert threads.join(0)


def test_what_a_call_raises_belongs_to_whoever_waits() -> None:
    threads = EngineThreads("tts")
    with pytest.raises(ZeroDivisionError):
        threads.submit(lambda: 1 // 0).result(5)
    assert threads.submit(lambda: 1).result(5) == 1
    threads.shutdown()


def test_calls_in_an_engine_are_seen_and_beats_are_told_apart() -> None:
    threads = EngineThreads("stt")
    gate = threading.Event()
    first = threads.submit(gate.wait, 5)
    while not threads.running:
        time.sleep(0.001)
    assert threads.running == ((1, False),)
    beat = threads.submit_beat(lambda: None)
    gate.set()
    first.result(5)
    beat.result(5)
    assert threads.running == ()
    assert threads.begun == 1
    threads.shutdown()


def test_threads_that_hang_are_left_and_whoever_waits_is_told() -> None:
    threads = EngineThreads("stt")
    gate = threading.Event()
    inside, waiting = threads.submit(gate.wait), threads.submit(lambda: "never")
    while not threads.running:
        time.sleep(0.001)
    threads.abandon(failure)
    for future in (inside, waiting, threads.submit(lambda: "not yet")):
        with pytest.raises(SttFailed):
            future.result(0)
    threads.renew()
    assert threads.submit(lambda: "again").result(5) == "again"
    threads.shutdown(wait=True)
    assert not threads.join(0.01)  # somebody is still in there
    gate.set()
    for thread in threads._left:
        thread.join(5)
    assert threads.join(0.01)


def test_a_thread_that_comes_back_late_does_no_more_work() -> None:
    threads = EngineThreads("stt")
    gate = threading.Event()
    threads.submit(gate.wait)
    while not threads.running:
        time.sleep(0.001)
    threads.abandon(failure)
    threads.renew()
    gate.set()
    (late,) = threads._left
    late.join(5)
    assert not late.is_alive()
    assert threads.submit(lambda: 2).result(5) == 2
    threads.shutdown()


def test_its_end_gives_up_what_waits_and_takes_nothing_more() -> None:
    threads = EngineThreads("stt")
    gate = threading.Event()
    inside, waiting = threads.submit(gate.wait), threads.submit(lambda: None)
    while not threads.running:
        time.sleep(0.001)
    threads.shutdown(wait=False, cancel_futures=True)
    with pytest.raises(CancelledError):
        waiting.result(1)
    with pytest.raises(RuntimeError):
        threads.submit(lambda: None)
    gate.set()
    assert inside.result(5)
    assert threads.join(5)
