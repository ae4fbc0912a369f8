"""Every message of a server comes out as it went in, numbered and dated."""

from __future__ import annotations

import msgspec
import pytest
from kit.wire_examples import SERVER_EXAMPLES

from voice_avatar.conformance.documents.message_schemas import tag
from voice_avatar.wire.fields import ServerMessage
from voice_avatar.wire.text import decode_server_text, encode_text


@pytest.mark.parametrize("message", SERVER_EXAMPLES, ids=lambda m: tag(type(m)))
def test_a_server_message_comes_out_numbered_and_dated(message: ServerMessage) -> None:
    got = decode_server_text(encode_text(message, seq=7, ts_ms=12.34))
    assert got == msgspec.structs.replace(message, seq=7, ts_ms=12.3)
