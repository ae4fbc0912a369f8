"""Faces as bytes: one layout, every bit of it told, and nothing else is read."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import numpy as np
import pytest

from voice_avatar.acting.mouth.viseme_sets import ARKIT
from voice_avatar.errors import MalformedFrame, MessageTooBig
from voice_avatar.wire.face_frame import FaceFrame, pack_face, unpack_face
from voice_avatar.wire.frame_codec import FrameFlag, FrameKind, is_face, unpack_audio

PROTOCOL = Path(__file__).parents[2] / "unity_client_protocol" / "PROTOCOL.md"

JAW_OPEN = np.zeros((1, 52), np.uint8)
JAW_OPEN[0, ARKIT.index("jawOpen")] = 255

GOLDEN = (
    bytes.fromhex("0303 0700 00000000 e001000000000000 01 3c 3400")
    + bytes(17)
    + b"\xff"
    + bytes(34)
)
"""A face of reply 7 at sample 480: first and last of its track, 60 a second, jawOpen = 1."""


def test_a_face_is_these_bytes() -> None:
    frame = FaceFrame(7, 0, 480, 60, JAW_OPEN, FrameFlag.START | FrameFlag.END)
    assert pack_face(frame) == GOLDEN


def test_the_bytes_of_the_text_are_those_of_the_code() -> None:
    text = re.sub(r"\s+", " ", PROTOCOL.read_text(encoding="utf-8"))
    assert GOLDEN.hex(" ") in text


def test_what_is_written_is_what_is_read() -> None:
    weights = np.arange(3 * 52, dtype=np.uint8).reshape(3, 52)
    read = unpack_face(pack_face(FaceFrame(9, 5, 22_050, 30, weights)))
    assert (read.stream, read.seq, read.pts, read.hz) == (9, 5, 22_050, 30)
    assert np.array_equal(read.weights, weights)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 24_000, 44_100, 48_000])
@pytest.mark.parametrize("hz", [30, 60])
def test_the_number_of_a_face_follows_from_its_sample(rate_hz: int, hz: int) -> None:
    for n in (0, 1, 7, 59, 60, 3601):
        frame = FaceFrame(1, 0, round(n * rate_hz / hz), hz, JAW_OPEN)
        assert frame.first(rate_hz) == n


@pytest.mark.parametrize(
    "data",
    [
        b"",
        GOLDEN[:15],
        GOLDEN[:19],
        GOLDEN[:-1],
        GOLDEN + b"\0",
        b"\x02" + GOLDEN[1:],
        GOLDEN[:17] + b"\x19" + GOLDEN[18:],  # 25 a second
        GOLDEN[:18] + b"\x33" + GOLDEN[19:],  # 51 shapes
        GOLDEN[:8] + struct.pack("<Q", 2**53) + GOLDEN[16:],
    ],
)
def test_what_is_no_frame_of_faces_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedFrame):
        unpack_face(data)


def test_a_frame_over_the_limit_is_refused() -> None:
    with pytest.raises(MessageTooBig):
        unpack_face(GOLDEN + bytes(64 * 1024))


def test_readers_of_audio_pass_faces_over() -> None:
    assert is_face(GOLDEN)
    assert unpack_audio(GOLDEN, FrameKind.AUDIO_OUT) is None
    assert not is_face(b"\x02" + GOLDEN[1:])
    assert not is_face(b"")
