"""G.711: values of the standard, and the nearest code for every sample."""

from __future__ import annotations

import numpy as np
import pytest

from voice_avatar.audio.g711 import Law, decode, encode

SAMPLES = np.arange(-32768, 32768, dtype=np.int32)
LAWS: tuple[Law, ...] = ("mulaw", "alaw")


def values(law: Law, codes: bytes) -> list[int]:
    return np.frombuffer(decode(codes, law), "<i2").tolist()


@pytest.mark.parametrize(
    ("law", "codes", "samples"),
    [
        ("mulaw", b"\xff\x7f\xfe\x80\x00\xf0", [0, 0, 8, 32124, -32124, 120]),
        ("alaw", b"\xd5\x55\xd4\xaa\x2a\xc5", [8, -8, 24, 32256, -32256, 264]),
    ],
)
def test_codes_stand_for_the_samples_of_the_standard(
    law: Law, codes: bytes, samples: list[int]
) -> None:
    assert values(law, codes) == samples


@pytest.mark.parametrize("law", LAWS)
def test_every_sample_becomes_the_code_that_is_nearest(law: Law) -> None:
    pcm = SAMPLES.astype("<i2").tobytes()
    got = np.array(values(law, encode(pcm, law)))
    known = np.unique(values(law, bytes(range(256))))
    nearest = np.abs(SAMPLES[:, None] - known[None, :]).min(axis=1)
    assert (np.abs(SAMPLES - got) == nearest).all()


@pytest.mark.parametrize("law", LAWS)
def test_what_was_coded_once_does_not_change_again(law: Law) -> None:
    once = decode(encode(SAMPLES.astype("<i2").tobytes(), law), law)
    assert decode(encode(once, law), law) == once


@pytest.mark.parametrize("law", LAWS)
def test_nothing_is_coded_as_nothing(law: Law) -> None:
    assert encode(b"", law) == b""
    assert decode(b"", law) == b""
