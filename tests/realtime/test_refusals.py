"""What is wrong with an event, in the protocol's words."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from kit.realtime_scene import RealtimeScene

from voice_avatar.realtime import server_events as se
from voice_avatar.realtime.client_events import ItemDelete
from voice_avatar.realtime.refusals import CODES, Refusal, error_event, refusal_of

REFUSED: list[tuple[str, dict[str, Any], str, str | None]] = [
    ("nonsense", {}, "invalid_value", "type"),
    ("session.update", {}, "missing_required_parameter", "session"),
    ("session.update", {"session": {"colour": 1}}, "unknown_parameter", "session.colour"),
    (
        "session.update",
        {"session": {"audio": {"input": {"turn_detection": {"type": "telepathy"}}}}},
        "invalid_value",
        "session.audio.input.turn_detection.type",
    ),
    (
        "session.update",
        {"session": {"audio": {"input": {"format": {"type": "audio/pcm", "rate": 16000}}}}},
        "invalid_value",
        "session.audio.input.format.rate",
    ),
    ("session.update", {"session": {"temperature": 7}}, "invalid_value", "session.temperature"),
    ("session.update", {"session": {"instructions": 7}}, "invalid_type", "session.instructions"),
    ("session.update", {"session": {"type": "transcription"}}, "unsupported", "session.type"),
    (
        "session.update",
        {"session": {"audio": {"input": {"transcription": {"language": "xx"}}}}},
        "invalid_value",
        "session.audio.input.transcription.language",
    ),
    (
        "session.update",
        {"session": {"x_avatar": {"events": ["tail"]}}},
        "invalid_value",
        "session.x_avatar.events",
    ),
    (
        "session.update",
        {"session": {"tool_choice": {"type": "function", "name": "f"}}},
        "invalid_value",
        "tool_choice",
    ),
    (
        "session.update",
        {"session": {"tools": [{"type": "function", "name": "auto"}]}},
        "invalid_value",
        "session.tools",
    ),
    (
        "session.update",
        {"session": {"tools": [{"type": "mcp", "server_label": "x"}]}},
        "invalid_value",
        "session.tools[0].type",
    ),
    (
        "response.create",
        {"response": {"tools": [], "tool_choice": {"type": "function", "name": "f"}}},
        "invalid_value",
        "tool_choice",
    ),
    ("input_audio_buffer.append", {"audio": "%"}, "invalid_value", "audio"),
    ("input_audio_buffer.commit", {}, "input_audio_buffer_commit_empty", None),
    ("output_audio_buffer.clear", {}, "unsupported", "type"),
    ("conversation.item.delete", {"item_id": "x"}, "item_delete_invalid_item_id", "item_id"),
    (
        "conversation.item.truncate",
        {"item_id": "x", "content_index": 0, "audio_end_ms": 0},
        "item_truncate_invalid_item_id",
        "item_id",
    ),
    (
        "conversation.item.create",
        {
            "previous_item_id": "x",
            "item": {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": "Hi"}],
            },
        },
        "item_create_invalid_previous_item_id",
        "previous_item_id",
    ),
    (
        "conversation.item.create",
        {
            "item": {
                "type": "message",
                "role": "system",
                "content": [{"type": "output_text", "text": "Hi"}],
            }
        },
        "invalid_value",
        "item.content",
    ),
    ("response.cancel", {}, "response_cancel_not_active", None),
    ("response.create", {"response": {"conversation": "b"}}, "invalid_value", None),
]


@pytest.mark.parametrize(("kind", "fields", "code", "param"), REFUSED)
def test_what_cannot_be_is_refused_with_its_code_and_the_clients_event_id(
    kind: str, fields: dict[str, Any], code: str, param: str | None
) -> None:
    scene = RealtimeScene()
    (event,) = scene.send(kind, event_id="mine", **fields)
    error = event["error"]
    assert (error["code"], error["event_id"]) == (code, "mine")
    assert error["type"] == "invalid_request_error"
    assert error["code"] in CODES
    if param is not None:
        assert error["param"] == param


# -- refusals alone


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({}, "missing_required_parameter", "item_id"),
        ({"item_id": "a", "b": 1}, "unknown_parameter", "b"),
        ({"item_id": 1}, "invalid_type", "item_id"),
        ({"item_id": ""}, "invalid_value", "item_id"),
    ],
)
def test_a_decoders_error_is_said_in_the_protocols_words(
    body: dict[str, Any], code: str, param: str
) -> None:
    with pytest.raises(msgspec.ValidationError) as error:
        msgspec.convert({"type": "conversation.item.delete", **body}, ItemDelete)
    refusal = refusal_of(error.value)
    assert (refusal.code, refusal.param) == (code, param)


def test_an_error_event_names_the_event_that_it_answers() -> None:
    event = error_event(Refusal("unsupported", "It has not.", "type"), "mine")
    assert event.error == se.ErrorBody(
        type="invalid_request_error",
        code="unsupported",
        message="It has not.",
        param="type",
        event_id="mine",
    )


def test_a_code_that_is_not_documented_is_not_used() -> None:
    with pytest.raises(AssertionError):
        Refusal("nonsense", "")
