"""vLLM inside this server, by its AsyncLLM.

vLLM's scheduler and model run in processes of their own. What is left on this side (chat template,
tokenizer, detokenizer) runs in a thread with an event loop of its own and never in the loop that
sends audio: four replies at once on two cores made that loop late by 2.8 ms at the 99th percentile
and 4.2 ms at most (0.4 and 1.6 ms idle). One more process would gain little over that.
"""

from __future__ import annotations

import asyncio
import copy
import itertools
import json
import os
import threading
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voice_avatar.engines.chat.chunks import Chunk, Usage
from voice_avatar.engines.chat.roles import in_strict_order
from voice_avatar.engines.chat_stream import message_body, tool_body
from voice_avatar.engines.relay import Relay
from voice_avatar.engines.tool_stream import CacheSalts, ThoughtHabit, with_calls
from voice_avatar.errors import ContextExceeded, EngineUnavailable, LlmFailed
from voice_avatar.events.payloads import LlmDelta, LlmRequest, Message
from voice_avatar.stages.llm import ControlTokens, LlmCapabilities, LlmOptions
from voice_avatar.tools.as_text import forced_schema, in_plain_words

if TYPE_CHECKING:
    from voice_avatar.models.store import ModelStore

_CPU_BLOCK_TOKENS = 32
"""Block of the key-value cache on a CPU. Only whole blocks are shared between prompts; vLLM's
default there is 128, which would leave a short system prompt uncached."""

_SHUTDOWN_S = 5.0
"""Time that vLLM's processes get to end by themselves."""

_ENVIRONMENT = {
    "VLLM_WORKER_MULTIPROC_METHOD": "spawn",  # a process with threads must not be forked
    "VLLM_LOGGING_STREAM": "ext://sys.stderr",  # our standard output belongs to our own output
    "VLLM_LOGGING_LEVEL": "WARNING",
    "VLLM_NO_USAGE_STATS": "1",  # else it reports the machine and the model to its makers
}
"""Set before vLLM is imported, where the user has not set them."""


@dataclass(frozen=True, slots=True)
class VllmOptions:
    """What vLLM takes beside the options of every language model.

    Attributes:
        dtype: number format of the weights: "auto", "bfloat16", "float16" or "float32".
        quantization: quantisation of the weights, "" = as the model says.
        gpu_memory_fraction: part of the GPU's memory that it may take, 0..1.
        tensor_parallel: number of GPUs that share the model.
        is_eager: skip CUDA graphs and compilation: starts sooner, runs slower.
        shares_prefixes: let conversations find each other's prompts in the cache, the persona's
            above all: a new one hears its first word sooner. Only where all users may know what
            the others say: the time to the first word tells who has said the same before.
    """

    dtype: str = "auto"
    quantization: str = ""
    gpu_memory_fraction: float = 0.85
    tensor_parallel: int = 1
    is_eager: bool = False
    shares_prefixes: bool = False


_DEFAULTS = VllmOptions()


def load(options: LlmOptions, store: ModelStore, own: VllmOptions = _DEFAULTS) -> VllmLlm:
    """Loads the model and waits until it answers (half a minute on a CPU).

    Raises:
        EngineUnavailable: vLLM is not installed, or cannot run the model here.
        ModelError: there is no such model.
    """
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        import vllm  # noqa: F401 - only to see whether it is there
    except ImportError as error:
        raise EngineUnavailable(
            "vLLM is not installed: pip install 'voice-avatar[vllm]'"
        ) from error
    folder = store.resolve(options.model).folder
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="vllm", daemon=True)
    thread.start()
    try:
        engine = asyncio.run_coroutine_threadsafe(_start(options, own, folder), loop).result()
    except Exception as error:  # a boundary: vLLM raises whatever its libraries raise
        _stop(loop, thread)
        raise EngineUnavailable(f"vLLM cannot run the model {options.model} here") from error
    return VllmLlm(engine, options, own, loop, thread)


