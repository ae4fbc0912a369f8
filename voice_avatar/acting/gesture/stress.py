"""When each word of a chunk is spoken, and where its stressed vowel begins. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from voice_avatar.events.payloads import PhonemeSpan, SpeakableChunk, SpeechPlan

_PRIMARY, _SECONDARY = "ˈ", "ˌ"
_VOWELS = frozenset("aeiouyæɑɒɐəɚɛɜɝɪʊʌɔøœɨʉɯɤɵɞɘɶʏᵻᵿ")
"""First letters of vowels in IPA, as espeak-ng writes them, and of pinyin finals."""

_NUCLEAR: Final = 0.25
_INITIAL: Final = 0.3
_FINAL: Final = 0.7
"""Weights of `prominences`, in lengths of a usual word."""


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
    """Returns where the stressed vowel begins, and whether its stress is primary.

    espeak-ng writes the mark right before the vowel, and Piper gives it time of its own: what is
    heard then is the vowel already (`bench gestures`: the vowel's own symbol begins 50 ms late).
    """
    for mark in (_PRIMARY, _SECONDARY):
        marked = next((span.start for span in spans if span.symbol.startswith(mark)), None)
        if marked is not None:
            return marked, mark == _PRIMARY
    return _first_vowel(spans), False


def _first_vowel(spans: list[PhonemeSpan]) -> int | None:
    return next((span.start for span in spans if span.symbol[:1] in _VOWELS), None)


def prominences(words: Sequence[SpokenWord], clauses: Sequence[int]) -> tuple[float, ...]:
    """Returns how much each word stands out; 0 = it does not.

    Voices that mark stress say which words have any; of these the longer ones stand out, and the
    last of a clause, on which the nuclear accent falls. Voices of tone languages mark none: there
    long syllables stand out, and the first of a clause, where pitch and loudness are reset. The
    last syllable is long in any case (final lengthening) and counts for less. The weights are ours.

    Args:
        words: of a chunk.
        clauses: clause number of each.
    """
    lengths = sorted(word.end - word.start for word in words)
    usual = max(1, lengths[len(lengths) // 2]) if lengths else 1
    last = len(words) - 1
    found = []
    for index, word in enumerate(words):
        is_first = index == 0 or clauses[index - 1] != clauses[index]
        is_last = index == last or clauses[index + 1] != clauses[index]
        length = (word.end - word.start) / usual
        if word.is_stressed is None:
            found.append(length * (_FINAL if is_last else 1.0) + _INITIAL * is_first)
        else:
            found.append((length + _NUCLEAR * is_last) * word.is_stressed)
    return tuple(found)
