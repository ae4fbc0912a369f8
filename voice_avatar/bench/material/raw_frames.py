"""WebSocket frames, handshakes and requests as RFC 6455 and 9112 do not want them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from random import Random
from typing import Final

TEXT: Final = 1
BINARY: Final = 2
CLOSE: Final = 8
PING: Final = 9
PONG: Final = 10

_KEY: Final = "dGhlIHNhbXBsZSBub25jZQ=="
_MASK: Final = b"\x00\x00\x00\x00"
"""A key of zeros leaves the payload as it is; the server cannot tell."""

SLOW_BYTES: Final = 4
"""Of a request that comes slowly, at a time."""


def frame(
    opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, is_masked: bool = True
) -> bytes:
    """Returns a frame of a client."""
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    mask_bit, size = 0x80 if is_masked else 0, len(payload)
    if size < 126:
        head = struct.pack("!BB", first, mask_bit | size)
    elif size < 65_536:
        head = struct.pack("!BBH", first, mask_bit | 126, size)
    else:
        head = struct.pack("!BBQ", first, mask_bit | 127, size)
    return head + (_MASK if is_masked else b"") + payload


def handshake(host: str, path: str, *more: str) -> bytes:
    """Returns the request for a WebSocket, with further header lines."""
    lines = (
        f"GET {path} HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade",
        f"Sec-WebSocket-Key: {_KEY}", "Sec-WebSocket-Version: 13", *more, "", "",
    )  # fmt: skip
    return "\r\n".join(lines).encode()


# -- frames: each returns what is sent in one go


def _reserved_bits(chance: Random) -> bytes:
    return frame(chance.choice((TEXT, BINARY, PING, CLOSE)), b"{}", rsv=chance.randint(1, 7))


def _reserved_opcode(chance: Random) -> bytes:
    return frame(chance.choice((3, 4, 5, 6, 7, 11, 12, 13, 14, 15)), b"abc")


def _unmasked(chance: Random) -> bytes:
    return frame(chance.choice((TEXT, BINARY, PING)), b"{}", is_masked=False)


def _long_control(chance: Random) -> bytes:
    return frame(chance.choice((PING, PONG, CLOSE)), bytes(chance.choice((126, 1000, 70_000))))


def _cut_control(chance: Random) -> bytes:
    return frame(chance.choice((PING, PONG, CLOSE)), b"ab", fin=False)


def _controls(chance: Random) -> bytes:
    many = chance.randint(1, 20)
    return b"".join(
        frame(chance.choice((PING, PONG)), bytes(chance.choice((0, 1, 125)))) for _ in range(many)
    )


def _lone_continuation(chance: Random) -> bytes:
    return frame(0, b"abc", fin=chance.random() < 0.5)


def _text_within_fragments(chance: Random) -> bytes:
    return frame(TEXT, b'{"type":', fin=False) + frame(chance.choice((TEXT, BINARY)), b"{}")


def _fragments(chance: Random) -> bytes:
    """A whole message in pieces, a ping between two of them."""
    count = chance.choice((2, 3, 50))
    text = b'{"type":"clock.ping","t0_ms":1}'
    size = max(1, len(text) // count)
    parts = [text[at : at + size] for at in range(0, len(text), size)]
    made = frame(TEXT, parts[0], fin=False) + frame(PING, b"between")
    made += b"".join(frame(0, part, fin=False) for part in parts[1:])
    return made + frame(0)


def _empty_fragments(chance: Random) -> bytes:
    opened = frame(chance.choice((TEXT, BINARY)), fin=False)
    return opened + frame(0, fin=False) * chance.choice((10, 500)) + frame(0)


def _bad_utf8(chance: Random) -> bytes:
    bad = chance.choice((b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"))
    return frame(TEXT, b'{"type":"input.text","text":"' + bad + b'"}')


def _cut_utf8(chance: Random) -> bytes:
    whole = '{"type":"clock.ping","t0_ms":1,"x":"中"}'.encode()
    at = whole.index("中".encode()) + chance.randint(1, 2)
    return frame(TEXT, whole[:at], fin=False) + frame(0, whole[at:])


def _close(chance: Random) -> bytes:
    code = chance.choice(
        (0, 999, 1000, 1001, 1004, 1005, 1006, 1015, 1016, 2999, 3000, 4999, 5000, 65_535)
    )
    reason = chance.choice((b"", b"bye", b"\xff", bytes(123)))
    return frame(CLOSE, chance.choice((b"", b"\x03", struct.pack("!H", code) + reason)))


def _longer_form(chance: Random) -> bytes:
    """A length in more bytes than it needs."""
    if chance.random() < 0.5:
        return struct.pack("!BBH", 0x81, 0x80 | 126, 2) + _MASK + b"{}"
    return struct.pack("!BBQ", 0x81, 0x80 | 127, 2) + _MASK + b"{}"


def _lying_length(chance: Random) -> bytes:
    size = chance.choice((300, 65_536, 2**20 + 1, 2**31, 2**63 - 1, 2**63, 2**64 - 1))
    return struct.pack("!BBQ", 0x82, 0x80 | 127, size) + _MASK + b"abc"


def _half_a_frame(chance: Random) -> bytes:
    whole = frame(TEXT, b'{"type":"clock.ping","t0_ms":1}')
    return whole[: chance.randrange(1, len(whole))]


def _noise(chance: Random) -> bytes:
    return chance.randbytes(chance.choice((1, 16, 200, 4000)))


def _request(chance: Random) -> bytes:
    return b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


FRAMES: Final[tuple[Callable[[Random], bytes], ...]] = (
    _reserved_bits, _reserved_opcode, _unmasked, _long_control, _cut_control, _controls, _controls,
    _lone_continuation, _text_within_fragments, _fragments, _fragments, _empty_fragments, _bad_utf8,
    _cut_utf8, _close, _longer_form, _lying_length, _half_a_frame, _noise, _request,
)  # fmt: skip
"""All ways; some twice, so that a connection lives on for a while."""

HARMLESS: Final = frozenset({"_controls", "_fragments", "_cut_utf8", "_longer_form"})
"""Ways after which a connection goes on: of one life only the last is another."""


_PROTOCOLS: Final = ("", "x", "voice-avatar.v9", "a,,b")


def bad_handshake(chance: Random, host: str, path: str) -> bytes:
    """Returns a request for a WebSocket that has something wrong, or is not whole."""
    whole = handshake(host, path)
    ways: tuple[Callable[[], bytes], ...] = (
        lambda: whole[: chance.randrange(1, len(whole))],
        lambda: whole.replace(b"on: 13", b"on: " + chance.choice((b"0", b"8", b"255", b"x"))),
        lambda: whole.replace(_KEY.encode(), chance.choice((b"", b"a", b"=" * 24, b"\xff" * 24))),
        lambda: whole.replace(b"Upgrade: websocket\r\n", b""),
        lambda: whole.replace(b"Upgrade: websocket", b"Upgrade: h2c"),
        lambda: whole.replace(b"HTTP/1.1", chance.choice((b"HTTP/1.0", b"HTTP/2", b""))),
        lambda: whole.replace(b"GET ", chance.choice((b"POST ", b"CONNECT ", b"get ", b" "))),
        lambda: whole.replace(b"\r\n", b"\n"),
        lambda: handshake(host, path, f"Sec-WebSocket-Key: {_KEY}", f"Host: {host}"),
        lambda: handshake(host, path, "Origin: https://evil.example"),
        lambda: handshake(host, path, "Sec-WebSocket-Protocol: " + chance.choice(_PROTOCOLS)),
        lambda: handshake(host, path, "Sec-WebSocket-Extensions: permessage-deflate; x=" + "9" * 9),
        lambda: handshake(host, path, "X: " + "a" * chance.choice((8000, 9000, 70_000))),
        lambda: handshake(host, path, *["X: 1"] * chance.choice((100, 200, 1000))),
        lambda: handshake(chance.choice(("evil.example", "", "[::1", "127.0.0.1:99999")), path),
        lambda: whole + frame(TEXT, b"{}") + frame(CLOSE),
    )  # fmt: skip
    return chance.choice(ways)()


_PATHS: Final = (
    "/", "/healthz", "/readyz", "/metrics", "/v1/avatar", "/v1/models", "/v1/models/x",
    "/v1/realtime", "/v1/pcm", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%5c..%5cetc",
    "/%00", "/%ff", "//", "/clips/../../pyproject.toml", "/clips/",
    "/?" + "a=b&" * 500, "/" + "a" * 9000, "*",
    "http://evil.example/", "/index.html", "/app.js", "/\x7f", "/%", "/a b",
)  # fmt: skip
_METHODS: Final = (
    "GET",
    "GET",
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "BREW",
    "PRI",
    "g\u00e9t",
)
_LINES: Final = (
    "Range: bytes=0-0,5-1", "If-None-Match: *", "Content-Length: 5", "Content-Length: -1",
    "Content-Length: 5\r\nContent-Length: 6", "Transfer-Encoding: chunked", "Expect: 100-continue",
    "Accept-Encoding: " + "gzip," * 200, "Host: a", "X: \u00e9", "X : 1", " folded",
    "Authorization: Bearer",
    "Connection: keep-alive", "Upgrade: h2c", ":", "X:", "Cookie: " + "a" * 7000,
)  # fmt: skip
_BODIES: Final = (b"", b"", b"", b"hello", b"5\r\nhello\r\n0\r\n\r\n", b"\x00" * 5000)


def http_request(chance: Random, host: str) -> bytes:
    """Returns a request, or several in a row, right or wrong."""
    made = b""
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        lines = [f"{chance.choice(_METHODS)} {chance.choice(_PATHS)} HTTP/1.1", f"Host: {host}"]
        lines += [chance.choice(_LINES) for _ in range(chance.choice((0, 0, 1, 3)))]
        made += "\r\n".join([*lines, "", ""]).encode("utf-8") + chance.choice(_BODIES)
    return made
