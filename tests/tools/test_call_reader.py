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


def flaw_of(name: str, arguments: str) -> ToolCall:
    reader = CallReader(1, [WEATHER])
    reader.start(ToolCallStarted(0, name))
    reader.push(ToolCallDelta(0, arguments))
    whole = reader.finish()
    assert whole is not None
    return whole


@pytest.mark.parametrize("arguments", ["{", "[1]", '"x"', "nothing", '{"a": NaN}', "{} {}"])
def test_of_arguments_that_are_no_object_the_model_is_told(arguments: str) -> None:
    call = flaw_of("get_weather", arguments)
    assert (call.name, call.arguments) == ("get_weather", "{}")
    assert arguments in call.flaw


def test_of_a_tool_that_there_is_not_the_model_is_told() -> None:
    call = flaw_of("format disk!", "{}")
    assert call.name == "format_disk_"
    assert "get_weather" in call.flaw


def test_of_a_call_that_could_not_be_read_the_model_is_told() -> None:
    assert "could not be read" in flaw_of("", "").flaw


def test_arguments_and_the_number_of_calls_are_bounded() -> None:
    reader = CallReader(1, [WEATHER])
    with pytest.raises(ToolCallInvalid, match="more than 8"):
        reader.start(ToolCallStarted(MAX_CALLS, "get_weather"))
    assert "too long" in flaw_of("get_weather", "x" * (MAX_ARGUMENTS_CHARS + 1)).flaw
