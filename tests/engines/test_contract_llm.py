"""What every language model engine promises."""

from __future__ import annotations

import asyncio
import importlib
import json
import signal
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, aclosing, contextmanager
from dataclasses import dataclass, replace

import pytest
import pytest_asyncio
from kit.chat_server import chat_server_in_thread
from kit.engine_options import parted
from kit.vllm_model import configure_cpu, safetensors

from voice_avatar.engines.llamacpp_llm import LlamaCppOptions
from voice_avatar.engines.scripted import ScriptedLlm
from voice_avatar.engines.tables import LlmTables
from voice_avatar.errors import ContextExceeded, LlmFailed
from voice_avatar.events.payloads import (
    LlmDone,
    LlmRequest,
    LlmThinking,
    Message,
    TextDelta,
    Tool,
    ToolCall,
    ToolCallDelta,
    ToolCallStarted,
)
from voice_avatar.models.store import ModelStore
from voice_avatar.stages.llm import LlmEngine, LlmOptions
from voice_avatar.tools.call_reader import CallReader

pytestmark = pytest.mark.asyncio(loop_scope="module")

CONTEXT_TOKENS = 512
LONG_STORY = "Tell me a very long story about a castle and a dragon, with many details."
OTHER_SESSION = "other"


@dataclass(frozen=True, slots=True)
class LlmCase:
    """An engine under test, loaded.

    Attributes:
        llm: the engine.
        running: how many requests are being worked on behind it.
        threads: threads that were there before it was loaded.
    """

    llm: LlmEngine
    running: Callable[[], Awaitable[int]]
    threads: frozenset[threading.Thread]


def load(engine: str, store: ModelStore, **options: object) -> LlmEngine:
    module = importlib.import_module(f"voice_avatar.engines.{engine}_llm")
    common: dict[str, object] = {
        "engine": engine,
        "context_tokens": CONTEXT_TOKENS,
        "slots": 2,
        "first_token_timeout_s": 120.0,
        "between_tokens_timeout_s": 120.0,
    }
    own_type = type(getattr(LlmTables(), engine))
    stage, own = parted(LlmOptions, own_type, common | options)
    llm: LlmEngine = module.load(stage, store, own)
    return llm


async def make_scripted(store: ModelStore, stack: AsyncExitStack) -> LlmCase:
    del store, stack
    llm = ScriptedLlm(["word " * 500], token_s=0.001)

    async def running() -> int:
        return llm.running

    return LlmCase(llm, running, frozenset(threading.enumerate()))


async def make_llamacpp(store: ModelStore, stack: AsyncExitStack) -> LlmCase:
    del stack
    threads = frozenset(threading.enumerate())
    llm = load("llamacpp", store)

    async def running() -> int:
        return int(llm.running())  # type: ignore[attr-defined]

    return LlmCase(llm, running, threads)


async def make_openai_http(store: ModelStore, stack: AsyncExitStack) -> LlmCase:
    # In a thread of its own: what is asserted about tasks is then about the engine's.
    server = stack.enter_context(chat_server_in_thread())
    threads = frozenset(threading.enumerate())
    llm = load("openai_http", store, base_url=server.url, model="m", warms_by_request=True)

    async def running() -> int:
        return server.running

    return LlmCase(llm, running, threads)


