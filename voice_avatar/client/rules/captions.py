"""Which word of a caption is heard at a time. Pure. PROTOCOL.md, section 5 and `reply.segment`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Word = tuple[str, float, float, int]


@dataclass(frozen=True, slots=True)
class Spoken:
    """The word to mark.

    Attributes:
        index: of the word over all segments; -1 before the first one.
        is_now: whether it is being spoken, or already over.
        char: code points of the reply up to the end of that word.
        utf16: the same in UTF-16 units, which C# and JavaScript index by.
    """

    index: int
    is_now: bool
    char: int
    utf16: int


def time_heard_ms(played_samples: int, rate_hz: int, output_latency_ms: float = 0.0) -> float:
    """Returns the time of the reply that is heard now; negative before the first sample."""
    return played_samples * 1000 / rate_hz - output_latency_ms


def word_at(text: str, words: Sequence[Word], t_ms: float) -> Spoken:
    """Returns the last word that has begun at `t_ms`.

    Args:
        text: the reply's whole text.
        words: `words` of all its segments, in order.
        t_ms: the time that is heard.
    """
    index = sum(1 for _, start_ms, _, _ in words if start_ms <= t_ms) - 1
    if index < 0:
        return Spoken(-1, False, 0, 0)
    word, _, end_ms, char = words[index]
    end = char + len(word)
    return Spoken(index, t_ms < end_ms, end, utf16_units(text[:end]))


def utf16_units(text: str) -> int:
    """Returns the length of a text in UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2
