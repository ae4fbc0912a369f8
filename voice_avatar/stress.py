"""When each word of a chunk is spoken, and where its stressed vowel begins. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from voice_avatar.events import PhonemeSpan, SpeakableChunk, SpeechPlan

_PRIMARY, _SECONDARY = "ˈ", "ˌ"
_VOWELS = frozenset("aeiouyæɑɒɐəɚɛɜɝɪʊʌɔøœɨʉɯɤɵɞɘɶʏᵻᵿ")
"""First letters of vowels in IPA, as espeak-ng writes them, and of pinyin finals."""


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word on the chunk's axis.

    Attributes:
        start: first sample.
        end: one past its last sample.
        anchor: start of its stressed vowel, else of its first vowel, else of the word.
        is_stressed: whether the voice gives it primary stress; None when it does not tell.
    """

    start: int
    end: int
    anchor: int
    is_stressed: bool | None


def spoken_words(chunk: SpeakableChunk, plan: SpeechPlan) -> tuple[SpokenWord, ...]:
    """Returns when each word of `chunk` is spoken: by phonemes, by words, else in proportion."""
    times = _proportional(chunk, plan.sample_count)
    for span in plan.words:
        if 0 <= span.word < len(times):
            times[span.word] = (span.start, span.end)
    phonemes: list[list[PhonemeSpan]] = [[] for _ in times]
    for phoneme in plan.spans:
        if 0 <= phoneme.word < len(times):
            phonemes[phoneme.word].append(phoneme)
    has_marks = any(span.symbol[:1] in (_PRIMARY, _SECONDARY) for span in plan.spans)
    words = []
    for (start, end), spans in zip(times, phonemes, strict=True):
        anchor, is_primary = _stressed_vowel(spans)
        is_stressed = is_primary if has_marks else None
        words.append(SpokenWord(start, end, start if anchor is None else anchor, is_stressed))
    return tuple(words)


def _proportional(chunk: SpeakableChunk, sample_count: int) -> list[tuple[int, int]]:
    """Spreads the words over the audio by their spoken length."""
    total = max(1, len(chunk.spoken))

    def at(char: int) -> int:
        return min(sample_count, char * sample_count // total)

    return [(at(word.spoken_start), at(word.spoken_end)) for word in chunk.words]


def _stressed_vowel(spans: list[PhonemeSpan]) -> tuple[int | None, bool]:
    """Returns where the stressed vowel begins, and whether its stress is primary."""
    for mark in (_PRIMARY, _SECONDARY):
        marked = next((i for i, span in enumerate(spans) if span.symbol.startswith(mark)), None)
        if marked is not None:
            is_own = len(spans[marked].symbol) > 1  # the mark and the vowel in one symbol
            vowel = _first_vowel(spans[marked + (not is_own) :])
            found = spans[marked].start if is_own or vowel is None else vowel
            return found, mark == _PRIMARY
    return _first_vowel(spans), False


def _first_vowel(spans: list[PhonemeSpan]) -> int | None:
    return next((span.start for span in spans if span.symbol[:1] in _VOWELS), None)
