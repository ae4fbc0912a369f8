"""The vectors of text frames."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from kit.golden_vectors import cases

from voice_avatar.conformance.documents.message_schemas import CLIENT_MESSAGES, SERVER_MESSAGES, tag
from voice_avatar.errors import ProtocolError
from voice_avatar.wire.text import UnknownType, decode_server_text, decode_text

DECODERS = {"client": decode_text, "server": decode_server_text}


def frame_of(case: dict[str, Any]) -> str | bytes:
    if "hex" in case:
        return bytes.fromhex(case["hex"])
    if "text" in case:
        return str(case["text"])
    head, filler, count, tail = case["text_parts"]
    return str(head + filler * count + tail)


@pytest.mark.parametrize("case", cases("messages"))
def test_a_text_frame_is_read_as_the_vector_says(case: dict[str, Any]) -> None:
    decode = DECODERS[case["from"]]
    if "error" in case:
        with pytest.raises(ProtocolError) as refused:
            decode(frame_of(case))
        assert refused.value.code == case["error"]
        return
    message = decode(frame_of(case))
    if "unknown" in case:
        assert isinstance(message, UnknownType)
        assert (message.type, not message.is_experimental) == (case["unknown"], case["warns"])
    else:
        assert json.loads(msgspec.json.encode(message)) == case["value"]
        assert decode(json.dumps(case["value"])) == message


def test_every_message_is_in_the_vectors_whole_and_with_unknown_fields() -> None:
    for sender, kinds in (("client", CLIENT_MESSAGES), ("server", SERVER_MESSAGES)):
        named = {p.values[0]["name"] for p in cases("messages") if p.values[0]["from"] == sender}
        for kind in kinds:
            assert {f"{tag(kind)}, whole", f"{tag(kind)}, unknown fields"} <= named


def test_the_field_that_is_missing_of_a_broken_message_is_what_makes_it_refused() -> None:
    wrong = [p.values[0] for p in cases("messages") if ", no " in p.values[0]["name"]]
    assert len(wrong) > 3
    for case in wrong:
        name = case["name"].rpartition(", no ")[2]
        assert case["error"] == "bad_field"
        assert name not in json.loads(case["text"])
