"""Formulas are said as people say them, or named, and never misread."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar import languages
from voice_avatar.text import speakable_zh
from voice_avatar.text.latex import formula
from voice_avatar.text.numbers_en import number_words


def english(source: str) -> str:
    maths = languages.language("en").maths
    assert maths is not None
    return formula(source, maths, number_words)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (r"x = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}",
         "x equals minus b plus or minus the square root of b squared minus four a c, "
         "all over two a"),
        ("x^2 + y^2 = z^2", "x squared plus y squared equals z squared"),
        (r"\frac12", "one over two"),
        (r"\sum_{i=1}^{n} i^3", "the sum from i equals one to n of i cubed"),
        (r"\int_0^1 f(x)\,dx", "the integral from zero to one of f of x d x"),
        (r"\lim_{x \to \infty} x", "the limit as x to infinity of x"),
        (r"\prod_k a_k", "the product over k of a sub k"),
        ("e^{i\\pi} + 1 = 0", "e to the power of i pi plus one equals zero"),
        (r"\sqrt[3]{8}", "the root of order three of eight"),
        (r"90^\circ", "ninety degrees"),
        ("f'(x) = |x|", "f prime x equals the absolute value of x"),
        (r"\left( a + b \right)^2", "open parenthesis a plus b close parenthesis squared"),
        (r"\text{speed} \leq 3", "speed less than or equal to three"),
        (r"\sin 2x", "sine two x"),
        ("-5 < x", "minus five less than x"),
        ("a, b", "a, b"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_formula_is_read_with_every_sign_in_it(source: str, said: str) -> None:
    assert english(source) == said


@pytest.mark.parametrize(
    "source",
    [r"\begin{matrix} a \end{matrix}", r"\vec{x}", r"\frac{1}", "a}", "{a", r"\text{a + b}", "x ^",
     r"\unknown", "(" * 40 + "x" + ")" * 40, "x + " * 100 + "x", r"\left. x"],
)  # fmt: skip
def test_a_formula_that_is_not_understood_is_named(source: str) -> None:
    expected = "x" if source == r"\left. x" else "a formula"
    assert english(source) == expected


def test_each_language_has_its_own_order() -> None:
    maths = languages.language("zh").maths
    assert maths is not None
    assert formula(r"\frac{1}{2} \geq x^2", maths, speakable_zh.number_words) == (
        "二分之一大于等于x的平方"
    )


@given(st.text(r"\fracsqtxy{}^_()[]|+-=12,. ", max_size=40))
def test_no_formula_is_too_odd(source: str) -> None:
    assert not set(english(source)) & set(r"\{}^_|+=")
