"""The `openai` package of npm, over TLS: it connects to wss:// only."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from compat.judged import MARKS, Facts, got, in_order, is_count, spoken_ms
from compat.live import Certificate

CLIENT = "openai (npm)"
pytestmark = [*MARKS, pytest.mark.client(CLIENT)]


@pytest.fixture(scope="module")
def facts(node_client: Callable[..., Facts], secure_url: str, tls: Certificate) -> Facts:
    return node_client(CLIENT, "openai_node.mjs", secure_url, NODE_EXTRA_CA_CERTS=str(tls.chain))


@pytest.mark.row("text turn")
def test_a_typed_turn_is_answered_in_text(facts: Facts) -> None:
    found = got(facts, "text")
    assert (found["text"], found["status"]) == ("You said: Good morning.", "completed")
    assert found["usage"]["total_tokens"] > 0


@pytest.mark.row("audio turn, server_vad")
def test_a_spoken_turn_is_answered_with_audio(facts: Facts) -> None:
    found = got(facts, "audio")
    assert is_count(found["heard"]), found["heard"]
    assert found["said"] == f"You said: {found['heard']}"
    assert found["audio_ms"] >= spoken_ms(found["said"]) - 5
    assert found["loudest"] > 1000
    in_order(
        ("input_audio_buffer.speech_started", "input_audio_buffer.committed", "response.done"),
        found["types"],
    )


@pytest.mark.row("function call and result")
def test_a_function_is_called_and_its_result_is_answered(facts: Facts) -> None:
    found = got(facts, "tool")
    assert found["name"] == "get_weather"
    assert found["streamed"] == found["arguments"]
    assert json.loads(found["arguments"]) == {"text": "Please get weather for Paris."}
    assert found["answer"] == 'The result is: {"sky": "blue"}'


@pytest.mark.row("interruption by voice")
def test_a_voice_over_the_reply_ends_it(facts: Facts) -> None:
    found = got(facts, "interruption")
    assert (found["status"], found["reason"]) == ("cancelled", "turn_detected")
    assert found["late"] == 0
    assert found["next"] == "completed"


@pytest.mark.row("truncate")
def test_an_item_is_cut_to_what_was_heard(facts: Facts) -> None:
    found = got(facts, "truncate")
    assert found["cut"][0] is True
    assert found["said"].startswith(found["kept"].rstrip())
    assert len(found["kept"]) < len(found["said"]) * 0.75


@pytest.mark.row("cancel")
def test_a_reply_is_cancelled(facts: Facts) -> None:
    found = got(facts, "cancel")
    assert (found["status"], found["reason"]) == ("cancelled", "client_cancelled")
    assert found["refused"] == "response_cancel_not_active"


@pytest.mark.row("/v1/models")
def test_models_are_listed(facts: Facts) -> None:
    found = got(facts, "models")
    assert found["one"] == found["ids"][0]
