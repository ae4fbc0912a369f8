"""What can be told of a microphone by its samples alone."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from voice_avatar.audio.pcm import resample, to_float
from voice_avatar.hearing.condition import FAULTS, Condition
from voice_avatar.wire.codes import WARNING_CODES

DATA = Path(__file__).parents[1] / "data" / "hearing"
RNG = np.random.default_rng(6)


def speech(rate_hz: int = 16_000) -> np.ndarray:
    """Ten seconds of it, -1..1."""
    pcm = b""
    for name in ("B30_watching_my_dog", "B31_no_six_times"):
        with wave.open(str(DATA / f"{name}.wav"), "rb") as file:
            pcm += file.readframes(file.getnframes())
    samples = to_float(resample(pcm, 16_000, rate_hz))
    return np.resize(samples, 10 * rate_hz)


def told(samples: np.ndarray, rate_hz: int = 16_000) -> list[str]:
    """Everything that is told of a stream in packets of 20 ms."""
    pcm = np.clip(np.rint(samples * 32767), -32768, 32767).astype("<i2")
    return told_of_pcm(pcm.tobytes(), rate_hz)


def told_of_pcm(pcm: bytes, rate_hz: int = 16_000) -> list[str]:
    condition = Condition(rate_hz, 0.02)
    packet = rate_hz // 50 * 2
    return [
        fault
        for at in range(0, len(pcm), packet)
        for fault in condition.note(pcm[at : at + packet])
    ]


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 24_000, 44_100, 48_000])
def test_of_a_good_microphone_nothing_is_told(rate_hz: int) -> None:
    samples = speech(rate_hz)
    assert told(samples, rate_hz) == []
    assert told(samples * 0.02, rate_hz) == []
    noisy = samples + RNG.standard_normal(samples.size) * 0.03
    assert told(noisy, rate_hz) == []


@pytest.mark.parametrize("offset", [0.05, -0.3, 0.6])
def test_a_shift_is_told_once(offset: float) -> None:
    assert told(speech() * 0.3 + offset).count("input_offset") == 1


@pytest.mark.parametrize("gain", [8.0, 40.0])
def test_clipping_is_told_even_where_it_was_turned_down_afterwards(gain: float) -> None:
    assert "input_clipping" in told(speech() * gain)
    assert "input_clipping" in told(np.clip(speech() * gain, -1.0, 1.0) * 0.4)
    assert "input_clipping" in told(np.clip(speech() * gain, -0.9999, 0.9999))


def test_a_pure_tone_and_a_square_wave_are_not_clipped() -> None:
    tone = 0.25 * np.sin(2 * np.pi * 200 * np.arange(3 * 16_000) / 16_000)
    assert told(tone) == []
    assert told(np.sign(tone) * 0.25) == []


def as_one(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Two channels in one, as a client sends them that calls them mono."""
    return np.stack([left, right], axis=1).reshape(-1)


@pytest.mark.parametrize("rate_hz", [16_000, 48_000])
def test_two_channels_as_one_are_told_whatever_is_in_them(rate_hz: int) -> None:
    voice = speech(rate_hz)
    hiss = RNG.standard_normal(voice.size) * 0.002
    for right in (voice, np.zeros(voice.size), voice * 0.7 + hiss, hiss, -voice):
        assert told(as_one(voice, right), rate_hz) == ["input_stereo"]
    assert told(as_one(voice, voice)[1:], rate_hz) == ["input_stereo"]


@pytest.mark.parametrize("level", [0, 1])
def test_a_dead_microphone_is_told_once_until_it_gives_sound(level: int) -> None:
    dead = RNG.integers(-level, level + 1, 7 * 16_000) / 32767
    assert told(dead) == ["input_silent"]
    assert told(dead[: 4 * 16_000]) == []
    assert told(np.concatenate([dead, speech(), dead])) == ["input_silent"] * 2


def test_a_shifted_dead_microphone_is_dead() -> None:
    assert told(np.full(7 * 16_000, 0.25)) == ["input_silent"]


def test_samples_of_another_format_are_noise() -> None:
    samples = speech()
    swapped = np.rint(samples * 32767).astype(">i2").tobytes()
    assert "input_noise" in told_of_pcm(swapped)
    floats = samples.astype("<f4").tobytes()
    assert set(told_of_pcm(floats)) & {"input_noise", "input_stereo"}


def test_every_fault_is_a_code_of_the_wire() -> None:
    assert set(FAULTS) <= set(WARNING_CODES)
