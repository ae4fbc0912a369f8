"""Numbers in words, for every language whose folder has number words. Pure.

A number is taken apart by the greatest scale in it, again and again: 2 300 is two of "thousand" and
what is left, three of "hundred" and nothing. That is how most languages count that borrowed from
Europe or India; what counts otherwise (Mandarin, with its zeros between) has a scanner of its own.
"""

from __future__ import annotations

from voice_avatar.languages import Numbers


def cardinal(number: int, numbers: Numbers) -> str:
    """Returns a number in words; digit by digit from 1000 times the greatest scale on."""
    if number < 0:
        return f"{numbers.minus} {cardinal(-number, numbers)}"
    scales = numbers.scales
    if number >= 1000 * (scales[0].value if scales else 1):
        return digits(str(number), numbers)
    for scale in scales:
        if number >= scale.value:
            count, rest = divmod(number, scale.value)
            if count == 1:
                said = scale.one
            else:
                said = (scale.followed if rest else scale.many).format(cardinal(count, numbers))
            return f"{said} {cardinal(rest, numbers)}" if rest else said
    return numbers.below_100[number] if number < 100 else digits(str(number), numbers)


def digits(text: str, numbers: Numbers) -> str:
    """Returns the digits of `text` one by one."""
    return " ".join(numbers.below_100[int(char)] for char in text if char.isdecimal())


def number_words(text: str, numbers: Numbers) -> str:
    """Reads a written number: "1,234.50", "-3", ".5", "007"; the signs are the language's."""
    first = text[:1]
    sign = f"{numbers.minus} " if first and first in "-−" else ""
    if first == "+":
        sign = f"{numbers.plus} "
    bare = "".join(char for char in text.lstrip("+-−") if char not in numbers.thousands_signs)
    whole, point, fraction = bare.partition(numbers.decimal_sign)
    # A leading zero makes it a code, and a code is spelt.
    is_code = (len(whole) > 1 and whole[0] == "0") or len(whole) > _LONGEST
    said = digits(whole, numbers) if is_code else cardinal(int(whole or "0"), numbers)
    if point and fraction:
        said += f" {numbers.point} {_fraction(fraction, numbers)}"
    return sign + said


_LONGEST = 15
"""Digits of the longest number that is not spelt: beyond the trillions nobody follows."""

_READ_WHOLE = 3
"""Digits of the longest fraction that is read as a number, where a language does that."""


def _fraction(text: str, numbers: Numbers) -> str:
    """Reads the digits behind the point; zeros in front are said before a number ("zéro cinq")."""
    rest = text.lstrip("0")
    if numbers.is_fraction_spelt or not rest or len(text) > _READ_WHOLE:
        return digits(text, numbers)
    zeros = digits(text[: len(text) - len(rest)], numbers)
    return f"{zeros} {cardinal(int(rest), numbers)}".lstrip()
