"""Binary frames of protocol v1: 16 bytes of header, then audio or faces. Pure.

| offset | type | field  | meaning                                            |
|--------|------|--------|----------------------------------------------------|
| 0      | u8   | kind   | `FrameKind`                                        |
| 1      | u8   | flags  | `FrameFlag`                                        |
| 2      | u16  | stream | microphone stream 0, or `reply_id` mod 65536       |
| 4      | u32  | seq    | 0, 1, 2 … per stream and direction                 |
| 8      | u64  | pts    | index of the first sample on the stream's clock    |

Little-endian throughout.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Final

from voice_avatar.errors import MalformedFrame, MessageTooBig
from voice_avatar.wire.fields import MAX_INTEGER
from voice_avatar.wire.token_bucket import TokenBucket

MAX_BINARY_BYTES: Final = 64 * 1024
"""Largest binary frame, header included, both ways."""

FRAME_S: Final = 0.02
"""Recommended audio per binary frame, seconds (one Opus packet)."""

MIC_BURST_S: Final = 2.0
"""Microphone audio that may come at once, seconds."""

MIC_REALTIME_FACTOR: Final = 2.0
"""Sustained microphone audio, seconds per second."""

MIC_CATCH_UP_S: Final = 10.0
"""Microphone audio that may come at once, besides, after none came for as long, seconds: what a
line held back arrives together, and is no more than the time that it is missing for. Half of what
the budget of frames holds (`server/rates.py`)."""

MIC_OVERRUN_CLOSE_S: Final = 5.0
"""Microphone audio over the limit for so long closes the connection (4429), seconds."""


class FrameKind(IntEnum):
    """What a binary frame holds. Other values are ignored; 4 is reserved."""

    AUDIO_IN = 1
    AUDIO_OUT = 2
    FACE_OUT = 3
    """Faces, see `face_frame.py`."""


class FrameFlag(IntFlag):
    """Flags of a binary frame. Bits 4 to 7 are 0 and ignored."""

    NONE = 0
    START = 1
    """First frame of the stream."""
    END = 2
    """Last frame of the stream; may be empty."""
    DISCONTINUITY = 4
    """The sender left out samples before this frame."""
    CODEC = 8
    """The payload is one Opus packet, not PCM16."""


_HEADER: Final = struct.Struct("<BBHIQ")
HEADER_BYTES: Final = _HEADER.size
"""Bytes of the header."""
_FLAGS_MASK: Final = 0x0F
_FLAGS: Final = tuple(FrameFlag(bits) for bits in range(_FLAGS_MASK + 1))
"""All values of flags, to be looked up: to make one takes as long as to read the header."""
_AUDIO_KINDS: Final = frozenset({FrameKind.AUDIO_IN.value, FrameKind.AUDIO_OUT.value})


@dataclass(frozen=True, slots=True)
class AudioFrame:
    """A binary frame.

    Attributes:
        kind: what it holds.
        stream: microphone stream (0), or `reply_id` mod 65536.
        seq: 0, 1, 2 … per stream and direction, mod 2**32.
        pts: index of the first sample on the stream's sample clock, 0..2**53 - 1. For Opus, of
            the first decoded sample.
        payload: PCM16 samples or one Opus packet.
        flags: see `FrameFlag`.
    """

    kind: FrameKind
    stream: int
    seq: int
    pts: int
    payload: bytes
    flags: FrameFlag = FrameFlag.NONE


def pack_audio(frame: AudioFrame) -> bytes:
    """Writes a binary frame.

    Raises:
        MessageTooBig: over `MAX_BINARY_BYTES`.
    """
    if HEADER_BYTES + len(frame.payload) > MAX_BINARY_BYTES:
        raise MessageTooBig(f"A frame may have {MAX_BINARY_BYTES} bytes.")
    return pack_header(frame.kind, frame.flags, frame.stream, frame.seq, frame.pts) + frame.payload


def pack_header(kind: FrameKind, flags: FrameFlag, stream: int, seq: int, pts: int) -> bytes:
    """Writes the header of a binary frame; `stream` and `seq` wrap around."""
    return _HEADER.pack(kind, flags, stream & 0xFFFF, seq & 0xFFFF_FFFF, pts)


@dataclass(frozen=True, slots=True)
class Header:
    """What is the same in all binary frames, and the payload as it came.

    Attributes:
        kind: a `FrameKind`, or another number.
        flags: see `FrameFlag`.
        stream: microphone stream (0), or `reply_id` mod 65536.
        seq: number within its stream and kind.
        pts: sample on the stream's clock.
        payload: the rest.
    """

    kind: int
    flags: FrameFlag
    stream: int
    seq: int
    pts: int
    payload: bytes


def _fields(data: bytes) -> tuple[int, int, int, int, int]:
    """Reads kind, flags, stream, seq and pts.

    Raises:
        MalformedFrame: no whole header.
        MessageTooBig: over `MAX_BINARY_BYTES`.
    """
    if len(data) > MAX_BINARY_BYTES:
        raise MessageTooBig(f"A frame may have {MAX_BINARY_BYTES} bytes, this has {len(data)}.")
    if len(data) < HEADER_BYTES:
        raise MalformedFrame(f"A frame has {HEADER_BYTES} bytes of header, this has {len(data)}.")
    fields: tuple[int, int, int, int, int] = _HEADER.unpack_from(data)
    return fields


def unpack_header(data: bytes) -> Header:
    """Reads the header of a binary frame.

    Raises:
        MalformedFrame: no whole header, or a `pts` out of range.
        MessageTooBig: over `MAX_BINARY_BYTES`.
    """
    kind, bits, stream, seq, pts = _fields(data)
    if pts > MAX_INTEGER:
        raise MalformedFrame("pts is out of range.")
    return Header(kind, _FLAGS[bits & _FLAGS_MASK], stream, seq, pts, data[HEADER_BYTES:])


def is_face(data: bytes) -> bool:
    """Returns whether a binary frame is one of faces, from its first byte."""
    return data[:1] == bytes((FrameKind.FACE_OUT,))


def unpack_audio(data: bytes, expect: FrameKind) -> AudioFrame | None:
    """Reads a binary frame of the kind that may come in this direction.

    Returns:
        The frame; None for a kind that is not audio, to be ignored.

    Raises:
        MalformedFrame: no whole header, the other direction's kind, half a sample, no payload
            without END, or a `pts` out of range.
        MessageTooBig: over `MAX_BINARY_BYTES`.
    """
    kind, bits, stream, seq, pts = _fields(data)
    if kind not in _AUDIO_KINDS:
        return None
    if kind != expect:
        raise MalformedFrame(f"A frame of kind {kind} does not go this way.")
    payload = data[HEADER_BYTES:]
    if pts > MAX_INTEGER:
        raise MalformedFrame("pts is out of range.")
    if not payload and not bits & FrameFlag.END.value:
        raise MalformedFrame("A frame without END must have a payload.")
    if len(payload) % 2 and not bits & FrameFlag.CODEC.value:
        raise MalformedFrame("PCM16 must hold whole samples.")
    return AudioFrame(expect, stream, seq, pts, payload, _FLAGS[bits & _FLAGS_MASK])


def pts_of(frame: bytes) -> int:
    """Returns the `pts` of a binary frame that has a whole header."""
    pts: int = _HEADER.unpack_from(frame)[4]
    return pts


@dataclass(frozen=True, slots=True)
class FrameArrival:
    """Where a frame stands in its stream.

    Attributes:
        is_stale: it was overtaken or repeated; drop it.
        lost_frames: frames missing before it.
    """

    is_stale: bool = False
    lost_frames: int = 0


_IN_ORDER: Final = FrameArrival()
_STALE: Final = FrameArrival(is_stale=True)


class FrameOrder:
    """Watches the numbers of incoming frames of one direction.

    A first frame (START) begins the numbers anew, unless it is the one that came before: frames of
    a resumed session come again.
    """

    def __init__(self) -> None:
        self._stream: int | None = None
        self._next_seq = 0
        self._newest_pts = -1

    def arrived(self, frame: AudioFrame) -> FrameArrival:
        """Says whether frames are missing before `frame`, or it comes too late."""
        if frame.stream != self._stream:
            self._stream = frame.stream
            self._newest_pts = -1
        elif FrameFlag.START not in frame.flags:
            return self._continues(frame)
        elif frame.pts <= self._newest_pts:
            return _STALE
        self._next_seq = (frame.seq + 1) & 0xFFFF_FFFF
        self._newest_pts = frame.pts
        return _IN_ORDER

    def _continues(self, frame: AudioFrame) -> FrameArrival:
        ahead = (frame.seq - self._next_seq) & 0xFFFF_FFFF
        if ahead >= 0x8000_0000:
            return _STALE
        self._next_seq = (frame.seq + 1) & 0xFFFF_FFFF
        self._newest_pts = frame.pts
        return FrameArrival(lost_frames=ahead) if ahead else _IN_ORDER


class MicBudget:
    """Limit of microphone audio: what is due, and as much again, and some at once.

    Due is the time that has passed and not been heard of, up to `MIC_CATCH_UP_S`: after a stall of
    the line it comes together. What comes beyond is taken out of a bucket of `MIC_BURST_S`. Both
    together are refilled at `MIC_REALTIME_FACTOR`.
    """

    def __init__(self, now_s: float) -> None:
        self._due = TokenBucket(MIC_CATCH_UP_S, 1.0, now_s, left=0.0)
        self._budget = TokenBucket(MIC_BURST_S, MIC_REALTIME_FACTOR - 1.0, now_s)
        self._overrun_since_s: float | None = None

    def take(self, audio_s: float, now_s: float) -> bool:
        """Whether a frame of `audio_s` seconds that came at `now_s` may pass."""
        self._due.take(now_s, 0.0)
        due_s = min(audio_s, self._due.left)
        if self._budget.take(now_s, audio_s - due_s):
            self._due.take(now_s, due_s)
            if self._budget.left >= MIC_BURST_S / 2:
                self._overrun_since_s = None
            return True
        if self._overrun_since_s is None:
            self._overrun_since_s = now_s
        return False

    @property
    def is_over(self) -> bool:
        """Whether it went over the limit and has not recovered since."""
        return self._overrun_since_s is not None

    def is_exhausted(self, now_s: float) -> bool:
        """Whether it was over the limit for `MIC_OVERRUN_CLOSE_S` without recovering."""
        since = self._overrun_since_s
        return since is not None and now_s - since >= MIC_OVERRUN_CLOSE_S
