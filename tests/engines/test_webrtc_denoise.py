from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.audio.pcm import dbfs
from voice_avatar.engines import webrtc_denoise
from voice_avatar.engines.webrtc_denoise import WebrtcDenoiser, WebrtcOptions
from voice_avatar.errors import EngineError
from voice_avatar.events.payloads import MIC_HZ
from voice_avatar.models.store import ModelStore
from voice_avatar.stages.denoise import DenoiseOptions

RNG = np.random.default_rng(4)


class FakeFrame:
    def __init__(self, data: bytearray, rate_hz: int, channels: int, samples: int) -> None:
        assert (rate_hz, channels, samples, len(data)) == (MIC_HZ, 1, 160, 320)
        self.data = data


class FakeProcessing:
    """Leaves audio as it is; fails on a frame of only 0xff."""

    def __init__(self, **settings: bool) -> None:
        self.settings = settings

    def process_stream(self, frame: FakeFrame) -> None:
        if set(frame.data) == {0xFF}:
            raise RuntimeError("bad frame")


class FakeLibrary:
    AudioFrame = FakeFrame
    AudioProcessingModule = FakeProcessing


def denoiser(**options: bool) -> WebrtcDenoiser:
    return WebrtcDenoiser(FakeLibrary, WebrtcOptions(**options))


@given(st.lists(st.integers(0, 700), max_size=20))
def test_packets_of_any_size_are_answered_in_full_one_frame_late(sizes: list[int]) -> None:
    audio = RNG.integers(-9, 9, sum(sizes)).astype("<i2").tobytes()
    stream = denoiser().open()
    cuts = np.cumsum([0, *sizes]) * 2
    out = [stream.process(audio[a:b]) for a, b in itertools.pairwise(cuts)]
    assert [len(o) // 2 for o in out] == sizes
    assert b"".join(out) == (bytes(320) + audio)[: len(audio)]


def test_a_failing_library_is_an_engine_error() -> None:
    with pytest.raises(EngineError):
        denoiser().open().process(b"\xff" * 320)


def test_the_delay_tells_of_the_suppressor() -> None:
    assert denoiser(suppress_noise=False).capabilities.delay_samples == 160
    assert denoiser().capabilities.delay_samples > 160


# -- the real library -------------------------------------------------------------------------


@pytest.fixture
def webrtc() -> WebrtcDenoiser:
    pytest.importorskip("livekit.rtc")
    options = DenoiseOptions(engine="webrtc")
    return webrtc_denoise.load(options, ModelStore(), WebrtcOptions(gain=False))


@pytest.mark.models
def test_steady_noise_gets_quieter(webrtc: WebrtcDenoiser) -> None:
    noise = (1500 * RNG.standard_normal(4 * MIC_HZ)).astype("<i2").tobytes()
    cleaned = webrtc.open().process(noise)
    assert len(cleaned) == len(noise)
    assert dbfs(cleaned[-MIC_HZ:]) < dbfs(noise) - 6


@pytest.mark.models
def test_the_reported_delay_is_the_real_one(webrtc: WebrtcDenoiser) -> None:
    burst = np.zeros(3 * MIC_HZ)
    t = np.arange(MIC_HZ // 4) / MIC_HZ
    for start in range(MIC_HZ, 3 * MIC_HZ - t.size, MIC_HZ // 2):
        burst[start : start + t.size] = 8000 * np.sin(2 * np.pi * 600 * t) * np.hanning(t.size)
    cleaned = np.frombuffer(webrtc.open().process(burst.astype("<i2").tobytes()), "<i2")
    spectra = np.fft.rfft(cleaned.astype(float)) * np.conj(np.fft.rfft(burst))
    delay = int(np.fft.irfft(spectra).argmax())
    assert abs(delay - webrtc.capabilities.delay_samples) < 30
