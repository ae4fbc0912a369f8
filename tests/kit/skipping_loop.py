"""An event loop in which waiting takes no time: nothing that a test says depends on the machine.

Its clock stands still while anything works: the loop, a thread that was asked by it, bytes on their
way from one end of a connection to the other, where both are in this loop. When all that is left is
to wait, the clock jumps to the moment that is waited for. A conversation of a minute takes as long
as its work, and a slow or loaded machine changes nothing of what is told when.

Code that asks `time.monotonic` within the loop is shown the same clock (`show_the_loops_time`).
"""

from __future__ import annotations

import asyncio
import fcntl
import selectors
import socket
import struct
import termios
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

_START_S = 1000.0
"""What the clock shows at first; not zero, which no real clock shows."""

_ARRIVAL_S = 0.005
"""Longest look for bytes that are on their way before they are asked for again, seconds."""

_real_monotonic = time.monotonic


def _monotonic() -> float:
    loop = asyncio._get_running_loop()
    return loop.now_s if isinstance(loop, SkippingLoop) else _real_monotonic()


def show_the_loops_time() -> None:
    """Lets `time.monotonic` tell the loop's time within a `SkippingLoop`, and nowhere else.

    To be called before anything that keeps the function is imported.
    """
    time.monotonic = _monotonic


class _Selector(selectors.DefaultSelector):
    """Skips the time for which the loop would have nothing to do."""

    loop: SkippingLoop

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        if self.loop.at_work:
            return super().select(None)
        is_on_its_way = _is_on_its_way(list(self.get_map()))
        ready = super().select(_ARRIVAL_S if is_on_its_way else 0)
        if not ready and not is_on_its_way:
            self.loop.now_s += timeout
        return ready


def _is_on_its_way(files: list[int]) -> bool:
    """Returns whether one of these sockets has sent what another has not received yet.

    Or has yet to send what another would take: on a loaded machine the kernel may be late with it.
    """
    sent: dict[tuple[Any, Any], int] = {}
    unsent: dict[tuple[Any, Any], int] = {}
    received: dict[tuple[Any, Any], int] = {}
    unread: dict[tuple[Any, Any], int] = {}
    for file in files:
        with _socket(file) as end:
            try:
                here, there = end.getsockname(), end.getpeername()
                told = end.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
                waiting = fcntl.ioctl(file, termios.FIONREAD, bytes(4))
            except OSError:  # no connection over TCP
                continue
        # See struct tcp_info in linux/tcp.h; what was sent again counts once.
        (received[there, here],) = struct.unpack_from("Q", told, 128)
        (unsent[here, there],) = struct.unpack_from("I", told, 144)
        first, again = struct.unpack_from("QQ", told, 200)
        sent[here, there] = first - again
        (unread[there, here],) = struct.unpack("i", waiting)
    return any(
        count > received.get(way, count) or (unsent[way] > 0 and unread.get(way) == 0)
        for way, count in sent.items()
    )


@contextmanager
def _socket(file: int) -> Iterator[socket.socket]:
    end = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, file)
    try:
        yield end
    finally:
        end.detach()


class SkippingLoop(asyncio.SelectorEventLoop):
    """See the module.

    Attributes:
        now_s: what its clock shows.
        at_work: calls that threads have under way for it.
    """

    def __init__(self) -> None:
        self.now_s = _START_S
        self.at_work = 0
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)
        self._threads = ThreadPoolExecutor(thread_name_prefix="asyncio")
        self.set_default_executor(self._threads)

    def time(self) -> float:
        """Returns what its clock shows."""
        return self.now_s

    def run_in_executor(
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Has a thread make a call; time stands still until it has ended."""
        work = (executor or self._threads).submit(func, *args)
        answer = asyncio.wrap_future(work, loop=self)
        self.at_work += 1
        # Called after what `wrap_future` has asked for: the answer is there before time goes on.
        work.add_done_callback(lambda _: self._in_loop(-1))
        return answer

    def stands_aside(self) -> None:
        """A thread at work waits for something that the loop has yet to do: time goes on."""
        self._in_loop(-1)

    def _in_loop(self, change: int) -> None:
        if not self.is_closed():
            self.call_soon_threadsafe(self._count, change)

    def _count(self, change: int) -> None:
        self.at_work += change


class Turnstile:
    """Where threads wait until they may pass, and time goes on meanwhile.

    Whoever is let through is at work from that moment on, and not only once its thread has woken:
    on a loaded machine that takes as long as minutes of a clock that skips.
    """

    def __init__(self, loop: SkippingLoop) -> None:
        """`loop` is whose calls the threads are."""
        self._loop = loop
        self._lock = threading.Lock()
        self._free = self._waiting = 0
        self._woken = threading.Semaphore(0)

    def pass_by(self) -> None:
        """Waits, in a thread, until it is let through."""
        with self._lock:
            if self._free:
                self._free -= 1
                return
            self._waiting += 1
            self._loop.stands_aside()
        self._woken.acquire()

    def let(self, count: int = 1) -> None:
        """Lets so many through, those that wait and those that come; called in the loop."""
        with self._lock:
            woken = min(count, self._waiting)
            self._waiting -= woken
            self._free += count - woken
        self._loop.at_work += woken
        for _ in range(woken):
            self._woken.release()


def breathe() -> None:
    """Lets other threads run, for those that the loop does not know of."""
    time.sleep(0.0005)
