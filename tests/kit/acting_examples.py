"""Chunks and plans whose times are easy to tell, for the tests of what the avatar does."""

from __future__ import annotations

from voice_avatar.events.payloads import Cue, PhonemeSpan, SpeakableChunk, SpeechPlan, WordSpan
from voice_avatar.text.speakable import speakable

RATE_HZ = 1000  # one sample is one millisecond
WORD_MS = 400
STRESSED_AT_MS = 100
"""Where the stress mark begins, and the stressed vowel with it."""
VOWEL_AT_MS = 120


def chunk(text: str, *cues: Cue, language: str = "en", pause_s: float = 0.0) -> SpeakableChunk:
    speech = speakable(text, language)
    return SpeakableChunk(0, text, speech.spoken, speech.words, cues, pause_s)


def spoken(text: SpeakableChunk, unstressed: tuple[int, ...] = ()) -> SpeechPlan:
    """Every word takes 400 ms: a consonant, a stress mark at 100 ms, the vowel at 120 ms."""
    spans, words = [], []
    for index in range(len(text.words)):
        at = index * WORD_MS
        mark = "h" if index in unstressed else "ˈ"
        spans += [
            PhonemeSpan("h", at, at + STRESSED_AT_MS, index),
            PhonemeSpan(mark, at + STRESSED_AT_MS, at + VOWEL_AT_MS, index),
            PhonemeSpan("ɛ", at + VOWEL_AT_MS, at + 300, index),
            PhonemeSpan("l", at + 300, at + WORD_MS, index),
        ]
        words.append(WordSpan(index, at, at + WORD_MS))
    return SpeechPlan(len(words) * WORD_MS, tuple(spans), tuple(words))
