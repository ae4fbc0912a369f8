"""Vectors of binary frames: their fields, and their order. Pure."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from voice_avatar.errors import ProtocolError
from voice_avatar.wire.face_frame import SHAPES, FaceFrame, pack_face, unpack_face
from voice_avatar.wire.fields import MAX_INTEGER
from voice_avatar.wire.frame_codec import (
    MAX_BINARY_BYTES,
    AudioFrame,
    FrameFlag,
    FrameKind,
    FrameOrder,
    pack_audio,
    unpack_audio,
)

Case = dict[str, Any]

_IN, _OUT = FrameKind.AUDIO_IN, FrameKind.AUDIO_OUT
_PCM: Final = bytes.fromhex("0100ffff")
_DIRECTIONS: Final = {"client": _IN, "server": _OUT}


def _frame(kind: FrameKind, stream: int, seq: int, pts: int, flags: int, payload: bytes) -> str:
    return pack_audio(AudioFrame(kind, stream, seq, pts, payload, FrameFlag(flags))).hex()


def _header(kind: int, flags: int, *, pts: int = 0, payload: bytes = _PCM) -> str:
    """A frame by hand, where `pack_audio` would not write it."""
    head = bytes((kind, flags)) + (7).to_bytes(2, "little") + (3).to_bytes(4, "little")
    return (head + pts.to_bytes(8, "little") + payload).hex()


_HEX: Final[tuple[tuple[str, str, str], ...]] = (
    ("first microphone frame", "client", _frame(_IN, 0, 0, 0, 1, _PCM)),
    ("microphone frame", "client", _frame(_IN, 0, 1, 320, 0, _PCM * 3)),
    ("after a gap of the sender", "client", _frame(_IN, 0, 2, 4000, 4, _PCM)),
    ("an Opus packet of odd length", "client", _frame(_IN, 0, 0, 0, 9, b"\xf8\xff\xfe")),
    ("first frame of reply 7", "server", _frame(_OUT, 7, 0, 480, 1, _PCM)),
    ("reply 65543 has stream 7", "server", _frame(_OUT, 65543, 0, 0, 1, _PCM)),
    ("last frame", "server", _frame(_OUT, 7, 38, 18240, 2, _PCM)),
    ("last frame without samples", "server", _frame(_OUT, 7, 39, 18720, 2, b"")),
    ("all four flags", "server", _frame(_OUT, 7, 1, 0, 15, b"\x01")),
    ("greatest seq and pts", "server", _frame(_OUT, 65535, 2**32 - 1, MAX_INTEGER, 0, _PCM)),
    ("reserved flags are ignored", "server", _header(2, 0xF1)),
    ("a kind to come is ignored", "server", _header(200, 0)),
    ("kind 4 is ignored", "server", _header(4, 0)),
    ("kind 0 is ignored", "client", _header(0, 0)),
    ("empty", "server", ""),
    ("header cut short", "server", _header(2, 0)[:30]),
    ("half a sample", "server", _header(2, 0, payload=b"\x01\x00\x02")),
    ("no payload and no END", "server", _header(2, 0, payload=b"")),
    ("pts out of range", "server", _header(2, 0, pts=MAX_INTEGER + 1)),
    ("the other direction's kind", "server", _header(1, 0)),
    ("the other direction's kind, upwards", "client", _header(2, 0)),
)


def _faces(count: int, hz: int, flags: int = 0) -> bytes:
    """Faces whose weights count upwards."""
    weights = np.arange(count * SHAPES, dtype=np.uint8).reshape(count, SHAPES)
    return pack_face(FaceFrame(7, 3, 480, hz, weights, FrameFlag(flags)))


_FACES: Final[tuple[tuple[str, bytes], ...]] = (
    ("one face", _faces(1, 60, 1)),
    ("three faces", _faces(3, 30)),
    ("the last one", _faces(1, 60, 2)),
    ("an end without a face", _faces(0, 60, 2)),
    ("a weight too few", _faces(2, 60)[:-1]),
    ("a weight too many", _faces(2, 60) + b"\x00"),
    ("count and shapes cut short", _faces(1, 60)[:19]),
    ("51 shapes", _faces(1, 60)[:18] + b"\x33\x00" + bytes(51)),
    ("another rate", _faces(1, 60)[:17] + b"\x19" + _faces(1, 60)[18:]),
)

_ORDERS: Final[tuple[tuple[str, tuple[tuple[int, int, int], ...]], ...]] = (
    ("in order", ((7, 0, 1), (7, 1, 0), (7, 2, 2))),
    ("loss", ((7, 0, 1), (7, 3, 0), (7, 4, 0))),
    ("repeat", ((7, 0, 1), (7, 1, 0), (7, 1, 0), (7, 0, 0), (7, 2, 0))),
    ("the next reply", ((7, 0, 1), (7, 1, 0), (8, 0, 1), (8, 1, 0))),
    ("start not seen", ((7, 5, 0), (7, 6, 0))),
    ("wrap around", ((7, 2**32 - 2, 1), (7, 2**32 - 1, 0), (7, 0, 0), (7, 2**32 - 1, 0))),
)


def binary_frames() -> dict[str, Any]:
    """Returns the document of binary frames."""
    return {
        "about": "Binary frames and the fields that a receiver reads; `ignored` for kinds that "
        "are not known, `error` for frames that are dropped.",
        "cases": [
            *(_case(*one) for one in _HEX),
            _padded("the biggest frame", MAX_BINARY_BYTES),
            _padded("a frame too big", MAX_BINARY_BYTES + 2),
        ],
    }


def face_frames() -> dict[str, Any]:
    """Returns the document of dense face frames."""
    return {
        "about": "Binary frames of kind 3 and their fields; weights are bytes, face by face. For "
        "clients that ask for `capabilities.face_hz`; others ignore the kind.",
        "cases": [_face(name, data) for name, data in _FACES],
    }


def _face(name: str, data: bytes) -> Case:
    case: Case = {"name": name, "from": "server", "hex": data.hex()}
    try:
        frame = unpack_face(data)
    except ProtocolError as error:
        return case | {"error": error.code}
    return case | {
        "flags": int(frame.flags),
        "stream": frame.stream,
        "seq": frame.seq,
        "pts": frame.pts,
        "hz": frame.hz,
        "weights": frame.weights.tolist(),
    }


def frame_orders() -> dict[str, Any]:
    """Returns the document of frames in and out of order."""
    return {
        "about": "Frames as [stream, seq, flags] in the order of arrival; for each, whether it is "
        "stale and dropped, and how many frames are missing before it.",
        "cases": [_order(name, frames) for name, frames in _ORDERS],
    }


def _case(name: str, sender: str, data: str) -> Case:
    return {"name": name, "from": sender, "hex": data} | _outcome(sender, bytes.fromhex(data))


def _padded(name: str, size: int) -> Case:
    data = bytes.fromhex(_header(2, 0))
    pad = size - len(data)
    case: Case = {"name": name, "from": "server", "hex": data.hex(), "pad_bytes": pad}
    return case | _outcome("server", data + bytes(pad))


def _outcome(sender: str, data: bytes) -> Case:
    try:
        frame = unpack_audio(data, _DIRECTIONS[sender])
    except ProtocolError as error:
        return {"error": error.code}
    if frame is None:
        return {"ignored": True}
    payload = frame.payload.hex() if len(frame.payload) <= 64 else None
    return {
        "kind": int(frame.kind),
        "flags": int(frame.flags),
        "stream": frame.stream,
        "seq": frame.seq,
        "pts": frame.pts,
        "payload_bytes": len(frame.payload),
    } | ({} if payload is None else {"payload": payload})


def _order(name: str, frames: tuple[tuple[int, int, int], ...]) -> Case:
    order = FrameOrder()
    arrivals = [
        order.arrived(AudioFrame(_OUT, stream, seq, 0, _PCM, FrameFlag(flags)))
        for stream, seq, flags in frames
    ]
    return {
        "name": name,
        "frames": [list(frame) for frame in frames],
        "stale": [arrival.is_stale for arrival in arrivals],
        "lost": [arrival.lost_frames for arrival in arrivals],
    }
