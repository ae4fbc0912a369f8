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
import urllib.request
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from voice_avatar.engines.chat_stream import read_chunk, request_body
from voice_avatar.engines.gguf_weights import quick_weights
from voice_avatar.engines.relay import Relay
from voice_avatar.engines.tool_stream import text_reader, with_calls
from voice_avatar.errors import EngineUnavailable, LlmFailed
from voice_avatar.events.payloads import LlmDelta, LlmRequest
from voice_avatar.stages.engines import UNPLANNED_THREADS
from voice_avatar.stages.llm import LlmCapabilities, LlmOptions, estimate_tokens
from voice_avatar.tools.as_text import forced_schema, in_plain_words

if TYPE_CHECKING:
    from voice_avatar.models.store import ModelStore

_BATCH_TOKENS = 64
"""Prompt tokens evaluated in one step. A request can only be aborted, and other conversations only
get their next token, between two steps; 64 cost nothing against 512 (145 and 151 tokens/s)."""

_COMPACT = {"x-guidance": {"whitespace_flexible": False}}
"""Has llama.cpp's grammar engine leave out white space: fewer tokens until the call is whole."""

_PROPS_TIMEOUT_S = 5.0

_PROCESSING = "llamacpp:requests_processing"


@dataclass(frozen=True, slots=True)
class LlamaCppOptions:
    """What llama.cpp takes beside the options of every language model.

    Attributes:
        gpu_layers: layers put on the GPU, -1 = all, 0 = none.
        widens_weights: a small model in a format of four or five bits that is slow on a CPU is run
            in eight bits, from a copy in the cache folder made at the first start.
    """

    gpu_layers: int = 0
    widens_weights: bool = True


_DEFAULTS = LlamaCppOptions()


def load(options: LlmOptions, store: ModelStore, own: LlamaCppOptions = _DEFAULTS) -> LlamaCppLlm:
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
    weights = files.main
    if own.widens_weights and not own.gpu_layers:
        fingerprint = store.fingerprint(options.model)
        weights = quick_weights(weights, store.home / "derived", fingerprint)
    params = _params(xllamacpp, options, own, weights)
    try:
        with _same_signal_handlers():
            server = xllamacpp.Server(params)
    except RuntimeError as error:
        raise EngineUnavailable(f"llama.cpp cannot load the model {options.model}") from error
    # Answered by the server's loop, which therefore runs. One that is destroyed before it runs
    # never ends (xllamacpp 2026.10).
    server.handle_metrics()
    (key,) = params.api_keys
    return LlamaCppLlm(server, options, knows_tools=_template_knows_tools(server, key))