class VllmLlm:
    """An `LlmEngine` on vLLM."""

    def __init__(
        self,
        engine: Any,
        options: LlmOptions,
        own: VllmOptions,
        loop: asyncio.AbstractEventLoop,
        thread: threading.Thread,
    ) -> None:
        """`engine` is an AsyncLLM that lives in `loop`, which runs in `thread`."""
        self._engine = engine
        self._shares_prefixes = own.shares_prefixes
        self._options = options
        self._loop = loop
        self._thread = thread
        self._tokenizer = engine.get_tokenizer()
        # A fast tokenizer must not be used by two threads at once.
        self._counter = copy.deepcopy(self._tokenizer)
        self._knows_tools = "tools" in str(self._tokenizer.chat_template)
        self._context_tokens: int = engine.model_config.max_model_len
        self._controls = ControlTokens(
            [*self._tokenizer.all_special_tokens, *self._tokenizer.get_added_vocab()]
        )
        self._salts = CacheSalts()
        self._habit = ThoughtHabit()
        self._numbers = itertools.count(1)
        self._tasks: dict[Relay, asyncio.Task[None]] = {}
        self._relays: set[Relay] = set()
        self._is_closed = False

    @property
    def capabilities(self) -> LlmCapabilities:
        """See `LlmEngine`."""
        return LlmCapabilities("vllm", self._options.model, self._context_tokens, True)

    def count_tokens(self, text: str) -> int:
        """See `LlmEngine`; exact."""
        return len(self._counter.encode(text, add_special_tokens=False))

    async def generate(self, request: LlmRequest) -> AsyncGenerator[LlmDelta, None]:
        """See `LlmEngine`."""
        if self._is_closed:
            raise LlmFailed("The language model was stopped.")
        relay = Relay()
        relay.abort = lambda: self._call(self._abort, relay)
        self._relays.add(relay)
        self._call(self._begin, request, relay)
        try:
            async with aclosing(
                with_calls(relay.read(), request, is_held=True, habit=self._habit)
            ) as items:
                async for item in items:
                    yield item
        finally:
            self._relays.discard(relay)

    async def warm(self, request: LlmRequest) -> None:
        """See `LlmEngine`. Costs one token of generation."""
        async with aclosing(self.generate(replace(request, max_tokens=1))) as items:
            async for _ in items:
                pass

    async def beat(self) -> bool:
        """See `LlmEngine`. Costs one token; whole blocks of the cache stay where they are."""
        await self.warm(LlmRequest((Message("user", "."),), 1))
        return True

    async def aclose(self) -> None:
        """See `LlmEngine`."""
        if self._is_closed:
            return
        self._is_closed = True
        relays = tuple(self._relays)
        for relay in relays:
            relay.fail(LlmFailed("The language model was stopped."))
        await asyncio.gather(*(relay.wait() for relay in relays))
        engine, self._engine = self._engine, None
        stopping = asyncio.run_coroutine_threadsafe(_shut_down(engine), self._loop)
        await asyncio.wrap_future(stopping)
        _stop(self._loop, self._thread)

    # -- in the engine's thread, but for `_call`

    def _call(self, call: Any, *args: Any) -> None:
        self._loop.call_soon_threadsafe(call, *args)

    def _begin(self, request: LlmRequest, relay: Relay) -> None:
        task = self._loop.create_task(self._serve(request, relay))
        self._tasks[relay] = task
        task.add_done_callback(lambda done: self._end(done, relay))

    def _abort(self, relay: Relay) -> None:
        if relay in self._tasks:
            self._tasks[relay].cancel()

    def _end(self, task: asyncio.Task[None], relay: Relay) -> None:
        del self._tasks[relay]
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, LlmFailed):
            error = LlmFailed("The language model failed.")
        relay.end(error)

    async def _serve(self, request: LlmRequest, relay: Relay) -> None:
        """Runs one request. Cancelling it makes AsyncLLM abort it in the engine process."""
        from vllm.sampling_params import (
            RequestOutputKind,
            SamplingParams,
            StructuredOutputsParams,
        )

        prompt = self._tokens(request)
        room = self._context_tokens - len(prompt)
        if room < 1:
            raise ContextExceeded("The conversation is too long for the language model.")
        schema = forced_schema(request)
        params = SamplingParams(
            max_tokens=min(request.max_tokens, room),
            temperature=request.temperature,
            stop=list(self._options.stop),
            output_kind=RequestOutputKind.DELTA,
            structured_outputs=None if schema is None else StructuredOutputsParams(json=schema),
            # Some models mark their calls with a special token.
            skip_special_tokens=not request.tools,
        )
        told: dict[str, object] = {"type": "token", "prompt_token_ids": prompt}
        if not self._shares_prefixes:
            told["cache_salt"] = self._salts.of(request.cache_key)
        outputs = self._engine.generate(
            told,
            params,
            f"voice-avatar-{next(self._numbers)}",
            priority=request.priority,
        )
        generated = 0
        async with aclosing(outputs):
            async for output in outputs:
                (completion,) = output.outputs
                generated += len(completion.token_ids)
                reason = completion.finish_reason
                if reason == "abort":
                    raise LlmFailed("The language model gave the request up.")
                relay.put(Chunk(completion.text, reason, Usage(len(prompt), generated)))

    def _tokens(self, request: LlmRequest) -> list[int]:
        request = self._controls.defused_request(request)
        messages, tools = request.messages, request.tools
        if not self._knows_tools:
            messages, tools = in_plain_words(request, self._salts.tag(request.cache_key)), ()
        text = self._tokenizer.apply_chat_template(
            [_template_message(message) for message in in_strict_order(messages)],
            tools=[tool_body(tool) for tool in tools] or None,
            tokenize=False,
            add_generation_prompt=True,
        )
        tokens: list[int] = self._tokenizer.encode(text, add_special_tokens=False)
        return tokens


def _template_message(message: Message) -> dict[str, object]:
    """Returns a message as chat templates take it: arguments of calls are objects."""
    calls = [
        {
            "type": "function",
            "function": {"name": call.name, "arguments": json.loads(call.arguments)},
        }
        for call in message.calls
    ]
    body = message_body(message)
    return body | {"tool_calls": calls} if calls else body


async def _start(options: LlmOptions, own: VllmOptions, folder: Path) -> Any:
    from vllm.config import StructuredOutputsConfig
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.platforms import current_platform
    from vllm.v1.engine.async_llm import AsyncLLM

    args = AsyncEngineArgs(
        model=str(folder),
        served_model_name=options.model,
        dtype=own.dtype,
        quantization=own.quantization or None,
        max_model_len=options.context_tokens or None,
        max_num_seqs=options.slots,
        tensor_parallel_size=own.tensor_parallel,
        gpu_memory_utilization=own.gpu_memory_fraction,
        enforce_eager=own.is_eager,
        enable_prefix_caching=True,
        scheduling_policy="priority",
        block_size=_CPU_BLOCK_TOKENS if current_platform.is_cpu() else None,
        # Between two words of JSON any white space is allowed: a small model may never leave it.
        structured_outputs_config=StructuredOutputsConfig(
            backend="guidance", disable_any_whitespace=True
        ),
    )
    return AsyncLLM.from_engine_args(args)


async def _shut_down(engine: Any) -> None:
    engine.shutdown(timeout=_SHUTDOWN_S)
    if engine.output_handler is not None:
        await asyncio.wait([engine.output_handler])


def _stop(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
