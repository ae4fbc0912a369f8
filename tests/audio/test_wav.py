"""WAV files: what was written is what is read."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from voice_avatar.audio.wav import write_wav
from voice_avatar.errors import AudioError


@pytest.mark.parametrize("pcm", [b"", b"\x01\x00\xff\x7f\x00\x80"])
def test_a_file_holds_the_samples_in_mono_of_16_bits(tmp_path: Path, pcm: bytes) -> None:
    write_wav(tmp_path / "a.wav", pcm, 22_050)
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 22_050)
        assert file.readframes(file.getnframes()) == pcm


def test_a_file_that_cannot_be_written_is_an_error_without_its_path(tmp_path: Path) -> None:
    with pytest.raises(AudioError) as caught:
        write_wav(tmp_path / "missing" / "a.wav", b"", 16_000)
    assert "missing" not in caught.value.message