async def make_openai_http_on_llamacpp(store: ModelStore, stack: AsyncExitStack) -> LlmCase:
    """The HTTP engine on a real server: the one that xllamacpp brings along."""
    import xllamacpp

    from voice_avatar.engines import llamacpp_llm
    from voice_avatar.engines.apart import llamacpp_child

    options = LlmOptions(context_tokens=CONTEXT_TOKENS, slots=2)
    gguf = store.resolve(options.model).main
    spec = llamacpp_llm._spec(options, LlamaCppOptions(), gguf)
    params = llamacpp_child.params(xllamacpp, spec)
    params.api_keys = ["sesame"]
    server = xllamacpp.Server(params)
    for number in (signal.SIGINT, signal.SIGTERM):  # llama.cpp's server loop takes them over
        signal.signal(number, signal.getsignal(number))
    patch = pytest.MonkeyPatch()
    stack.callback(patch.undo)
    patch.setenv("LLAMACPP_KEY", "sesame")
    url = f"{server.listening_address}/v1"
    threads = frozenset(threading.enumerate())
    llm = load("openai_http", store, base_url=url, api_key_env="LLAMACPP_KEY", model="m")

    async def running() -> int:
        return llamacpp_llm.requests_processing(server.handle_metrics())

    return LlmCase(llm, running, threads)


async def make_vllm(store: ModelStore, stack: AsyncExitStack) -> LlmCase:
    del stack
    threads = frozenset(threading.enumerate())
    configure_cpu()
    folder = str(await asyncio.to_thread(safetensors, store))
    llm = await asyncio.to_thread(load, "vllm", store, model=folder, is_eager=True)

    async def running() -> int:
        from prometheus_client import REGISTRY

        # vLLM tells its state with each step, so there has to be one.
        await read(llm, ask("Hello", max_tokens=1))
        labels = {"model_name": folder, "engine": "0"}
        return int(REGISTRY.get_sample_value("vllm:num_requests_running", labels) or 0)

    return LlmCase(llm, running, threads)


@pytest_asyncio.fixture(
    scope="module",
    loop_scope="module",
    params=[
        pytest.param(make_scripted, id="scripted"),
        pytest.param(make_openai_http, id="openai_http"),
        pytest.param(
            make_openai_http_on_llamacpp,
            id="openai_http_on_llamacpp",
            marks=pytest.mark.models,
        ),
        pytest.param(make_llamacpp, id="llamacpp", marks=pytest.mark.models),
        pytest.param(make_vllm, id="vllm", marks=pytest.mark.vllm),
    ],
)
async def case(request: pytest.FixtureRequest, store: ModelStore) -> AsyncIterator[LlmCase]:
    async with AsyncExitStack() as stack:
        made: LlmCase = await request.param(store, stack)
        yield made
        await made.llm.aclose()


@pytest.fixture
def llm(case: LlmCase) -> LlmEngine:
    return case.llm


@contextmanager
def no_task_left() -> Iterator[None]:
    before = asyncio.all_tasks()
    yield
    assert asyncio.all_tasks() <= before


def ask(text: str = "Hello!", max_tokens: int = 8, key: str = "session") -> LlmRequest:
    return LlmRequest(
        (Message("system", "You are Ava."), Message("user", text)), max_tokens, 0.0, key
    )


async def read(llm: LlmEngine, request: LlmRequest) -> tuple[str, LlmDone]:
    """Reads a reply to its end, checking the order of what comes."""
    items = [item async for item in llm.generate(request)]
    texts = [item.text for item in items if isinstance(item, TextDelta)]
    assert all(texts)
    assert len(texts) == len(items) - 1
    last = items[-1]
    assert isinstance(last, LlmDone)
    return "".join(texts), last


async def until_idle(case: LlmCase) -> None:
    async with asyncio.timeout(60):
        while await case.running():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.02)


async def test_an_engine_names_itself_and_its_window(llm: LlmEngine) -> None:
    assert llm.capabilities.name
    assert llm.capabilities.model
    assert llm.capabilities.context_tokens >= CONTEXT_TOKENS


async def test_a_reply_is_deltas_and_then_one_done(llm: LlmEngine) -> None:
    with no_task_left():
        text, done = await read(llm, ask("Say hello.", max_tokens=40))
    assert text.strip()
    assert done.completion_tokens <= 40


async def test_the_cap_on_tokens_is_kept_and_told(llm: LlmEngine) -> None:
    _, done = await read(llm, ask(LONG_STORY, max_tokens=5))
    assert done.finish_reason == "length"
    assert done.completion_tokens in (0, 5)


