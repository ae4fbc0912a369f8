"""Frames of the face track: the header of `frame_codec.py`, then a byte for each weight. Pure.

| offset | type | field  | meaning                                                     |
|--------|------|--------|-------------------------------------------------------------|
| 16     | u8   | count  | frames of the face in this message, 0..255                  |
| 17     | u8   | hz     | frames per second                                           |
| 18     | u16  | shapes | weights of a frame: 52                                      |
| 20     | u8[] | data   | count x shapes weights, frame by frame, value / 255         |

Frame k of a message stands at sample `pts` + k * rate / hz of the reply.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from voice_avatar.acting.mouth.viseme_sets import ARKIT, FACE_HZ
from voice_avatar.errors import MalformedFrame
from voice_avatar.wire.frame_codec import FrameFlag, FrameKind, pack_header, unpack_header

SHAPES: Final = len(ARKIT)

MOST_FRAMES: Final = 255
"""Frames of the face that one message holds at most."""

_LAYOUT: Final = struct.Struct("<BBH")


@dataclass(frozen=True, slots=True)
class FaceFrame:
    """A message of the face track.

    Attributes:
        stream: `reply_id` mod 65536.
        seq: 0, 1, 2 … per reply, mod 2**32; numbers of its own, not those of the audio.
        pts: reply sample of its first frame.
        hz: frames per second.
        weights: (frames, 52) of u8, value / 255.
        flags: START and END of the reply's face.
    """

    stream: int
    seq: int
    pts: int
    hz: int
    weights: npt.NDArray[np.uint8]
    flags: FrameFlag = FrameFlag.NONE

    def first(self, rate_hz: int) -> int:
        """Returns the number of its first frame, counted from the reply's first sample."""
        return round(self.pts * self.hz / rate_hz)


def pack_face(frame: FaceFrame) -> bytes:
    """Writes a message of at most `MOST_FRAMES` frames."""
    header = pack_header(FrameKind.FACE_OUT, frame.flags, frame.stream, frame.seq, frame.pts)
    layout = _LAYOUT.pack(len(frame.weights), frame.hz, SHAPES)
    return header + layout + frame.weights.tobytes()


def unpack_face(data: bytes) -> FaceFrame:
    """Reads a message of the face track.

    Raises:
        MalformedFrame: it is none, or its size is not that of its frames.
        MessageTooBig: over the limit of binary frames.
    """
    header = unpack_header(data)
    if header.kind != FrameKind.FACE_OUT:
        raise MalformedFrame(f"A frame of kind {header.kind} is not of the face track.")
    payload = header.payload
    if len(payload) < _LAYOUT.size:
        raise MalformedFrame("A frame of the face track tells its size.")
    count, hz, shapes = _LAYOUT.unpack_from(payload)
    if hz not in FACE_HZ or shapes != SHAPES:
        raise MalformedFrame(f"A face has {SHAPES} shapes at {FACE_HZ} frames a second.")
    if len(payload) != _LAYOUT.size + count * shapes:
        raise MalformedFrame("A frame of the face track must hold whole faces.")
    weights = np.frombuffer(payload, np.uint8, offset=_LAYOUT.size).reshape(count, shapes)
    return FaceFrame(header.stream, header.seq, header.pts, hz, weights, header.flags)
