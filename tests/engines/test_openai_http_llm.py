"""The HTTP engine against a real server that behaves well, badly, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from kit.chat_server import ChatServer, Exchange, chat_server, hang, tell
from kit.engine_options import parted

from voice_avatar.engines import openai_http_llm
from voice_avatar.engines.openai_http_llm import OpenAiHttpLlm, OpenAiHttpOptions
from voice_avatar.errors import ContextExceeded, EngineUnavailable, LlmFailed, LlmTimeout
from voice_avatar.events.payloads import (
    LlmDone,
    LlmRequest,
    LlmThinking,
    Message,
    TextDelta,
    Tool,
    ToolCallDelta,
    ToolCallStarted,
)
from voice_avatar.models.store import ModelStore
from voice_avatar.stages.llm import LlmOptions

STORE = ModelStore(Path("unused"))


def request(text: str = "hello", max_tokens: int = 3) -> LlmRequest:
    return LlmRequest((Message("user", text),), max_tokens)


@asynccontextmanager
async def engine(**options: object) -> AsyncIterator[tuple[OpenAiHttpLlm, ChatServer]]:
    async with chat_server() as server:
        patient = {"first_token_timeout_s": 60.0, "between_tokens_timeout_s": 60.0}
        common = {"engine": "openai_http", "model": "m", "base_url": server.url}
        stage, own = parted(LlmOptions, OpenAiHttpOptions, common | patient | options)
        llm = openai_http_llm.load(stage, STORE, own)
        try:
            yield llm, server
        finally:
            await llm.aclose()


async def read(llm: OpenAiHttpLlm, asked: LlmRequest) -> tuple[str, LlmDone]:
    items = [item async for item in llm.generate(asked)]
    text = "".join(item.text for item in items if isinstance(item, TextDelta))
    assert isinstance(items[-1], LlmDone)
    return text, items[-1]


async def started(exchange: Exchange) -> None:
    await exchange.head()
    await exchange.text("word ")


async def test_text_and_token_counts_arrive() -> None:
    async with engine() as (llm, server):
        assert await read(llm, request()) == ("word0 word1 word2 ", LlmDone("length", 1, 3))
        assert server.requests[0].body["model"] == "m"


async def test_requests_share_one_connection() -> None:
    async with engine() as (llm, server):
        for _ in range(3):
            await read(llm, request())
        assert (len(server.requests), server.connections) == (3, 1)


async def test_the_api_key_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", "sesame")
    async with engine(api_key_env="SOME_KEY") as (llm, server):
        await read(llm, request())
        assert server.requests[0].headers["authorization"] == "Bearer sesame"


def test_a_missing_api_key_is_an_error_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOME_KEY", raising=False)
    with pytest.raises(EngineUnavailable, match="SOME_KEY"):
        openai_http_llm.load(LlmOptions(), STORE, OpenAiHttpOptions(api_key_env="SOME_KEY"))


@pytest.mark.parametrize("status", ["500 Oops", "503 Busy", "429 Slow Down"])
async def test_a_server_error_is_tried_once_more(status: str) -> None:
    async with engine() as (llm, server):
        server.answers.append(lambda e: e.refuse(status, "no", "Retry-After: 0"))
        assert (await read(llm, request()))[0] == "word0 word1 word2 "
        assert len(server.requests) == 2


async def test_a_second_server_error_is_final() -> None:
    async with engine() as (llm, server):
        server.answers.extend([lambda e: e.refuse("500 Oops", "no")] * 2)
        with pytest.raises(LlmFailed, match="status 500"):
            await read(llm, request())
        assert len(server.requests) == 2


async def test_a_server_that_wants_a_long_pause_is_not_asked_again() -> None:
    async with engine() as (llm, server):
        server.answers.append(lambda e: e.refuse("429 Slow Down", "no", "Retry-After: 30"))
        with pytest.raises(LlmFailed, match="overloaded"):
            await read(llm, request())
        assert len(server.requests) == 1


async def test_a_connection_that_breaks_before_the_first_token_is_tried_once_more() -> None:
    async def break_off(exchange: Exchange) -> None:
        await exchange.head()
        exchange.drop()

    async with engine() as (llm, server):
        server.answers.append(break_off)
        assert (await read(llm, request()))[0] == "word0 word1 word2 "


async def test_a_connection_that_breaks_after_the_first_token_is_an_error() -> None:
    is_read = asyncio.Event()

    async def break_off(exchange: Exchange) -> None:
        await started(exchange)
        await is_read.wait()
        exchange.drop()

    async with engine() as (llm, server):
        server.answers.append(break_off)
        items = llm.generate(request())
        assert await anext(items) == TextDelta("word ")
        is_read.set()
        with pytest.raises(LlmFailed, match="cannot be reached"):
            await anext(items)
        assert len(server.requests) == 1


async def test_a_stream_that_ends_without_a_finish_reason_is_complete() -> None:
    async def stop_short(exchange: Exchange) -> None:
        await started(exchange)
        await exchange.done()

    async with engine() as (llm, server):
        server.answers.append(stop_short)
        assert await read(llm, request()) == ("word ", LlmDone("stop"))


async def test_a_stream_that_breaks_after_the_finish_reason_is_complete() -> None:
    async def lose_usage(exchange: Exchange) -> None:
        await started(exchange)
        await exchange.text("", "stop")
        exchange.writer.close()  # what was sent before it still arrives

    async with engine() as (llm, server):
        server.answers.append(lose_usage)
        assert await read(llm, request()) == ("word ", LlmDone("stop"))


async def test_an_unreachable_server_is_an_error() -> None:
    async with chat_server() as server:
        url = server.url
    llm = openai_http_llm.load(LlmOptions(), STORE, OpenAiHttpOptions(base_url=url))
    with pytest.raises(LlmFailed, match="cannot be reached"):
        await read(llm, request())
    await llm.aclose()


@pytest.mark.parametrize(
    ("status", "said", "kind", "message"),
    [
        ("400 Bad Request", "maximum context length is 10", ContextExceeded, "too long"),
        ("401 Unauthorized", "key", LlmFailed, "API key"),
        ("404 Not Found", "model", LlmFailed, "no such model"),
        ("400 Bad Request", "what?", LlmFailed, "status 400"),
    ],
)
async def test_a_refusal_is_final_and_says_why(
    status: str, said: str, kind: type[LlmFailed], message: str
) -> None:
    async with engine() as (llm, server):
        server.answers.append(lambda e: e.refuse(status, said))
        with pytest.raises(kind, match=message):
            await read(llm, request())
        assert len(server.requests) == 1


async def test_a_hanging_server_is_a_timeout() -> None:
    async with engine(first_token_timeout_s=0.2) as (llm, server):
        server.answers.append(hang)
        with pytest.raises(LlmTimeout):
            await read(llm, request())


async def test_comments_do_not_put_off_the_first_token_timeout() -> None:
    async def only_ping(exchange: Exchange) -> None:
        await exchange.head()
        while True:
            await exchange.send(b": ping\n\n")
            await asyncio.sleep(0.02)

    async with engine(first_token_timeout_s=0.2) as (llm, server):
        server.answers.append(only_ping)
        with pytest.raises(LlmTimeout):
            await read(llm, request())


async def test_reasoning_in_a_field_puts_off_the_first_token_timeout() -> None:
    async def thinks(exchange: Exchange) -> None:
        await exchange.head()
        await exchange.send(b'data: {"choices":[{"delta":{"reasoning_content":"Hm."}}]}\n\n')
        await asyncio.sleep(2.2)
        await exchange.send(b'data: {"choices":[{"delta":{"content":"Tea."}}]}\n\n')
        await exchange.send(b"data: [DONE]\n\n")

    async with engine(first_token_timeout_s=2.0) as (llm, server):
        server.answers.append(thinks)
        deltas = [delta async for delta in llm.generate(request())]
        assert deltas[:2] == [LlmThinking(), TextDelta("Tea.")]
        assert len(server.requests) == 1


async def test_a_pause_between_tokens_is_a_timeout() -> None:
    async def stall(exchange: Exchange) -> None:
        await started(exchange)
        await hang(exchange)

    async with engine(between_tokens_timeout_s=0.2) as (llm, server):
        server.answers.append(stall)
        items = llm.generate(request())
        assert await anext(items) == TextDelta("word ")
        with pytest.raises(LlmTimeout):
            await anext(items)


async def test_garbage_in_the_stream_is_passed_over() -> None:
    async def babble(exchange: Exchange) -> None:
        await exchange.head()
        await exchange.send(b"data: {nonsense\n\n")
        await exchange.text("word ", "stop")
        await exchange.done()

    async with engine() as (llm, server):
        server.answers.append(babble)
        assert await read(llm, request()) == ("word ", LlmDone("stop"))


async def test_an_error_inside_the_stream_is_an_error() -> None:
    async def fail(exchange: Exchange) -> None:
        await started(exchange)
        await exchange.event({"error": {"message": "out of memory"}})

    async with engine() as (llm, server):
        server.answers.append(fail)
        with pytest.raises(LlmFailed, match="failed"):
            await read(llm, request())


async def test_a_web_page_instead_of_a_stream_is_an_error() -> None:
    async def show_page(exchange: Exchange) -> None:
        page = b"<html>\n\nhello\n\n</html>"
        await exchange.head("200 OK", "Content-Type: text/html", length=len(page))
        exchange.writer.write(page)

    async with engine() as (llm, server):
        server.answers.extend([show_page] * 2)
        with pytest.raises(LlmFailed, match="broke off"):
            await read(llm, request())


async def test_characters_cut_across_packets_arrive_whole() -> None:
    async def cut(exchange: Exchange) -> None:
        await exchange.head()
        data = 'data: {"choices": [{"delta": {"content": "你好🎉"}}]}\r\n\r\n'.encode()
        for byte in data:
            await exchange.send(bytes([byte]))
        await exchange.text("", "stop")
        await exchange.done()

    async with engine() as (llm, server):
        server.answers.append(cut)
        assert (await read(llm, request()))[0] == "你好🎉"


async def test_closing_the_generator_hangs_up() -> None:
    async with engine() as (llm, server):
        async with aclosing(llm.generate(request(max_tokens=1000))) as items:
            assert await anext(items) == TextDelta("word0 ")
        await _until(lambda: server.vanished == 1)
        assert server.running == 0
        assert (await read(llm, request()))[0] == "word0 word1 word2 "


async def test_cancelling_before_the_first_token_hangs_up() -> None:
    async with engine() as (llm, server):
        server.answers.append(hang)
        task = asyncio.create_task(read(llm, request()))
        await _until(lambda: server.running == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await _until(lambda: server.vanished == 1)


async def test_closing_the_engine_ends_a_request_that_waits() -> None:
    async with engine() as (llm, server):
        server.answers.append(hang)
        task = asyncio.create_task(read(llm, request()))
        await _until(lambda: server.running == 1)
        await llm.aclose()
        with pytest.raises(LlmFailed, match="stopped"):
            await task
        await _until(lambda: server.vanished == 1)


async def test_warming_sends_a_request_only_where_it_is_asked_for() -> None:
    async with engine() as (llm, server):
        await llm.warm(request())
        assert server.requests == []
        assert not llm.capabilities.has_prefix_cache
    async with engine(warms_by_request=True) as (llm, server):
        await llm.warm(request())
        assert [r.body["max_tokens"] for r in server.requests] == [1]
        assert llm.capabilities.has_prefix_cache


async def test_a_closed_engine_refuses_requests() -> None:
    async with engine() as (llm, server):
        items = llm.generate(request())
        assert await anext(items) == TextDelta("word0 ")
        await llm.aclose()
        with pytest.raises(LlmFailed, match="stopped"):
            async for _ in items:
                pass
        with pytest.raises(LlmFailed, match="stopped"):
            await read(llm, request())
        await _until(lambda: server.vanished == 1)


async def test_a_server_that_never_ends_its_answer_does_not_hold_up_the_reply() -> None:
    async def linger(exchange: Exchange) -> None:
        await started(exchange)
        await exchange.text("", "stop")
        await exchange.send(b"data: [DONE]\n\n")
        await hang(exchange)

    async with engine(between_tokens_timeout_s=1000.0) as (llm, server):
        server.answers.append(linger)
        assert await read(llm, request()) == ("word ", LlmDone("stop"))


async def test_text_that_is_no_unicode_is_an_error() -> None:
    async with engine() as (llm, _):
        with pytest.raises(LlmFailed, match="not valid text"):
            await read(llm, request("\ud800"))


async def test_stop_texts_are_passed_on() -> None:
    async with engine(stop=("END",)) as (llm, server):
        server.answers.append(tell)
        await read(llm, request())
        assert server.requests[0].body["stop"] == ["END"]


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.01)


# -- tools ------------------------------------------------------------------------------------

WEATHER = Tool("get_weather", "In a city.", '{"type":"object","properties":{"city":{}}}')


async def calls(exchange: Exchange) -> None:
    """Answers with words and two calls, as OpenAI's API streams them."""
    await exchange.head()
    await exchange.text("Let me look.")
    for index, (name, pieces) in enumerate(
        [("get_weather", ('{"city":', '"Paris"}')), ("get_weather", ("{}",))]
    ):
        start = {"index": index, "id": f"c{index}", "function": {"name": name, "arguments": ""}}
        await exchange.event({"choices": [{"delta": {"tool_calls": [start]}}]})
        for piece in pieces:
            delta = {"index": index, "function": {"arguments": piece}}
            await exchange.event({"choices": [{"delta": {"tool_calls": [delta]}}]})
    await exchange.text("", "tool_calls")
    await exchange.done()


