"""What every synthesizer promises."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from kit.contracts import EngineCase

from voice_avatar.acting.mouth.visemes import viseme_poses
from voice_avatar.audio.pcm import MAX_RATE_HZ, MIN_RATE_HZ, sample_count
from voice_avatar.events.payloads import ChunkWord, SpeakableChunk, SpeechPiece, SpeechPlan
from voice_avatar.models.store import ModelStore
from voice_avatar.stages.tts import TtsEngine, TtsOptions

SENTENCE = "Well, it depends on one of the things that you would like to do today."


def _piper(store: ModelStore) -> Any:
    piper_tts = pytest.importorskip("voice_avatar.engines.piper_tts")
    return piper_tts.load(TtsOptions(), store)


def _scripted(store: ModelStore) -> Any:
    return pytest.importorskip("voice_avatar.engines.scripted").load_tts(TtsOptions(), store)


CASES = [
    pytest.param(EngineCase("piper", _piper, True), id="piper", marks=pytest.mark.models),
    pytest.param(EngineCase("scripted", _scripted, False), id="scripted"),
]


@pytest.fixture(scope="module", params=CASES)
def tts(request: pytest.FixtureRequest, store: ModelStore) -> TtsEngine:
    case: EngineCase = request.param
    engine: TtsEngine = case.make(store)
    return engine


def chunk_of(text: str) -> SpeakableChunk:
    words: list[ChunkWord] = []
    at = 0
    for word in text.split():
        start = text.index(word, at)
        at = start + len(word)
        words.append(ChunkWord(start, at, start, at))
    return SpeakableChunk(0, text, text, tuple(words))


def say(tts: TtsEngine, text: str) -> tuple[SpeechPlan, list[SpeechPiece]]:
    plan, *pieces = tts.synthesize(chunk_of(text))
    assert isinstance(plan, SpeechPlan)
    assert all(isinstance(piece, SpeechPiece) for piece in pieces)
    return plan, [piece for piece in pieces if isinstance(piece, SpeechPiece)]


def test_a_voice_says_what_it_is(tts: TtsEngine) -> None:
    told = tts.capabilities
    assert told.name
    assert told.voice
    assert told.language == told.language.lower()
    assert MIN_RATE_HZ <= told.rate_hz <= MAX_RATE_HZ


def test_the_plan_comes_first_and_the_pieces_add_up_to_it(tts: TtsEngine) -> None:
    plan, pieces = say(tts, SENTENCE)
    at = 0
    for piece in pieces:
        assert piece.start == at
        assert piece.pcm
        at += sample_count(piece.pcm)
    assert at == plan.sample_count > 0


def test_the_spans_of_an_exact_plan_cover_the_audio_without_a_gap(tts: TtsEngine) -> None:
    plan, _ = say(tts, SENTENCE)
    assert plan.is_exact == tts.capabilities.has_durations
    assert plan.spans[0].start == 0
    assert plan.spans[-1].end == plan.sample_count
    assert all(a.end == b.start for a, b in pairwise(plan.spans))


def test_every_word_has_its_time_in_order(tts: TtsEngine) -> None:
    plan, _ = say(tts, SENTENCE)
    assert [w.word for w in plan.words] == list(range(len(SENTENCE.split())))
    assert all(0 <= w.start < w.end <= plan.sample_count for w in plan.words)
    assert all(a.end <= b.start for a, b in pairwise(plan.words))


def test_spans_lie_within_the_word_that_they_name(tts: TtsEngine) -> None:
    plan, _ = say(tts, SENTENCE)
    for span in plan.spans:
        if span.word >= 0:
            word = plan.words[span.word]
            assert word.start <= span.start <= span.end <= word.end


def test_a_word_without_sound_is_not_lost(tts: TtsEngine) -> None:
    plan, _ = say(tts, "Well — today.")
    assert [w.word for w in plan.words] == [0, 1, 2]
    assert plan.words[0].end <= plan.words[1].start <= plan.words[2].start


@pytest.mark.parametrize("text", ["", "  ", "…", "—"])
def test_nothing_speakable_is_an_empty_plan_and_no_audio(tts: TtsEngine, text: str) -> None:
    plan, pieces = say(tts, text)
    assert plan.sample_count == 0
    assert pieces == []


def test_a_longer_text_takes_longer(tts: TtsEngine) -> None:
    assert say(tts, "Well.")[0].sample_count < say(tts, SENTENCE)[0].sample_count


def test_equal_text_sounds_equal(tts: TtsEngine) -> None:
    assert say(tts, SENTENCE) == say(tts, SENTENCE)


def test_speech_is_audible_and_does_not_clip(tts: TtsEngine) -> None:
    _, pieces = say(tts, SENTENCE)
    samples = np.frombuffer(b"".join(p.pcm for p in pieces), "<i2").astype(int)
    assert 3_000 < np.abs(samples).max() < 32_767


def test_speech_that_is_closed_early_does_not_hurt_what_follows(tts: TtsEngine) -> None:
    speech = tts.synthesize(chunk_of(SENTENCE))
    next(speech)
    next(speech)
    speech.close()
    assert list(speech) == []
    assert say(tts, "Well.")[1]


def test_two_speeches_may_take_turns(tts: TtsEngine) -> None:
    alone = list(tts.synthesize(chunk_of(SENTENCE)))
    one, two = tts.synthesize(chunk_of(SENTENCE)), tts.synthesize(chunk_of(SENTENCE))
    assert [part for pair in zip(one, two, strict=True) for part in pair][::2] == alone


def test_the_mouth_moves_for_as_long_as_the_audio(tts: TtsEngine) -> None:
    told = tts.capabilities
    plan, _ = say(tts, SENTENCE)
    poses = viseme_poses(
        plan.spans,
        rate_hz=told.rate_hz,
        espeak_voice=told.espeak_voice,
        phoneme_type=told.phoneme_type,
    )
    assert poses[0].sample == 0
    assert poses[-1].sample == plan.sample_count
    assert len({pose.weights for pose in poses}) > 5
