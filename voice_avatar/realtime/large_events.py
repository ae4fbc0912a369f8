"""Events too large to be read where everybody waits: read in pieces, in a thread. Pure.

A library's call holds the interpreter until it is done: 15 MiB of base64 take 80 ms at once, in a
thread too. So the text is taken out of the event without being made, and decoded piece by piece.
Only audio may be as large as that; any other event has a limit of its own.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from voice_avatar.errors import MessageTooBig
from voice_avatar.realtime import client_events as ce
from voice_avatar.realtime.refusals import Refusal

LARGE_BYTES: Final = 64 * 1024
"""Events over this are read in a thread: 1.4 s of audio, ten times what clients send at once."""

MAX_OTHER_BYTES: Final = 1024 * 1024
"""Largest event that is not audio, bytes."""

_PIECE_BYTES: Final = 64 * 1024
"""Base64 decoded at once (0.3 ms); a multiple of 4."""


class _Append(msgspec.Struct, forbid_unknown_fields=True):
    """An `input_audio_buffer.append` whose audio is still as it came."""

    audio: msgspec.Raw
    type: str = ""
    event_id: Any = None


_APPENDS: Final = msgspec.json.Decoder(_Append)


@dataclass(frozen=True, slots=True)
class LargeEvent:
    """An event that was read.

    Attributes:
        raw: its fields, as JSON has them; without the audio.
        audio: what its audio decodes to, None = it has none, or what is in `raw`.
        refusal: what is wrong with it.
    """

    raw: dict[str, Any] = field(default_factory=dict)
    audio: bytes | None = None
    refusal: Refusal | None = None


def read(data: bytes) -> LargeEvent:
    """Reads an event. Blocks for as long as its size makes it, but holds nobody up.

    Raises:
        MessageTooBig: it is over `MAX_OTHER_BYTES` and no audio.
    """
    try:
        event = _APPENDS.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        event = None
    if event is None or event.type != "input_audio_buffer.append":
        if len(data) > MAX_OTHER_BYTES:
            raise MessageTooBig(f"Only audio may have more than {MAX_OTHER_BYTES} bytes.")
        try:
            return LargeEvent(ce.decode(data))
        except Refusal as refusal:
            return LargeEvent(refusal=refusal)
    raw = {"type": event.type, "event_id": event.event_id, "audio": ""}
    try:
        return LargeEvent(raw, _decoded(event.audio))
    except (binascii.Error, ValueError, msgspec.DecodeError):
        return LargeEvent({**raw, "audio": "?"})  # which is no base64 either: refused as it is


def _decoded(audio: msgspec.Raw) -> bytes:
    text = memoryview(audio)
    if len(text) < 2 or text[0] != ord('"'):
        raise ValueError
    text = text[1:-1]
    if b"\\" in bytes(audio):  # some write a slash as "\/", and some break their lines
        text = memoryview(msgspec.json.decode(audio, type=str).encode())
    out, over, is_ended = bytearray(), b"", False
    for at in range(0, len(text), _PIECE_BYTES):
        piece = over + bytes(text[at : at + _PIECE_BYTES]).translate(None, b"\r\n")
        whole = len(piece) // 4 * 4
        piece, over = piece[:whole], piece[whole:]
        if not piece:
            continue
        if is_ended:
            raise ValueError
        is_ended = piece.endswith(b"=")
        out += binascii.a2b_base64(piece, strict_mode=True)
    if over:
        raise ValueError
    return bytes(out)
