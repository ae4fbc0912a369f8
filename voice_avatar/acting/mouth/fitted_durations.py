"""When each sound of a voice that gives no durations is spoken: fitted to its audio. Pure.

Silences in the audio are matched with the pauses of the text; between two of them, sounds share the
time in proportion to how long such sounds usually last (`data/visemes/durations.toml`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from voice_avatar.acting.mouth.heard_boundaries import sound_class
from voice_avatar.acting.mouth.viseme_tables import Kind, SymbolTable, read_table
from voice_avatar.audio.pcm import sample_count
from voice_avatar.events.payloads import PhonemeSpan

HOP_MS: Final = 10
QUIET_DB: Final = 35.0
"""A step this far below the loudest is silent: closures of stops are, too, but not for long."""
PAUSE_MS: Final = 90
"""A silence inside the speech that is at least this long is a pause; closures are shorter."""
MISSED_MS: Final = 400.0
"""What it costs to leave a pause of the text without a silence: one further away is not its own."""

Symbol = tuple[str, int]
"""(symbol, index of its word)."""
Stretch = tuple[int, int]
"""[start, end) in samples."""


def fitted_spans(
    symbols: Sequence[Symbol], pcm: bytes, *, rate_hz: int, table: SymbolTable
) -> tuple[PhonemeSpan, ...]:
    """Returns the spans of a chunk, one for each symbol, contiguous and as long as the audio.

    Args:
        symbols: the chunk as it was spelled, pauses and marks taken in.
        pcm: its whole audio.
        rate_hz: of the audio.
        table: what the symbols are.
    """
    samples = sample_count(pcm)
    if not symbols:
        return ()
    lead, inner, tail = silences(pcm, rate_hz)
    usual = _usual_ms([symbol for symbol, _ in symbols], table)
    runs = _pauses([symbol for symbol, _ in symbols], table)
    anchors = _anchors(usual, runs, (lead, inner, tail), samples, rate_hz)
    at = np.interp(np.arange(len(symbols) + 1), *_axis(usual, anchors))
    ends = np.rint(at).astype(int).tolist()
    ends[0], ends[-1] = 0, samples
    return tuple(
        PhonemeSpan(symbol, start, end, word)
        for (symbol, word), (start, end) in zip(symbols, pairwise(ends), strict=True)
    )


def silences(pcm: bytes, rate_hz: int) -> tuple[int, list[Stretch], int]:
    """Returns where speech begins, the pauses inside it, and where it ends, in samples."""
    samples, hop = sample_count(pcm), rate_hz * HOP_MS // 1000
    wave = np.frombuffer(pcm, "<i2").astype(np.float64)[: samples // hop * hop]
    power = np.mean(wave.reshape(-1, hop) ** 2, axis=1)
    loud = np.flatnonzero(power > max(1.0, float(power.max(initial=0.0))) * 10 ** (-QUIET_DB / 10))
    if loud.size == 0:
        return 0, [], samples
    gaps = np.flatnonzero(np.diff(loud) > PAUSE_MS // HOP_MS)
    inner = [(int(loud[i] + 1) * hop, int(loud[i + 1]) * hop) for i in gaps]
    return int(loud[0]) * hop, inner, min(samples, int(loud[-1] + 1) * hop)


def _usual_ms(symbols: Sequence[str], table: SymbolTable) -> list[float]:
    """Returns how long each symbol usually lasts; marks, parts and pauses have no time."""
    raw = read_table("durations.toml")
    usual = [0.0] * len(symbols)
    stress, last_vowel = "unstressed", -1
    for i, spelled in enumerate(symbols):
        symbol = table.aliases.get(spelled, spelled)
        match table.kinds.get(symbol, Kind.PART):
            case Kind.PRIMARY:
                stress = "primary"
            case Kind.SECONDARY:
                stress = "secondary"
            case Kind.VOWEL if last_vowel == i - 1 and i > 0:  # the rest of a diphthong
                usual[i] = raw["vowel"]["unstressed"]
                last_vowel = i
            case Kind.VOWEL:
                usual[i] = raw["vowel"][stress]
                stress, last_vowel = "unstressed", i
            case Kind.CONSONANT | Kind.NEXT:
                usual[i] = raw["class"][sound_class(symbol, table)]
            case Kind.PART if symbol in "ːˑ" and last_vowel == i - 1 and i > 0:
                usual[i] = raw["vowel"]["long"]
            case _:
                pass
    return usual


def _pauses(symbols: Sequence[str], table: SymbolTable) -> list[tuple[int, int]]:
    """Returns the runs [first, last) of symbols that may be silent: marks and gaps after them."""
    runs: list[tuple[int, int]] = []
    first: int | None = None
    for i, symbol in enumerate([*symbols, ""]):
        kind = table.kinds.get(symbol)
        if i < len(symbols) and (kind is Kind.PAUSE or (kind is Kind.GAP and first is not None)):
            first = i if first is None else first
        elif first is not None:
            runs.append((first, i))
            first = None
    return runs


@dataclass(frozen=True, slots=True)
class _Anchor:
    """A place in the row of symbols (between two of them) and in the audio."""

    symbol: int
    sample: int


def _anchors(
    usual: Sequence[float],
    runs: Sequence[tuple[int, int]],
    quiet: tuple[int, list[Stretch], int],
    samples: int,
    rate_hz: int,
) -> list[_Anchor]:
    """Returns what is known of where symbols are, in order, from the first to the last."""
    lead, inner, tail = quiet
    count = len(usual)
    first = next((end for start, end in runs if start == 0), 0)
    last = next((start for start, end in runs if end == count), count)
    if first >= last:
        return [_Anchor(0, 0), _Anchor(count, samples)]
    anchors = [_Anchor(0, 0), _Anchor(first, lead)]
    middle = [run for run in runs if run[0] > first and run[1] < last]
    spoken_ms = sum(usual[first:last]) or 1.0
    voiced = tail - lead - sum(end - start for start, end in inner)
    expected = [voiced * sum(usual[first:start]) / spoken_ms for start, _ in middle]
    heard, gone = [], 0
    for start, end in inner:
        heard.append(float(start - lead - gone))
        gone += end - start
    for i, j in _matched(expected, heard, MISSED_MS * rate_hz / 1000):
        anchors += [_Anchor(middle[i][0], inner[j][0]), _Anchor(middle[i][1], inner[j][1])]
    return [*anchors, _Anchor(last, tail), _Anchor(count, samples)]


def _matched(
    expected: Sequence[float], heard: Sequence[float], missed: float
) -> list[tuple[int, int]]:
    """Returns which pauses are which silences: the cheapest pairs in order.

    Args:
        expected, heard: where they are on one axis, in order.
        missed: cost of a pause that has no silence; a silence without a pause costs nothing.
    """
    rows, columns = len(expected) + 1, len(heard) + 1
    cost = np.zeros((rows, columns))
    cost[:, 0] = missed * np.arange(rows)
    for i in range(1, rows):
        for j in range(1, columns):
            pair = cost[i - 1, j - 1] + abs(expected[i - 1] - heard[j - 1])
            cost[i, j] = min(pair, cost[i - 1, j] + missed, cost[i, j - 1])
    pairs: list[tuple[int, int]] = []
    i, j = rows - 1, columns - 1
    while i > 0 and j > 0:
        if cost[i, j] == cost[i, j - 1]:
            j -= 1
        elif cost[i, j] == cost[i - 1, j] + missed:
            i -= 1
        else:
            i, j = i - 1, j - 1
            pairs.append((i, j))
    return pairs[::-1]


def _axis(usual: Sequence[float], anchors: Sequence[_Anchor]) -> tuple[list[float], list[float]]:
    """Returns symbol boundaries and their samples: between anchors, time is shared as is usual."""
    places: list[float] = [0.0]
    samples: list[float] = [0.0]
    for one, two in pairwise(anchors):
        if two.symbol == one.symbol:
            samples[-1] = float(two.sample)
            continue
        part = usual[one.symbol : two.symbol]
        total = sum(part)
        shares = np.cumsum(part) / total if total else np.ones(len(part))  # all to the first
        places += range(one.symbol + 1, two.symbol + 1)
        samples += (one.sample + shares * (two.sample - one.sample)).tolist()
    return places, samples
