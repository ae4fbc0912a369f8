"""Digits that are no amount: telephones, cards, codes, house numbers. English, pure."""

from __future__ import annotations

import re

from voice_avatar.text.numbers_en import cardinal, digits, number_words, year

_CODE_BEFORE = re.compile(
    r"\b(?:pin|codes?|passcode|password|zip|cvv|cvc|ending|account|card|order|ticket|tracking|dial"
    r"|call|text|id|ssn|isbn|iban|extension|ext|phone|tel|number|confirmation|serial|otp|digits"
    r"|(?-i:[A-Z]{2}))\W*(?:(?:is|are|was|no|in|at|to|number)\b\W*)*$",
    re.IGNORECASE,
)
_STATE_BEFORE = re.compile(r"\b[A-Z]{2} $")
_PLACE_BEFORE = re.compile(
    r"\b(?:apartments?|apts?|seats?|rooms?|gates?|units?|suites?|flats?|rows?|platforms?|buildings?"
    r"|blocks?|sections?|exits?|halls?|booths?|lockers?|tables?|class|models?|bus|routes?|type"
    r"|highway|numbers?|no|and|door|floor|bay|stand|zone)\W*$",
    re.IGNORECASE,
)
_LONG = 6
"""A number of so many digits without commas, and not a round one, is a code."""

_EMERGENCY = frozenset("911 112 999 988 311 411 511 611 711 811 211 000".split())


def is_code(text: str, before: str) -> bool:
    """Whether digits behind a text are spelt.

    Args:
        text: digits and nothing else.
        before: the text of the group before them.
    """
    if not text.isdigit():
        return False
    if len(text) >= _LONG and not text.endswith("000"):
        return True
    if len(text) == 5 and _STATE_BEFORE.search(before):
        return True
    if text in _EMERGENCY:
        return re.search(r"(?i)\b(?:call|dial|text|ring)\W*$", before) is not None
    if len(text) == 3:
        return re.search(r"(?i)\b(?:cvv|cvc|code|pin|passcode)\W*(?:is )?$", before) is not None
    return len(text) > 3 and _CODE_BEFORE.search(before) is not None


def _groups(text: str) -> list[str]:
    return re.findall(r"\d+", text)


def digit_groups(match: re.Match[str]) -> str:
    """Reads groups of digits one by one, with a short pause between groups."""
    said = ", ".join(digits(group) for group in _groups(match[0]))
    return ("plus " if match[0].startswith("+") else "") + said


def spaced_groups(match: re.Match[str]) -> str:
    """Reads three groups or more: a card, a telephone, a list of years or of small numbers."""
    groups = _groups(match[0])
    total = sum(map(len, groups))
    if all(len(group) == 4 and 1900 <= int(group) <= 2099 for group in groups):
        return ", ".join(year(int(group)) for group in groups)
    is_spelt = total >= 9 or groups[0][0] == "0"
    return ", ".join(digits(group) if is_spelt else cardinal(int(group)) for group in groups)


def parted_thousands(match: re.Match[str]) -> str:
    """Reads "10 000": a space where others write a comma."""
    return number_words(match[0].replace(" ", ""))


def zip_code(match: re.Match[str]) -> str:
    """Reads "90210-1234": the dash is not said."""
    return f"{digits(match[1])}, {digits(match[2])}"


def house(match: re.Match[str]) -> str:
    """Reads "221B" before a name: two twenty-one B."""
    number, letter = match[1], match[2].upper()
    if len(number) == 3 and number[1] != "0":
        return f"{cardinal(int(number[0]))} {cardinal(int(number[1:]))} {letter}"
    return f"{cardinal(int(number))} {letter}"


def lettered(match: re.Match[str], scale: str) -> str:
    """Reads "14M" or "8B": a seat or a great number, as what stands around it tells."""
    number, letter = match[1], match[2]
    before, after = match.string[: match.start()], match.string[match.end() :]
    is_place = (
        _PLACE_BEFORE.search(before) is not None
        or re.match(r" (?:[A-Z]|\d+(?:st|nd|rd|th))", after) is not None
        or (letter == "B" and "." not in number and not re.match(r" [a-z]", after))
    )
    if is_place and number.isdigit():
        return house(match)
    return f"{number_words(number)} {scale}"


def dashed(match: re.Match[str]) -> str:
    """Reads "1-2-3" and "978-3-16": numbers where they are few and short, else digits."""
    return spaced_groups(match)
