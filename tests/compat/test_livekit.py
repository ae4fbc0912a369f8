"""The realtime model of LiveKit's OpenAI plugin, without a LiveKit server."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from compat.judged import MARKS, Facts, got, is_count, spoken_ms

CLIENT = "LiveKit"
pytestmark = [*MARKS, pytest.mark.client(CLIENT)]


@pytest.fixture(scope="module")
def facts(python_client: Callable[..., Facts], url: str) -> Facts:
    return python_client(CLIENT, "livekit", "livekit_model.py", url)


@pytest.mark.row("text turn")
def test_a_message_is_answered_in_text(facts: Facts) -> None:
    found = got(facts, "text")
    assert found["errors"] == []
    assert found["text"] == "You said: Good morning."


@pytest.mark.row("audio turn, server_vad")
def test_a_spoken_turn_is_answered_with_audio(facts: Facts) -> None:
    found = got(facts, "audio")
    assert found["errors"] == []
    assert is_count(found["heard"]), found["heard"]
    assert found["said"] == f"You said: {found['heard']}"
    assert found["audio_ms"] >= spoken_ms(found["said"]) - 5


@pytest.mark.row("audio turn, manual")
def test_a_turn_may_be_ended_by_the_agent(facts: Facts) -> None:
    found = got(facts, "manual")
    assert found["errors"] == []
    assert found["said"] == f"You said: {found['heard']}"


@pytest.mark.row("function call and result")
def test_a_function_is_called_and_its_result_is_answered(facts: Facts) -> None:
    found = got(facts, "function call")
    assert found["errors"] == []
    assert found["name"] == "get_weather"
    assert json.loads(found["arguments"]) == {"text": "Please get weather for Paris."}
    assert found["answer"] == "The result is: blue"


@pytest.mark.row("interruption by voice")
def test_a_voice_over_the_reply_interrupts_it_and_the_message_is_cut(facts: Facts) -> None:
    found = got(facts, "interruption")
    assert found["errors"] == []
    assert found["status"] == "cancelled"
    assert found["next"].startswith("You said: One")


@pytest.mark.row("cancel")
def test_a_reply_is_interrupted_by_the_agent(facts: Facts) -> None:
    found = got(facts, "cancel")
    assert found["errors"] == []
    assert found["status"] == "cancelled"
    assert found["again"] == "You said: still here"
