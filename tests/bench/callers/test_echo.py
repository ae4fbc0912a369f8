"""What a loudspeaker gives back to the microphone."""

from __future__ import annotations

import numpy as np
import pytest

from voice_avatar.audio.pcm import to_float
from voice_avatar.bench.callers.echo import EchoPath
from voice_avatar.events.payloads import MIC_HZ

HZ = 16_000


def test_what_is_played_is_heard_later_and_softer() -> None:
    tone = (10_000 * np.sin(np.arange(HZ) * 0.2)).astype("<i2").tobytes()
    path = EchoPath(MIC_HZ, -20.0, delay_s=0.05)
    path.play(10.0, tone, HZ)
    assert not path.heard(10.0, 800).any()
    heard = path.heard(10.05, 8000)
    np.testing.assert_allclose(heard, to_float(tone)[:8000] * 0.1, atol=1e-6)


def test_pieces_at_another_rate_are_heard_without_gap() -> None:
    time_s = np.arange(24_000) / 24_000
    tone = (10_000 * np.sin(2 * np.pi * 300 * time_s)).astype("<i2").tobytes()
    path = EchoPath(MIC_HZ, 0.0, delay_s=0.0)
    for at in range(0, len(tone), 960):
        path.play(at / 48_000, tone[at : at + 960], 24_000)
    heard = path.heard(0.1, 8000)
    expected = 10_000 / 32_768 * np.sin(2 * np.pi * 300 * (0.1 + np.arange(8000) / MIC_HZ))
    assert np.max(np.abs(heard - expected)) < 0.01


def test_nothing_is_heard_of_what_was_flushed() -> None:
    path = EchoPath(MIC_HZ, -6.0, delay_s=0.05)
    path.play(0.0, b"\0\x20" * HZ, HZ)
    path.cut(0.5)
    heard = path.heard(0.0, HZ)
    assert heard[int(0.54 * MIC_HZ)] != 0
    assert not heard[int(0.56 * MIC_HZ) :].any()


def test_what_stood_still_is_heard_later_without_a_gap() -> None:
    ramp = np.arange(HZ, dtype="<i2").tobytes()
    path = EchoPath(MIC_HZ, 0.0, delay_s=0.05)
    path.play(0.0, ramp, HZ)
    path.pause(0.25)
    assert path.heard(0.29, 160).all()
    assert not path.heard(0.31, 1600).any()
    path.resume(1.25)
    before, after = path.heard(0.29, 160), path.heard(1.3, 160)
    assert after[0] - before[-1] == pytest.approx(1 / 32_768, abs=1e-6)
    assert not path.heard(0.5, 160).any()


def test_nothing_is_heard_of_what_was_flushed_while_it_stood_still() -> None:
    path = EchoPath(MIC_HZ, -6.0, delay_s=0.05)
    path.play(0.0, b"\0\x20" * HZ, HZ)
    path.pause(0.25)
    path.cut(0.5)
    heard = path.heard(0.0, HZ)
    assert heard[int(0.29 * MIC_HZ)] != 0
    assert not heard[int(0.31 * MIC_HZ) :].any()
    path.resume(0.6)
    assert not path.heard(0.31, HZ).any()
