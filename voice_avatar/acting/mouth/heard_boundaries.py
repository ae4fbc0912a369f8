"""Where one sound is heard to end and the next to begin, from where a voice planned it. Pure.

The durations of a Piper voice come out of an alignment that nobody taught where sounds end: it
gives a closure one frame and its vowel the rest, and glides their time to the vowel. Lips would
close late by that. The boundaries are moved by what was measured for each pair of classes of sounds
(`data/visemes/boundaries.toml`), and with them the words.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Final

from voice_avatar.acting.mouth.viseme_tables import JOINED, Kind, SymbolTable, read_table
from voice_avatar.events.payloads import PhonemeSpan

LEAST_MS: Final = 20
"""A sound keeps this much of its time, or half of it if it has less."""
USUAL_MS: Final = 100
"""Duration at which the slopes of the table count nothing."""

_SOUNDS: Final = frozenset({Kind.VOWEL, Kind.CONSONANT, Kind.NEXT})
_MARKS: Final = frozenset({Kind.JOINT, Kind.PRIMARY, Kind.SECONDARY})

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Segment:
    """A sound with all that belongs to it, samples.

    Attributes:
        symbol: its own.
        start: where its time begins, marks before it taken in.
        end: one past its last sample, parts after it taken in.
    """

    symbol: str
    start: int
    end: int


def segments(spans: Sequence[PhonemeSpan], table: SymbolTable) -> Iterator[Segment]:
    """Yields the sounds of a plan; pauses and word gaps are none."""
    sound: Segment | None = None
    waiting: int | None = None
    for span in spans:
        symbol = table.aliases.get(span.symbol, span.symbol)
        kind = table.kinds.get(symbol, Kind.PART)
        if kind in JOINED and sound is not None and waiting is None:
            sound = replace(sound, end=span.end)
            continue
        if sound is not None:
            yield sound
            sound = None
        if kind in _SOUNDS:
            sound = Segment(symbol, span.start if waiting is None else waiting, span.end)
            waiting = None
        elif kind in _MARKS:
            waiting = span.start if waiting is None else waiting
        else:
            waiting = None
    if sound is not None:
        yield sound


def heard_boundaries(
    spans: Sequence[PhonemeSpan], table: SymbolTable, rate_hz: int
) -> tuple[PhonemeSpan, ...]:
    """Returns the spans of a plan with the boundaries where they are heard.

    Args:
        spans: contiguous, in samples.
        table: what the symbols are.
        rate_hz: rate of those samples.

    Returns:
        As many spans, contiguous, from the same first to the same last sample.
    """
    sounds = list(segments(spans, table))
    if not sounds:
        return tuple(spans)
    was, now = [spans[0].start], [spans[0].start]

    def put(old: int, new: int) -> None:
        if old > was[-1]:
            was.append(old)
            now.append(new)

    put(sounds[0].start, sounds[0].start)
    for one, two in pairwise(sounds):
        if one.end == two.start:
            moved = two.start + round(shift_ms(one, two, table, rate_hz) * rate_hz / 1000)
            least, most = now[-1] + _kept(one, rate_hz), two.end - _kept(two, rate_hz)
            put(two.start, max(least, min(most, moved)))
        else:
            put(one.end, one.end)
            put(two.start, two.start)
    put(sounds[-1].end, sounds[-1].end)
    put(spans[-1].end, spans[-1].end)
    return tuple(
        replace(s, start=_moved(s.start, was, now), end=_moved(s.end, was, now)) for s in spans
    )


def shift_ms(one: Segment, two: Segment, table: SymbolTable, rate_hz: int) -> float:
    """Returns how much later than planned the boundary between two sounds is heard, ms."""
    found = _shifts().get((sound_class(one.symbol, table), sound_class(two.symbol, table)))
    if found is None or one.start == one.end or two.start == two.end:
        return 0.0
    fixed, own, before = found
    own_ms, before_ms = (1000 * (s.end - s.start) / rate_hz for s in (two, one))
    return fixed + own * (own_ms - USUAL_MS) + before * (before_ms - USUAL_MS)


def sound_class(symbol: str, table: SymbolTable) -> str:
    """Returns "vowel", a class of consonants, or "" for a sound of no class."""
    if table.kinds.get(symbol) is Kind.VOWEL:
        return "vowel"
    return _classes().get(symbol, "")


def _kept(sound: Segment, rate_hz: int) -> int:
    return min(rate_hz * LEAST_MS // 1000, (sound.end - sound.start) // 2)


def _moved(sample: int, was: Sequence[int], now: Sequence[int]) -> int:
    """Returns a sample on the axis that was stretched between its anchors."""
    i = min(bisect_right(was, sample), len(was) - 1)
    if i == 0:
        return now[0]
    share = (sample - was[i - 1]) / (was[i] - was[i - 1])
    return now[i - 1] + round(share * (now[i] - now[i - 1]))


@cache
def _classes() -> dict[str, str]:
    lists = read_table("boundaries.toml")["class"]
    return {symbol: name for name, symbols in lists.items() for symbol in symbols.split()}


@cache
def _shifts() -> dict[Pair, tuple[float, float, float]]:
    rows = read_table("boundaries.toml")["heard"]
    return {
        (one, two): (float(fixed), float(own), float(before))
        for pair, (fixed, own, before) in rows.items()
        for one, two in [pair.split()]
    }
