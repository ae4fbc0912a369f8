"""llama.cpp inside this process, by xllamacpp.

llama.cpp's own server loop runs in a native thread and serves `slots` conversations at once. A
request is a blocking call that reports every token, so each runs in a thread of its own and hands
its tokens to the event loop. A slot keeps the key-value cache of its last prompt: a conversation
always gets the same slot while there are enough of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import secrets
import signal
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from voice_avatar.engines.chat_stream import Chunk, Usage, read_chunk, request_body
from voice_avatar.errors import EngineUnavailable, LlmFailed
from voice_avatar.events import LlmDone, LlmRequest, TextDelta
from voice_avatar.llm import LlmCapabilities, LlmOptions, estimate_tokens

if TYPE_CHECKING:
    from voice_avatar.models import ModelStore

_BATCH_TOKENS = 64
"""Prompt tokens evaluated in one step. A request can only be aborted, and other conversations only
get their next token, between two steps; 64 cost nothing against 512 (145 and 151 tokens/s)."""

_RUNNING = "llamacpp:requests_processing"


def load(options: LlmOptions, store: ModelStore) -> LlamaCppLlm:
    """Loads the model. Blocks (0.4 s for a 100 MB model).

    Raises:
        EngineUnavailable: xllamacpp is not installed, or cannot use the file.
        ModelError: there is no such model.
    """
    try:
        import xllamacpp
    except ImportError as error:
        raise EngineUnavailable("llama.cpp is not installed: pip install xllamacpp") from error
    files = store.resolve(options.model)
    params = _params(xllamacpp, options, files.main)
    try:
        with _same_signal_handlers():
            server = xllamacpp.Server(params)
    except RuntimeError as error:
        raise EngineUnavailable(f"llama.cpp cannot load the model {options.model}") from error
    return LlamaCppLlm(server, options)


class LlamaCppLlm:
    """An `LlmEngine` on a loaded llama.cpp. One event loop uses it at a time."""

    def __init__(self, server: Any, options: LlmOptions) -> None:
        self._server = server
        self._options = options
        self._slots = Slots(options.slots)
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._runs: set[_Run] = set()
        self._threads = ThreadPoolExecutor(options.slots, "llamacpp")
        self._is_closed = False

    @property
    def capabilities(self) -> LlmCapabilities:
        """See `LlmEngine`."""
        options = self._options
        return LlmCapabilities("llamacpp", options.model, options.context_tokens, True)

    def count_tokens(self, text: str) -> int:
        """See `LlmEngine`; an estimate, because xllamacpp has no call for it."""
        return estimate_tokens(text)

    async def generate(self, request: LlmRequest) -> AsyncGenerator[TextDelta | LlmDone, None]:
        """See `LlmEngine`."""
        run = await self._start(request)
        reason, usage = "", Usage()
        try:
            while (chunk := await run.next()) is not None:
                reason, usage = chunk.finish_reason or reason, chunk.usage or usage
                if chunk.text:
                    yield TextDelta(chunk.text)
        finally:
            await run.stop()
        if not reason:
            raise LlmFailed("The language model stopped in the middle of a reply.")
        yield LlmDone(
            "length" if reason == "length" else "stop",
            usage.prompt_tokens,
            usage.completion_tokens,
        )

    async def warm(self, request: LlmRequest) -> None:
        """See `LlmEngine`. Costs one token of generation: llama.cpp cannot do with none."""
        run = await self._start(replace(request, max_tokens=1))
        try:
            while await run.next() is not None:
                pass
        finally:
            await run.stop()

    async def aclose(self) -> None:
        """See `LlmEngine`."""
        self._is_closed = True
        self._wake()
        runs = tuple(self._runs)
        for run in runs:
            run.fail(LlmFailed("The language model was stopped."))
        await asyncio.gather(*(run.stop() for run in runs))
        self._threads.shutdown()
        self._server = None

    def running(self) -> int:
        """Returns how many requests llama.cpp itself is working on."""
        metrics: str = "" if self._server is None else self._server.handle_metrics()
        lines = (line.partition(" ") for line in metrics.splitlines())
        return sum(int(value) for name, _, value in lines if name == _RUNNING)

    async def _start(self, request: LlmRequest) -> _Run:
        """Waits for the conversation's slot and starts the request in it."""
        while True:
            if self._is_closed:
                raise LlmFailed("The language model was stopped.")
            slot = self._slots.take(request.cache_key)
            if slot is not None:
                break
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append((request.priority, turn))
            await turn
        run = _Run(lambda: self._ended(slot, run))
        self._runs.add(run)
        body = request_body("", request, self._options.stop)
        # Progress reports are what lets a request be aborted while its prompt is being read.
        body |= {"id_slot": slot, "cache_prompt": True, "return_progress": True}
        self._threads.submit(run.serve, self._server, body)
        return run

    def _ended(self, slot: int, run: _Run) -> None:
        self._runs.discard(run)
        self._slots.give_back(slot)
        self._wake()

    def _wake(self) -> None:
        """Lets all that wait for a slot look again, the lowest priority number first."""
        waiting, self._waiting = sorted(self._waiting, key=lambda item: item[0]), []
        for _, turn in waiting:
            if not turn.done():
                turn.set_result(None)


