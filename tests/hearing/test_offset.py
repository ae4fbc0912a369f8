from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from voice_avatar.hearing.offset import OffsetRemoval

VOICE = Path(__file__).parents[1] / "data" / "hearing" / "B30_watching_my_dog.wav"
WINDOW = 512


def voice() -> np.ndarray:
    with wave.open(str(VOICE), "rb") as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    return samples[: samples.size // WINDOW * WINDOW]


def cleaned(samples: np.ndarray) -> np.ndarray:
    removal = OffsetRemoval()
    windows = samples.astype("<i2").reshape(-1, WINDOW)
    out = b"".join(removal.without(window.tobytes()) for window in windows)
    return np.frombuffer(out, dtype="<i2")


def test_samples_without_a_shift_pass_to_the_last_bit() -> None:
    assert (cleaned(voice()) == voice()).all()


@pytest.mark.parametrize("shift", [800, -3_000, 12_000])
def test_a_shift_is_gone_from_the_first_window_on(shift: int) -> None:
    said = voice() // 2
    left = cleaned(said + shift).astype(int) - said
    assert np.abs(left[:WINDOW].mean()) < 5
    assert np.abs(left).max() < 340


def test_a_shift_that_comes_later_is_gone_within_two_seconds_and_without_a_step() -> None:
    said = np.zeros(6 * 16_000 // WINDOW * WINDOW, int)
    said[said.size // 2 :] += 5_000
    left = cleaned(said)
    assert np.abs(left[said.size // 2 + 2 * 16_000 :]).max() < 340
    assert np.abs(np.diff(left.astype(int)[said.size // 2 + 1 :])).max() < 10


def test_what_would_go_over_full_scale_stays_there() -> None:
    samples = np.full(4 * WINDOW, -1_000)
    samples[-5:] = 32_767
    assert cleaned(samples)[-1] == 32_767
