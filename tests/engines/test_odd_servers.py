"""The HTTP engine against servers of every kind, by the streams that they send."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from kit.chat_server import Answer, ChatServer, Exchange, chat_server, hang
from kit.odd_servers import STREAMS, call, playing, reply, saying

from voice_avatar.engines import openai_http_llm
from voice_avatar.engines.openai_http_llm import OpenAiHttpLlm, OpenAiHttpOptions
from voice_avatar.errors import LlmFailed
from voice_avatar.events.payloads import (
    LlmRequest,
    Message,
    TextDelta,
    Tool,
    ToolCallDelta,
    ToolCallStarted,
)
from voice_avatar.models.store import ModelStore
from voice_avatar.stages.llm import LlmOptions

SCHEMA = '{"type":"object","properties":{}}'
TOOLS = (Tool("get_time", "", SCHEMA), Tool("get_weather", "", SCHEMA))
ASKED = LlmRequest((Message("user", "Hi."),), 200, tools=TOOLS)

Heard = tuple[str, list[tuple[str, str]]]


@asynccontextmanager
async def engine(*answers: Answer) -> AsyncIterator[tuple[OpenAiHttpLlm, ChatServer]]:
    async with chat_server() as server:
        server.answers.extend(answers)
        options = LlmOptions(model="m", first_token_timeout_s=60.0, between_tokens_timeout_s=60.0)
        own = OpenAiHttpOptions(base_url=server.url)
        llm = openai_http_llm.load(options, ModelStore(Path("unused")), own)
        try:
            yield llm, server
        finally:
            await llm.aclose()


async def heard(llm: OpenAiHttpLlm, asked: LlmRequest = ASKED) -> Heard:
    """Returns the text of a reply and its calls."""
    text, calls = "", []
    async for delta in llm.generate(asked):
        match delta:
            case TextDelta(piece):
                text += piece
            case ToolCallStarted(_, name):
                calls.append((name, ""))
            case ToolCallDelta(_, piece):
                calls[-1] = (calls[-1][0], calls[-1][1] + piece)
    return text, calls


OSLO = [("get_weather", '{"city": "Oslo"}')]
OSLO_ARGUMENTS = '{"city": "Oslo"}'
CET = [("get_time", '{"zone": "CET"}')]

ODD: dict[str, tuple[Answer, Heard]] = {
    "reasoning in tags (B11)": (playing(STREAMS["B11"]), ("Try a green tea.", [])),
    "the user's turn (B13)": (playing(STREAMS["B13"]), ("The shop opens at nine.", [])),
    "a call as text (B15)": (playing(STREAMS["B15"]), ("", CET)),
    "half an emoji (B20)": (playing(STREAMS["B20"]), ("Well done \U0001f600 you passed.", [])),
    "content in parts (B21)": (playing(STREAMS["B21"]), ("The museum opens at ten.", [])),
    "nulls for counts (B22)": (playing(STREAMS["B22"]), ("The lift is on the left.", [])),
    "no finish reason (B23)": (playing(STREAMS["B23"]), ("The gate is number five.", [])),
    "index 0 twice (B25)": (
        playing(STREAMS["B25"]),
        ("", [*OSLO, ("get_weather", '{"city": "Rome"}')]),
    ),
    "broken arguments (B26)": (playing(STREAMS["B26"]), ("", [("get_weather", '{"city": "Oslo')])),
    "nothing at all (B29)": (playing(STREAMS["B29"]), ("", [])),
    "reasoning in a field": (
        playing(reply({"reasoning_content": "Hm."}, {"reasoning": "Hm."}, "Yes.")),
        ("Yes.", []),
    ),
    "reasoning in parts": (
        playing(reply({"content": [{"type": "thinking", "thinking": [{"text": "Hm."}]}]}, "Yes.")),
        ("Yes.", []),
    ),
    "reasoning in harmony": (
        playing(
            reply(
                "<|channel|>analysis<|message|>Hm.<|end|>",
                "<|start|>assistant<|channel|>final<|message|>Yes.<|return|>",
            )
        ),
        ("Yes.", []),
    ),
    "reasoning never ended": (playing(reply("<think>Hm, ", "hm.", reason="length")), ("", [])),
    "a tag in pieces": (playing(reply("<th", "ink>Hm.</", "thi", "nk>Yes.")), ("Yes.", [])),
    "split bytes": (
        playing(
            [
                b'{"choices":[{"delta":{"content":"Caf\xc3"}}]}',
                b'{"choices":[{"delta":{"content":"\xa9."}}]}',
                *reply(),
            ]
        ),
        ("Caf\u00e9.", []),
    ),
    "nulls everywhere": (
        playing(
            [
                '{"choices":null,"usage":null,"error":null}',
                '{"choices":[{"delta":null,"finish_reason":null}]}',
                '{"choices":[{"delta":{"role":null,"content":null,"tool_calls":null}}]}',
                *reply("Yes."),
            ]
        ),
        ("Yes.", []),
    ),
    "what is no chunk": (playing(["ping", "3", "[]", "{", *reply("Yes.")]), ("Yes.", [])),
    "an empty list of choices": (playing(['{"choices":[]}', *reply("Yes.")]), ("Yes.", [])),
    "an object for arguments": (playing(reply(call("get_weather", {"city": "Oslo"}))), ("", OSLO)),
    "a call without an index": (
        playing(reply(call("get_weather", OSLO_ARGUMENTS, None))),
        ("", OSLO),
    ),
    "a call of the old form": (
        playing(reply({"function_call": {"name": "get_weather", "arguments": OSLO_ARGUMENTS}})),
        ("", OSLO),
    ),
    "a call as text in tags of its own": (
        playing(reply("<function=get_weather>", '{"city":"Oslo"}', "</function>")),
        ("", OSLO),
    ),
    "a call as text of Mistral": (
        playing(reply('[TOOL_CALLS]get_weather[ARGS]{"city": "Oslo"}')),
        ("", OSLO),
    ),
    "a call in reasoning": (
        playing(reply('<think><tool_call>{"name":"get_time"}</tool_call></think>No.')),
        ("No.", []),
    ),
    "a reason that is no text": (
        playing(['{"choices":[{"delta":{"content":"Yes."},"finish_reason":0}]}', "[DONE]"]),
        ("Yes.", []),
    ),
    "neither reason nor end": (playing(reply("Yes.", reason=None)[:-1]), ("Yes.", [])),
    "a whole answer, not streamed": (
        saying(
            '{"choices":[{"message":{"content":"Yes."},"finish_reason":"stop"}]}',
            "application/json",
        ),
        ("Yes.", []),
    ),
    "events by another name": (
        playing(reply("Yes."), "application/json; charset=utf-8"),
        ("Yes.", []),
    ),
    "events as plain text": (playing(reply("Yes."), "text/plain"), ("Yes.", [])),
    "an object a line": (
        saying("\n".join(reply("Yes.")[:-1]), "application/x-ndjson"),
        ("Yes.", []),
    ),
    "a refusal": (playing(reply({"content": None, "refusal": "I can't."})), ("I can't.", [])),
}


@pytest.mark.parametrize("name", ODD)
async def test_what_can_be_read_of_an_odd_stream_is_used(name: str) -> None:
    answer, expected = ODD[name]
    async with engine(answer) as (llm, _):
        text, calls = await heard(llm)
    assert (text.strip(), calls) == expected


REFUSALS = {
    "max_tokens": "Unsupported parameter: 'max_tokens' is not supported with this model. Use"
    " 'max_completion_tokens' instead.",
    "temperature": "Unsupported value: 'temperature' does not support 0.7 with this model.",
    "stream_options": "Extra inputs are not permitted: stream_options",
    "tools": "m does not support tools",
}


@pytest.mark.parametrize("parameter", REFUSALS)
async def test_a_refused_parameter_is_left_out_at_the_second_try_and_from_then_on(
    parameter: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def refuse(exchange: Exchange) -> None:
        await exchange.refuse("400 Bad Request", REFUSALS[parameter])

    yes = playing(reply("Yes."))
    async with engine(refuse, yes, yes) as (llm, server):
        with caplog.at_level(logging.WARNING):
            assert [await heard(llm) for _ in range(2)] == [("Yes.", [])] * 2
        first, second, third = (exchange.body for exchange in server.requests)
    assert parameter in first
    assert parameter not in second
    assert parameter not in third
    assert ("max_completion_tokens" in third) is (parameter == "max_tokens")
    (record,) = caplog.records
    assert (vars(record)["status"], vars(record)["parameter"]) == (400, parameter)
    assert "support" not in record.getMessage()


async def test_all_that_a_newer_model_refuses_is_learned_in_one_turn() -> None:
    async def refuse(exchange: Exchange) -> None:
        odd = next(name for name in REFUSALS if name in exchange.body)
        await exchange.refuse("400 Bad Request", REFUSALS[odd])

    async with engine(*[refuse] * len(REFUSALS), playing(reply("Yes."))) as (llm, server):
        assert await heard(llm) == ("Yes.", [])
        assert set(server.requests[-1].body) == {
            "model",
            "messages",
            "max_completion_tokens",
            "stream",
        }
        assert "get_time" in json.dumps(server.requests[-1].body["messages"])


async def test_a_model_without_tools_is_told_of_them_in_words_and_calls_in_words() -> None:
    async def refuse(exchange: Exchange) -> None:
        await exchange.refuse("400 Bad Request", REFUSALS["tools"])

    async with engine(refuse, playing(STREAMS["B15"])) as (llm, _):
        assert await heard(llm) == ("", CET)


async def test_without_tools_a_call_as_text_is_not_heard() -> None:
    async with engine(playing(STREAMS["B15"])) as (llm, _):
        assert await heard(llm, replace(ASKED, tools=())) == ("", [])


async def test_a_line_that_stays_open_after_the_end_is_no_silence() -> None:
    async def stay(exchange: Exchange) -> None:
        await exchange.head("200 OK", "Content-Type: text/event-stream")
        for payload in STREAMS["B23"]:
            await exchange.send(b"data: " + payload.encode() + b"\n\n")
        await hang(exchange)

    async with engine(stay) as (llm, _):
        assert await heard(llm) == ("The gate is number five.", [])


async def test_a_kept_connection_that_was_cut_is_opened_anew() -> None:
    async def cut(exchange: Exchange) -> None:
        exchange.drop()

    async with engine(playing(reply("One.")), cut, playing(reply("Two."))) as (llm, _):
        assert [(await heard(llm))[0] for _ in range(2)] == ["One.", "Two."]


async def test_what_is_passed_over_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    odd = playing(["ping", *reply("Yes.")])
    async with engine(odd, odd) as (llm, _):
        with caplog.at_level(logging.WARNING):
            await heard(llm)
            await heard(llm)
    assert [vars(record)["skipped"] for record in caplog.records] == [1]


async def test_an_error_report_ends_a_reply() -> None:
    report = '{"error":{"message":"out of memory"}}'
    async with engine(playing([*reply("Well", reason=None)[:-1], report])) as (llm, _):
        with pytest.raises(LlmFailed):
            await heard(llm)
