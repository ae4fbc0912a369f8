"""Numbers in words, from the number words of a language."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voice_avatar.languages import Numbers, language
from voice_avatar.text.numbers import cardinal, digits, number_words


def french() -> Numbers:
    numbers = language("fr").numbers
    assert numbers is not None
    return numbers


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zéro"), (16, "seize"), (21, "vingt et un"), (22, "vingt-deux"),
        (70, "soixante-dix"), (71, "soixante et onze"), (77, "soixante-dix-sept"),
        (80, "quatre-vingts"), (81, "quatre-vingt-un"), (99, "quatre-vingt-dix-neuf"),
        (100, "cent"), (101, "cent un"), (200, "deux cents"), (201, "deux cent un"),
        (1000, "mille"), (1999, "mille neuf cent quatre-vingt-dix-neuf"),
        (2024, "deux mille vingt-quatre"), (1_000_000, "un million"),
        (3_000_001, "trois millions un"), (2 * 10**9, "deux milliards"), (-5, "moins cinq"),
        (10**15, "un" + 15 * " zéro"),
    ],
)  # fmt: skip
def test_french_counts_as_the_french_do(number: int, words: str) -> None:
    assert cardinal(number, french()) == words


def test_the_first_hundred_are_a_hundred() -> None:
    assert len(set(french().below_100)) == 100


@given(st.integers(0, 10**16))
@example(10**16)
def test_every_number_has_words(number: int) -> None:
    assert re.fullmatch(r"[a-zé -]+", cardinal(number, french()))


def test_digits_are_said_one_by_one() -> None:
    assert digits("1a02", french()) == "un zéro deux"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("3,14", "trois virgule quatorze"),
        ("3,05", "trois virgule zéro cinq"),
        ("0,0", "zéro virgule zéro"),
        ("3,1416", "trois virgule un quatre un six"),
        ("12 000", "douze mille"),
        ("12\u202f000,5", "douze mille virgule cinq"),
        ("-4", "moins quatre"),
        ("+4", "plus quatre"),
        ("007", "zéro zéro sept"),
        ("1" * 16, " ".join(["un"] * 16)),
    ],
)
def test_written_numbers_are_read_by_the_signs_of_the_language(text: str, words: str) -> None:
    assert number_words(text, french()) == words


def test_a_language_without_scales_spells_what_it_cannot_say() -> None:
    bare = Numbers(
        below_100=tuple(map(str, range(100))), scales=(), minus="-", plus="+", point=".",
        percent="{}", decimal_sign=".", thousands_signs="", is_fraction_spelt=True, signs={},
    )  # fmt: skip
    assert cardinal(99, bare) == "99"
    assert cardinal(120, bare) == "1 2 0"
