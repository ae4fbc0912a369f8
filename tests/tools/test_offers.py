"""What tools may be, and whole calls out of deltas."""

from __future__ import annotations

import json

import pytest

from voice_avatar.errors import ToolCallInvalid
from voice_avatar.events.payloads import Tool, ToolCall, ToolCallDelta, ToolCallStarted
from voice_avatar.tools.call_reader import CallReader
from voice_avatar.tools.offers import (
    MAX_ARGUMENTS_CHARS,
    MAX_CALLS,
    MAX_DESCRIPTION_CHARS,
    MAX_PARAMETERS_CHARS,
    MAX_TOOLS,
    flaw,
    settled_choice,
)

WEATHER = Tool("get_weather", "The weather in a city.", '{"type":"object","properties":{}}')
TIMER = Tool("set_timer")


def long_schema(chars: int) -> str:
    return json.dumps({"type": "object", "title": "x" * (chars - 32)})


def test_sound_tools_have_no_flaw() -> None:
    assert flaw([]) == ""
    assert flaw([WEATHER, TIMER]) == ""


@pytest.mark.parametrize(
    ("tools", "said"),
    [
        ([Tool(f"tool_{number}") for number in range(MAX_TOOLS + 1)], "There may be 32"),
        ([Tool("")], "1 to 64"),
        ([Tool("get weather")], "1 to 64"),
        ([Tool("x" * 65)], "1 to 64"),
        ([Tool("ok\n")], "1 to 64"),
        ([Tool("auto")], "No tool may be called 'auto'"),
        ([WEATHER, WEATHER], "more than one"),
        ([Tool("x", "y" * (MAX_DESCRIPTION_CHARS + 1))], "description"),
        ([Tool("x", "", long_schema(MAX_PARAMETERS_CHARS + 100))], "over 8192"),
        ([Tool("x", "", "[]")], "no JSON schema"),
        ([Tool("x", "", "{")], "no JSON schema"),
        ([Tool("x", "", '{"type":"string"}')], "no JSON schema"),
        ([Tool(f"x{i}", "", long_schema(8000)) for i in range(5)], "All tools together"),
    ],
)
def test_a_flaw_is_named(tools: list[Tool], said: str) -> None:
    assert said in flaw(tools)


def test_a_choice_that_names_no_tool_leaves_it_to_the_model() -> None:
    assert settled_choice([WEATHER], "set_timer") == "auto"
    assert settled_choice([WEATHER], "get_weather") == "get_weather"
    assert settled_choice([WEATHER], "required") == "required"
    assert settled_choice([], "required") == "none"


def test_a_call_is_whole_when_the_next_one_begins_or_the_reply_ends() -> None:
    reader = CallReader(7, [WEATHER, TIMER])
    assert reader.start(ToolCallStarted(0, "get_weather")) is None
    reader.push(ToolCallDelta(0, '{"city":'))
    reader.push(ToolCallDelta(0, '"Paris"}'))
    first = ToolCall("call_7_0", "get_weather", '{"city":"Paris"}')
    assert reader.start(ToolCallStarted(1, "set_timer")) == first
    assert reader.finish() == ToolCall("call_7_1", "set_timer", "{}")
    assert reader.finish() is None


@pytest.mark.parametrize("arguments", ["{", "[1]", '"x"', "nothing", '{"a": NaN}', "{} {}"])
def test_arguments_that_are_no_object_make_no_call(arguments: str) -> None:
    reader = CallReader(1, [WEATHER])
    reader.start(ToolCallStarted(0, "get_weather"))
    reader.push(ToolCallDelta(0, arguments))
    with pytest.raises(ToolCallInvalid, match="unreadable arguments"):
        reader.finish()


def test_a_tool_that_there_is_not_cannot_be_called() -> None:
    with pytest.raises(ToolCallInvalid, match="there is not"):
        CallReader(1, [WEATHER]).start(ToolCallStarted(0, "format_disk"))


def test_arguments_and_the_number_of_calls_are_bounded() -> None:
    reader = CallReader(1, [WEATHER])
    with pytest.raises(ToolCallInvalid, match="more than 8"):
        reader.start(ToolCallStarted(MAX_CALLS, "get_weather"))
    reader.start(ToolCallStarted(0, "get_weather"))
    with pytest.raises(ToolCallInvalid, match="too long"):
        reader.push(ToolCallDelta(0, "x" * (MAX_ARGUMENTS_CHARS + 1)))
