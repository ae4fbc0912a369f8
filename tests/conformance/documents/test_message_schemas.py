"""The schemas say what the decoders do."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import msgspec
import pytest
from kit.wire_examples import CLIENT_EXAMPLES, SERVER_EXAMPLES

from voice_avatar.conformance.documents.message_schemas import (
    CLIENT_MESSAGES,
    SERVER_MESSAGES,
    docstring,
    schema,
    tag,
)
from voice_avatar.errors import InvalidMessage
from voice_avatar.wire.fields import ClientMessage, Part, ServerMessage
from voice_avatar.wire.text import decode_text, encode_client, encode_text


@pytest.mark.parametrize("kind", [*CLIENT_MESSAGES, *SERVER_MESSAGES, *Part.__subclasses__()])
def test_every_field_has_a_meaning_and_every_meaning_a_field(kind: type[msgspec.Struct]) -> None:
    text, fields = docstring(kind)
    assert text
    assert set(fields) == set(kind.__struct_fields__)
    assert all(fields.values())


def validator(kinds: tuple[type[msgspec.Struct], ...]) -> jsonschema.Draft202012Validator:
    made = schema("any", kinds)
    jsonschema.Draft202012Validator.check_schema(made)
    return jsonschema.Draft202012Validator(made)


CLIENT = validator(CLIENT_MESSAGES)
SERVER = validator(SERVER_MESSAGES)


@pytest.mark.parametrize("message", CLIENT_EXAMPLES, ids=lambda m: tag(type(m)))
def test_what_a_client_writes_fits_the_schema(message: ClientMessage) -> None:
    CLIENT.validate(json.loads(encode_client(message)))


@pytest.mark.parametrize("message", SERVER_EXAMPLES, ids=lambda m: tag(type(m)))
def test_what_a_server_writes_fits_the_schema(message: ServerMessage) -> None:
    SERVER.validate(json.loads(encode_text(message, seq=3, ts_ms=4.5)))


@pytest.mark.parametrize(
    "message",
    [
        {"type": "input.text", "text": ""},
        {"type": "input.text", "text": "x" * 8193},
        {"type": "input.text"},
        {"type": "playback.report", "reply_id": -1, "played_samples": 0},
        {"type": "playback.report", "reply_id": 1, "played_samples": 1.5},
        {"type": "playback.report", "reply_id": 1, "played_samples": 0, "state": "gone"},
        {"type": "session.hello", "audio_in": {"rate_hz": 7999}},
        {"type": "session.hello", "language": "English"},
        {"type": "user.gaze", "head": {"pos": [0, 0], "rot": [0, 0, 0, 1]}},
        {"type": "input.start", "mode": "loud"},
    ],
)
def test_what_the_decoder_refuses_does_not_fit_the_schema(message: dict[str, Any]) -> None:
    with pytest.raises(InvalidMessage):
        decode_text(json.dumps(message))
    assert not CLIENT.is_valid(message)


def test_unknown_fields_fit_the_schema() -> None:
    CLIENT.validate({"type": "input.commit", "x_mood": "good"})
