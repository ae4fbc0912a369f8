"""OpenAI's agents SDK (npm): an agent with a tool, and the history that the SDK keeps itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from compat.judged import MARKS, Facts, got, is_count, spoken_ms

CLIENT = "@openai/agents-realtime"
pytestmark = [*MARKS, pytest.mark.client(CLIENT)]


@pytest.fixture(scope="module")
def facts(node_client: Callable[..., Facts], url: str) -> Facts:
    return node_client(CLIENT, "agents_realtime.mjs", url)


@pytest.mark.row("text turn")
def test_a_message_is_answered_in_the_history_of_the_sdk(facts: Facts) -> None:
    found = got(facts, "text")
    assert found["errors"] == []
    assert found["history"] == [
        ["user", "Good morning."],
        ["assistant", "You said: Good morning."],
    ]
    assert found["usage"]["totalTokens"] > 0


@pytest.mark.row("audio turn, server_vad")
def test_a_spoken_turn_is_answered_with_audio(facts: Facts) -> None:
    found = got(facts, "audio")
    assert found["errors"] == []
    (user, heard), (assistant, said) = found["history"]
    assert (user, assistant) == ("user", "assistant")
    assert is_count(heard), heard
    assert said == f"You said: {heard}"
    assert found["audio_ms"] >= spoken_ms(said) - 5
    assert found["loudest"] > 1000


@pytest.mark.row("function call and result")
def test_the_agents_tool_is_run_and_its_result_answered(facts: Facts) -> None:
    found = got(facts, "tool")
    assert found["errors"] == []
    assert found["asked"] == [{"text": "Please get weather for Paris."}]
    assert found["functions"] == [
        {"name": "get_weather", "status": "completed", "output": "It is sunny."}
    ]
    assert found["history"][-1] == ["assistant", "The result is: It is sunny."]


@pytest.mark.row("interruption by voice")
def test_a_voice_over_the_reply_interrupts_the_agent(facts: Facts) -> None:
    found = got(facts, "interruption")
    assert found["errors"] == []
    assert found["interrupted"] >= 1
    assert found["status"] == "cancelled"
    assert found["next"] == "completed"


@pytest.mark.row("cancel")
def test_the_agent_is_interrupted_by_hand(facts: Facts) -> None:
    found = got(facts, "cancel")
    assert found["errors"] == []
    assert found["status"] == "cancelled"
    assert found["audio_end_ms"] >= 0
    assert found["next"] == "completed"
