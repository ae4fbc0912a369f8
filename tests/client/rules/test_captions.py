"""Which word of a caption is heard."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.client.rules.captions import (
    Spoken,
    time_heard_ms,
    utf16_units,
    word_at,
)

TEXT = "Hi 😀 you"
WORDS = [("Hi", 100.0, 300.0, 0), ("😀", 400.0, 500.0, 3), ("you", 500.0, 800.0, 5)]


def test_what_is_heard_lags_behind_what_was_played_by_the_loudspeakers_delay() -> None:
    assert time_heard_ms(24_000, 24_000) == 1000
    assert time_heard_ms(24_000, 24_000, 80.0) == 920
    assert time_heard_ms(0, 24_000, 80.0) == -80


@pytest.mark.parametrize(
    ("t_ms", "spoken"),
    [
        (-80.0, Spoken(-1, False, 0, 0)),
        (99.9, Spoken(-1, False, 0, 0)),
        (100.0, Spoken(0, True, 2, 2)),
        (300.0, Spoken(0, False, 2, 2)),  # between two words the last one stays marked
        (450.0, Spoken(1, True, 4, 5)),  # an emoji has two UTF-16 units
        (500.0, Spoken(2, True, 8, 9)),
        (9e9, Spoken(2, False, 8, 9)),
    ],
)
def test_the_last_word_that_began_is_marked(t_ms: float, spoken: Spoken) -> None:
    assert word_at(TEXT, WORDS, t_ms) == spoken


def test_without_words_none_is_marked() -> None:
    assert word_at("Hi", [], 1000.0) == Spoken(-1, False, 0, 0)


@given(st.text())
def test_a_text_has_as_many_utf16_units_as_a_javascript_string(text: str) -> None:
    assert utf16_units(text) == sum(2 if ord(char) > 0xFFFF else 1 for char in text)
