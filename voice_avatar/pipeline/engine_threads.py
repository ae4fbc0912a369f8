"""The threads of one synchronous engine (`EngineThreads`), which can be left to themselves.

A call of a library cannot be taken back. If one never comes back, its thread is left where it is:
whoever waits for it is told so at once, and new threads take what comes next. They are daemons:
none of them holds up the end of the process.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Call:
    """A call, and who waits for it."""

    number: int
    future: Future[Any]
    work: Callable[..., Any]
    args: tuple[Any, ...]
    is_beat: bool


@dataclass(slots=True)
class _Crew:
    """Threads that share a queue, until they are left to themselves.

    Attributes:
        calls: that wait; None ends a thread.
        running: number -> call that a thread is in. Written by the threads, read by the loop.
        threads: as many as were needed so far.
        is_left: whether whoever comes back has nothing to do here any more.
    """

    calls: SimpleQueue[_Call | None] = field(default_factory=SimpleQueue)
    running: dict[int, _Call] = field(default_factory=dict)
    threads: list[threading.Thread] = field(default_factory=list)
    is_left: bool = False

    def work(self) -> None:
        """Answers calls, one after the other. Runs in a thread."""
        while not self.is_left and (call := self.calls.get()) is not None:
            if not call.future.set_running_or_notify_cancel():
                continue
            self.running[call.number] = call
            try:
                result = call.work(*call.args)
            except BaseException as error:  # it belongs to whoever waits, as in any executor
                self.running.pop(call.number, None)
                with suppress(InvalidStateError):  # nobody waits any more
                    call.future.set_exception(error)
            else:
                self.running.pop(call.number, None)
                with suppress(InvalidStateError):
                    call.future.set_result(result)
                del result
            del call

    def dismiss(self) -> None:
        """Ends the threads once they have done what they do."""
        for _ in self.threads:
            self.calls.put(None)


class EngineThreads(Executor):
    """An executor whose threads can be given up. All methods are for the event loop.

    Attributes:
        begun: calls that were submitted so far, beats left out.
        failure: makes what every call is answered at once; None = they are carried out.
    """

    def __init__(self, stage: str, count: int = 1) -> None:
        """Has no thread before the first call.

        Args:
            stage: name of the engine's stage; the threads are called so.
            count: calls carried out at once.
        """
        self._stage = stage
        self._count = count
        self._crew = _Crew()
        self._left: list[threading.Thread] = []
        self._numbers = 0
        self._is_closed = False
        self.begun = 0
        self.failure: Callable[[], Exception] | None = None

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """See `Executor`; takes no keywords.

        Raises:
            RuntimeError: it was shut down.
        """
        assert not kwargs
        self.begun += 1
        return self._submit(fn, args, is_beat=False)

    def submit_beat(self, fn: Callable[[], T]) -> Future[T]:
        """Makes a call that only asks whether the engine still answers."""
        return self._submit(fn, (), is_beat=True)

    def _submit(self, fn: Callable[..., T], args: tuple[Any, ...], *, is_beat: bool) -> Future[T]:
        if self._is_closed:
            raise RuntimeError("The threads of this engine have ended.")
        future: Future[T] = Future()
        if self.failure is not None:
            future.set_exception(self.failure())
            return future
        self._numbers += 1
        crew = self._crew
        crew.calls.put(_Call(self._numbers, future, fn, args, is_beat))
        if len(crew.threads) < self._count:
            name = f"{self._stage}_{len(crew.threads)}"
            thread = threading.Thread(target=crew.work, name=name, daemon=True)
            crew.threads.append(thread)
            thread.start()
        return future

    @property
    def running(self) -> tuple[tuple[int, bool], ...]:
        """Calls that are in the engine: number, and whether it is a beat."""
        return tuple((n, call.is_beat) for n, call in self._crew.running.copy().items())

    def abandon(self, failure: Callable[[], Exception]) -> None:
        """Leaves the threads where they are; all calls fail, and all that come until `renew`."""
        self.failure = failure
        crew, self._crew = self._crew, _Crew()
        crew.is_left = True
        waiting = list(crew.running.copy().values())
        with suppress(Empty):
            while (call := crew.calls.get_nowait()) is not None:
                waiting.append(call)
        for call in waiting:
            with suppress(InvalidStateError):  # it was answered, or is not wanted any more
                call.future.set_exception(failure())
        crew.dismiss()
        self._left += crew.threads

    def renew(self) -> None:
        """Takes calls again, with new threads."""
        self.failure = None

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """See `Executor`. Threads that were left to themselves are not waited for."""
        self._is_closed = True
        with suppress(Empty):
            while cancel_futures and (call := self._crew.calls.get_nowait()) is not None:
                call.future.cancel()
        self._crew.dismiss()
        if wait:
            for thread in self._crew.threads:
                thread.join()

    def join(self, timeout_s: float) -> bool:
        """Waits, after `shutdown`, until its threads have ended; returns whether all have."""
        for thread in self._crew.threads:
            thread.join(timeout_s)
        return not any(thread.is_alive() for thread in (*self._crew.threads, *self._left))
