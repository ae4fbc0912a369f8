from __future__ import annotations

import numpy as np
import pytest

from voice_avatar.audio.pauses import between_pauses

RATE_HZ = 16_000
RNG = np.random.default_rng(4)


def sound(seconds: float, level: float = 0.1) -> np.ndarray:
    return (RNG.standard_normal(round(seconds * RATE_HZ)) * level).astype(np.float32)


def test_what_stands_between_pauses_comes_with_a_little_of_them() -> None:
    whole = np.concatenate([sound(1.0), sound(0.8, 1e-4), sound(0.5), sound(1.0, 0.0)])
    first, second = between_pauses(whole, RATE_HZ)
    assert len(first) / RATE_HZ == pytest.approx(1.15, abs=0.05)
    assert len(second) / RATE_HZ == pytest.approx(0.8, abs=0.05)


@pytest.mark.parametrize("gap_s", [0.0, 0.2, 0.3])
def test_a_gap_between_words_is_no_pause(gap_s: float) -> None:
    whole = np.concatenate([sound(1.0), sound(gap_s, 0.0), sound(0.5)])
    [only] = between_pauses(whole, RATE_HZ)
    assert only is whole


def test_in_loud_noise_there_is_no_pause_to_be_found() -> None:
    whole = np.concatenate([sound(1.0), sound(1.0, 0.02), sound(0.5)])
    assert len(between_pauses(whole, RATE_HZ)) == 1


@pytest.mark.parametrize("samples", [0, 10, 16_000])
def test_of_silence_there_is_one_piece(samples: int) -> None:
    [only] = between_pauses(np.zeros(samples, np.float32), RATE_HZ)
    assert len(only) == samples
