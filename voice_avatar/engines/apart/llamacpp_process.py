"""llama.cpp in a process of its own, as the server sees it (see `llamacpp_child.py`).

The engine holds all slots in one loop of native code that nobody can interrupt. So it does not run
in the server: a grammar that never ends, or a crash, costs the requests that are under way and the
second that it takes to load the model again. A token has one hop more to go, of a pipe.
"""

from __future__ import annotations

import itertools
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Final

import msgspec

from voice_avatar.engines.apart import llamacpp_child as child
from voice_avatar.engines.apart.llamacpp_child import FrameWriter, Loaded, Spec
from voice_avatar.engines.chat.chunks import read_chunk
from voice_avatar.engines.relay import Relay
from voice_avatar.errors import EngineUnavailable, LlmFailed

_log = logging.getLogger(__name__)

_SHORT_LIFE_S: Final = 5.0
"""A process that ends sooner after it was loaded is not started again."""

_JOIN_S: Final = 2.0
"""Longest wait for a process that was killed, seconds."""

_GONE: Final = "The language model's process has ended."


class LlamaCppProcess:
    """A llama.cpp that is started again when it ends, until `close`.

    Attributes:
        loaded: what it told of itself.
        pid: of its process.
    """

    def __init__(self, spec: Spec) -> None:
        """Loads the model. Blocks.

        Raises:
            EngineUnavailable: llama.cpp cannot load it.
        """
        self._spec = spec
        self._numbers = itertools.count(1)
        self._relays: dict[int, Relay] = {}
        self._asked: dict[int, Future[bytes]] = {}
        # Guards what both sides change: who waits, and for which process.
        self._lock = threading.Lock()
        self._is_closed = False
        # Requests are written by a thread: a process that stands still fills its pipe.
        self._requests: SimpleQueue[child.Frame | None] = SimpleQueue()
        self._when_back: list[Callable[[], object]] = []
        self._process, self._out, self.loaded = self._start()
        self._is_up = True
        self._threads = [
            threading.Thread(target=work, name="llamacpp", daemon=True)
            for work in (self._read, self._write)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """Of the process that is there now."""
        return self._process.pid

    @property
    def listening_address(self) -> str:
        """URL of llama.cpp's own HTTP server."""
        return self.loaded.address

    # -- for the event loop

    def chat(self, body: bytes, relay: Relay) -> None:
        """Starts a request; the relay gets what becomes of it. Does not block."""
        with self._lock:
            number = next(self._numbers)
            self._relays[number] = relay
        relay.abort = lambda: self._requests.put((child.ABORT, number, b""))
        self._ask(child.CHAT, number, body)

    def when_up(self, tell: Callable[[], object]) -> bool:
        """Returns whether it is there; if not, has `tell` called once it is, or is closed."""
        with self._lock:
            if not self._is_up and not self._is_closed:
                self._when_back.append(tell)
                return False
        return True

    def handle_metrics(self, timeout_s: float | None = None) -> str:
        """Returns llama.cpp's figures, which its loop has to tell. Blocks.

        Raises:
            LlmFailed: the process has ended.
            TimeoutError: it has not answered.
        """
        return self.metrics().result(timeout_s).decode()

    def metrics(self) -> Future[bytes]:
        """Asks for llama.cpp's figures."""
        answer: Future[bytes] = Future()
        with self._lock:
            number = next(self._numbers)
            self._asked[number] = answer
        self._ask(child.METRICS, number)
        return answer

    def _ask(self, kind: int, number: int, payload: bytes = b"") -> None:
        self._requests.put((kind, number, payload))
        if self._is_closed:  # perhaps before it was put there: nobody may look any more
            self._fail(number)

    def close(self) -> None:
        """Ends the process at once: it has nothing to keep. Blocks for a moment."""
        with self._lock:
            self._is_closed = True
            process = self._process
        process.kill()
        self._requests.put(None)
        for thread in self._threads:
            thread.join(_JOIN_S)

    # -- the process

    def _write(self) -> None:
        """Hands requests to the process. Runs in a thread."""
        while (frame := self._requests.get()) is not None:
            try:
                self._out.write(*frame)
            except (OSError, ValueError):  # it has ended: the reader sees to the others
                self._fail(frame[1])
        self._fail()

    def _start(self) -> tuple[subprocess.Popen[bytes], FrameWriter, Loaded]:
        # Found as this package was found, wherever the server was started.
        root = str(Path(__file__).parents[3])
        path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
        process = subprocess.Popen(
            [sys.executable, "-m", child.__name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
        )
        assert process.stdin is not None
        assert process.stdout is not None
        out = FrameWriter(process.stdin)
        with suppress(OSError):
            out.write(child.LOAD, 0, msgspec.json.encode(self._spec))
        for kind, _, payload in child.read_frames(process.stdout):
            if kind == child.LOADED:
                return process, out, msgspec.json.decode(payload, type=Loaded)
            break
        _end(process)
        raise EngineUnavailable(f"llama.cpp cannot load the model {self._spec.alias}")

    def _read(self) -> None:
        """Hands on what comes, and starts the process again when it ends. Runs in a thread."""
        while True:
            started_s = time.monotonic()
            assert self._process.stdout is not None
            for frame in child.read_frames(self._process.stdout):
                self._take(*frame)
            with self._lock:
                self._is_up = False
            _end(self._process)
            self._fail()
            if self._is_closed:
                return
            _log.error("llama.cpp has ended", extra={"status": self._process.returncode})
            if time.monotonic() - started_s < _SHORT_LIFE_S:
                break
            try:
                process, out, _ = self._start()
            except EngineUnavailable:
                break
            with self._lock:
                self._process, self._out, self._is_up = process, out, True
                is_closed, waiting = self._is_closed, self._when_back
                self._when_back = []
            if is_closed:
                process.kill()
            for tell in waiting:
                tell()
        self._is_closed = True
        self._fail()

    def _take(self, kind: int, number: int, payload: bytes) -> None:
        if kind == child.FIGURES:
            with self._lock:
                answer = self._asked.pop(number, None)
            if answer is not None:
                with suppress(InvalidStateError):  # nobody waits any more
                    answer.set_result(payload)
            return
        relay = self._relays.get(number)
        if relay is None:
            return
        if kind == child.CHUNK:
            try:
                relay.put(read_chunk(payload))
            except LlmFailed as error:
                relay.put(error)
            return
        with self._lock:
            self._relays.pop(number, None)
        refused = LlmFailed("The language model refused the request.")
        relay.end(refused if kind == child.REFUSED else None)

    def _fail(self, number: int | None = None) -> None:
        """Fails whoever waits for a process that has ended; with a number, that request alone."""
        waiting: list[Callable[[], object]] = []
        with self._lock:
            numbers = (*self._relays, *self._asked) if number is None else (number,)
            relays = [self._relays.pop(n) for n in numbers if n in self._relays]
            asked = [self._asked.pop(n) for n in numbers if n in self._asked]
            if self._is_closed:
                waiting, self._when_back = self._when_back, []
        for relay in relays:
            relay.end(LlmFailed(_GONE))
        for answer in asked:
            with suppress(InvalidStateError):  # nobody waits any more
                answer.set_exception(LlmFailed(_GONE))
        for tell in waiting:
            tell()

    @property
    def is_closed(self) -> bool:
        """Whether it will not be started again."""
        return self._is_closed


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
