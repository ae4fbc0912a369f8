"""English numbers in words."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from voice_avatar.text import numbers_en, speakable_zh


@given(st.integers(0, 10**16))
@example(10**16)
def test_every_number_has_words(number: int) -> None:
    assert re.fullmatch(r"[a-z -]+", numbers_en.cardinal(number))
    assert re.fullmatch(r"[a-z -]+", numbers_en.ordinal(number))
    assert re.fullmatch(r"[零一二三四五六七八九十百千万亿兆两]+", speakable_zh.cardinal(number))


def test_a_negative_number_says_so() -> None:
    assert numbers_en.cardinal(-3) == "minus three"
