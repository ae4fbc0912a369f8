"""Text frames: what goes in comes out, and nothing that comes in can hurt."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.wire_examples import CLIENT_EXAMPLES, SERVER_EXAMPLES

from voice_avatar.conformance.documents.message_schemas import CLIENT_MESSAGES, SERVER_MESSAGES, tag
from voice_avatar.errors import MalformedMessage, ProtocolError
from voice_avatar.wire.fields import ClientMessage
from voice_avatar.wire.text import (
    CLIENT_TYPES,
    SERVER_TYPES,
    UnknownType,
    decode_server_text,
    decode_text,
    encode_client,
)


def test_there_is_an_example_of_every_message() -> None:
    assert {type(m) for m in CLIENT_EXAMPLES} == set(CLIENT_MESSAGES)
    assert {type(m) for m in SERVER_EXAMPLES} == set(SERVER_MESSAGES)
    assert set(CLIENT_TYPES) == {tag(kind) for kind in CLIENT_MESSAGES}
    assert set(SERVER_TYPES) == {tag(kind) for kind in SERVER_MESSAGES}


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe",
        b'{"type":"input.text","text":"\xff"}',
        b'{"type":"input.commit","note":"\xff"}',
        "\ud800",
        "",
        "hello",
        "[]",
        "null",
        "{}",
        '{"type":7}',
        '{"type":"input.commit"',
        '{"type":"input.commit"} x',
        '{"type":"clock.ping","t0_ms":NaN}',
        '{"type":"clock.ping","t0_ms":-Infinity}',
        '{"type":"input.commit","x_deep":' + "[" * 100_000,
        '{"type":"input.text","text":"\\ud800"}',
    ],
)
def test_what_is_not_a_message_is_malformed(data: str | bytes) -> None:
    with pytest.raises(MalformedMessage):
        decode_text(data)


def test_an_unknown_type_is_told_apart_from_an_experiment_and_is_cut() -> None:
    assert decode_text('{"type":"tool.offer","x":1}') == UnknownType("tool.offer", False)
    assert decode_text('{"type":"x.dance"}') == UnknownType("x.dance", True)
    assert decode_text(json.dumps({"type": "y" * 99})) == UnknownType("y" * 64, False)
    assert decode_server_text('{"type":"input.commit"}') == UnknownType("input.commit", False)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


field_names = st.sampled_from(
    sorted({name for kind in CLIENT_MESSAGES for name in kind.__struct_fields__})
)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_protocol_error(data: bytes) -> None:
    for decode in (decode_text, decode_server_text):
        with suppress(ProtocolError):
            decode(data)


@given(st.text(max_size=200))
def test_no_text_raises_anything_but_a_protocol_error(text: str) -> None:
    with suppress(ProtocolError):
        decode_text(text)


@given(st.sampled_from(CLIENT_TYPES), st.dictionaries(field_names, json_values, max_size=5))
def test_no_fields_raise_anything_but_a_protocol_error(
    kind: str, fields: dict[str, object]
) -> None:
    try:
        message = decode_text(json.dumps({**fields, "type": kind}))
    except ProtocolError:
        return
    assert isinstance(message, ClientMessage)
    # What was accepted can be written again, and says the same.
    assert decode_text(encode_client(message)) == message
