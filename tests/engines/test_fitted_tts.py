"""A voice without durations, and what is fitted to its audio."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from voice_avatar.acting.mouth.fitted_durations import Symbol
from voice_avatar.acting.mouth.heard_boundaries import segments
from voice_avatar.acting.mouth.viseme_tables import symbol_table
from voice_avatar.bench.material.sentences import read_sentences
from voice_avatar.engines.fitted_tts import FittedTts
from voice_avatar.errors import TtsFailed
from voice_avatar.events.payloads import ChunkWord, SpeakableChunk, SpeechPiece, SpeechPlan
from voice_avatar.stages.tts import TtsCapabilities, TtsEngine

RATE_HZ = 16_000
MS = RATE_HZ // 1000
TABLE = symbol_table("en-us")


def sound(ms: int) -> bytes:
    t = np.arange(ms * MS) / RATE_HZ
    return (8000 * np.sin(2 * np.pi * 200 * t)).astype("<i2").tobytes()


class Plain:
    """A voice without durations; spells letters, or nothing."""

    capabilities = TtsCapabilities("plain", "tone", "en", "en-us", "espeak", RATE_HZ, False)

    def __init__(self, *, can_spell: bool = True) -> None:
        self._can_spell = can_spell

    def spell(self, chunk: SpeakableChunk) -> Sequence[Symbol]:
        words = enumerate(chunk.spoken.split()) if self._can_spell else ()
        return [(letter, i) for i, word in words for letter in word]

    def speak(self, chunk: SpeakableChunk) -> bytes:
        if "☠" in chunk.spoken:
            raise TtsFailed("no")
        return sound(100 * len(chunk.spoken))


def chunk_of(text: str) -> SpeakableChunk:
    words, at = [], 0
    for word in text.split():
        start = text.index(word, at)
        at = start + len(word)
        words.append(ChunkWord(start, at, start, at))
    return SpeakableChunk(0, text, text, tuple(words))


def say(tts: TtsEngine, text: str) -> tuple[SpeechPlan, list[SpeechPiece]]:
    plan, *pieces = tts.synthesize(chunk_of(text))
    assert isinstance(plan, SpeechPlan)
    return plan, [piece for piece in pieces if isinstance(piece, SpeechPiece)]


def test_a_voice_without_durations_has_a_plan_that_says_so() -> None:
    plan, pieces = say(FittedTts(Plain()), "so it is")
    assert not plan.is_exact
    assert sum(len(p.pcm) // 2 for p in pieces) == plan.sample_count == plan.spans[-1].end
    assert [p.start for p in pieces[1:]] == [p.start + len(p.pcm) // 2 for p in pieces[:-1]]
    assert [w.word for w in plan.words] == [0, 1, 2]
    assert all(w.start < w.end for w in plan.words)


def test_a_voice_that_does_not_spell_has_no_spans() -> None:
    plan, pieces = say(FittedTts(Plain(can_spell=False)), "so it is")
    assert (plan.spans, plan.words, plan.is_exact) == ((), (), False)
    assert pieces


def test_nothing_to_say_is_an_empty_plan_and_a_failure_is_passed_on() -> None:
    assert say(FittedTts(Plain()), "") == (SpeechPlan(0, (), (), is_exact=False), [])
    with pytest.raises(TtsFailed):
        say(FittedTts(Plain()), "☠")


class Forgetful:
    """A real Piper voice whose durations are ignored."""

    def __init__(self, piper: TtsEngine) -> None:
        told = piper.capabilities
        self._piper = piper
        self.capabilities = TtsCapabilities(
            *(told.name, told.voice, told.language, told.espeak_voice, told.phoneme_type),
            *(told.rate_hz, False),
        )

    def spell(self, chunk: SpeakableChunk) -> Sequence[Symbol]:
        plan = next(self._piper.synthesize(chunk))
        assert isinstance(plan, SpeechPlan)
        return [(span.symbol, span.word) for span in plan.spans]

    def speak(self, chunk: SpeakableChunk) -> bytes:
        parts = self._piper.synthesize(chunk)
        return b"".join(part.pcm for part in parts if isinstance(part, SpeechPiece))


@pytest.mark.models
def test_fitted_boundaries_are_near_those_of_a_real_voice(piper: TtsEngine) -> None:
    fitted = FittedTts(Forgetful(piper))
    errors_ms: list[float] = []
    even_ms: list[float] = []
    for text in read_sentences(12):
        (true, _), (guess, _) = say(piper, text), say(fitted, text)
        assert guess.sample_count == true.sample_count
        sounds = list(segments(true.spans, TABLE))
        ms = 1000 / piper.capabilities.rate_hz
        for i, (one, two) in enumerate(zip(sounds, segments(guess.spans, TABLE), strict=True)):
            errors_ms.append(abs(one.start - two.start) * ms)
            even_ms.append(abs(one.start - true.sample_count * i / len(sounds)) * ms)
    assert np.mean(errors_ms) < 80
    assert np.percentile(errors_ms, 95) < 220
    assert np.mean(errors_ms) < 0.7 * np.mean(even_ms)