async def test_a_greedy_reply_is_the_same_twice(llm: LlmEngine) -> None:
    assert await read(llm, ask(LONG_STORY)) == await read(llm, ask(LONG_STORY))


async def test_closing_the_generator_aborts_the_request(case: LlmCase) -> None:
    with no_task_left():
        async with aclosing(case.llm.generate(ask(LONG_STORY, 400))) as items:
            assert isinstance(await anext(items), TextDelta)
        await until_idle(case)


async def test_closing_before_the_first_token_is_read_aborts_the_request(case: LlmCase) -> None:
    with no_task_left():
        items = case.llm.generate(ask(LONG_STORY, 400))
        first = asyncio.ensure_future(anext(items))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        await items.aclose()
        await until_idle(case)


@pytest.mark.parametrize("pause_s", [0.0, 0.001, 0.02, 0.1])
async def test_cancelling_the_reader_aborts_the_request(case: LlmCase, pause_s: float) -> None:
    with no_task_left():
        reader = asyncio.create_task(read(case.llm, ask(LONG_STORY, 400)))
        await asyncio.sleep(pause_s)
        reader.cancel()
        await asyncio.wait([reader])
        assert reader.cancelled() or not reader.exception()
        await until_idle(case)


async def test_a_generator_that_was_never_read_leaves_nothing(case: LlmCase) -> None:
    with no_task_left():
        await case.llm.generate(ask()).aclose()
        await until_idle(case)


async def test_after_an_abort_the_same_session_goes_on(case: LlmCase) -> None:
    before = await read(case.llm, ask(LONG_STORY))
    async with aclosing(case.llm.generate(ask(LONG_STORY, 400))) as items:
        await anext(items)
    assert (await read(case.llm, ask(LONG_STORY)))[0] == before[0]


async def test_two_sessions_are_served_at_once(llm: LlmEngine) -> None:
    with no_task_left():
        async with aclosing(llm.generate(ask(LONG_STORY, 200, OTHER_SESSION))) as other:
            await anext(other)
            text, _ = await read(llm, ask("Say hello."))
            assert text.strip()
            assert isinstance(await anext(other), TextDelta)


async def test_more_requests_than_can_run_at_once_all_get_their_turn(llm: LlmEngine) -> None:
    requests = [ask("Say hello.", 4, f"session {number % 4}") for number in range(8)]
    with no_task_left():
        replies = await asyncio.gather(*(read(llm, request) for request in requests))
    assert len({text for text, _ in replies}) >= 1
    assert all(done.finish_reason in ("stop", "length") for _, done in replies)


async def test_a_prompt_over_the_window_is_refused_and_nothing_else_is(llm: LlmEngine) -> None:
    with pytest.raises(ContextExceeded):
        await read(llm, ask("word " * (2 * llm.capabilities.context_tokens)))
    assert (await read(llm, ask("Say hello.")))[0]


async def test_a_warmed_prompt_gets_the_reply_of_a_cold_one(llm: LlmEngine) -> None:
    cold, _ = await read(llm, ask(LONG_STORY, key=""))
    with no_task_left():
        await llm.warm(ask(LONG_STORY, key="warm"))
    assert (await read(llm, ask(LONG_STORY, key="warm")))[0] == cold


async def test_warming_can_be_cancelled(case: LlmCase) -> None:
    with no_task_left():
        warming = asyncio.create_task(case.llm.warm(ask(LONG_STORY)))
        await asyncio.sleep(0)
        warming.cancel()
        await asyncio.wait([warming])
        await until_idle(case)


async def test_text_comes_in_whole_characters(llm: LlmEngine) -> None:
    for count in range(1, 8):
        text, _ = await read(llm, ask("Repeat: 😀🎉🤖 你好", count))
        text.encode()  # no lone surrogates
        assert "\ufffd" not in text


