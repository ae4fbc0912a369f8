"""Vectors of text frames: what a receiver makes of them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from voice_avatar.conformance.documents.message_schemas import (
    CLIENT_MESSAGES,
    SERVER_MESSAGES,
    MessageType,
    tag,
)
from voice_avatar.conformance.vectors.examples import broken, full, least
from voice_avatar.errors import ProtocolError
from voice_avatar.wire.fields import MAX_TEXT_BYTES
from voice_avatar.wire.text import UnknownType, decode_server_text, decode_text

Case = dict[str, Any]

_SERVER: Final = {"seq": 7, "ts_ms": 1234.5}

_TEXTS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "client": (
        ("unicode", '{"type":"input.text","text":"你好 👋 é"}'),
        ("escapes", '{"type":"input.text","text":"\\u4f60 \\ud83d\\udc4b \\"\\\\\\/\\n"}'),
        ("white space", ' {\n "type" : "input.commit" } '),
        ("type last", '{"played_samples":9,"reply_id":1,"type":"playback.report"}'),
        ("greatest integer", '{"type":"interrupt","reply_id":9007199254740991}'),
        ("integer for a number", '{"type":"clock.ping","t0_ms":-3}'),
        ("exponent", '{"type":"clock.ping","t0_ms":1.5e3}'),
        ("null for the default", '{"type":"session.hello","voice":null}'),
        ("versions to come", '{"type":"session.hello","protocol":{"min":1,"max":9}}'),
        ("longest text", '{"type":"input.text","text":"' + "x" * 8192 + '"}'),
        ("not JSON", "{"),
        ("two objects", '{"type":"input.commit"}{}'),
        ("empty", ""),
        ("array", "[1]"),
        ("string", '"input.commit"'),
        ("null", "null"),
        ("no type", '{"text":"hi"}'),
        ("type is no string", '{"type":1}'),
        ("NaN", '{"type":"clock.ping","t0_ms":NaN}'),
        ("Infinity", '{"type":"clock.ping","t0_ms":Infinity}'),
        ("comment", '{"type":"input.commit"/**/}'),
        ("trailing comma", '{"type":"input.commit",}'),
        ("single quotes", "{'type':'input.commit'}"),
        ("text too long", '{"type":"input.text","text":"' + "x" * 8193 + '"}'),
        ("versions upside down", '{"type":"session.hello","protocol":{"min":3,"max":2}}'),
        ("unknown type", '{"type":"input.dance"}'),
        ("experimental type", '{"type":"x.dance","how":{"fast":[1,2]}}'),
        ("a server's message", '{"type":"state","state":"idle","seq":0,"ts_ms":0}'),
    ),
    "server": (
        (
            "unicode",
            '{"type":"reply.text","seq":0,"ts_ms":0.5,"reply_id":1,"text":"你好 👋","char":0}',
        ),
        ("unknown type", '{"type":"avatar.dance","seq":1,"ts_ms":1.0,"speed":3}'),
        ("experimental type", '{"type":"x.dance","seq":1,"ts_ms":1.0}'),
        ("a state to come", '{"type":"state","seq":1,"ts_ms":1.0,"state":"dancing"}'),
        ("not JSON", '{"type":"state"'),
        ("no object", "[]"),
        ("no type", '{"seq":1,"ts_ms":1.0}'),
        ("state is no string", '{"type":"state","seq":1,"ts_ms":1.0,"state":3}'),
    ),
}

_BYTES: Final = (
    ("not UTF-8", b'{"type":"input.text","text":"\xff"}'),
    ("UTF-8 cut short", b'{"type":"input.text","text":"\xe4\xbd"}'),
)


def messages() -> dict[str, Any]:
    """Returns the document of text frames."""
    return {
        "about": "Text frames. `value` is what a receiver holds then, defaults filled in, unknown "
        "fields left out; `error` the code of a frame that is refused; `unknown` the type "
        "of a message that is ignored, with `warns` whether a server says so.",
        "cases": [*_cases("client", CLIENT_MESSAGES), *_cases("server", SERVER_MESSAGES)],
    }


def _cases(sender: str, kinds: tuple[MessageType, ...]) -> Iterator[Case]:
    own = _SERVER if sender == "server" else {}
    for kind in kinds:
        name = tag(kind)
        whole = full(kind) | own
        yield _case(f"{name}, whole", sender, _text(whole))
        if sender == "client":
            yield _case(f"{name}, least", sender, _text(least(kind)))
            for wrong in broken(kind):
                yield _case(f"{name}, {wrong.what}", sender, _text(wrong.message))
        extra = {"x_mood": {"good": [1, None]}} | whole | {"added_later": 1}
        yield _case(f"{name}, unknown fields", sender, _text(extra))
    for name, text in _TEXTS[sender]:
        yield _case(name, sender, text)
    if sender == "client":
        for name, data in _BYTES:
            yield _case(name, sender, data)
        yield _filled("a message too big", MAX_TEXT_BYTES + 1)
        yield _filled("the biggest message", MAX_TEXT_BYTES)


def _text(message: Case) -> str:
    return msgspec.json.encode(message).decode()


def _case(name: str, sender: str, frame: str | bytes) -> Case:
    case: Case = {"name": name, "from": sender}
    if isinstance(frame, bytes):
        case["hex"] = frame.hex()
    else:
        case["text"] = frame
    return case | _outcome(sender, frame)


def _filled(name: str, size: int) -> Case:
    """A message that is filled up to `size` bytes with spaces before its last brace."""
    head, tail = '{"type":"input.commit"', "}"
    count = size - len(head) - len(tail)
    case: Case = {"name": name, "from": "client", "text_parts": [head, " ", count, tail]}
    return case | _outcome("client", head + " " * count + tail)


def _outcome(sender: str, frame: str | bytes) -> Case:
    decode = decode_text if sender == "client" else decode_server_text
    try:
        message = decode(frame)
    except ProtocolError as error:
        return {"error": error.code}
    if isinstance(message, UnknownType):
        return {"unknown": message.type, "warns": not message.is_experimental}
    return {"value": msgspec.to_builtins(message)}
