"""Text frames of `voice-avatar.v1`: bytes to messages and messages to bytes. Pure.

The normative text is `unity_client_protocol/PROTOCOL.md`. Whatever comes in, only errors of the
`ProtocolError` family come out of the decoders.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, get_args

import msgspec

from voice_avatar.errors import InvalidMessage, MalformedMessage, MessageTooBig
from voice_avatar.events import payloads
from voice_avatar.tools.offers import flaw
from voice_avatar.wire import client_messages, server_messages
from voice_avatar.wire.fields import MAX_TEXT_BYTES, ClientMessage, ServerMessage
from voice_avatar.wire.nesting import MAX_DEPTH, is_too_deep


@dataclass(frozen=True, slots=True)
class UnknownType:
    """A message of a type that this version does not know.

    Attributes:
        type: its type, cut to 64 characters.
        is_experimental: whether it starts with "x." and is to be ignored without a warning.
    """

    type: str
    is_experimental: bool


class _Head(msgspec.Struct, frozen=True):
    type: str


def _decoders(union: object) -> dict[str, msgspec.json.Decoder[msgspec.Struct]]:
    kinds: tuple[type[msgspec.Struct], ...] = get_args(union)
    return {str(kind.__struct_config__.tag): msgspec.json.Decoder(kind) for kind in kinds}


_HEAD: Final = msgspec.json.Decoder(_Head)

_CLIENT: Final = _decoders(client_messages.AnyClientMessage)

_SERVER: Final = _decoders(server_messages.AnyServerMessage)

_ENCODER: Final = msgspec.json.Encoder()

CLIENT_TYPES: Final = tuple(_CLIENT)
"""Types of the messages that a client sends."""

SERVER_TYPES: Final = tuple(_SERVER)
"""Types of the messages that a server sends."""


def decode_text(data: str | bytes) -> client_messages.AnyClientMessage | UnknownType:
    """Reads a text frame from a client.

    Raises:
        MalformedMessage: not UTF-8, not JSON (NaN and Infinity are not), no object, no `type`.
        InvalidMessage: a field is missing, mistyped or out of range.
        MessageTooBig: over `MAX_TEXT_BYTES`.
    """
    message = _decode(data, _CLIENT)
    if isinstance(message, client_messages.SessionHello | client_messages.SessionUpdate):
        wrong = flaw(tools_of(message.tools or ()))
        if wrong:
            raise InvalidMessage(f"tools: {wrong}")
    if (
        isinstance(message, client_messages.SessionHello)
        and message.protocol.min > message.protocol.max
    ):
        raise InvalidMessage("session.hello: protocol.min must not be greater than protocol.max.")
    return message  # type: ignore[return-value]


def tools_of(offers: tuple[client_messages.ToolOffer, ...]) -> tuple[payloads.Tool, ...]:
    """Returns the tools that a client offers."""
    return tuple(
        payloads.Tool(offer.name, offer.description)
        if offer.parameters is None
        else payloads.Tool(
            offer.name, offer.description, _ENCODER.encode(offer.parameters).decode()
        )
        for offer in offers
    )


def type_of(data: str) -> str:
    """Returns the type of a text frame, cut to 64 characters; "" where it has none."""
    try:
        raw = data.encode()
        return "" if is_too_deep(raw) else _HEAD.decode(raw).type[:64]
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return ""


def decode_server_text(data: str | bytes) -> server_messages.AnyServerMessage | UnknownType:
    """Reads a text frame from a server. Raises what `decode_text` raises."""
    return _decode(data, _SERVER)  # type: ignore[return-value]


def _decode(
    data: str | bytes, decoders: dict[str, msgspec.json.Decoder[msgspec.Struct]]
) -> msgspec.Struct | UnknownType:
    try:
        # msgspec does not look into strings that it skips: check UTF-8 here, once.
        text = data if isinstance(data, str) else data.decode()
        raw = text.encode()
    except UnicodeError as error:
        raise MalformedMessage("The message is not UTF-8.") from error
    if len(raw) > MAX_TEXT_BYTES:
        raise MessageTooBig(f"A message may have {MAX_TEXT_BYTES} bytes, this has {len(raw)}.")
    if is_too_deep(raw):
        raise MalformedMessage(f"A message may be nested {MAX_DEPTH} levels deep.")
    try:
        kind = _HEAD.decode(raw).type
    except msgspec.ValidationError as error:
        raise MalformedMessage("The message is not an object with a `type`.") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise MalformedMessage("The message is not JSON.") from error
    decoder = decoders.get(kind)
    if decoder is None:
        return UnknownType(kind[:64], kind.startswith("x."))
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise InvalidMessage(f"{kind}: {error}.") from error


def encode_client(message: ClientMessage) -> str:
    """Writes a client's message as a text frame."""
    return _ENCODER.encode(message).decode()


def encode_text(message: ServerMessage, *, seq: int, ts_ms: float) -> str:
    """Writes a server's message as a text frame, numbered and dated."""
    dated = msgspec.structs.replace(message, seq=seq, ts_ms=round(ts_ms, 1))
    return _ENCODER.encode(dated).decode()