async def test_more_text_counts_as_more_tokens(llm: LlmEngine) -> None:
    text = "The quick brown fox jumps over the lazy dog. " * 5
    assert llm.count_tokens("") == 0
    assert 0 < llm.count_tokens("Hello!") < llm.count_tokens(text)


async def test_the_count_is_not_below_what_the_model_counts(llm: LlmEngine) -> None:
    """The difference of two prompts leaves the chat template out."""
    text = "The quick brown fox jumps over the lazy dog. " * 5
    _, short = await read(llm, ask("Hello.", 1))
    _, long = await read(llm, ask("Hello. " + text, 1))
    assert llm.count_tokens(text) >= long.prompt_tokens - short.prompt_tokens


WEATHER = Tool(
    "get_weather",
    "Tells the weather in a city.",
    '{"type":"object","properties":{"city":{"type":"string","maxLength":20}},"required":["city"]}',
)
TIMER = Tool("set_timer", "Rings after some minutes.")


async def calls(llm: LlmEngine, request: LlmRequest) -> list[ToolCall]:
    """Reads a reply to its end and returns its calls, checking the order of what comes."""
    items = [item async for item in llm.generate(request)]
    assert isinstance(items[-1], LlmDone)
    reader, made = CallReader(1, request.tools), []
    for item in items[:-1]:
        if isinstance(item, ToolCallStarted):
            made.append(reader.start(item))
        elif isinstance(item, ToolCallDelta):
            reader.push(item)
    return [call for call in (*made, reader.finish()) if call is not None]


def asked_to_call(choice: str) -> LlmRequest:
    request = ask("What is the weather like in Paris today?", max_tokens=80)
    return replace(request, tools=(TIMER, WEATHER), tool_choice=choice)


async def test_a_tool_that_has_to_be_called_is_called(llm: LlmEngine) -> None:
    """Whatever the model understands: a small one is held to it."""
    if llm.capabilities.name == "openai_http":
        pytest.skip("what its server makes of tools is the server's")
    with no_task_left():
        (call,) = await calls(llm, asked_to_call("get_weather"))
        assert call.name == "get_weather"
        if llm.capabilities.name != "scripted":
            assert isinstance(json.loads(call.arguments)["city"], str)
        (any_call,) = await calls(llm, asked_to_call("required"))
        assert any_call.name in ("get_weather", "set_timer")


async def test_a_reply_can_use_the_result_of_a_call(llm: LlmEngine) -> None:
    request = asked_to_call("auto")
    call = ToolCall("call_1_0", "get_weather", '{"city":"Paris"}')
    result = Message("tool", '{"sky":"sunny"}', call_id=call.call_id)
    messages = (*request.messages, Message("assistant", "Let me look.", (call,)), result)
    request = replace(request, messages=messages, tool_choice="none")
    items = [item async for item in llm.generate(request)]
    text = "".join(item.text for item in items if isinstance(item, TextDelta))
    # The smallest models may only write the result's mark themselves: then nothing is said.
    assert text.strip() or any(isinstance(item, LlmThinking) for item in items)
    assert "tool_call>" not in text
    assert "<tool_response" not in text
    assert isinstance(items[-1], LlmDone)


async def test_closing_the_engine_ends_what_runs_and_what_comes(case: LlmCase) -> None:
    """Must stay the last test: it closes the engine."""
    llm = case.llm
    with no_task_left():
        reading = llm.generate(ask(LONG_STORY, 400))
        await anext(reading)
        waiting = asyncio.create_task(read(llm, ask(LONG_STORY, 400, OTHER_SESSION)))
        await asyncio.sleep(0)
        await llm.aclose()
        with pytest.raises(LlmFailed):
            await waiting
        with pytest.raises(LlmFailed):
            async for _ in reading:
                pass
        with pytest.raises(LlmFailed):
            await read(llm, ask())
        await llm.aclose()
    left = {t.name for t in threading.enumerate() if t not in case.threads}
    assert not any(name.startswith(("llamacpp", "vllm")) for name in left)
