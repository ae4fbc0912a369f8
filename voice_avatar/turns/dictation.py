"""Whether somebody is dictating: a number, a spelling, an address. Pure.

Who dictates pauses after each group, for as long as the other needs to write it down, and every
group sounds like an end: "My number is 206." The words alone tell. What is dictated is a *run* at
the end of the text, of numbers ("206 555"), numerals ("double seven") and single letters ("L E E",
"J-O-H-N"):

    all of the text, or what follows an announcement ("my number is")   dictated
    at the end of another sentence ("I was born in 1987.")              not, unless it is long
    as many digits as such a number has (a telephone: 10 or 11)         it is over

An address has no run, but an announcement, or a number and a street at its end.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from voice_avatar import languages
from voice_avatar.turns.cues import is_opener, words_of

_NUMBER = re.compile(r"[#+]?\d[\d.,/-]*[a-z]?")
"""No time of day ("7:30")."""
_SPELT = re.compile(r"[^\W\d_](?:[-.][^\W\d_]?)*")
"""A letter, or some that a recogniser has joined: "l", "l.e.e", "j-o-h-n"."""

_WHOLE: Final = frozenset({10, 11, 15, 16})
"""Digits of a telephone number, and of a payment card."""

_CARD: Final = frozenset({15, 16})

_LONE_DIGITS: Final = 3
"""A number of fewer digits, alone, is more often an answer ("25.") than the beginning of one."""

_LONE: Final = 0.6
"""Share of the patience that such a number gets."""

_LONG_RUN: Final = 3
_LONG_DIGITS: Final = 5
"""A run of so many numbers, or digits in two or more, is dictated whatever stands before it."""

_COUNT: Final = 0.6
"""Share of numerals that come right after the one before, where somebody counts."""

_ADDRESS_WORDS: Final = 4
"""Words after the number in which a street has its name."""


def dictation(text: str, language: str, *, goes_on: bool = False) -> float:
    """Returns how much of the patience with dictations a pause after a text deserves, 0..1.

    Args:
        text: of the turn so far.
        language: of it.
        goes_on: whether the turn before it was part of a dictation.
    """
    if not text or text.rstrip(" \"'”’").endswith(("?", "？")):
        return 0.0
    words = _parts(text, language)
    run = _run(words, language)
    before, said = words[: len(words) - run], words[len(words) - run :]
    cues = languages.language(language).cues
    announced = list(cues.dictations.finditer(text.casefold()))
    is_address = bool(announced) and cues.addresses.search(announced[-1].group()) is not None
    if is_address or _ends_in_street(words, language):
        return 0.0 if is_address and _has_zip(words) else 1.0
    digits = sum(map(_digits, said))
    if announced and digits in (_CARD if "card" in announced[-1].group() else _WHOLE):
        return 0.0
    if digits in _WHOLE and run:
        return 0.0
    if announced and (run or len(_parts(text[announced[-1].end() :], language)) <= 1):
        return 1.0
    if not run or _is_count(said, cues.numerals):
        return 0.0
    is_all = not before or is_opener(" ".join(before), language) or _is_lead(before, language)
    is_spelt = all(_SPELT.fullmatch(word) and word not in cues.numerals for word in said)
    letters = sum(len(re.findall(r"[^\W\d_]", word)) for word in said) if is_spelt else 0
    if is_spelt and not goes_on:
        return 1.0 if letters > 1 else 0.0
    if goes_on and is_all:
        return 1.0
    if is_all:
        is_group = digits >= _LONE_DIGITS or run > 1 or said[0].startswith(("0", "〇", "零"))
        return 1.0 if is_group else _LONE
    is_long = run >= _LONG_RUN or (run > 1 and digits >= _LONG_DIGITS)
    return 1.0 if is_long else 0.0


def is_dictated(text: str, language: str) -> bool:
    """Returns whether words are numbers or letters, which nobody says only to show interest."""
    words = _parts(text, language)
    run = _run(words, language)
    is_letter = run == 1 and _SPELT.fullmatch(words[-1]) is not None and len(words[-1]) == 1
    has_number = any(any(map(str.isdigit, word)) for word in words)
    return has_number or (run > 0 and run == len(words) and not is_letter)


def _parts(text: str, language: str) -> list[str]:
    """Returns the words; where there are no spaces, numbers and numerals are words too."""
    known = languages.language(language)
    if known.has_spaces:
        return [word.strip("()") for word in words_of(text.replace("(", " "), language)]
    numerals = re.escape("".join(word for word in known.cues.numerals if len(word) == 1))
    pattern = rf"\d[\d.,:/-]*|[{numerals}]|[a-z]+|[^\W\d_]"
    return re.findall(pattern, "".join(text.casefold().split(" ")))


def _run(words: list[str], language: str) -> int:
    """Returns how many of the last words are numbers, numerals or letters."""
    numerals = languages.language(language).cues.numerals
    has_spaces = languages.language(language).has_spaces
    run = 0
    for word in reversed(words):
        is_letter = _SPELT.fullmatch(word) is not None and (has_spaces or word.isascii())
        if not (_NUMBER.fullmatch(word) or is_letter or _is_numeral(word, numerals)):
            break
        run += 1
    return run


def _is_count(words: list[str], numerals: tuple[str, ...]) -> bool:
    """Returns whether somebody counts ("one two three"), which is no number."""
    places = [numerals.index(word) if word in numerals else -1 for word in words]
    steps = [after - before for before, after in pairwise(places)]
    return len(steps) > 1 and min(places) > 0 and steps.count(1) >= _COUNT * len(steps)


def _is_numeral(word: str, numerals: tuple[str, ...]) -> bool:
    return word in numerals or (
        "-" in word and all(part in numerals for part in word.split("-") if part)
    )


def _digits(word: str) -> int:
    """Returns how many digits a word of a run is; a numeral is one."""
    return sum(map(str.isdigit, word)) or int(_SPELT.fullmatch(word) is None or not word.isascii())


def _is_lead(words: list[str], language: str) -> bool:
    """Returns whether words only lead to what is dictated ("it's", "then")."""
    return " ".join(words) in languages.language(language).cues.leads


def _ends_in_street(words: list[str], language: str) -> bool:
    """Returns whether a text ends with a number and a street."""
    known = languages.language(language)
    tail = words[-_ADDRESS_WORDS - 1 :] if known.has_spaces else words[-12:]
    has_number = any(_NUMBER.fullmatch(word) or word in known.cues.numerals for word in tail)
    joiner = " " if known.has_spaces else ""
    return has_number and known.cues.streets.search(joiner.join(tail)) is not None


def _has_zip(words: list[str]) -> bool:
    """Returns whether an address has a second number, of so many digits as those of towns have."""
    numbers = [word for word in words if _NUMBER.fullmatch(word)]
    return len(numbers) > 1 and any(sum(map(str.isdigit, word)) >= 4 for word in numbers)
