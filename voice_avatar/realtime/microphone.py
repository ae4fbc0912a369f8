"""The input audio buffer: bytes in, PCM out, and places in milliseconds. Pure.

The protocol counts milliseconds of all audio that was written in the session. The session counts
samples of its microphone stream, and hears some silence after each commit, which is not the
client's and is taken out of the places again.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import Final

from voice_avatar.audio import g711
from voice_avatar.audio.pcm import sample_count, silence, whole_samples
from voice_avatar.events.payloads import MIC_HZ
from voice_avatar.realtime import client_events as ce
from voice_avatar.realtime.refusals import Refusal
from voice_avatar.realtime.settings import rate_hz

LEAST_MS: Final = 100
"""Audio that a commit must have at least, milliseconds."""

_TAIL_MS: Final = 64
"""Silence after a commit: resampler and windows keep up to 52 ms back."""


class Microphone:
    """What the client has written."""

    def __init__(self) -> None:
        self._odd = b""
        self._ms = 0.0
        self._start_ms = 0.0
        self._tails: list[tuple[int, int]] = []
        self._padded_ms = 0

    def append(self, audio: str | bytes, form: ce.Format) -> bytes:
        """Returns the PCM of an `input_audio_buffer.append`, whole samples of its rate.

        Args:
            audio: base64, or what it decodes to.
            form: of the audio.

        Raises:
            Refusal: it is not base64, or too long.
        """
        try:
            data = _decoded(audio) if isinstance(audio, str) else audio
        except (binascii.Error, ValueError) as error:
            message = "Invalid 'audio'. Expected base64-encoded audio bytes."
            raise Refusal("invalid_value", message, "audio") from error
        if len(data) > ce.MAX_APPEND_BYTES:
            message = f"At most {ce.MAX_APPEND_BYTES} bytes may be appended at once."
            raise Refusal("invalid_value", message, "audio")
        match form:
            case ce.PcmFormat():
                pcm, self._odd = whole_samples(self._odd + data)
            case ce.MulawFormat():
                self._odd, pcm = b"", g711.decode(data, "mulaw")
            case _:
                self._odd, pcm = b"", g711.decode(data, "alaw")
        self._ms += sample_count(pcm) * 1000 / rate_hz(form)
        return pcm

    @property
    def now_ms(self) -> int:
        """Audio written so far, milliseconds."""
        return round(self._ms)

    @property
    def buffered_ms(self) -> float:
        """Audio written since the last commit or clear, milliseconds."""
        return self._ms - self._start_ms

    @property
    def start_sample(self) -> int:
        """Microphone sample of the session at which the buffer begins."""
        return round(self._start_ms + self._padded_ms) * MIC_HZ // 1000

    def empty(self) -> None:
        """What was written is used up."""
        self._start_ms = self._ms

    def tail(self, form: ce.Format) -> bytes:
        """Returns the silence that follows a commit, so that the session hears all of it."""
        self._padded_ms += _TAIL_MS
        self._tails.append((round(self._ms + self._padded_ms) * MIC_HZ // 1000, _TAIL_MS))
        del self._tails[:-32]  # of what is older nobody speaks any more
        return silence(rate_hz(form) * _TAIL_MS // 1000)

    def at_ms(self, sample: int) -> int:
        """Returns the place of a microphone sample of the session in what was written."""
        later_ms = sum(ms for end, ms in self._tails if end > sample)
        padded_ms = self._padded_ms - later_ms
        return min(self.now_ms, max(0, sample * 1000 // MIC_HZ - padded_ms))


def _decoded(audio: str) -> bytes:
    """Returns what base64 says; its lines may be broken, as MIME has it and Android by default."""
    if "\n" in audio:
        audio = audio.replace("\r", "").replace("\n", "")
    return b64decode(audio, validate=True)
