"""Two spellings of one utterance, sound by sound: IPA of a voice and ARPAbet of an aligner. Pure.

Pairing looks at the symbols alone, never at the times that are to be compared. Dictionaries differ
from what a voice says ("the" may be said with either vowel); where they do, there is no pair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from voice_avatar.acting.mouth.viseme_tables import Kind, SymbolTable
from voice_avatar.events.payloads import PhonemeSpan

FIRST_SYMBOLS: Final[dict[str, str]] = {
    **{"AA": "ɑaɒɔ", "AE": "æa", "AH": "ʌəɐᵻɪ", "AO": "ɔoɑɒ", "AW": "a", "AY": "a", "EH": "ɛe"},
    **{"ER": "ɚɜɝə", "EY": "e", "IH": "ɪᵻiə", "IY": "iɪ", "OW": "oə", "OY": "ɔ", "UH": "ʊuɵ"},
    **{"UW": "uʊ", "B": "b", "CH": "t", "D": "dɾ", "DH": "ð", "F": "f", "G": "ɡ", "HH": "h"},
    **{"JH": "d", "K": "k", "L": "lɫ", "M": "m", "N": "n", "NG": "ŋ", "P": "p", "R": "ɹr"},
    **{"S": "s", "SH": "ʃ", "T": "tɾʔ", "TH": "θ", "V": "v", "W": "w", "Y": "j", "Z": "zs"},
    "ZH": "ʒ",
}
"""Phone of the CMU dictionary -> the IPA symbols with which it may begin (espeak-ng, American)."""

VOWELS: Final = frozenset("AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW".split())

_SKIP_PLANNED_COST: Final = 0.5
"""A symbol that begins nothing: the second half of a diphthong or an affricate."""
_SKIP_HEARD_COST: Final = 1.0


@dataclass(frozen=True, slots=True)
class HeardPhone:
    """A phone where the aligner hears it.

    Attributes:
        name: ARPAbet without stress ("AA", "B", "CH").
        start_s: from the first sample of the recording, seconds.
        end_s: likewise.
        is_word_start: whether a word begins with it.
    """

    name: str
    start_s: float
    end_s: float
    is_word_start: bool = False


@dataclass(frozen=True, slots=True)
class PlannedSound:
    """A symbol with a sound of its own, as the voice planned it (samples).

    Attributes:
        symbol: IPA.
        start: where its time begins, with the stress marks that stand before it.
        onset: where its own symbol begins.
        end: one past its last sample, length marks and the like taken in.
    """

    symbol: str
    start: int
    onset: int
    end: int


def planned_sounds(
    spans: Sequence[PhonemeSpan], table: SymbolTable, offset: int = 0
) -> list[PlannedSound]:
    """Returns the sounds of a plan; gaps, pauses and sentence marks are none.

    Args:
        spans: of a plan.
        table: what its symbols are.
        offset: added to every sample.
    """
    sounds: list[PlannedSound] = []
    waiting: int | None = None
    is_open = False  # whether a part may join the sound before it
    for span in spans:
        symbol = table.aliases.get(span.symbol, span.symbol)
        start, end = span.start + offset, span.end + offset
        match table.kinds.get(symbol, Kind.PART):
            case Kind.VOWEL | Kind.CONSONANT | Kind.NEXT:
                begin = start if waiting is None else waiting
                sounds.append(PlannedSound(symbol, begin, start, end))
                waiting, is_open = None, True
            case Kind.JOINT | Kind.PRIMARY | Kind.SECONDARY:
                waiting = start if waiting is None else waiting
            case Kind.PART | Kind.HOLD if is_open:
                last = sounds[-1]
                sounds[-1] = PlannedSound(last.symbol, last.start, last.onset, end)
            case _:
                waiting, is_open = None, False
    return sounds


def paired(symbols: Sequence[str], phones: Sequence[str]) -> list[tuple[int, int]]:
    """Returns which symbols and phones are the same sound: (symbol index, phone index), in order.

    The pairs are those of the cheapest monotone alignment in which only sounds that
    `FIRST_SYMBOLS` allows are matched.
    """
    rows, columns = len(symbols) + 1, len(phones) + 1
    cost = [[_SKIP_HEARD_COST * j for j in range(columns)]]
    for i in range(1, rows):
        row = [_SKIP_PLANNED_COST * i]
        for j in range(1, columns):
            skipped = min(cost[i - 1][j] + _SKIP_PLANNED_COST, row[j - 1] + _SKIP_HEARD_COST)
            same = _is_same(symbols[i - 1], phones[j - 1])
            row.append(min(skipped, cost[i - 1][j - 1]) if same else skipped)
        cost.append(row)
    pairs: list[tuple[int, int]] = []
    i, j = rows - 1, columns - 1
    while i > 0 and j > 0:
        if _is_same(symbols[i - 1], phones[j - 1]) and cost[i][j] == cost[i - 1][j - 1]:
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif cost[i][j] == cost[i - 1][j] + _SKIP_PLANNED_COST:
            i -= 1
        else:
            j -= 1
    return pairs[::-1]


def _is_same(symbol: str, phone: str) -> bool:
    return symbol[:1] in FIRST_SYMBOLS.get(phone, "") and symbol != ""
