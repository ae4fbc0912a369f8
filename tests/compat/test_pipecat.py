"""Pipecat's OpenAIRealtimeLLMService in a small pipeline."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from compat.judged import MARKS, Facts, got, is_count, spoken_ms

CLIENT = "Pipecat"
pytestmark = [*MARKS, pytest.mark.client(CLIENT)]


@pytest.fixture(scope="module")
def facts(python_client: Callable[..., Facts], url: str) -> Facts:
    return python_client(CLIENT, "pipecat", "pipecat_service.py", url)


@pytest.mark.row("text turn")
def test_the_context_is_answered_in_text(facts: Facts) -> None:
    found = got(facts, "text")
    assert found["errors"] == []
    assert found["text"] == "You said: Good morning."
    assert found["messages"] == [
        ["user", "Good morning."],
        ["assistant", "You said: Good morning."],
    ]


@pytest.mark.row("audio turn, server_vad")
def test_a_spoken_turn_is_answered_and_written_into_the_context(facts: Facts) -> None:
    found = got(facts, "audio")
    assert found["errors"] == []
    (heard,) = found["heard"]
    assert is_count(heard), heard
    assert found["said"][-1] == f"You said: {heard}"
    assert found["audio_ms"] >= spoken_ms(found["said"][-1]) - 5


@pytest.mark.row("function call and result")
def test_a_function_is_called_and_its_result_is_answered(facts: Facts) -> None:
    found = got(facts, "function call")
    assert found["errors"] == []
    assert found["asked"] == [{"text": "Please get weather for Paris."}]
    assert 'The result is: {"sky": "blue"}' in found["text"]


@pytest.mark.row("interruption by voice")
def test_a_voice_over_the_reply_interrupts_the_bot(facts: Facts) -> None:
    found = got(facts, "interruption")
    assert found["errors"] == []
    assert found["interruptions"] >= 1
    assert is_count(found["heard"][0]), found["heard"]
    assert found["said"][-1] == f"You said: {found['heard'][0]}"