class LlamaCppLlm:
    """An `LlmEngine` on a loaded llama.cpp. One event loop uses it at a time."""

    def __init__(self, server: Any, options: LlmOptions, *, knows_tools: bool) -> None:
        """`knows_tools` tells whether the model's chat template has a place for tools."""
        self._knows_tools = knows_tools
        self._server = server
        self._options = options
        self._slots = CacheSlots(options.slots)
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._relays: set[Relay] = set()
        self._threads = ThreadPoolExecutor(options.slots, "llamacpp")
        self._is_closed = False

    @property
    def capabilities(self) -> LlmCapabilities:
        """See `LlmEngine`."""
        options = self._options
        return LlmCapabilities(
            "llamacpp", options.model, options.context_tokens, True, prefix_caches=options.slots
        )

    def count_tokens(self, text: str) -> int:
        """See `LlmEngine`; an estimate, because xllamacpp has no call for it."""
        return estimate_tokens(text)

    async def generate(self, request: LlmRequest) -> AsyncGenerator[LlmDelta, None]:
        """See `LlmEngine`."""
        relay = await self._start(request)
        async with aclosing(with_calls(relay.read(), text_reader(request))) as items:
            async for item in items:
                yield item

    async def warm(self, request: LlmRequest) -> None:
        """See `LlmEngine`. Costs one token of generation: llama.cpp cannot do with none."""
        async with aclosing(self.generate(replace(request, max_tokens=1))) as items:
            async for _ in items:
                pass

    async def beat(self) -> bool:
        """See `LlmEngine`: its figures, which the loop that serves all slots has to tell."""
        await asyncio.to_thread(self.running)
        return True

    async def aclose(self) -> None:
        """See `LlmEngine`."""
        self._is_closed = True
        self._wake()
        relays = tuple(self._relays)
        for relay in relays:
            relay.fail(LlmFailed("The language model was stopped."))
        await asyncio.gather(*(relay.wait() for relay in relays))
        self._threads.shutdown()
        self._server = None

    def running(self) -> int:
        """Returns how many requests llama.cpp itself is working on."""
        return 0 if self._server is None else requests_processing(self._server)

    async def _start(self, request: LlmRequest) -> Relay:
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
        relay, is_unwanted = Relay(), threading.Event()
        relay.abort = is_unwanted.set
        self._relays.add(relay)
        body = self._body(request)
        # Progress reports are what lets a request be aborted while its prompt is being read.
        body |= {"id_slot": slot, "cache_prompt": True, "return_progress": True}
        relay.release = lambda: self._ended(slot, relay)
        self._threads.submit(_serve, self._server, body, relay, is_unwanted)
        return relay

    def _body(self, request: LlmRequest) -> dict[str, object]:
        """Returns the request for llama.cpp.

        It leaves out tools that the template has no place for, and holds no model to a call, even
        where it has to be made (xllamacpp 2026.10). A schema does, and goes with no tools.
        """
        schema = forced_schema(request)
        if self._knows_tools and schema is None:
            return request_body("", request, self._options.stop)
        plain = replace(request, messages=in_plain_words(request), tools=())
        body = request_body("", plain, self._options.stop)
        if schema is not None:
            body["json_schema"] = schema | _COMPACT
        return body

    def _ended(self, slot: int, relay: Relay) -> None:
        self._relays.discard(relay)
        self._slots.give_back(slot)
        self._wake()

    def _wake(self) -> None:
        """Lets all that wait for a slot look again, the lowest priority number first."""
        waiting, self._waiting = sorted(self._waiting, key=lambda item: item[0]), []
        for _, turn in waiting:
            if not turn.done():
                turn.set_result(None)


def _serve(
    server: Any, body: dict[str, object], relay: Relay, is_unwanted: threading.Event
) -> None:
    """Runs a request to its end, in a thread of its own."""

    def receive(payload: bytes) -> bool:
        """Takes what llama.cpp reports; returns whether to abort the request."""
        try:
            relay.put(read_chunk(payload))
        except LlmFailed as error:
            relay.put(error)
        return is_unwanted.is_set()

    failure: LlmFailed | None = None
    try:
        if not is_unwanted.is_set():
            server.handle_chat_completions(msgspec.json.encode(body), receive)
    except (RuntimeError, ValueError):
        failure = LlmFailed("The language model refused the request.")
    relay.end(failure)


def _template_knows_tools(server: Any, key: str) -> bool:
    """Returns whether tools are part of the prompts that the model's own template makes.

    Asked of the HTTP server that xllamacpp opens on this machine: it is told nowhere else.
    """
    url = f"{server.listening_address}/props"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"})
    try:
        with urllib.request.urlopen(request, timeout=_PROPS_TIMEOUT_S) as response:
            props = msgspec.json.decode(response.read(), type=_Props)
    except (OSError, msgspec.MsgspecError):
        return False  # then they are told in plain words
    return props.chat_template_caps.get("supports_tools", False)


def requests_processing(server: Any) -> int:
    """Returns how many requests a llama.cpp server is working on."""
    lines = (line.partition(" ") for line in server.handle_metrics().splitlines())
    return sum(int(value) for name, _, value in lines if name == _PROCESSING)


class _Props(msgspec.Struct):
    """What llama.cpp says of a model."""

    chat_template_caps: dict[str, bool] = {}


class CacheSlots:
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


def _params(xllamacpp: Any, options: LlmOptions, own: LlamaCppOptions, gguf: Path) -> Any:
    params = xllamacpp.CommonParams()
    params.model.path = str(gguf)
    params.model_alias = {options.model}
    params.n_gpu_layers = own.gpu_layers
    threads = options.threads or UNPLANNED_THREADS
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
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
