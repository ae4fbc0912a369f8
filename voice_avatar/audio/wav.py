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
        with open(path, "wb") as file, wave.open(file, "wb") as wav:
            wav.setnchannels(1)
            wav.setsampwidth(2)
            wav.setframerate(rate_hz)
            wav.writeframes(pcm)
    except OSError as error:
        raise AudioError(f"The WAV file cannot be written: {error.strerror}.") from error
