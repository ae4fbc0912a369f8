"""PCM: levels, resampling, re-framing, and a history with absolute sample indices. Pure.

PCM is `bytes` of signed 16-bit little-endian mono everywhere in this project, so that a frame can
go from a socket to a file, a queue or another process without a copy or a wrapper.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt
import soxr

from voice_avatar.errors import AudioUnsupported

BYTES_PER_SAMPLE: Final = 2
FLOOR_DBFS: Final = -100.0
"""Level reported for digital silence."""
AUDIBLE: Final = 104
"""Samples beyond this are heard: -50 dB of full scale."""

MIN_RATE_HZ: Final = 8_000
MAX_RATE_HZ: Final = 96_000


def sample_count(pcm: bytes) -> int:
    """Returns the number of whole samples in `pcm`."""
    return len(pcm) // BYTES_PER_SAMPLE


def whole_samples(data: bytes) -> tuple[bytes, bytes]:
    """Returns the whole samples of PCM16 bytes, and the byte of a half one that is left."""
    end = sample_count(data) * BYTES_PER_SAMPLE
    return data[:end], data[end:]


def silence(samples: int) -> bytes:
    """Returns `samples` samples of silence."""
    return bytes(samples * BYTES_PER_SAMPLE)


def to_float(pcm: bytes) -> npt.NDArray[np.float32]:
    """Returns samples as float32 in [-1, 1)."""
    return np.frombuffer(pcm, dtype="<i2").astype(np.float32) / np.float32(32768.0)


def to_pcm(samples: npt.NDArray[np.float32]) -> bytes:
    """Returns float samples as PCM; values beyond [-1, 1] are clipped, NaN becomes 0."""
    scaled = np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0) * np.float32(32768.0)
    pcm: bytes = np.clip(np.rint(scaled), -32768, 32767).astype("<i2").tobytes()
    return pcm


def dbfs(pcm: bytes) -> float:
    """Returns the RMS level in dB relative to full scale, `FLOOR_DBFS` for silence."""
    if not pcm:
        return FLOOR_DBFS
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32)
    mean_square = float(np.dot(samples, samples)) / samples.size
    if mean_square < 1e-3:
        return FLOOR_DBFS
    return max(FLOOR_DBFS, 10.0 * math.log10(mean_square / (32768.0 * 32768.0)))


def resample(pcm: bytes, from_hz: int, to_hz: int) -> bytes:
    """Resamples a whole recording.

    Args:
        pcm: samples at `from_hz`.
        from_hz: rate of `pcm`, hertz.
        to_hz: wanted rate, hertz.

    Returns:
        Exactly round(samples * to_hz / from_hz) samples.
    """
    if from_hz == to_hz or not pcm:
        return pcm
    out: bytes = soxr.resample(np.frombuffer(pcm, "<i2"), from_hz, to_hz).astype("<i2").tobytes()
    return _exactly(out, scaled(sample_count(pcm), from_hz, to_hz))


def scaled(samples: int, from_hz: int, to_hz: int) -> int:
    """Returns a sample index of a `from_hz` axis on a `to_hz` axis, rounded half up."""
    return (2 * samples * to_hz + from_hz) // (2 * from_hz)


def _exactly(pcm: bytes, samples: int) -> bytes:
    missing = max(0, samples - sample_count(pcm))
    return pcm[: samples * BYTES_PER_SAMPLE] + silence(missing)


class StreamResampler:
    """Resamples a stream piece by piece; the whole has the length that `resample` would give.

    Args:
        from_hz: rate of what comes in, hertz.
        to_hz: rate of what goes out, hertz.
        is_prompt: give samples out early, at a slightly lower quality. At 48 to 16 kHz in packets
            of 20 ms, soxr keeps back up to 20 ms then, and 43 ms otherwise (measured).
    """

    def __init__(self, from_hz: int, to_hz: int, *, is_prompt: bool = False) -> None:
        for rate_hz in (from_hz, to_hz):
            if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
                raise AudioUnsupported(
                    f"A sample rate of {rate_hz} Hz is not supported; "
                    f"it must be from {MIN_RATE_HZ} to {MAX_RATE_HZ}."
                )
        self.from_hz = from_hz
        self.to_hz = to_hz
        self._taken = 0
        self._given = 0
        self._stream = (
            None
            if from_hz == to_hz
            else soxr.ResampleStream(
                from_hz, to_hz, 1, dtype="int16", quality="LQ" if is_prompt else "MQ"
            )
        )

    def push(self, pcm: bytes, *, is_last: bool = False) -> bytes:
        """Takes the next samples and returns those that are ready.

        With `is_last` the rest comes out, padded or cut to the exact length of the whole.
        """
        if self._stream is None:
            return pcm
        self._taken += sample_count(pcm)
        chunk = np.frombuffer(pcm, dtype="<i2")
        out: bytes = self._stream.resample_chunk(chunk, last=is_last).astype("<i2").tobytes()
        due = scaled(self._taken, self.from_hz, self.to_hz) - self._given
        if is_last or sample_count(out) > due:
            out = _exactly(out, due)
        self._given += sample_count(out)
        return out


class Reframer:
    """Cuts a stream into frames of one size and keeps what is left over."""

    def __init__(self, frame_samples: int) -> None:
        self.frame_samples = frame_samples
        self._rest = b""

    def push(self, pcm: bytes) -> list[bytes]:
        """Takes samples and returns the frames that are complete."""
        data = self._rest + pcm
        size = self.frame_samples * BYTES_PER_SAMPLE
        whole = len(data) // size * size
        self._rest = data[whole:]
        return [data[at : at + size] for at in range(0, whole, size)]

    @property
    def waiting(self) -> int:
        """Samples left over."""
        return sample_count(self._rest)

    def flush(self) -> bytes:
        """Returns what is left over and forgets it."""
        rest, self._rest = self._rest, b""
        return rest


class AudioHistory:
    """The latest samples of a stream, addressed by absolute sample index.

    Bounded: what is older than `capacity_samples` is gone, and reads as if it were not there.
    """

    def __init__(self, capacity_samples: int) -> None:
        self._capacity = capacity_samples
        self._data = bytearray()
        self._start = 0

    @property
    def start(self) -> int:
        """Index of the oldest sample kept."""
        return self._start

    @property
    def end(self) -> int:
        """One past the index of the newest sample."""
        return self._start + len(self._data) // BYTES_PER_SAMPLE

    def append(self, pcm: bytes) -> None:
        """Adds the newest samples."""
        self._data += pcm
        self.forget(self.end - self._capacity)

    def skip_to(self, end: int) -> int:
        """Puts silence up to index `end`; returns how many samples that are.

        Of a gap that is longer than all that is kept, nothing is: the samples before it are gone.
        """
        missing = max(0, end - self.end)
        if missing >= self._capacity:
            self._data.clear()
            self._start = end
        elif missing:
            self.append(silence(missing))
        return missing

    def forget(self, before: int) -> None:
        """Drops samples before index `before`."""
        drop = min(before, self.end) - self._start
        if drop > 0:
            del self._data[: drop * BYTES_PER_SAMPLE]
            self._start += drop

    def read(self, start: int, end: int) -> bytes:
        """Returns the samples of [start, end) that are still there."""
        first = max(start, self._start) - self._start
        last = min(end, self.end) - self._start
        return bytes(self._data[first * BYTES_PER_SAMPLE : max(first, last) * BYTES_PER_SAMPLE])
