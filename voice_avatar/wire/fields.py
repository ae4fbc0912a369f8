"""What the JSON messages of protocol v1 are made of: names, limits, types of fields. Pure.

This folder is the single source of the schemas in `unity_client_protocol/schema`: every message,
field, unit and limit is declared here once, enforced on decoding by msgspec, and read out by
`conformance/documents/protocol_schema.py`. The messages are in `client_messages.py` and in
`session_messages.py`, `turn_messages.py`, `cue_messages.py`, `server_messages.py`; how they become
bytes is in `text.py`, how notices become messages in `telling.py`.

Names: a field that ends in `_ms` is milliseconds (a float, sent with 0.1 ms), one that ends in
`_samples` or `_count` is an integer. Times of a reply count from that reply's first sample, times
of the microphone from the first microphone sample of the session. A `char` is an index in Unicode
code points. Fields that a receiver does not know are ignored, so fields may be added later.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from voice_avatar.tools.offers import NAME_PATTERN

PROTOCOL_VERSION = 1
"""The one version that this code speaks."""

SUBPROTOCOL = "voice-avatar.v1"
"""Its WebSocket subprotocol name."""

MAX_INTEGER = 2**53 - 1
"""Largest integer that a JavaScript number holds exactly (ECMA-262 MAX_SAFE_INTEGER)."""

MAX_MS = 86_400_000.0
"""Longest time on the wire: a day."""

MAX_INPUT_CHARS = 8_192
"""Longest typed turn, characters."""

MAX_INSTRUCTIONS_CHARS = 16_384
"""Longest system prompt that a client may set, characters."""

MAX_RESUME_TOKEN_CHARS = 128
"""Longest resume token, characters."""

MAX_LIST = 256
"""Most entries of a list that a client may send."""

Integer = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]

Millis = Annotated[float, Meta(ge=0, le=MAX_MS)]

SignedMillis = Annotated[float, Meta(ge=-MAX_MS, le=MAX_MS)]

ClockMillis = Annotated[float, Meta(ge=-1e15, le=1e15)]

Unit = Annotated[float, Meta(ge=0, le=1)]

SignedUnit = Annotated[float, Meta(ge=-1, le=1)]

Coordinate = Annotated[float, Meta(ge=-1e4, le=1e4)]

Position = tuple[Coordinate, Coordinate, Coordinate]

RateHz = Annotated[int, Meta(ge=8_000, le=48_000)]

VersionNumber = Annotated[int, Meta(ge=1, le=255)]

Name = Annotated[str, Meta(max_length=64)]

Names = Annotated[tuple[Name, ...], Meta(max_length=MAX_LIST)]

LanguageCode = Annotated[str, Meta(pattern="^[a-z]{2,3}$")]

ToolName = Annotated[str, Meta(pattern=NAME_PATTERN)]

CallId = Annotated[str, Meta(max_length=64)]

Codec = Literal["pcm16", "opus"]

Endpointing = Literal["auto", "manual"]


class Part(Struct, frozen=True, kw_only=True):
    """An object inside a message."""


class ClientMessage(Struct, frozen=True, kw_only=True, tag_field="type"):
    """A message from the client."""


class ServerMessage(Struct, frozen=True, kw_only=True, tag_field="type"):
    """A message from the server.

    Attributes:
        seq: 0, 1, 2 … over all JSON messages of the session.
        ts_ms: server clock when it was sent; only differences mean something.
    """

    seq: Integer = 0
    ts_ms: ClockMillis = 0.0


PATH: Final = "/v1/avatar"
"""Path of the WebSocket."""

MAX_TEXT_BYTES: Final = 256 * 1024
"""Largest text frame, UTF-8 bytes, both ways."""

HELLO_TIMEOUT_S: Final = 10.0
"""Time from the WebSocket handshake to `session.hello`, seconds."""

SLOW_CONSUMER_CLOSE_S: Final = 5.0
"""A send queue over its limit for so long closes the connection (4408), seconds."""

MAX_AHEAD_S: Final = 2.0
"""Reply audio sent ahead of what was played, seconds."""

REPORT_INTERVAL_S: Final = 0.2
"""Time between playback reports while audio plays, seconds."""
