"""What tools may be."""

from __future__ import annotations

import json

import pytest

from voice_avatar.events.payloads import Tool
from voice_avatar.tools.offers import (
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
