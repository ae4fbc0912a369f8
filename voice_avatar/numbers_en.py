"""English numbers in words. Pure."""

from __future__ import annotations

import re

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
    " fifteen sixteen seventeen eighteen nineteen"
).split()
_TENS = ". . twenty thirty forty fifty sixty seventy eighty ninety".split()
_SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"))
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth",
    "nine": "ninth", "twelve": "twelfth",
}  # fmt: skip


def cardinal(number: int) -> str:
    """Returns a number in words; digit by digit from 10**15 on."""
    if number < 0:
        return "minus " + cardinal(-number)
    if number >= 10**15:
        return digits(str(number))
    for scale, name in _SCALES:
        if number >= scale:
            rest = number % scale
            return f"{cardinal(number // scale)} {name}" + (f" {cardinal(rest)}" if rest else "")
    if number >= 100:
        rest = number % 100
        return f"{_ONES[number // 100]} hundred" + (f" {cardinal(rest)}" if rest else "")
    if number >= 20:
        rest = number % 10
        return _TENS[number // 10] + (f"-{_ONES[rest]}" if rest else "")
    return _ONES[number]


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
    return " ".join(_ONES[int(char)] for char in text if char.isdecimal())


def number_words(text: str) -> str:
    """Reads a written number: "1,234.50", "-3", ".5", "007"."""
    sign = "minus " if text[:1] in "-−" else "plus " if text[:1] == "+" else ""
    whole, point, fraction = text.lstrip("+-−").replace(",", "").partition(".")
    is_code = (len(whole) > 1 and whole[0] == "0") or len(whole) > 15
    words = digits(whole) if is_code else cardinal(int(whole or "0"))
    return sign + words + (f" point {digits(fraction)}" if point and fraction else "")
