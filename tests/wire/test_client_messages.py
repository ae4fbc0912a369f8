"""Every message of a client comes out as it went in."""

from __future__ import annotations

import pytest
from kit.wire_examples import CLIENT_EXAMPLES

from voice_avatar.conformance.documents.message_schemas import tag
from voice_avatar.wire.fields import ClientMessage
from voice_avatar.wire.text import decode_text, encode_client


@pytest.mark.parametrize("message", CLIENT_EXAMPLES, ids=lambda m: tag(type(m)))
def test_a_client_message_comes_out_as_it_went_in(message: ClientMessage) -> None:
    text = encode_client(message)
    assert decode_text(text) == message
    assert decode_text(text.encode()) == message
