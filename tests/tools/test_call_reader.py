"""Whole calls out of deltas."""

from __future__ import annotations

import pytest

from voice_avatar.errors import ToolCallInvalid
from voice_avatar.events.payloads import Tool, ToolCall, ToolCallDelta, ToolCallStarted
from voice_avatar.tools.call_reader import CallReader
from voice_avatar.tools.offers import MAX_ARGUMENTS_CHARS, MAX_CALLS

WEATHER = Tool("get_weather", "The weather in a city.", '{"type":"object","properties":{}}')
TIMER = Tool("set_timer")


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
