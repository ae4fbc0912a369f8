"""G.711: PCM16 to mu-law and A-law, and back (ITU-T G.711). Pure.

Both laws are tables here: of 256 values one way, of 65536 the other. A sample becomes the code
whose value is nearest; of two that are as near, the greater one in magnitude for A-law and mu-law
alike, as the decision levels of the standard lie in the middle between two values.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

import numpy as np
import numpy.typing as npt

Law = Literal["mulaw", "alaw"]

_MULAW_BIAS = 132
"""What is added before the segments are found, so that all of them have the same form (0x84)."""

_MASK: dict[Law, int] = {"mulaw": 0xFF, "alaw": 0x55}
"""Bits that are turned over on the line."""


def encode(pcm: bytes, law: Law) -> bytes:
    """Returns one byte per sample of PCM16."""
    codes: bytes = _codes(law)[np.frombuffer(pcm, dtype="<u2")].tobytes()
    return codes


def decode(codes: bytes, law: Law) -> bytes:
    """Returns PCM16, a sample per byte."""
    pcm: bytes = _values(law)[np.frombuffer(codes, dtype=np.uint8)].astype("<i2").tobytes()
    return pcm


@cache
def _values(law: Law) -> npt.NDArray[np.int32]:
    """Returns the sample that each code stands for."""
    codes = np.arange(256, dtype=np.int32)
    bits = codes ^ _MASK[law]
    segment, step = (bits >> 4) & 7, bits & 15
    if law == "mulaw":
        size = (((step << 3) + _MULAW_BIAS) << segment) - _MULAW_BIAS
        return np.where(bits & 0x80, -size, size).astype(np.int32)
    size = np.where(
        segment == 0, (step << 4) + 8, ((step << 4) + 264) << np.maximum(segment - 1, 0)
    )
    return np.where(bits & 0x80, size, -size).astype(np.int32)


@cache
def _codes(law: Law) -> npt.NDArray[np.uint8]:
    """Returns the code of each sample, by its bits as an unsigned number."""
    values = _values(law)
    samples = np.arange(65536, dtype=np.int32)
    samples = np.where(samples < 32768, samples, samples - 65536)
    codes = np.zeros(65536, dtype=np.uint8)
    for is_minus in (False, True):
        own = np.flatnonzero(_is_minus(law) == is_minus)  # both signs have a zero in mu-law
        own = own[np.argsort(np.abs(values[own]))]
        sizes = np.abs(values[own])
        borders = (sizes[1:] + sizes[:-1]) / 2
        chosen = (samples < 0) == is_minus
        codes[chosen] = own[np.searchsorted(borders, np.abs(samples[chosen]), side="right")]
    return codes


def _is_minus(law: Law) -> npt.NDArray[np.bool_]:
    """Returns which codes stand for negative samples: those with, or without, the first bit."""
    has_bit: npt.NDArray[np.bool_] = ((np.arange(256) ^ _MASK[law]) & 0x80) != 0
    return has_bit if law == "mulaw" else ~has_bit
