"""Where boundaries between sounds are heard: classes, shifts, and what never changes."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.acting.mouth.heard_boundaries import (
    LEAST_MS,
    Segment,
    heard_boundaries,
    segments,
    shift_ms,
    sound_class,
)
from voice_avatar.acting.mouth.viseme_tables import symbol_table
from voice_avatar.events.payloads import PhonemeSpan

RATE_HZ = 1000  # samples are milliseconds
TABLE = symbol_table("en-us")


def spans(*parts: tuple[str, int]) -> list[PhonemeSpan]:
    at, out = 0, []
    for symbol, length in parts:
        out.append(PhonemeSpan(symbol, at, at + length, len(out)))
        at += length
    return out


def starts(*parts: tuple[str, int]) -> list[int]:
    return [span.start for span in heard_boundaries(spans(*parts), TABLE, RATE_HZ)]


def test_a_sound_has_its_marks_before_it_and_its_parts_after_it() -> None:
    plan = spans(("^", 5), ("m", 10), ("ˈ", 20), ("i", 30), ("ː", 40), (" ", 50), ("b", 60))
    assert list(segments(plan, TABLE)) == [
        Segment("m", 5, 15),
        Segment("i", 15, 105),
        Segment("b", 155, 215),
    ]


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        *(("ɑ", "vowel"), ("p", "labial"), ("ɾ", "coronal"), ("ɡ", "velar"), ("h", "fricative")),
        *(("ŋ", "nasal"), ("ɹ", "liquid"), ("w", "glide"), (",", ""), ("ǃ", "")),
    ],
)
def test_sounds_have_classes(symbol: str, name: str) -> None:
    assert sound_class(symbol, TABLE) == name


def test_a_closure_that_was_planned_short_takes_time_from_the_vowel_before_it() -> None:
    vowel, closure = Segment("ɑ", 0, 200), Segment("p", 200, 223)
    assert -40 < shift_ms(vowel, closure, TABLE, RATE_HZ) < -10
    begin = starts(("ɑ", 200), ("p", 23), ("i", 100))
    assert begin[0] == 0
    assert 160 < begin[1] < 190


def test_a_liquid_begins_early_after_a_vowel_and_lasts_into_the_next() -> None:
    begin = starts(("ɑ", 120), ("l", 60), ("i", 120))
    assert begin[1] < 110
    assert begin[2] > 185


def test_pauses_word_gaps_and_sounds_of_no_class_move_nothing() -> None:
    for plan in (
        (("ɑ", 100), (",", 50), ("p", 80)),
        (("ɑ", 100), (" ", 50), ("p", 80)),
        (("ɑ", 100), ("ǃ", 50)),
        (("^", 40), ("$", 30)),
        (("a", 60), ("ɪ", 60)),
        (("m", 7), ("p", 0)),
    ):
        assert heard_boundaries(spans(*plan), TABLE, RATE_HZ) == tuple(spans(*plan))
    assert heard_boundaries((), TABLE, RATE_HZ) == ()


def test_what_is_inside_a_sound_moves_along_with_its_ends() -> None:
    begin = starts(("p", 60), ("ˈ", 40), ("ɑ", 40), ("ː", 40), ("l", 60), (".", 50))
    assert begin[5] == 240
    vowel, end = begin[1], begin[4]
    assert begin[2] - vowel == pytest.approx((end - vowel) / 3, abs=2)
    assert end - begin[3] == pytest.approx((end - vowel) / 3, abs=2)


@given(
    sounds=st.lists(
        st.tuples(
            st.sampled_from([*"ptkɡszmnlɹwjhɑiə", "ː", "ˈ", " ", ",", "^"]), st.integers(0, 300)
        ),
        min_size=1,
        max_size=40,
    )
)
def test_spans_stay_in_order_whole_and_audible(sounds: list[tuple[str, int]]) -> None:
    plan = spans(*sounds)
    moved = heard_boundaries(plan, TABLE, RATE_HZ)
    assert [(s.symbol, s.word) for s in moved] == [(s.symbol, s.word) for s in plan]
    assert (moved[0].start, moved[-1].end) == (plan[0].start, plan[-1].end)
    assert all(one.end == two.start for one, two in pairwise(moved))
    for was, now in zip(segments(plan, TABLE), segments(moved, TABLE), strict=True):
        assert now.end - now.start >= min(LEAST_MS, (was.end - was.start) // 2)
        if was.end > was.start:
            assert now.end > now.start or was.end - was.start < 2
