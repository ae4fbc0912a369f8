"""A chunk on the reply's clock, as the planners of body and face see it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from voice_avatar.acting.gesture.rules import ChunkText, read_chunk
from voice_avatar.acting.gesture.stress import SpokenWord, prominences, spoken_words
from voice_avatar.events.payloads import SpeakableChunk, SpeechPlan

MARKUP_ONLY_S: Final = 0.8
"""Time that a chunk of tags without words takes, so that its gestures have a place."""

LONG_AGO: Final = -(10**12)
"""A sample before all others, for what has not happened yet."""


@dataclass(frozen=True, slots=True)
class SpokenChunk:
    """A chunk on the reply's clock. All times are reply samples.

    Attributes:
        rate_hz: the clock.
        offset: its first sample: nothing may start before, it may be played already.
        speech_end: one past its last spoken sample.
        end: one past its last sample, its pause included.
        limit: nothing may end after.
        words: when they are spoken.
        weights: how much each of them stands out, see `stress.prominences`.
        text: its words as rules see them.
        is_sentence_end: whether a sentence ends with it.
    """

    rate_hz: int
    offset: int
    speech_end: int
    end: int
    limit: int
    words: tuple[SpokenWord, ...]
    weights: tuple[float, ...]
    text: ChunkText
    is_sentence_end: bool

    def samples(self, seconds: float) -> int:
        """Returns how many samples that is."""
        return round(seconds * self.rate_hz)

    def word(self, index: int) -> SpokenWord | None:
        """Returns a word; what trails the words belongs to the last. None without words."""
        return self.words[min(index, len(self.words) - 1)] if self.words else None

    def clause(self, index: int) -> int:
        """Returns the number of the clause in which a word stands."""
        return self.text.clauses[min(index, len(self.words) - 1)] if self.words else 0


def spoken_chunk(
    chunk: SpeakableChunk,
    plan: SpeechPlan,
    *,
    language: str,
    offset: int,
    rate_hz: int,
    overhang_s: float,
) -> SpokenChunk:
    """Returns a chunk on the reply's clock.

    Args:
        chunk: what is said.
        plan: when, in samples of the reply's rate from the chunk's first.
        language: in which it is said.
        offset: reply sample at which the chunk begins.
        rate_hz: of the reply.
        overhang_s: how far a movement may run past the chunk, seconds.
    """
    speech_end = offset + plan.sample_count
    pause_s = chunk.pause_s if plan.sample_count else max(chunk.pause_s, MARKUP_ONLY_S)
    end = speech_end + round(pause_s * rate_hz)
    words = tuple(
        replace(w, start=offset + w.start, end=offset + w.end, anchor=offset + w.anchor)
        for w in spoken_words(chunk, plan)
    )
    limit = end + round(overhang_s * rate_hz)
    text = read_chunk(chunk, language)
    weights = prominences(words, text.clauses)
    return SpokenChunk(
        rate_hz, offset, speech_end, end, limit, words, weights, text, chunk.is_sentence_end
    )
