"""How English dates and times are read aloud."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.text import dates_en
from voice_avatar.text.speakable import speakable

_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_SLASHES = re.compile(r"(\d+)/(\d+)/(\d+)")
_CLOCK = re.compile(dates_en.CLOCK + dates_en.HALF + "?")


def said(pattern: re.Pattern[str], text: str, read: object) -> str:
    match = pattern.fullmatch(text)
    assert match is not None
    assert callable(read)
    return str(read(match))


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("3/5/2024", "March fifth, twenty twenty-four"),
        ("13/5/2024", "May thirteenth, twenty twenty-four"),  # no 13th month: the day is first
        ("12/12/24", "December twelfth, twenty twenty-four"),
        ("1/2/05", "January second, two thousand five"),
    ],
)
def test_a_date_with_slashes_has_its_month_first_where_it_can(text: str, spoken: str) -> None:
    assert said(_SLASHES, text, dates_en.slash_date) == spoken


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("10:05", "ten oh five"),
        ("3:00", "three o'clock"),
        ("3:00 pm", "three PM"),
        ("12:30a.m.", "twelve thirty AM"),
        ("24:00:59", "twenty-four o'clock and fifty-nine seconds"),
    ],
)
def test_a_time_is_read_by_its_hour_and_minute(text: str, spoken: str) -> None:
    assert said(_CLOCK, text, dates_en.time_of_day) == spoken


@pytest.mark.parametrize("text", ["25:00", "10:60", "10:5"])
def test_what_no_clock_shows_is_no_time(text: str) -> None:
    assert _CLOCK.fullmatch(text) is None


def test_a_month_is_one_whole_or_cut() -> None:
    whole = [date(2024, month, 1).strftime("%B") for month in range(1, 13)]
    for name in [*whole, "Jan.", "Sept.", "Sep", "Jun.", "Jul.", "Dec"]:
        assert re.fullmatch(dates_en.MONTH, name), name
    for name in ["may", "Mai", "Janu", "Marc"]:
        assert not re.fullmatch(dates_en.MONTH, name), name


@given(st.dates(date(1000, 1, 1), date(9999, 12, 31) - timedelta(days=1)))
def test_a_date_is_read_the_same_however_it_is_written(day: date) -> None:
    spoken = said(_ISO, day.isoformat(), dates_en.iso_date)
    assert spoken.startswith(day.strftime("%B "))
    assert spoken == said(_SLASHES, f"{day.month}/{day.day}/{day.year}", dates_en.slash_date)
    written = f"{day.strftime('%B')} {day.day}, {day.year}"
    assert speakable(written, "en").spoken == spoken
    assert speakable(f"{day.day} {day.strftime('%B')} {day.year}", "en").spoken == spoken
