"""Roman numerals: which are numbers."""

from __future__ import annotations

import re

import pytest

from voice_avatar.text import roman


@pytest.mark.parametrize(
    ("numeral", "value"),
    [("I", 1), ("IV", 4), ("VIII", 8), ("XIV", 14), ("XL", 40), ("LVIII", 58), ("MCMXCIX", 1999)],
)
def test_a_numeral_is_a_number(numeral: str, value: int) -> None:
    assert re.fullmatch(roman.NUMERAL, numeral)
    assert roman.value(numeral) == value


@pytest.mark.parametrize("text", ["IIII", "VX", "IC", "ABC", "i", ""])
def test_what_is_not_well_formed_is_none(text: str) -> None:
    assert not re.fullmatch(roman.NUMERAL, text)


@pytest.mark.parametrize(
    ("numeral", "before"),
    [("VIII", "Henry "), ("II", "World War "), ("V", "George "), ("IV", "Rocky "),
     ("XIII", "Apollo "), ("I", "Queen Elizabeth "), ("X", "chapter ")],
)  # fmt: skip
def test_a_numeral_behind_a_name_or_a_counted_thing_is_a_number(numeral: str, before: str) -> None:
    assert roman.is_number(numeral, before)


@pytest.mark.parametrize(
    ("numeral", "before"),
    [("I", "Then "), ("I", ""), ("C", "Vitamin "), ("MD", "Smith "), ("X", "Malcolm "),
     ("IV", "an "), ("MIX", "The "), ("I", "Tell James ")],
)  # fmt: skip
def test_a_letter_or_a_word_is_none(numeral: str, before: str) -> None:
    assert not roman.is_number(numeral, before)


def test_rulers_are_told_apart_from_things() -> None:
    assert roman.is_ruler("Henry ")
    assert not roman.is_ruler("Chapter ")
    assert not roman.is_ruler("henry ")
