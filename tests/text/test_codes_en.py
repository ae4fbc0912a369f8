"""Digits that are no amount are read one by one."""

from __future__ import annotations

import pytest

from voice_avatar.text.codes_en import is_code
from voice_avatar.text.speakable import speakable


@pytest.mark.parametrize(
    ("text", "before"),
    [("482913", ""), ("1234", "PIN "), ("1234", "code is "), ("911", "Call "), ("90210", "CA "),
     ("4242", "ending in ")],
)  # fmt: skip
def test_what_stands_before_digits_makes_a_code_of_them(text: str, before: str) -> None:
    assert is_code(text, before)


@pytest.mark.parametrize(
    ("text", "before"),
    [("1984", "in "), ("300", "Call "), ("100000", ""), ("1,234", "code "), ("12345", ""),
     ("5", "PIN ")],
)  # fmt: skip
def test_other_numbers_are_numbers(text: str, before: str) -> None:
    assert not is_code(text, before)


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        (
            "5500-0000-0000-0004",
            "five five zero zero, zero zero zero zero, zero zero zero zero, zero zero zero four",
        ),
        ("2021 2022 2023", "twenty twenty-one, twenty twenty-two, twenty twenty-three"),
        ("a 4-4-2", "a four, four, two"),
        ("10 000 steps", "ten thousand steps"),
        ("221B Baker Street", "two twenty-one B Baker Street"),
        ("8B parameters", "eight billion parameters"),
        ("seat 14M", "seat fourteen M"),
        ("1.5M users", "one point five million users"),
        ("555 123 4567", "five five five, one two three, four five six seven"),
        ("5 000 000", "five million"),
    ],
)
def test_groups_of_digits_are_read_by_what_they_are(text: str, spoken: str) -> None:
    assert speakable(text, "en").spoken == spoken
