"""WebRTC's audio processing (noise suppression, high-pass, gain) through livekit's binding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from voice_avatar.audio.pcm import BYTES_PER_SAMPLE, Reframer, silence
from voice_avatar.errors import EngineError, EngineUnavailable
from voice_avatar.events.payloads import MIC_HZ
from voice_avatar.stages.denoise import DenoiseCapabilities, DenoiseOptions

if TYPE_CHECKING:
    from voice_avatar.models.store import ModelStore

_FRAME_SAMPLES: Final = MIC_HZ // 100
"""The library takes frames of exactly 10 ms."""

_FILTER_DELAY_SAMPLES: Final = 95
"""Delay of the noise suppressor at 16 kHz (peak of the cross-correlation, livekit 1.2.1)."""


@dataclass(frozen=True, slots=True)
class WebrtcOptions:
    """What WebRTC's audio processing does to the sound.

    Attributes:
        suppress_noise: whether noise is suppressed.
        high_pass: whether rumble below speech is cut.
        gain: whether the level is evened out.
    """

    suppress_noise: bool = True
    high_pass: bool = True
    gain: bool = True


_DEFAULTS: Final = WebrtcOptions()


def load(
    options: DenoiseOptions, store: ModelStore, own: WebrtcOptions = _DEFAULTS
) -> WebrtcDenoiser:
    """Loads the library (it needs no model).

    Raises:
        EngineUnavailable: the extra `denoise` is not installed.
    """
    try:
        from livekit import rtc
    except (ImportError, OSError) as error:  # OSError: its shared library does not load
        raise EngineUnavailable("livekit is not installed (extra `denoise`)") from error
    return WebrtcDenoiser(rtc, own)


class WebrtcDenoiser:
    """The loaded library."""

    def __init__(self, rtc: Any, own: WebrtcOptions) -> None:
        self._rtc = rtc
        self._own = own
        lag = _FILTER_DELAY_SAMPLES if own.suppress_noise else 0
        self.capabilities = DenoiseCapabilities("webrtc", _FRAME_SAMPLES + lag)

    def open(self) -> WebrtcStream:
        """Returns a new stream with fresh state."""
        processing = self._rtc.AudioProcessingModule(
            noise_suppression=self._own.suppress_noise,
            high_pass_filter=self._own.high_pass,
            auto_gain_control=self._own.gain,
        )
        return WebrtcStream(self._rtc, processing)


class WebrtcStream:
    """Filter state of one session."""

    def __init__(self, rtc: Any, processing: Any) -> None:
        self._rtc = rtc
        self._processing = processing
        self._frames = Reframer(_FRAME_SAMPLES)
        # One frame ahead: whatever its size, a packet can then be answered in full.
        self._ready = bytearray(silence(_FRAME_SAMPLES))

    def process(self, pcm: bytes) -> bytes:
        """Returns as many cleaned samples as `pcm` has.

        Raises:
            EngineError: the library failed.
        """
        for data in self._frames.push(pcm):
            frame = self._rtc.AudioFrame(bytearray(data), MIC_HZ, 1, len(data) // BYTES_PER_SAMPLE)
            try:
                self._processing.process_stream(frame)
            except RuntimeError as error:
                raise EngineError("Noise suppression failed.") from error
            self._ready += bytes(frame.data)
        cleaned = bytes(self._ready[: len(pcm)])
        del self._ready[: len(pcm)]
        return cleaned
