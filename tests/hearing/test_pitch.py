"""The pitch tracker, on sounds whose pitch is known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from voice_avatar.events.payloads import MIC_HZ, WINDOW_SAMPLES
from voice_avatar.hearing.pitch import MAX_HZ, MIN_HZ, PitchTracker

WINDOW_BYTES = 2 * WINDOW_SAMPLES


def voice(f0_hz: float, seconds: float = 0.5, amplitude: float = 3000.0) -> npt.NDArray[np.float64]:
    """Returns a sound with the falling harmonics of a voice."""
    t = np.arange(int(seconds * MIC_HZ)) / MIC_HZ
    harmonics = [np.sin(2 * np.pi * k * f0_hz * t + k) / k for k in range(1, 12)]
    return amplitude * np.sum(harmonics, axis=0)


def noise(seconds: float, amplitude: float = 3000.0) -> npt.NDArray[np.float64]:
    return np.random.default_rng(1).normal(0.0, amplitude, int(seconds * MIC_HZ))


def tracked(samples: npt.NDArray[np.float64], tracker: PitchTracker | None = None) -> list[float]:
    tracker = tracker or PitchTracker()
    pcm = np.clip(samples, -32768, 32767).astype("<i2").tobytes()
    whole = range(0, len(pcm) - WINDOW_BYTES + 1, WINDOW_BYTES)
    return [tracker.step(pcm[at : at + WINDOW_BYTES]) for at in whole]


@pytest.mark.parametrize("f0_hz", [MIN_HZ + 5, 85, 120, 180, 220, 300, MAX_HZ - 10])
def test_the_pitch_of_a_voice_is_found_within_a_percent(f0_hz: float) -> None:
    assert tracked(voice(f0_hz))[1:] == pytest.approx([f0_hz] * 14, rel=0.01)


def test_a_voice_without_its_fundamental_has_the_same_pitch() -> None:
    t = np.arange(MIC_HZ // 2) / MIC_HZ
    fundamental = 3000.0 * np.sin(2 * np.pi * 120 * t + 1)
    assert tracked(voice(120.0) - fundamental)[1:] == pytest.approx([120.0] * 14, rel=0.01)


def test_a_voice_in_noise_ten_decibels_below_it_keeps_its_pitch() -> None:
    sound = voice(140.0, 2.0)
    found = tracked(sound + noise(2.0, float(np.std(sound)) * 10 ** (-10 / 20)))[1:]
    assert np.mean(np.abs(np.array(found) / 140.0 - 1) < 0.03) > 0.95


@pytest.mark.parametrize("amplitude", [30.0, 3000.0, 30000.0])
def test_noise_has_no_pitch(amplitude: float) -> None:
    assert set(tracked(noise(20.0, amplitude))) == {0.0}


@pytest.mark.parametrize("level", [0.0, 1000.0, -32768.0])
def test_silence_and_a_constant_have_no_pitch(level: float) -> None:
    assert set(tracked(np.full(MIC_HZ, level))) == {0.0}


def test_what_follows_a_break_is_not_joined_to_what_came_before() -> None:
    tracker = PitchTracker()
    assert tracked(voice(100.0), tracker)[-1] == pytest.approx(100.0, rel=0.01)
    tracker.skip()
    first, second, *_ = tracked(voice(200.0), tracker)
    assert first == 0.0
    assert second == pytest.approx(200.0, rel=0.01)
