"""Formulas and elements that begin in a text and do not end in it."""

from __future__ import annotations

import pytest

from voice_avatar.text.spans import is_open


@pytest.mark.parametrize(
    "text",
    [r"$x = 1", r"so $\frac{1}{2} +", r"\(a +", r"\[ a", "$$ a = b", "式$x", '<a href="x',
     "<break", '<say-as interpret-as="date"', "<!-- not", "$2n +", "$(a + b)", r"\textbf{very",
     r"\frac{\sqrt{x + 1} +",
     "<pre>for x in y:\n  print(x)", r"\begin{align} a &= b"],
)  # fmt: skip
def test_a_formula_or_element_is_open_until_it_ends(text: str) -> None:
    assert is_open(text)


@pytest.mark.parametrize(
    "text",
    ["$5", "$5 and $10", "$5M", "$1,234.50 or", "US$5", "$x$", r"\(a\)", "$$a$$", "a < b", "x <y",
     '<a href="x">', "<!-- a -->", "$AAPL is", "$" + "x " * 200, r"\textbf{so}",
     "<pre>a</pre>", r"\begin{align} a \end{align}", "plain"],
)  # fmt: skip
def test_prices_comparisons_and_what_has_ended_are_not(text: str) -> None:
    assert not is_open(text)
