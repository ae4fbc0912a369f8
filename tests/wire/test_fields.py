"""What a field may be, and what a message may weigh."""

from __future__ import annotations

import json

import pytest

from voice_avatar.errors import InvalidMessage, MessageTooBig
from voice_avatar.wire import client_messages
from voice_avatar.wire.fields import MAX_TEXT_BYTES
from voice_avatar.wire.text import decode_text


@pytest.mark.parametrize(
    "data",
    [
        '{"type":"input.text"}',
        '{"type":"input.text","text":5}',
        '{"type":"input.text","text":""}',
        '{"type":"input.text","text":null}',
        '{"type":"interrupt","reply_id":"1"}',
        '{"type":"interrupt","reply_id":1.0}',
        '{"type":"interrupt","reply_id":true}',
        '{"type":"interrupt","reply_id":9007199254740992}',
        '{"type":"clock.ping","t0_ms":1e999}',
        '{"type":"clock.ping","t0_ms":1e16}',
        '{"type":"session.hello","protocol":{"min":2,"max":1}}',
        '{"type":"session.hello","audio_in":{"rate_hz":96000}}',
        '{"type":"session.hello","client":{"name":"' + "x" * 65 + '"}}',
        '{"type":"session.hello","capabilities":{"gestures":[' + '"a",' * 256 + '"a"]}}',
    ],
)
def test_a_field_that_is_missing_mistyped_or_out_of_range_is_invalid(data: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        decode_text(data)
    assert json.loads(data)["type"] in caught.value.message


def test_a_message_over_the_limit_is_too_big_in_bytes_not_in_characters() -> None:
    text = '{"type":"input.commit","x_pad":"%s"}'
    room = MAX_TEXT_BYTES - len(text) + 2
    assert decode_text(text % ("x" * room)) == client_messages.InputCommit()
    with pytest.raises(MessageTooBig):
        decode_text(text % ("x" * (room + 1)))
    with pytest.raises(MessageTooBig):
        decode_text(text % ("é" * room))


def test_unknown_fields_are_ignored() -> None:
    assert decode_text('{"type":"input.commit","soon":{"a":[1]}}') == client_messages.InputCommit()
    hello = decode_text('{"type":"session.hello","later":{"token":"t"}}')
    assert hello == client_messages.SessionHello()
