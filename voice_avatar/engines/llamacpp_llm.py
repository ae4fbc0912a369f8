"""llama.cpp on this machine, by xllamacpp, in a process of its own (`apart/`).

llama.cpp's own server loop runs in a native thread there and serves `slots` conversations at once.
A request is a blocking call that reports every token, which comes here by a pipe and a thread that
hands it to the event loop. A slot keeps the key-value cache of its last prompt: a conversation
always gets the same slot while there are enough of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from voice_avatar.engines.apart.llamacpp_child import Spec
from voice_avatar.engines.apart.llamacpp_process import LlamaCppProcess
from voice_avatar.engines.chat_stream import request_body
from voice_avatar.engines.gguf_weights import control_tokens, quick_weights
from voice_avatar.engines.relay import Relay
from voice_avatar.engines.tool_stream import CacheSalts, ThoughtHabit, with_calls
from voice_avatar.errors import EngineUnavailable, LlmFailed
from voice_avatar.events.payloads import LlmDelta, LlmRequest
from voice_avatar.stages.engines import UNPLANNED_THREADS
from voice_avatar.stages.llm import ControlTokens, LlmCapabilities, LlmOptions, estimate_tokens
from voice_avatar.tools.as_text import forced_schema, in_plain_words

if TYPE_CHECKING:
    from voice_avatar.models.store import ModelStore

_BATCH_TOKENS = 64
"""Prompt tokens evaluated in one step. A request can only be aborted, and other conversations only
get their next token, between two steps; 64 cost nothing against 512 (145 and 151 tokens/s)."""

_COMPACT = {"x-guidance": {"whitespace_flexible": False}}
"""Has llama.cpp's grammar engine leave out white space: fewer tokens until the call is whole."""

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
    if importlib.util.find_spec("xllamacpp") is None:
        raise EngineUnavailable("llama.cpp is not installed: pip install xllamacpp")
    files = store.resolve(options.model)
    weights = files.main
    if own.widens_weights and not own.gpu_layers:
        fingerprint = store.fingerprint(options.model)
        weights = quick_weights(weights, store.home / "derived", fingerprint)
    return LlamaCppLlm(
        LlamaCppProcess(_spec(options, own, weights)),
        options,
        controls=ControlTokens(control_tokens(weights)),
    )


class LlamaCppLlm:
    """An `LlmEngine` on a loaded llama.cpp. One event loop uses it at a time."""

    def __init__(
        self,
        server: LlamaCppProcess,
        options: LlmOptions,
        *,
        controls: ControlTokens | None = None,
    ) -> None:
        """Makes the engine.

        Args:
            server: has loaded the model of the options.
            options: how it was loaded.
            controls: the model's control tokens, which nobody may type.
        """
        self._knows_tools = server.loaded.knows_tools
        self._controls = controls or ControlTokens(())
        self._salts = CacheSalts()
        self._habit = ThoughtHabit()
        self._server = server
        self._options = options
        self._slots = CacheSlots(options.slots)
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._relays: set[Relay] = set()
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
        async with aclosing(
            with_calls(relay.read(), request, is_held=True, habit=self._habit)
        ) as items:
            async for item in items:
                yield item

    async def warm(self, request: LlmRequest) -> None:
        """See `LlmEngine`. Costs one token of generation: llama.cpp cannot do with none."""
        async with aclosing(self.generate(replace(request, max_tokens=1))) as items:
            async for _ in items:
                pass

    async def beat(self) -> bool:
        """See `LlmEngine`: its figures, which the loop that serves all slots has to tell."""
        await asyncio.wrap_future(self._server.metrics())
        return True

    async def aclose(self) -> None:
        """See `LlmEngine`."""
        self._is_closed = True
        self._wake()
        relays = tuple(self._relays)
        for relay in relays:
            relay.fail(LlmFailed("The language model was stopped."))
        await asyncio.to_thread(self._server.close)
        await asyncio.gather(*(relay.wait() for relay in relays))

    def running(self) -> int:
        """Returns how many requests llama.cpp itself is working on."""
        return 0 if self._is_closed else requests_processing(self._server.handle_metrics())

    async def _start(self, request: LlmRequest) -> Relay:
        """Waits for the conversation's slot and starts the request in it."""
        while True:
            if self._is_closed:
                raise LlmFailed("The language model was stopped.")
            await self._server_up()
            slot = self._slots.take(request.cache_key)
            if slot is not None:
                break
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append((request.priority, turn))
            await turn
        body = self._body(request)
        # Progress reports are what lets a request be aborted while its prompt is being read.
        body |= {"id_slot": slot, "cache_prompt": True, "return_progress": True}
        try:
            encoded = msgspec.json.encode(body)
        except ValueError as error:  # text that is no Unicode
            self._slots.give_back(slot)
            raise LlmFailed("The language model refused the request.") from error
        relay = Relay()
        relay.release = lambda: self._ended(slot, relay)
        self._relays.add(relay)
        self._server.chat(encoded, relay)
        return relay

    async def _server_up(self) -> None:
        """Waits while llama.cpp is started again.

        Raises:
            LlmFailed: it cannot be.
        """
        loop = asyncio.get_running_loop()
        back = loop.create_future()

        def wake() -> None:
            if not back.done():
                back.set_result(None)

        def tell() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
                loop.call_soon_threadsafe(wake)

        if not self._server.when_up(tell):
            await back
        if self._server.is_closed:
            raise LlmFailed("The language model was stopped.")

    def _body(self, request: LlmRequest) -> dict[str, object]:
        """Returns the request for llama.cpp.

        It leaves out tools that the template has no place for, and holds no model to a call, even
        where it has to be made (xllamacpp 2026.10). A schema does, and goes with no tools.
        """
        schema = forced_schema(request)
        request = self._controls.defused_request(request)
        if self._knows_tools and schema is None:
            return request_body("", request, self._options.stop)
        plain = replace(
            request, messages=in_plain_words(request, self._salts.tag(request.cache_key)), tools=()
        )
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


def requests_processing(figures: str) -> int:
    """Returns how many requests a llama.cpp server is working on, by its figures."""
    lines = (line.partition(" ") for line in figures.splitlines())
    return sum(int(value) for name, _, value in lines if name == _PROCESSING)


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


def _spec(options: LlmOptions, own: LlamaCppOptions, gguf: Path) -> Spec:
    return Spec(
        str(gguf),
        options.model,
        own.gpu_layers,
        options.threads or UNPLANNED_THREADS,
        options.slots,
        options.context_tokens,
        _BATCH_TOKENS,
    )
