"""The delay of the echo: found when there is one, and not in what somebody else says."""

from __future__ import annotations

import numpy as np
import pytest
from kit.echo_sounds import Floats, voice

from voice_avatar.hearing.echo_delay import AGREES, FOUND, DelaySearch
from voice_avatar.hearing.echo_filter import BINS, BLOCK, FFT, power_of

WINDOWS = 12
NOISE: Floats = np.full(BINS, 1e-6, np.float32)


def searched(said: Floats, mic: Floats, search: DelaySearch) -> int | None:
    """Returns after how many windows the delay was found."""
    for at in range(BLOCK, said.size - BLOCK + 1, BLOCK):
        frames = [sound[at - BLOCK : at + BLOCK].copy() for sound in (said, mic)]
        frames[1][:BLOCK] = 0
        spoken, heard = (np.fft.rfft(frame, FFT).astype(np.complex64) for frame in frames)
        search.say(spoken)
        if search.hear(heard, power_of(heard), NOISE):
            return at // BLOCK
    return None


def shifted(said: Floats, delay: int, gain: float) -> Floats:
    return np.concatenate((np.zeros(delay, np.float32), said))[: said.size] * np.float32(gain)


@pytest.mark.parametrize("delay", [0, 700, 3000, 5000])
@pytest.mark.parametrize("gain", [0.5, -0.1])
def test_a_delay_is_found_within_a_second_of_speech_whatever_its_size_and_sign(
    delay: int, gain: float
) -> None:
    said = voice(3.0, 1)
    search = DelaySearch(WINDOWS)
    found = searched(said, shifted(said, delay, gain), search)
    assert found is not None
    assert (found * BLOCK - delay) / 16_000 < 1.0
    assert search.lag == pytest.approx(delay, abs=2)
    assert search.height >= FOUND
    assert search.speaks_for_it


def test_somebody_else_is_no_echo() -> None:
    search = DelaySearch(WINDOWS)
    assert searched(voice(6.0, 1), voice(6.0, 2), search) is None
    assert search.height < FOUND


def test_what_is_not_louder_than_the_background_says_nothing() -> None:
    said = voice(3.0, 1)
    search = DelaySearch(WINDOWS)
    assert searched(said, shifted(said, 700, 1e-7), search) is None
    assert (search.lag, search.latest) == (-1, -1)


def test_a_search_that_starts_anew_remembers_nothing() -> None:
    said = voice(3.0, 1)
    search = DelaySearch(WINDOWS)
    searched(said, shifted(said, 700, 0.5), search)
    search.reset()
    assert (search.lag, search.latest, search.agreeing) == (-1, -1, 0)
    assert (search.height, search.likeness, search.latest_height) == (0.0, 0.0, 0.0)
    assert searched(said, shifted(said, 2000, 0.5), search) is not None
    assert search.lag == pytest.approx(2000, abs=2)


def test_a_restart_believes_the_latest_window_alone() -> None:
    said = voice(3.0, 1)
    search = DelaySearch(WINDOWS)
    searched(said, shifted(said, 700, 0.5), search)
    search.restart()
    assert search.lag == search.latest
    assert search.agreeing == 1
    assert search.height == search.latest_height > AGREES
