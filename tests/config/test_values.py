"""Values of options: from text, from TOML, and what their types are called."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.config.values import checked, parsed, type_name

Mode = Literal["auto", "manual"]
Names = tuple[str, ...]
Times = tuple[float, ...]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("true", bool, True),
        (" ON ", bool, True),
        ("1", bool, True),
        ("No", bool, False),
        ("0", bool, False),
        ("-7", int, -7),
        (" 0.5 ", float, 0.5),
        ("3", float, 3.0),
        (" two words ", str, "two words"),
        ("", str, ""),
        ("auto", Mode, "auto"),
        ("a, b ,c", Names, ("a", "b", "c")),
        ("", Names, ()),
        ("0.18, 1,", Times, (0.18, 1.0)),
    ],
)
def test_a_text_is_read_as_its_kind(text: str, kind: Any, value: object) -> None:
    got = parsed(text, kind)
    assert (got, type(got)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("maybe", bool),
        ("", bool),
        ("1.5", int),
        ("a lot", float),
        ("nan", float),
        ("inf", float),
        ("Auto", Mode),
        ("0.1, soon", Times),
    ],
)
def test_a_text_of_another_kind_is_refused(text: str, kind: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the loader tells of it in its own words
        parsed(text, kind)


@pytest.mark.parametrize(
    ("value", "kind", "taken"),
    [
        (True, bool, True),
        (3, int, 3),
        (3, float, 3.0),
        (0.5, float, 0.5),
        ("x", str, "x"),
        ("manual", Mode, "manual"),
        (["a"], Names, ("a",)),
        ([1, 0.5], Times, (1.0, 0.5)),
        ([], Times, ()),
    ],
)
def test_a_value_of_toml_is_taken_as_its_kind(value: object, kind: Any, taken: object) -> None:
    got = checked(value, kind)
    assert (got, type(got)) == (taken, type(taken))


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (1, bool),
        (True, int),
        (True, float),
        (1.0, int),
        ("1", int),
        (1, str),
        ("a", Names),
        ([1], Names),
        (["a"], Times),
        (float("nan"), float),
        (float("-inf"), float),
        ("both", Mode),
        (None, str),
    ],
)
def test_a_value_of_another_kind_is_refused(value: object, kind: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        checked(value, kind)


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53))
def test_a_number_is_the_same_by_text_and_by_toml(number: float) -> None:
    assert parsed(repr(number), float) == checked(number, float)


def test_types_are_called_as_people_call_them() -> None:
    assert type_name(bool) == "true or false"
    assert type_name(int) == "a whole number"
    assert type_name(float) == "a number"
    assert type_name(str) == "a text"
    assert type_name(Names) == "a list of texts"
    assert type_name(Times) == "a list of numbers"
    assert type_name(Mode) == '"auto" or "manual"'
