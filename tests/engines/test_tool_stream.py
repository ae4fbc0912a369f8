"""Calls of tools, for engines whose model writes them as text."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from voice_avatar.engines.tool_stream import ThoughtHabit, with_calls
from voice_avatar.events.payloads import (
    LlmDelta,
    LlmDone,
    LlmRequest,
    LlmThinking,
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
    return [delta async for delta in with_calls(engine.generate(), asked)]


async def test_a_call_in_the_text_comes_out_as_a_call_before_the_end() -> None:
    engine = Engine("Let me see. ", CALL[:20], CALL[20:])
    *deltas, done = await said(engine, request("auto", WEATHER))
    assert done == DONE
    assert ToolCallStarted(0, "get_weather") in deltas
    arguments = "".join(d.text for d in deltas if isinstance(d, ToolCallDelta))
    assert arguments == '{"city": "Paris"}'
    assert "".join(d.text for d in deltas if isinstance(d, TextDelta)).strip() == "Let me see."
    assert engine.is_closed


@pytest.mark.parametrize("asked", [request(), request("none", WEATHER)])
async def test_where_there_may_be_none_what_looks_like_a_call_is_left_out(
    asked: LlmRequest,
) -> None:
    assert await said(Engine(f"Well. {CALL}"), asked) == [TextDelta("Well. "), DONE]
    broken = Engine("<tool_call>weather please</tool_call>Well.")
    assert await said(broken, asked) == [TextDelta("Well."), DONE]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<tool_call>{not json}</tool_call>", [ToolCallStarted(0, "")]),
        ('<tool_call>{"name": "f", "argu', [ToolCallStarted(0, "f")]),
        ("<tool_call>weather please</tool_call>", [ToolCallStarted(0, "")]),
        ("<tool_call>weather please", [ToolCallStarted(0, "")]),
        ("[TOOL_CALLS]weather please", [ToolCallStarted(0, "")]),
        ("<tool_call>{}</tool_call>So.", [ToolCallStarted(0, ""), TextDelta("So.")]),
        ("<tool_call>  </tool_call>", []),
    ],
)
async def test_what_should_be_a_call_and_is_none_is_passed_on_as_a_broken_one(
    text: str, told: list[LlmDelta]
) -> None:
    engine = Engine(text)
    assert await said(engine, request("auto", WEATHER)) == [*told, DONE]
    assert engine.is_closed


async def test_calls_as_text_and_calls_of_the_server_are_counted_together() -> None:
    async def mixed() -> AsyncGenerator[LlmDelta, None]:
        yield TextDelta(CALL)
        yield ToolCallStarted(0, "get_weather")
        yield ToolCallDelta(0, "{}")
        yield DONE

    out = [delta async for delta in with_calls(mixed(), request("auto", WEATHER))]
    starts = [delta.index for delta in out if isinstance(delta, ToolCallStarted)]
    assert (starts, out[-2]) == ([0, 1], ToolCallDelta(1, "{}"))


async def test_a_server_whose_replies_begin_in_reasoning_is_known_from_the_second_one_on() -> None:
    habit = ThoughtHabit()

    async def heard(*texts: str) -> str:
        deltas = with_calls(Engine(*texts).generate(), request(), habit=habit)
        return "".join([delta.text async for delta in deltas if isinstance(delta, TextDelta)])

    assert await heard("Hm, tea.</think>Green tea.") == "Green tea."
    assert await heard("Hm, ", "milk.", "</think>", "Oat milk.") == "Oat milk."
    assert await heard("Good ", "day.") == "Good day."
    assert not habit.is_seen


async def test_reasoning_is_a_sign_of_life_and_nothing_else() -> None:
    engine = Engine("<think>Hm", ", tea.", "</think>Tea.")
    said_ = await said(engine, request())
    assert said_ == [LlmThinking(), LlmThinking(), TextDelta("Tea."), DONE]
    waits = with_calls(Engine("Hm, ", "a</think>b").generate(), request(), habit=ThoughtHabit(True))
    assert [delta async for delta in waits] == [LlmThinking(), TextDelta("b"), DONE]


async def test_closing_early_closes_the_engine() -> None:
    engine = Engine("one ", "two ")
    async with aclosing(with_calls(engine.generate(), request())) as deltas:
        assert await anext(deltas) == TextDelta("one ")
        assert not engine.is_closed
    assert engine.is_closed
