from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from voice_avatar.audio.pcm import Reframer, silence, to_float
from voice_avatar.engines import silero_vad
from voice_avatar.engines.silero_vad import CONTEXT_SAMPLES, SileroStream, SileroVad
from voice_avatar.errors import EngineUnavailable, VadFailed
from voice_avatar.events.payloads import WINDOW_SAMPLES
from voice_avatar.models.store import ModelStore
from voice_avatar.stages.vad import VadOptions

RNG = np.random.default_rng(1)


def noise(windows: int) -> list[bytes]:
    samples = RNG.integers(-3000, 3000, (windows, WINDOW_SAMPLES)).astype("<i2")
    return [row.tobytes() for row in samples]


class FakeModel:
    """Counts calls in its state and answers with the count."""

    errors = (ValueError,)

    def __init__(self) -> None:
        self.seen: list[np.ndarray] = []
        self.is_broken = False

    def run(self, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
        if self.is_broken:
            raise ValueError
        self.seen.append(feeds["input"])
        h = feeds["h"] + 1
        return [np.array([h.max() / 100.0], np.float32), h, feeds["c"]]


def test_each_window_is_read_behind_the_end_of_the_one_before() -> None:
    model = FakeModel()
    stream = SileroStream(model)  # type: ignore[arg-type]
    first, second = noise(2)
    stream.step(first)
    stream.step(second)
    assert [w.shape for w in model.seen] == [(1, CONTEXT_SAMPLES + WINDOW_SAMPLES)] * 2
    assert not model.seen[0][0, :CONTEXT_SAMPLES].any()
    assert np.array_equal(model.seen[1][0, :CONTEXT_SAMPLES], to_float(first)[-CONTEXT_SAMPLES:])


def test_streams_of_one_model_have_states_of_their_own() -> None:
    engine = SileroVad(FakeModel(), "fake")  # type: ignore[arg-type]
    one, other = engine.open(), engine.open()
    [window] = noise(1)
    assert [one.step(window), one.step(window), other.step(window)] == pytest.approx(
        [0.01, 0.02, 0.01]
    )


def test_a_failed_window_leaves_the_state_as_it_was() -> None:
    model = FakeModel()
    stream = SileroStream(model)  # type: ignore[arg-type]
    [window] = noise(1)
    stream.step(window)
    model.is_broken = True
    with pytest.raises(VadFailed):
        stream.step(window)
    model.is_broken = False
    assert stream.step(window) == pytest.approx(0.02)


# -- the real model --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def engine(store: ModelStore) -> SileroVad:
    return silero_vad.load(VadOptions(), store)


@pytest.mark.models
def test_windows_one_by_one_give_what_faster_whisper_gives_for_the_whole(
    engine: SileroVad, speech_dir: Path
) -> None:
    from faster_whisper.vad import get_vad_model

    with wave.open(str(speech_dir / "en_jfk.wav"), "rb") as file:
        windows = Reframer(WINDOW_SAMPLES).push(file.readframes(file.getnframes()))
    stream = engine.open()
    ours = np.array([stream.step(w) for w in windows])
    theirs = get_vad_model()(to_float(b"".join(windows))).ravel()
    # faster-whisper blanks the last 64 samples of the whole, hence the last window differs.
    assert np.abs(ours - theirs)[:-1].max() < 1e-5
    assert ours.max() > 0.9


@pytest.mark.models
def test_a_voice_is_speech_and_silence_is_not(engine: SileroVad, spoken) -> None:  # type: ignore[no-untyped-def]
    stream = engine.open()
    quiet = [stream.step(silence(WINDOW_SAMPLES)) for _ in range(10)]
    voice = [
        stream.step(w)
        for w in Reframer(WINDOW_SAMPLES).push(spoken("Is there any tea left in the kitchen?"))
    ]
    assert max(quiet) < 0.1
    assert float(np.median(voice)) > 0.8


@pytest.mark.models
def test_a_model_of_another_kind_is_refused(store: ModelStore) -> None:
    with pytest.raises(EngineUnavailable, match="inputs differ"):
        silero_vad.load(VadOptions(model="smart-turn-v3.2"), store)


@pytest.mark.models
def test_a_file_that_is_no_model_is_refused(store: ModelStore, tmp_path: Path) -> None:
    path = tmp_path / "no.onnx"
    path.write_bytes(b"no model")
    with pytest.raises(EngineUnavailable, match="not a usable"):
        silero_vad.load(VadOptions(model=str(path)), store)
