"""An event loop in which waiting takes no time: nothing that a test says depends on the machine.

Its clock stands still while anything works, in the loop or in a thread that was asked by it. When
all that is left is to wait, the clock jumps to the moment that is waited for. A conversation of a
minute takes as long as its work, and a slow or loaded machine changes nothing of what is told when.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any

_START_S = 1000.0
"""What the clock shows at first; not zero, which no real clock shows."""


class _Selector(selectors.DefaultSelector):
    """Skips the time for which the loop would have nothing to do."""

    loop: SkippingLoop

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        if self.loop.at_work:
            return super().select(None)
        ready = super().select(0)
        if not ready:
            self.loop.now_s += timeout
        return ready


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

    def time(self) -> float:
        """Returns what its clock shows."""
        return self.now_s

    def run_in_executor(
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Has a thread make a call; time stands still until it has ended."""
        assert executor is not None
        work = executor.submit(func, *args)
        answer = asyncio.wrap_future(work, loop=self)
        self.at_work += 1
        # Called after what `wrap_future` has asked for: the answer is there before time goes on.
        work.add_done_callback(lambda _: self._in_loop(-1))
        return answer

    @contextmanager
    def time_goes_on(self) -> Iterator[None]:
        """For a call in a thread that is to last longer than what happens meanwhile."""
        self._in_loop(-1)
        try:
            yield
        finally:
            self._in_loop(+1)

    def _in_loop(self, change: int) -> None:
        if not self.is_closed():
            self.call_soon_threadsafe(self._count, change)

    def _count(self, change: int) -> None:
        self.at_work += change


def breathe() -> None:
    """Lets other threads run, for those that the loop does not know of."""
    time.sleep(0.0005)
