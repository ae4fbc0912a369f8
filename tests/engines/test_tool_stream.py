"""Calls of tools, for engines whose model writes them as text."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from voice_avatar.engines.tool_stream import text_reader, with_calls
from voice_avatar.errors import ToolCallInvalid
from voice_avatar.events.payloads import (
    LlmDelta,
    LlmDone,
    LlmRequest,
    TextDelta,
    Tool,
    ToolCallDelta,
    ToolCallStarted,
)

WEATHER = Tool("get_weather", "In a city.")
CALL = '<tool_call>{"name": "get_weather", "arguments": {"city": "Paris"}}</tool_call>'
DONE = LlmDone("stop", 3, 4)


class Engine:
    """Says texts and ends, and knows whether it was closed."""

    def __init__(self, *texts: str) -> None:
        self._texts = texts
        self.is_closed = False

    async def generate(self) -> AsyncGenerator[LlmDelta, None]:
        try:
            for text in self._texts:
                yield TextDelta(text)
            yield DONE
        finally:
            self.is_closed = True


def request(choice: str = "auto", *tools: Tool) -> LlmRequest:
    return LlmRequest((), tools=tools, tool_choice=choice)


async def said(engine: Engine, asked: LlmRequest) -> list[LlmDelta]:
    return [delta async for delta in with_calls(engine.generate(), text_reader(asked))]


def test_only_where_there_may_be_calls_are_they_looked_for() -> None:
    assert text_reader(request()) is None
    assert text_reader(request("none", WEATHER)) is None
    assert text_reader(request("auto", WEATHER)) is not None
    assert text_reader(request("required", WEATHER)) is not None


async def test_a_call_in_the_text_comes_out_as_a_call_before_the_end() -> None:
    engine = Engine("Let me see. ", CALL[:20], CALL[20:])
    *deltas, done = await said(engine, request("auto", WEATHER))
    assert done == DONE
    assert ToolCallStarted(0, "get_weather") in deltas
    arguments = "".join(d.text for d in deltas if isinstance(d, ToolCallDelta))
    assert arguments == '{"city": "Paris"}'
    assert "".join(d.text for d in deltas if isinstance(d, TextDelta)).strip() == "Let me see."
    assert engine.is_closed


async def test_without_tools_what_looks_like_a_call_is_text() -> None:
    assert await said(Engine(CALL), request()) == [TextDelta(CALL), DONE]


async def test_what_should_be_a_call_and_is_none_is_an_error_and_closes_the_engine() -> None:
    engine = Engine("<tool_call>{not json}</tool_call>")
    with pytest.raises(ToolCallInvalid):
        await said(engine, request("auto", WEATHER))
    assert engine.is_closed


async def test_closing_early_closes_the_engine() -> None:
    engine = Engine("one ", "two ")
    async with aclosing(with_calls(engine.generate(), None)) as deltas:
        assert await anext(deltas) == TextDelta("one ")
        assert not engine.is_closed
    assert engine.is_closed
