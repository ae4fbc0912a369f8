"""Opus at 20 ms a packet, by PyAV and the libopus inside it. Optional: see `available`.

Where samples stand. A packet's `pts` is the index of the first sample that was *put into* it, so
packets of a stream start at 0 and step by 20 ms. An Opus encoder looks ahead: what comes *out* of
a decoder lags by `LOOKAHEAD_SAMPLES`. Both classes here compensate: the encoder sends as many
packets as the lag needs at the end, the decoder drops what lies before sample 0 and returns PCM
with its true index. So microphone, lips and loudspeaker stay on one sample clock.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from voice_avatar.audio.pcm import BYTES_PER_SAMPLE, sample_count, silence, to_float, to_pcm
from voice_avatar.errors import AudioInvalid, AudioUnsupported

OPUS_RATES_HZ: Final = (8_000, 12_000, 16_000, 24_000, 48_000)
"""Rates that Opus codes (RFC 6716, section 2.1.3)."""


if TYPE_CHECKING:
    import av

DECODED_HZ: Final = 48_000
"""Rate at which Opus decoders run (RFC 7845, section 5.1)."""

LOOKAHEAD_SAMPLES: Final = 312
"""Lag of libopus at 48 kHz, 6.5 ms: the pre-skip of its stream header header."""

BITRATE: Final = 32_000
"""Bits per second: full-band speech, "very good" in RFC 7587, section 3.1.1 (28-40 kbit/s)."""

APPLICATION: Final = "audio"
"""Mode of libopus: keeps the waveform (SNR 19-20 dB on speech at 32 kbit/s, "voip": 3-13 dB)."""

FRAME_MS: Final = 20


@dataclass(frozen=True, slots=True)
class OpusPacket:
    """An encoded packet of 20 ms.

    Attributes:
        pts: index of the first sample put into it, at the stream's rate.
        payload: the packet.
    """

    pts: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Decoded:
    """Decoded audio.

    Attributes:
        pts: index of its first sample, at the stream's rate.
        pcm: PCM16; may be empty while the decoder fills.
    """

    pts: int
    pcm: bytes


MAX_PACKET_S: Final = 0.12
"""Longest packet (RFC 6716, section 3.2.5)."""


def packet_s(payload: bytes) -> float:
    """Returns how long a packet is, seconds, from its first bytes (RFC 6716, section 3.1).

    Raises:
        AudioInvalid: no packet has such a beginning.
    """
    if not payload:
        raise AudioInvalid("An Opus packet cannot be empty.")
    config, code = payload[0] >> 3, payload[0] & 3
    if config < 12:  # SILK
        frame_s = (0.01, 0.02, 0.04, 0.06)[config & 3]
    elif config < 16:  # hybrid
        frame_s = (0.01, 0.02)[config & 1]
    else:  # CELT
        frame_s = (0.0025, 0.005, 0.01, 0.02)[config & 3]
    if code == 3 and len(payload) < 2:
        raise AudioInvalid("The Opus packet does not say how many frames it has.")
    count = payload[1] & 0x3F if code == 3 else min(code, 1) + 1
    seconds = frame_s * count
    if not 0 < seconds <= MAX_PACKET_S + 1e-9:
        raise AudioInvalid("The Opus packet has an impossible length.")
    return seconds


def available() -> bool:
    """Whether Opus can be coded here."""
    if importlib.util.find_spec("av") is None:
        return False
    import av

    return "libopus" in av.codecs_available


def _check_rate(rate_hz: int) -> None:
    if rate_hz not in OPUS_RATES_HZ:
        raise AudioUnsupported(f"Opus does not code {rate_hz} Hz, only {OPUS_RATES_HZ}.")


class OpusEncoder:
    """Encodes one stream.

    Raises:
        AudioUnsupported: a rate that Opus does not code.
    """

    def __init__(self, rate_hz: int, *, bitrate: int = BITRATE) -> None:
        import av

        _check_rate(rate_hz)
        self._rate_hz = rate_hz
        self._frame_bytes = rate_hz * FRAME_MS // 1000 * BYTES_PER_SAMPLE
        self._rest = b""
        self._next = 0
        self._taken = 0
        self._codec: av.AudioCodecContext = av.CodecContext.create("libopus", "w")
        self._codec.sample_rate = rate_hz
        self._codec.layout = "mono"
        self._codec.format = "s16"
        self._codec.bit_rate = bitrate
        self._codec.options = {"application": APPLICATION, "frame_duration": str(FRAME_MS)}
        self._codec.open()

    def push(self, pcm: bytes) -> tuple[OpusPacket, ...]:
        """Takes samples of any count and returns the packets that are full."""
        self._taken += sample_count(pcm)
        self._rest += pcm
        packets: list[OpusPacket] = []
        while len(self._rest) >= self._frame_bytes:
            packets.append(self._encode(self._rest[: self._frame_bytes]))
            self._rest = self._rest[self._frame_bytes :]
        return tuple(packets)

    def flush(self) -> tuple[OpusPacket, ...]:
        """Ends the stream: silence is added until all samples taken come out of a decoder."""
        lag = LOOKAHEAD_SAMPLES * self._rate_hz // DECODED_HZ
        end = self._taken + lag
        packets: list[OpusPacket] = []
        while self._next < end:
            missing = (self._frame_bytes - len(self._rest)) // BYTES_PER_SAMPLE
            packets.append(self._encode(self._rest + silence(missing)))
            self._rest = b""
        return tuple(packets)

    def _encode(self, pcm: bytes) -> OpusPacket:
        import av

        samples = np.frombuffer(pcm, dtype="<i2").reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = self._rate_hz
        frame.pts = self._next
        # The encoder of libopus answers each whole frame with one packet.
        (packet,) = self._codec.encode(frame)
        encoded = OpusPacket(self._next, bytes(packet))
        self._next += samples.size
        return encoded


class _Decimator:
    """Lowers the rate of a stream by a whole factor, without delay on the sample axis.

    A Kaiser-windowed sinc of `24 * factor` samples a side: it holds back 1.5 ms at 16 kHz, where a
    general stream resampler (soxr MQ) was measured to hold back up to 38 ms of 20 ms packets.
    """

    def __init__(self, factor: int) -> None:
        self._factor = factor
        self._half = 24 * factor if factor > 1 else 0
        offsets = np.arange(-self._half, self._half + 1)
        taps = np.sinc(offsets * 0.9 / factor) * np.kaiser(offsets.size, 6.0)
        self._taps = (taps / taps.sum()).astype(np.float32)
        self._held = np.zeros(self._half, np.float32)

    def push(self, samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Takes samples and returns those of the lower rate that are certain."""
        held = np.concatenate((self._held, samples))
        count = max(0, (held.size - self._taps.size) // self._factor + 1)
        self._held = held[count * self._factor :]
        if count == 0:
            return np.zeros(0, np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(held, self._taps.size)
        lowered: npt.NDArray[np.float32] = windows[:: self._factor][:count] @ self._taps
        return lowered

    def flush(self) -> npt.NDArray[np.float32]:
        """Returns the rest of the stream."""
        return self.push(np.zeros(self._half, np.float32))


class OpusDecoder:
    """Decodes one stream to PCM16 at `rate_hz`.

    Raises:
        AudioUnsupported: a rate that Opus does not code.
    """

    def __init__(self, rate_hz: int) -> None:
        import av

        _check_rate(rate_hz)
        self._factor = DECODED_HZ // rate_hz
        # FFmpeg's own decoder holds samples back at low rates; libopus gives whole packets.
        self._codec: av.AudioCodecContext = av.CodecContext.create("libopus", "r")
        self._codec.sample_rate = DECODED_HZ
        self._codec.layout = "mono"
        self._codec.format = "s16"
        self._codec.open()
        self._expected = 0
        self._restart(0)

    def push(self, payload: bytes, pts: int) -> Decoded:
        """Decodes a packet.

        A `pts` that does not follow on is a gap: what comes then has its index after the gap.

        Raises:
            AudioInvalid: the packet does not decode; the next one may.
        """
        samples = self._decode(payload)
        if pts != self._expected:
            self._restart(pts)
        self._expected = pts + samples.size // self._factor
        dropped = min(self._drop, samples.size)
        self._drop -= dropped
        return self._give(self._decimator.push(samples[dropped:]))

    def flush(self) -> Decoded:
        """Returns the last 24 samples that are held back; the stream is over."""
        return self._give(self._decimator.flush())

    def _restart(self, pts: int) -> None:
        first = pts * self._factor - LOOKAHEAD_SAMPLES
        self._drop = max(0, -first)
        self._next = max(0, first) // self._factor
        self._decimator = _Decimator(self._factor)

    def _give(self, samples: npt.NDArray[np.float32]) -> Decoded:
        decoded = Decoded(self._next, to_pcm(samples))
        self._next += samples.size
        return decoded

    def _decode(self, payload: bytes) -> npt.NDArray[np.float32]:
        import av

        if not payload:
            raise AudioInvalid("An Opus packet cannot be empty.")
        try:
            frames = self._codec.decode(av.Packet(payload))
        except av.FFmpegError as error:
            raise AudioInvalid("The Opus packet does not decode.") from error
        return to_float(b"".join(frame.to_ndarray().tobytes() for frame in frames))
