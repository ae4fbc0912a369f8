"""How English dates and times are read aloud: patterns, and what a match says. Pure."""

from __future__ import annotations

import re

from voice_avatar.text.numbers_en import cardinal, ordinal, year

_MONTHS = (
    "January February March April May June July August September October November December"
).split()
MONTH = (
    r"(?:Jan(?:uary|\.)?|Feb(?:ruary|\.)?|Mar(?:ch|\.)?|Apr(?:il|\.)?|May|June?|Jun\.|July?|Jul\."
    r"|Aug(?:ust|\.)?|Sept?(?:ember|\.)?|Oct(?:ober|\.)?|Nov(?:ember|\.)?|Dec(?:ember|\.)?)"
)
"""A month, whole or cut, as a pattern without groups."""


def _month(text: str) -> str:
    return next(month for month in _MONTHS if month.startswith(text[:3]))


def _date(year_text: str | None, month: str, day: str) -> str:
    said = f"{month} {ordinal(int(day))}"
    return f"{said}, {year(int(year_text))}" if year_text else said


def iso_date(match: re.Match[str]) -> str:
    """Reads "2024-03-05"."""
    return _date(match[1], _MONTHS[int(match[2]) - 1], match[3])


def slash_date(match: re.Match[str]) -> str:
    """Reads "3/5/2024", month first, or day first where no month has the number."""
    first, second = int(match[1]), int(match[2])
    month, day = (first, second) if first <= 12 else (second, first)
    full_year = match[3] if len(match[3]) == 4 else "20" + match[3]
    return _date(full_year, _MONTHS[month - 1], str(day))


def month_day(match: re.Match[str]) -> str:
    """Reads "March 5, 2024", "Mar. 5th"."""
    return _date(match[3], _month(match[1]), match[2])


_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
DAY = r"(?:Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)"
"""A day of the week, cut short, as a pattern without groups."""


def days(match: re.Match[str]) -> str:
    """Reads "Mon.-Fri."."""
    first, last = (
        next(day for day in _DAYS if day.startswith(name[:3])) for name in match.groups()
    )
    return f"{first} to {last}"


def month_days(match: re.Match[str]) -> str:
    """Reads "May 5-7", "June 3–5, 2024"."""
    said = f"{_month(match[1])} {ordinal(int(match[2]))} to {ordinal(int(match[3]))}"
    return f"{said}, {year(int(match[4]))}" if match[4] else said


def season(match: re.Match[str]) -> str:
    """Reads "2023/24"."""
    return f"{year(int(match[1]))} {cardinal(int(match[2]))}"


def day_month(match: re.Match[str]) -> str:
    """Reads "5 March 2024", "5th of March"."""
    return _date(match[3], _month(match[2]), match[1])


HALF = r"(?:\s?([AaPp])\.?[Mm]\b\.?)"
"""The half of the day as a pattern: its letter is the group."""
CLOCK = r"([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?(?!\d)"
"""A time as a pattern: hour, minute and second are groups."""


def _half(letter: str | None) -> str:
    return f" {letter.upper()}M" if letter else ""


def _clock(hour: str, minute: str, second: str | None, half: str | None) -> str:
    if second and second != "00":
        seconds = f" and {cardinal(int(second))} second{'' if second == '01' else 's'}"
        return _clock(hour, minute, None, None) + seconds + _half(half)
    if minute == "00":
        return cardinal(int(hour)) + (_half(half) or " o'clock")
    said = f"oh {cardinal(int(minute))}" if minute[0] == "0" else cardinal(int(minute))
    return f"{cardinal(int(hour))} {said}{_half(half)}"


def time_of_day(match: re.Match[str]) -> str:
    """Reads "10:05", "3:00 pm"."""
    return _clock(match[1], match[2], match[3], match[4])


def time_range(match: re.Match[str]) -> str:
    """Reads "10:00-11:30"."""
    first = _clock(match[1], match[2], match[3], match[4])
    return f"{first} to {_clock(match[5], match[6], match[7], match[8])}"


def hour(match: re.Match[str]) -> str:
    """Reads "3 pm"."""
    return cardinal(int(match[1])) + _half(match[2])


def hour_range(match: re.Match[str]) -> str:
    """Reads "3-4 pm"."""
    first = cardinal(int(match[1])) + _half(match[2])
    return f"{first} to {cardinal(int(match[3]))}{_half(match[4])}"
