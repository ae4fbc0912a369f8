"""What every recogniser, voice activity engine and end-of-turn engine promises."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from kit.contracts import EngineCase, stt_engines, turn_engines, vad_engines

from voice_avatar.audio.pcm import Reframer, silence
from voice_avatar.errors import SttFailed, VadFailed
from voice_avatar.events.payloads import MIC_HZ, WINDOW_SAMPLES, Transcript
from voice_avatar.models.store import ModelStore
from voice_avatar.stages.stt import SttEngine
from voice_avatar.stages.turn import TurnEngine
from voice_avatar.stages.vad import VadEngine, VadStream

SENTENCE = "We will meet again on Monday morning."


def sound(seconds: float, seed: int = 5) -> bytes:
    """Returns noise that rises and falls as syllables do."""
    count = int(seconds * MIC_HZ)
    swell = np.sin(2 * np.pi * 4.0 * np.arange(count) / MIC_HZ) ** 2
    samples = np.random.default_rng(seed).standard_normal(count) * 4000 * swell
    return samples.astype("<i2").tobytes()


# -- recognisers ------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=stt_engines())
def stt_case(request: pytest.FixtureRequest) -> EngineCase:
    case: EngineCase = request.param
    return case


@pytest.fixture(scope="module")
def stt(stt_case: EngineCase, store: ModelStore) -> SttEngine:
    engine: SttEngine = stt_case.make(store)
    return engine


def test_a_recogniser_names_itself_and_its_languages(stt: SttEngine) -> None:
    assert stt.capabilities.name
    assert stt.capabilities.model
    assert all(code == code.lower() and "-" not in code for code in stt.capabilities.languages)


@pytest.mark.parametrize("pcm", [b"", silence(MIC_HZ)], ids=["empty", "silent"])
def test_where_nothing_is_said_the_text_is_empty(stt: SttEngine, pcm: bytes) -> None:
    assert stt.transcribe(pcm, "en").text == ""


def test_a_transcript_tells_its_length_and_language(stt: SttEngine) -> None:
    heard = stt.transcribe(sound(1.5), "en")
    assert isinstance(heard, Transcript)
    assert heard.audio_s == pytest.approx(1.5)
    assert heard.language == "en"
    assert heard.avg_logprob <= 0.0
    assert heard.text == " ".join(heard.text.split())


def test_a_region_in_a_language_code_does_no_harm(stt: SttEngine) -> None:
    assert stt.transcribe(sound(1.0), "en-US").language == "en"


def test_without_a_language_one_is_detected(stt: SttEngine) -> None:
    if not stt.capabilities.detects_language:
        pytest.skip("does not detect languages")
    heard = stt.transcribe(sound(1.0), None)
    assert heard.language
    assert not stt.capabilities.languages or heard.language in stt.capabilities.languages


def test_a_language_it_does_not_take_is_refused(stt: SttEngine) -> None:
    if not stt.capabilities.languages:
        pytest.skip("does not say which languages it takes")
    with pytest.raises(SttFailed):
        stt.transcribe(sound(1.0), "xx")


def test_audio_over_30_s_is_taken(stt: SttEngine) -> None:
    assert stt.transcribe(sound(1.0) + silence(31 * MIC_HZ), "en").audio_s <= 32.0


def test_a_failure_does_not_outlive_its_request(stt: SttEngine) -> None:
    before = stt.transcribe(silence(MIC_HZ), "en")
    if stt.capabilities.languages:
        with pytest.raises(SttFailed):
            stt.transcribe(sound(1.0), "xx")
    assert stt.transcribe(silence(MIC_HZ), "en") == before


def test_a_recogniser_understands_speech_the_same_way_twice(
    stt_case: EngineCase, stt: SttEngine, request: pytest.FixtureRequest
) -> None:
    if not stt_case.is_real:
        pytest.skip("understands nothing")
    spoken: Callable[[str], bytes] = request.getfixturevalue("spoken")
    first = stt.transcribe(spoken(SENTENCE), "en")
    assert first.text.lower() == SENTENCE.lower()
    assert stt.transcribe(spoken(SENTENCE), "en") == first


# -- voice activity engines -------------------------------------------------------------------


@pytest.fixture(scope="module", params=vad_engines())
def vad(request: pytest.FixtureRequest, store: ModelStore) -> VadEngine:
    engine: VadEngine = request.param.make(store)
    return engine


def run(stream: VadStream, pcm: bytes) -> list[float]:
    return [stream.step(window) for window in Reframer(WINDOW_SAMPLES).push(pcm)]


def test_a_voice_activity_engine_names_itself(vad: VadEngine) -> None:
    assert vad.capabilities.name
    assert vad.capabilities.model


def test_each_window_gives_a_probability_and_silence_a_low_one(vad: VadEngine) -> None:
    stream = vad.open()
    assert all(0.0 <= p <= 1.0 for p in run(stream, sound(1.0)))
    assert run(stream, silence(MIC_HZ))[-1] < 0.35


def test_streams_do_not_disturb_one_another(vad: VadEngine) -> None:
    one, other = sound(0.5, 1), sound(0.5, 2)
    alone = run(vad.open(), one)
    stream, neighbour = vad.open(), vad.open()
    between = []
    for mine, theirs in zip(
        Reframer(WINDOW_SAMPLES).push(one), Reframer(WINDOW_SAMPLES).push(other), strict=True
    ):
        between.append(stream.step(mine))
        neighbour.step(theirs)
    assert between == pytest.approx(alone, abs=1e-6)


def test_a_reset_stream_is_a_new_one(vad: VadEngine) -> None:
    stream = vad.open()
    first = run(stream, sound(0.5))
    stream.reset()
    assert run(stream, sound(0.5)) == pytest.approx(first, abs=1e-6)


def test_a_window_of_another_size_is_refused(vad: VadEngine) -> None:
    with pytest.raises(VadFailed):
        vad.open().step(silence(WINDOW_SAMPLES - 1))


# -- end-of-turn engines ----------------------------------------------------------------------


@pytest.fixture(scope="module", params=turn_engines())
def turn(request: pytest.FixtureRequest, store: ModelStore) -> TurnEngine:
    engine: TurnEngine = request.param.make(store)
    return engine


def test_an_end_of_turn_engine_names_itself_and_its_window(turn: TurnEngine) -> None:
    assert turn.capabilities.name
    assert turn.capabilities.model
    assert turn.capabilities.window_s > 0


@pytest.mark.parametrize("seconds", [0.0, 0.01, 1.0, 20.0])
def test_audio_of_any_length_gives_a_probability(turn: TurnEngine, seconds: float) -> None:
    assert 0.0 <= turn.score(sound(seconds)) <= 1.0


def test_the_same_audio_gets_the_same_score(turn: TurnEngine) -> None:
    assert turn.score(sound(2.0)) == turn.score(sound(2.0))


def test_audio_before_the_window_does_not_count(turn: TurnEngine) -> None:
    window = sound(turn.capabilities.window_s)
    assert turn.score(sound(3.0, 9) + window) == pytest.approx(turn.score(window), abs=1e-6)
