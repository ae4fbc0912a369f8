from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from voice_avatar.audio.pcm import silence
from voice_avatar.engines import smart_turn
from voice_avatar.engines.smart_turn import SmartTurn, latest_window, log_mel, standardised
from voice_avatar.errors import TurnFailed
from voice_avatar.events.payloads import MIC_HZ
from voice_avatar.models.store import ModelStore
from voice_avatar.stages.turn import TurnOptions

RNG = np.random.default_rng(2)
EIGHT_S = 8 * MIC_HZ


def tone(hz: float, seconds: float = 8.0) -> np.ndarray:
    t = np.arange(int(seconds * MIC_HZ)) / MIC_HZ
    return np.sin(2 * np.pi * hz * t).astype(np.float32)


def test_short_audio_stands_at_the_end_of_the_window() -> None:
    window = latest_window(np.ones(100, np.float32))
    assert window.size == EIGHT_S
    assert window[-100:].all()
    assert not window[:-100].any()


def test_of_long_audio_the_latest_counts() -> None:
    samples = np.arange(EIGHT_S + 5, dtype=np.float32)
    assert np.array_equal(latest_window(samples), samples[5:])


def test_samples_are_scaled_to_unit_variance_and_silence_stays_silence() -> None:
    scaled = standardised(0.01 * RNG.standard_normal(EIGHT_S).astype(np.float32) + 0.3)
    assert scaled.mean() == pytest.approx(0.0, abs=1e-3)
    assert scaled.std() == pytest.approx(1.0, abs=1e-2)
    assert not standardised(np.zeros(EIGHT_S, np.float32)).any()


def test_the_spectrogram_has_80_bands_and_a_frame_per_10_ms() -> None:
    features = log_mel(tone(440.0))
    assert features.shape == (80, 800)
    assert features.dtype == np.float32
    assert features.max() - features.min() == pytest.approx(2.0)  # 8 decades, a quarter each


@pytest.mark.parametrize(("hz", "band"), [(200.0, 4), (1000.0, 26), (4000.0, 62)])
def test_a_tone_is_loudest_in_its_own_mel_band(hz: float, band: int) -> None:
    # Slaney's scale has 45.25 mels up to 8 kHz; 82 band edges lie 0.5586 mels apart, and band k is
    # centred on edge k + 1. 200 Hz is mel 3, 1 kHz mel 15, 4 kHz mel 15 + 27 ln 4 / ln 6.4 = 35.16.
    assert abs(int(log_mel(tone(hz)).mean(axis=1).argmax()) - band) <= 1
    mel = hz * 3 / 200 if hz <= 1000 else 15 + 27 * np.log(hz / 1000) / np.log(6.4)
    assert band == round(mel / (45.2456 / 81) - 1)


def test_the_spectrogram_is_that_of_faster_whisper() -> None:
    extractor = pytest.importorskip("faster_whisper.feature_extractor").FeatureExtractor()
    samples = RNG.standard_normal(EIGHT_S).astype(np.float32) * np.hanning(EIGHT_S)
    samples = samples.astype(np.float32)
    assert np.abs(log_mel(samples) - extractor(samples, padding=0)).max() < 1e-4


class BrokenModel:
    errors = (ValueError,)

    def run(self, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
        raise ValueError


def test_a_failing_model_is_a_failed_turn() -> None:
    with pytest.raises(TurnFailed):
        SmartTurn(BrokenModel(), "broken").score(silence(100))  # type: ignore[arg-type]


# -- the real model --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def engine(store: ModelStore) -> SmartTurn:
    return smart_turn.load(TurnOptions(), store)


@pytest.mark.models
def test_only_the_last_8_s_count(engine: SmartTurn) -> None:
    pcm = (3000 * tone(300.0, 9.0)).astype("<i2").tobytes()
    assert engine.score(pcm) == engine.score(pcm[-2 * EIGHT_S :])


@pytest.mark.models
def test_a_whole_question_is_over_and_a_sentence_at_its_pause_is_not(
    engine: SmartTurn, speech_dir: Path
) -> None:
    def read(name: str) -> bytes:
        with wave.open(str(speech_dir / name), "rb") as file:
            return file.readframes(file.getnframes())

    assert engine.score(read("en_brooklyn.wav")) > 0.9  # "How old is the Brooklyn Bridge?"
    # In the pause the score rises, and processors do not agree how fast: 0.03 after 3.3 s, near
    # 0.5 after 3.5 s.
    pause_start = 2 * int(3.3 * MIC_HZ)
    assert engine.score(read("en_librivox_0870__pause1000.wav")[:pause_start]) < 0.5
