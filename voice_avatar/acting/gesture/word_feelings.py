"""What words feel like: a small table of valence and arousal for each language. Pure.

The tables are hand-made for this project (`data/languages/*/feelings.toml`); they know plain words
of conversation, not irony. A negation in front turns a word around and weakens it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from voice_avatar import languages
from voice_avatar.acting.gesture.rules import phrase

_REACH: Final = 3
"""A negation turns words around that follow within so many words."""
_TURNED: Final = -0.5
"""Factor on the valence of a negated word: "not bad" is less than good."""
_CALMED: Final = 0.5
"""Factor on its arousal."""


@dataclass(frozen=True, slots=True)
class WordFeeling:
    """A word that feels like something.

    Attributes:
        word: index of its first word.
        valence: -1 (unpleasant) .. 1 (pleasant).
        arousal: -1 (calm) .. 1 (excited).
    """

    word: int
    valence: float
    arousal: float


@dataclass(frozen=True, slots=True)
class FeelingTable:
    """The words of a language that feel like something.

    Attributes:
        feelings: phrase -> valence and arousal.
        negations: phrases that turn what follows around.
        inert: phrases that only look like one of the above.
        longest: words of the longest phrase.
    """

    feelings: dict[tuple[str, ...], tuple[float, float]]
    negations: frozenset[tuple[str, ...]]
    inert: frozenset[tuple[str, ...]]
    longest: int


def word_feelings(words: Sequence[str], language: str) -> tuple[WordFeeling, ...]:
    """Returns the words that feel like something, in order.

    Args:
        words: lower case, without punctuation; Han characters one by one.
        language: ISO 639-1; one without a table has none.
    """
    table = feeling_table(language)
    found: list[WordFeeling] = []
    negated_until = -1
    index = 0
    while index < len(words):
        spoken = _phrase_at(words, index, table)
        if spoken in table.negations:
            negated_until = index + len(spoken) + _REACH
        elif spoken in table.feelings:
            valence, arousal = table.feelings[spoken]
            if index < negated_until:
                valence, arousal = valence * _TURNED, arousal * _CALMED
            found.append(WordFeeling(index, valence, arousal))
        index += len(spoken) or 1
    return tuple(found)


def _phrase_at(words: Sequence[str], index: int, table: FeelingTable) -> tuple[str, ...]:
    """Returns the longest phrase of the table that begins there; none = ()."""
    for length in range(min(table.longest, len(words) - index), 0, -1):
        spoken = tuple(words[index : index + length])
        if spoken in table.feelings or spoken in table.negations or spoken in table.inert:
            return spoken
    return ()


@cache
def feeling_table(language: str) -> FeelingTable:
    """Returns the table of a language; an empty one for a language without a file."""
    table = languages.document(language, "feelings.toml")
    return parse(table) if table is not None else FeelingTable({}, frozenset(), frozenset(), 0)


def parse(toml_text: str) -> FeelingTable:
    """Reads a table.

    Raises:
        KeyError, TypeError, ValueError: it is not one (package data is checked by tests).
    """
    data: dict[str, Any] = tomllib.loads(toml_text)
    feelings = {
        phrase(word): (float(group["valence"]), float(group["arousal"]))
        for group in data["feelings"]
        for word in group["words"]
    }
    negations = frozenset(map(phrase, data["negations"]))
    inert = frozenset(map(phrase, data["inert"]))
    return FeelingTable(feelings, negations, inert, max(map(len, (*feelings, *negations, *inert))))