async def test_calls_come_as_the_server_streams_them() -> None:
    async with engine() as (llm, server):
        server.answers.append(calls)
        asked = replace(request(), tools=(WEATHER,), tool_choice="get_weather")
        items = [item async for item in llm.generate(asked)]
        body = server.requests[0].body
    assert items == [
        TextDelta("Let me look."),
        ToolCallStarted(0, "get_weather"),
        ToolCallDelta(0, '{"city":'),
        ToolCallDelta(0, '"Paris"}'),
        ToolCallStarted(1, "get_weather"),
        ToolCallDelta(1, "{}"),
        LlmDone("stop"),
    ]
    assert body["tool_choice"] == {"type": "function", "function": {"name": "get_weather"}}
    assert body["tools"][0]["function"]["parameters"]["properties"] == {"city": {}}


async def test_a_request_that_broke_off_in_a_call_is_not_made_again() -> None:
    async def breaks_off(exchange: Exchange) -> None:
        await exchange.head()
        piece = {"index": 0, "function": {"name": "get_weather", "arguments": "{"}}
        await exchange.event({"choices": [{"delta": {"tool_calls": [piece]}}]})
        exchange.drop()

    async with engine() as (llm, server):
        server.answers.append(breaks_off)
        with pytest.raises(LlmFailed):
            await read(llm, replace(request(), tools=(WEATHER,)))
        assert len(server.requests) == 1
