"""How a language without rules in code is read aloud: words as written, numbers by data. Pure.

Cardinals, decimals, percentages, and signs with a name. Everything else that has digits (times,
dates, "B2B") stays as it is written: voices read it, each in its own language and not always well,
but better than a guess.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from voice_avatar.languages import Numbers
from voice_avatar.text.numbers import number_words

Rule = tuple[str, Callable[[re.Match[str]], str]]
"""A pattern, and what its match is spoken as ("" = not at all)."""

_WORD = r"\w(?:[\w'’.,:-]*\w)?"


def rules(numbers: Numbers | None) -> tuple[Rule, ...]:
    """Returns the rules of a language, in the order in which they are tried.

    Args:
        numbers: its number words; None = digits stay as they are written.
    """
    if numbers is None:
        return ((_WORD, _as_written),)
    sign, point = "[-−+]", re.escape(numbers.decimal_sign)
    thousands = f"[{re.escape(numbers.thousands_signs)}]" if numbers.thousands_signs else _NEVER
    number = rf"(?:\d{{1,3}}(?:{thousands}\d{{3}})+(?!\d)|\d+)(?:{point}\d+)?"
    # Not within a word, a time, a date or a number of another country's spelling; such a thing is
    # left whole to the last rule.
    end = r"(?!\w|[.,:/'’-]\d)"
    start = r"(?<![\w.,:/])"

    def say_number(match: re.Match[str]) -> str:
        return number_words(match[0], numbers)

    def say_percent(match: re.Match[str]) -> str:
        return numbers.percent.format(number_words(match[1], numbers))

    return (
        (rf"(?<![\w)])({sign}{number}){_PERCENT}", say_percent),
        (rf"{start}({number}){_PERCENT}", say_percent),
        (rf"(?<![\w)]){sign}{number}{end}", say_number),
        (rf"{start}{number}{end}", say_number),
        # After the numbers, whose "+" and "%" are their own; before the words, some of which are
        # signs ("kg").
        *((written, _said(spoken)) for written, spoken in _signs(numbers.signs)),
        (_WORD, _as_written),
    )


_NEVER = "(?!)"
_PERCENT = r"\s?[%％]"


def _signs(signs: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    """Yields patterns of signs, longest first; a letter at their edge ends or begins a word."""
    for sign in sorted(signs, key=len, reverse=True):
        before = r"(?<!\w)" if sign[0].isalnum() else ""
        after = r"(?!\w)" if sign[-1].isalnum() else ""
        yield f"{before}{re.escape(sign)}{after}", signs[sign]


def _as_written(match: re.Match[str]) -> str:
    return match[0]


def _said(words: str) -> Callable[[re.Match[str]], str]:
    return lambda _: words
