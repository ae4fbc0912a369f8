"""WAV files: 16-bit mono PCM out."""

from __future__ import annotations

import wave
from pathlib import Path

from voice_avatar.errors import AudioError


def write_wav(path: Path | str, pcm: bytes, rate_hz: int) -> None:
    """Writes PCM16 mono.

    Raises:
        AudioError: the file cannot be written.
    """
    try:
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate_hz)
            file.writeframes(pcm)
    except OSError as error:
        raise AudioError(f"The WAV file cannot be written: {error.strerror}.") from error