class _Run:
    """One request: its thread on one side, the event loop that reads it on the other."""

    def __init__(self, on_end: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._chunks: asyncio.Queue[Chunk | LlmFailed | None] = asyncio.Queue()
        self._ended = asyncio.Event()
        self._on_end = on_end
        self._is_stopping = threading.Event()
        self._failure: LlmFailed | None = None

    # -- in the event loop

    async def next(self) -> Chunk | None:
        """Returns the next chunk, None at the end.

        Raises:
            LlmFailed: the request failed.
        """
        chunk = await self._chunks.get()
        if self._failure is not None:
            raise self._failure
        if isinstance(chunk, LlmFailed):
            raise chunk
        return chunk

    def fail(self, error: LlmFailed) -> None:
        """Ends the request with an error, whatever has been generated."""
        self._failure = error
        self._is_stopping.set()
        self._chunks.put_nowait(None)

    async def stop(self) -> None:
        """Aborts the request, if it still runs, and waits until llama.cpp has let go of it."""
        self._is_stopping.set()
        await self._ended.wait()

    def _end(self) -> None:
        self._ended.set()
        self._on_end()

    # -- in the thread

    def serve(self, server: Any, body: dict[str, object]) -> None:
        """Runs the request to its end."""
        last: LlmFailed | None = None
        try:
            if not self._is_stopping.is_set():
                server.handle_chat_completions(msgspec.json.encode(body), self._receive)
        except (RuntimeError, ValueError):
            last = LlmFailed("The language model refused the request.")
        self._post(self._chunks.put_nowait, last)
        self._post(self._end)

    def _receive(self, payload: bytes) -> bool:
        """Takes what llama.cpp reports; returns whether to abort the request."""
        try:
            chunk: Chunk | LlmFailed = read_chunk(payload)
        except LlmFailed as error:
            chunk = error
        self._post(self._chunks.put_nowait, chunk)
        return self._is_stopping.is_set()

    def _post(self, call: Callable[..., None], *args: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(call, *args)


class Slots:
    """Which conversation has which slot; a newcomer gets the one that was idle for longest."""

    def __init__(self, count: int) -> None:
        self._keys = dict.fromkeys(range(count), "")
        self._busy: set[int] = set()

    def take(self, key: str) -> int | None:
        """Returns a slot and marks it busy; None = wait.

        Args:
            key: the conversation; one whose slot is busy waits for it. "" = any slot.
        """
        own = next((slot for slot, owner in self._keys.items() if key and owner == key), None)
        idle = (slot for slot in self._keys if slot not in self._busy)
        slot = next(idle, None) if own is None else own
        if slot is None or slot in self._busy:
            return None
        del self._keys[slot]
        self._keys[slot] = key
        self._busy.add(slot)
        return slot

    def give_back(self, slot: int) -> None:
        """Marks a slot idle; its conversation keeps it until someone else needs it."""
        self._busy.discard(slot)


def _params(xllamacpp: Any, options: LlmOptions, gguf: Path) -> Any:
    params = xllamacpp.CommonParams()
    params.model.path = str(gguf)
    params.model_alias = {options.model}
    params.n_gpu_layers = options.gpu_layers
    params.cpuparams.n_threads = options.threads
    params.cpuparams_batch.n_threads = options.threads
    params.n_parallel = options.slots
    params.n_ctx = options.slots * options.context_tokens
    params.n_batch = params.n_ubatch = _BATCH_TOKENS
    params.fit_params = False  # would change the context to what it thinks fits
    params.cache_ram_mib = 0  # slots are the cache; else prompts are kept in up to 8 GB of memory
    params.endpoint_metrics = True
    params.verbosity = 0
    # xllamacpp always opens llama.cpp's HTTP server too. Nobody gets the key, so nobody gets in.
    params.api_keys = [secrets.token_urlsafe()]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_threads_http = 1
    params.endpoint_slots = False
    params.ui = False
    return params


@contextlib.contextmanager
def _same_signal_handlers() -> Iterator[None]:
    """Puts SIGINT and SIGTERM back as they were: llama.cpp's server loop takes them over.

    By the C library, because `signal.signal` works in the main thread only.
    """
    if sys.platform == "win32":
        yield
        return
    libc = ctypes.CDLL(None)
    saved = {number: ctypes.create_string_buffer(512) for number in (signal.SIGINT, signal.SIGTERM)}
    for number, action in saved.items():
        libc.sigaction(number, None, action)
    try:
        yield
    finally:
        for number, action in saved.items():
            libc.sigaction(number, action, None)
