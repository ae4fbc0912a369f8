"""Full stops that end no sentence. Pure."""

from __future__ import annotations

import re

TITLES = frozenset(
    "dr mr mrs ms prof st mt gen sen rep capt cpt lt col sgt maj rev hon gov pres supt messrs mme"
    " mlle fr vs e.g i.e cf viz approx ca incl excl dept".split()
)
"""Abbreviations that something always follows (lower case, without the last stop)."""

BEFORE_NUMBER = frozenset(
    "no nos fig figs vol p pp ch sec art eq ex ver tel ext jan feb mar apr jun jul aug sep sept oct"
    " nov dec".split()
)
"""Words that a stop abbreviates only before a number ("No. 5", "Jan. 3")."""

EITHER_WAY = frozenset(
    "etc inc ltd co corp bros jr sr esq ave blvd rd hwy al a.m p.m ph.d b.a m.a m.d b.c a.d min max"
    " hr hrs sec est tbsp tsp oz lb lbs ft".split()
)
"""Abbreviations that may end a sentence: they do where the next word is capitalised."""

_OPENERS = "\"'“‘«([（「『"
_LIST_NUMBER = re.compile(r"(?:^|\n)\d{1,3}\.$")


def ends_sentence(text: str, after: str) -> bool:
    """Whether the full stop at the end of `text` ends a sentence.

    Args:
        text: text up to the stop and its closing quotes or brackets, since the last sentence.
        after: the first visible character behind it.
    """
    if _LIST_NUMBER.search(text):
        return False
    stripped = text.rstrip("\"'”’»)]）」』】》〉")
    word = stripped[stripped.rfind(" ") + 1 : -1].split("\n")[-1].lstrip(_OPENERS)
    if is_initials(word) and word != "I":
        return False
    key = word.lower()
    if key in BEFORE_NUMBER and after.isdigit():
        return False
    if key in EITHER_WAY:
        return after.isupper()
    is_quoted = len(stripped) < len(text)
    return key not in TITLES and not (is_quoted and after.islower())


def is_initials(word: str) -> bool:
    """Whether a word (without its last stop) is "J" or "U.S"."""
    return all(len(part) == 1 and part.isalpha() and part.isupper() for part in word.split("."))
