"""Roman numerals: which are numbers, and of what kind, as the word before them tells. Pure."""

from __future__ import annotations

import re

LETTERS = r"(?=[IVXLCDM])M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
"""A well-formed numeral as a pattern without groups."""
NUMERAL = rf"{LETTERS}(?!\w)"
"""The same where it is a word."""

_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_RULERS = frozenset(
    "henry louis elizabeth george edward richard william james charles mary john paul pius benedict"
    " gregory leo clement innocent urban francis philip ferdinand frederick wilhelm napoleon"
    " catherine peter alexander nicholas ivan ramses ramesses ptolemy cleopatra darius xerxes"
    " christian gustav carl harald haakon olaf margaret victoria albert leopold juan carlos alfonso"
    " pedro manuel otto umberto constantine justinian theodosius amenhotep thutmose mehmed murad"
    " selim suleiman henri jean charles françois philippe frédéric guillaume nicolas alexandre pie"
    " benoît grégoire léon clément élisabeth édouard jacques catherine pierre king queen pope"
    " emperor tsar roi reine pape".split()
)
_COUNTED = frozenset(
    "chapter part act scene war volume phase section title type level bowl book article appendix"
    " class stage grade tier world rocky fantasy mark episode unit amendment figure table module"
    " chapitre partie acte scène tome guerre livre annexe".split()
)
_WORD_BEFORE = re.compile(r"([^\W\d_]+)[ -]$")


def value(numeral: str) -> int:
    """Returns the number that a numeral is, in capitals."""
    values = [_VALUES[char] for char in numeral]
    pairs = zip(values, [*values[1:], 0], strict=True)
    return sum(-one if one < after else one for one, after in pairs)


def is_ruler(before: str) -> bool:
    """Whether a text ends with the name of people who are told apart by a number."""
    match = _WORD_BEFORE.search(before)
    return match is not None and match[1].lower() in _RULERS and match[1][0].isupper()


def is_number(numeral: str, before: str) -> bool:
    """Whether a numeral behind a text is a number, and no word or letter ("I", "MIX", "X")."""
    match = _WORD_BEFORE.search(before)
    if match is None:
        return False
    word = match[1]
    if word.lower() in _COUNTED:
        return numeral != "I" or word[0].isupper()  # "the part I like"
    if not word[0].isupper() or numeral in ("I", "C", "D", "L", "M"):
        return is_ruler(before) and numeral == "I" and _IS_TITLED.search(before) is not None
    if is_ruler(before):
        return True
    # Others have few: "Apollo XIII" is one, "John Smith MD" and "XXL" are none.
    return len(numeral) > 1 and set(numeral) <= set("IVX")


_IS_TITLED = re.compile(
    r"\b(?:King|Queen|Pope|Emperor|Tsar|Czar|Prince|Princess|[Rr]oi|[Rr]eine|[Pp]ape|[Ee]mpereur)"
    r" \w+ $"
)
