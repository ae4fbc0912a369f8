"""A client of the beta protocol (npm `openai-realtime-api`): other names, flat sessions."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from compat.judged import MARKS, Facts, got, in_order, is_count, spoken_ms

CLIENT = "openai-realtime-api (beta names)"
pytestmark = [*MARKS, pytest.mark.client(CLIENT)]


@pytest.fixture(scope="module")
def facts(node_client: Callable[..., Facts], url: str) -> Facts:
    return node_client(CLIENT, "openai_realtime_api.mjs", url)


@pytest.mark.row("text turn")
def test_a_typed_turn_is_answered_by_the_names_of_the_beta(facts: Facts) -> None:
    found = got(facts, "text")
    assert (found["text"], found["status"]) == ("You said: Good morning.", "completed")
    in_order(("conversation.item.created", "response.text.delta", "response.done"), found["types"])


@pytest.mark.row("audio turn, server_vad")
def test_a_spoken_turn_is_answered_with_audio(facts: Facts) -> None:
    found = got(facts, "audio")
    assert is_count(found["heard"]), found["heard"]
    assert found["said"] == f"You said: {found['heard']}"
    assert found["audio_ms"] >= spoken_ms(found["said"]) - 5
    assert found["loudest"] > 1000
    in_order(
        ("response.audio_transcript.delta", "response.audio.done", "response.done"),
        found["types"],
    )


@pytest.mark.row("function call and result")
def test_the_clients_tool_is_run_and_its_result_answered(facts: Facts) -> None:
    found = got(facts, "tool")
    assert found["asked"] == [{"text": "Please get weather for Paris."}]
    assert 'The result is: {"sky":"blue"}' in found["answer"]


@pytest.mark.row("cancel")
def test_a_reply_is_cancelled_and_cut(facts: Facts) -> None:
    found = got(facts, "cancel")
    assert (found["status"], found["audio_end_ms"]) == ("cancelled", 200)
