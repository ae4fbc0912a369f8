"""The way from loudspeaker to microphone, learned while the avatar speaks."""

from __future__ import annotations

import numpy as np
from kit.echo_sounds import Floats, voice

from voice_avatar.hearing.echo_filter import (
    BINS,
    BLOCK,
    FFT,
    EchoFilter,
    Explained,
    Spectra,
    power_of,
)

PARTITIONS = 3
UNSURE = 1.0


def spectra_of(said: Floats) -> list[Spectra]:
    """Returns for every window the spectra of what was said, the latest first."""
    padded = np.concatenate((np.zeros(BLOCK * (PARTITIONS + 1), np.float32), said))
    windows = []
    for at in range(0, said.size - BLOCK + 1, BLOCK):
        ends = [at + BLOCK * (PARTITIONS + 2 - n) for n in range(PARTITIONS)]
        windows.append(
            np.array([np.fft.rfft(padded[end - FFT : end]) for end in ends], np.complex64)
        )
    return windows


def listened(said: Floats, mic: Floats, way: EchoFilter) -> list[Explained]:
    return [
        way.step(spoken, mic[n * BLOCK : (n + 1) * BLOCK])
        for n, spoken in enumerate(spectra_of(said))
    ]


def shifted(said: Floats, delay: int, gain: float) -> Floats:
    return np.concatenate((np.zeros(delay, np.float32), said))[: said.size] * np.float32(gain)


def share(explained: list[Explained]) -> float:
    """Returns which part of the power of the last windows the prediction accounts for."""
    last = explained[-30:]
    heard = sum(float(one.heard_power.sum()) for one in last)
    return sum(float(one.echo_power.sum()) for one in last) / heard


def test_most_of_an_echo_is_explained_within_seconds() -> None:
    said = voice(6.0, 1)
    way = EchoFilter(PARTITIONS, UNSURE)
    explained = listened(said, shifted(said, 300, 0.5), way)
    assert not explained[0].echo_power.any()
    assert 0.5 < share(explained) < 1.1


def test_the_path_has_its_gain_at_its_delay() -> None:
    said = voice(6.0, 1)
    way = EchoFilter(PARTITIONS, UNSURE)
    listened(said, shifted(said, BLOCK + 100, 0.5), way)
    response = np.fft.irfft(way.gain, axis=1)[:, :BLOCK].ravel()
    assert int(np.abs(response).argmax()) == BLOCK + 100
    power = power_of(way.gain).sum(1)
    assert power.argmax() == 1


def test_it_knows_that_it_is_unsure_until_it_has_learned() -> None:
    said = voice(6.0, 1)
    way = EchoFilter(PARTITIONS, UNSURE)
    before = way.variance.copy()
    listened(said, shifted(said, 300, 0.5), way)
    # Only where the voice has power is there something to learn.
    assert way.variance.mean() < before.mean()
    assert way.variance[0, 20:80].mean() < 0.1 * before[0, 20:80].mean()


def test_what_another_voice_says_is_not_explained() -> None:
    way = EchoFilter(PARTITIONS, UNSURE)
    assert share(listened(voice(6.0, 1), voice(6.0, 2), way)) < 0.05


def test_a_filter_that_is_sure_of_nothing_being_there_explains_nothing() -> None:
    said = voice(2.0, 1)
    explained = listened(said, voice(2.0, 2), EchoFilter(PARTITIONS))
    assert share(explained) < 0.05
    assert all(not one.unsure_power[:, 5].any() for one in explained[:1])


def test_silence_teaches_nothing_and_breaks_nothing() -> None:
    silence = np.zeros(BLOCK * 20, np.float32)
    way = EchoFilter(PARTITIONS, UNSURE)
    for one in listened(silence, silence, way):
        assert one.heard.shape == one.heard_power.shape == (BINS,)
        assert np.isfinite(one.echo_power).all()
        assert not one.echo_power.any()
    assert not way.gain.any()


def test_power_is_the_square_of_the_size() -> None:
    spectra = np.array([3 + 4j, 0, -2j], np.complex64)
    assert power_of(spectra).tolist() == [25.0, 0.0, 4.0]
