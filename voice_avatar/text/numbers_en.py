"""English numbers in words: what the data of the language (`numbers.toml`) leaves. Pure."""

from __future__ import annotations

import re

from voice_avatar import languages
from voice_avatar.text import numbers

_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth",
    "nine": "ninth", "twelve": "twelfth",
}  # fmt: skip


def cardinal(number: int) -> str:
    """Returns a number in words; digit by digit from 10**15 on."""
    return numbers.cardinal(number, _words())


def ordinal(number: int) -> str:
    """Returns "first", "twenty-second" …"""
    head, joint, last = re.fullmatch(r"(.*?)([ -]?)([a-z]+)", cardinal(number)).groups()  # type: ignore[union-attr]
    if last in _ORDINALS:
        last = _ORDINALS[last]
    else:
        last = last[:-1] + "ieth" if last.endswith("y") else last + "th"
    return head + joint + last


def year(number: int) -> str:
    """Returns a year as it is said: nineteen oh five, two thousand one, twenty twenty-four."""
    century, rest = divmod(number, 100)
    if number % 1000 < 10 or not 1000 <= number < 10_000:
        return cardinal(number)
    if rest == 0:
        return cardinal(century) + " hundred"
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"


def digits(text: str) -> str:
    """Returns the digits of `text` one by one."""
    return numbers.digits(text, _words())


def number_words(text: str) -> str:
    """Reads a written number: "1,234.50", "-3", ".5", "007"."""
    return numbers.number_words(text, _words())


def _words() -> languages.Numbers:
    words = languages.language("en").numbers
    assert words is not None  # package data, checked by tests
    return words
