"""The `openai` Python SDK against a server with scripted engines, and against the real models."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from compat.judged import MARKS, Facts, got, in_order, is_count, spoken_ms
from compat.live import server

CLIENT = "openai (Python)"
pytestmark = [*MARKS, pytest.mark.client(CLIENT)]

TURN = (
    "input_audio_buffer.committed",
    "conversation.item.added",
    "conversation.item.input_audio_transcription.completed",
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "response.output_item.done",
    "conversation.item.done",
    "response.done",
)


@pytest.fixture(scope="module")
def facts(python_client: Callable[..., Facts], url: str) -> Facts:
    return python_client(CLIENT, "openai", "openai_python.py", url)


@pytest.mark.row("connect and set up")
def test_settings_are_taken_and_told_back(facts: Facts) -> None:
    found = got(facts, "connect")
    assert found["id"]
    assert found["created"]["type"] == "realtime"
    assert found["instructions"] == "Be brief."
    assert found["output_modalities"] == ["text"]
    assert found["max_output_tokens"] == 100


@pytest.mark.row("text turn")
def test_a_typed_turn_is_answered_in_text(facts: Facts) -> None:
    found = got(facts, "text")
    assert found["text"] == "You said: Good morning."
    assert found["said"] == [found["text"]]
    assert found["status"] == "completed"
    in_order(
        (
            "conversation.item.added",
            "response.created",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.done",
        ),
        found["types"],
    )
    assert "response.output_audio.delta" not in found["types"]
    usage = found["usage"]
    assert usage["input_tokens"] > 0
    assert usage["output_tokens"] > 0
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


def is_spoken_turn(found: Facts) -> None:
    assert is_count(found["heard"]), found["heard"]
    assert found["said"] == f"You said: {found['heard']}"
    assert found["item"] == found["committed_item"]
    assert found["status"] == "completed"
    assert found["loudest"] > 1000
    least_ms = spoken_ms(found["said"])
    assert least_ms <= found["audio_ms"] + 5 <= least_ms * 1.6 + 600
    # The transcription may come while the response is written already.
    in_order([kind for kind in TURN if "transcription" not in kind], found["types"])
    in_order([TURN[0], TURN[2]], found["types"])


@pytest.mark.row("audio turn, server_vad")
def test_a_spoken_turn_is_answered_with_audio(facts: Facts) -> None:
    found = got(facts, "audio")
    is_spoken_turn(found)
    in_order(("input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped", TURN[0]),
             found["types"])  # fmt: skip
    began_ms, ended_ms = found["speech_ms"]
    assert 0 <= began_ms < ended_ms
    assert ended_ms >= found["recording_ms"] - 500


@pytest.mark.row("audio turn, semantic_vad")
def test_a_turn_may_end_where_its_sense_does(facts: Facts) -> None:
    is_spoken_turn(got(facts, "semantic"))


@pytest.mark.row("audio turn, manual")
def test_a_turn_may_be_ended_by_the_client(facts: Facts) -> None:
    found = got(facts, "manual")
    is_spoken_turn(found)
    assert found["speech_ms"] is None


@pytest.mark.row("mu-law at 8 kHz")
def test_a_telephone_is_heard_and_spoken_to(facts: Facts) -> None:
    found = got(facts, "mu-law")
    assert found["status"] == "completed"
    assert found["audio_ms"] >= spoken_ms(found["said"]) - 5
    assert found["values"] > 50


@pytest.mark.row("function call and result")
def test_a_function_is_called_and_its_result_is_answered(facts: Facts) -> None:
    found = got(facts, "function call")
    assert found["name"] == "get_weather"
    assert json.loads(found["arguments"]) == {"text": "Please get weather for Paris."}
    assert found["streamed"] == found["arguments"]
    assert found["answer"] == 'The result is: {"sky": "blue"}'
    in_order(
        (
            "response.output_item.added",
            "response.function_call_arguments.delta",
            "response.function_call_arguments.done",
            "response.output_item.done",
            "response.done",
        ),
        found["types"],
    )


@pytest.mark.row("function call by voice")
def test_a_function_is_called_for_what_was_said(facts: Facts) -> None:
    found = got(facts, "spoken function")
    assert found["name"] == "get_weather"
    assert found["said"] == "The result is: blue"
    assert found["audio_ms"] >= spoken_ms(found["said"]) - 5


@pytest.mark.row("interruption by voice")
def test_a_voice_over_the_reply_ends_it(facts: Facts) -> None:
    found = got(facts, "interruption")
    assert (found["status"], found["reason"]) == ("cancelled", "turn_detected")
    assert found["is_first"]
    assert found["late"] == []
    assert found["next"] == "completed"
    assert found["said"].startswith(found["kept"].rstrip())
    assert len(found["kept"]) < len(found["said"])
    in_order(
        (
            "input_audio_buffer.speech_started",
            "response.done",
            "input_audio_buffer.committed",
            "response.done",
        ),
        found["types"],
    )


@pytest.mark.row("truncate")
def test_an_item_is_cut_to_what_was_heard(facts: Facts) -> None:
    found = got(facts, "truncate")
    assert found["cut"] == [True, found["whole_ms"] // 2, 0]
    kept = (found["kept"] or "").rstrip()
    assert found["said"].startswith(kept)
    assert len(kept) < len(found["said"]) * 0.75
    assert found["refused"][0] == "invalid_request_error"
    assert found["refused"][2] == "too_far"


@pytest.mark.row("cancel")
def test_a_reply_is_cancelled_and_cancelling_nothing_is_refused(facts: Facts) -> None:
    found = got(facts, "cancel")
    assert (found["status"], found["reason"]) == ("cancelled", "client_cancelled")
    assert found["refused"] == ["invalid_request_error", "response_cancel_not_active", "nothing"]
    assert (found["after"], found["said"]) == ("completed", "You said: still here")


@pytest.mark.row("error codes")
def test_what_is_refused_has_a_code_and_the_session_goes_on(facts: Facts) -> None:
    found = got(facts, "errors")
    codes = {name: error["code"] for name, error in found["found"].items()}
    assert codes["retrieve"] == "item_retrieve_invalid_item_id"
    assert codes["delete"] == "item_delete_invalid_item_id"
    assert codes["empty commit"] == "input_audio_buffer_commit_empty"
    assert codes["second response"] == "conversation_already_has_active_response"
    assert all(codes.values()), codes
    ids = [error["event_id"] for error in found["found"].values()]
    assert ids == ["e1", "e2", "e3", "e4", "e5", "e6", None, "e8"]
    assert {error["type"] for error in found["found"].values()} == {"invalid_request_error"}
    assert found["status"] == "cancelled"


@pytest.mark.row("out-of-band response")
def test_a_response_beside_the_conversation_leaves_no_trace_in_it(facts: Facts) -> None:
    found = got(facts, "out of band")
    assert found["conversation"] is None
    assert found["metadata"] == {"topic": "aside"}
    assert found["text"] == "You said: a side question"
    assert found["after"] == "You said: Good morning."
    assert "conversation.item.added" not in found["types"]


@pytest.mark.row("items made and deleted")
def test_items_are_made_read_and_deleted(facts: Facts) -> None:
    found = got(facts, "items")
    assert (found["added"], found["read"], found["deleted"]) == ("msg_mine", "first", "msg_mine")
    assert found["answer"] == "You said: second"


@pytest.mark.row("/v1/models")
def test_models_are_listed(facts: Facts) -> None:
    found = got(facts, "models")
    assert found["ids"]
    assert found["objects"] == ["model"]
    assert found["one"] == found["ids"][0]


@pytest.mark.row("avatar events when asked for")
def test_events_of_the_avatar_come_to_who_asks_for_them_only(facts: Facts) -> None:
    found = got(facts, "extensions")
    assert "avatar.visemes" in found["types"]
    assert found["unasked"] == []


@pytest.mark.row("leaving in a reply")
def test_who_leaves_in_a_reply_leaves_a_server_that_goes_on(facts: Facts) -> None:
    assert got(facts, "leaving")["after"] == "completed"


@pytest.mark.models
@pytest.mark.row("real models")
def test_the_real_models_hear_and_answer(
    python_client: Callable[..., Facts], tmp_path: Path
) -> None:
    with server(tmp_path, config="[session]\nmax_reply_tokens = 30\n") as url:
        facts = python_client(CLIENT, "openai", "openai_python.py", url, "--only", "text,audio")
    assert len(got(facts, "text")["text"]) > 3
    found = got(facts, "audio")
    assert "capital of france" in found["heard"].lower()
    assert found["status"] in ("completed", "incomplete")
    assert found["audio_ms"] > 300
    assert found["loudest"] > 1000
