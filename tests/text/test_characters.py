"""Which characters end and open what is written."""

from __future__ import annotations

from voice_avatar.text.characters import CLOSERS, MARKS, QUOTES, WIDE_MARKS, is_han


def test_han_characters_are_those_written_without_spaces() -> None:
    assert is_han("好")
    assert is_han("の")
    assert is_han("\U00020000")
    assert not is_han("a")
    assert not is_han("，")


def test_marks_that_need_no_space_behind_them_are_those_of_han() -> None:
    assert WIDE_MARKS < MARKS
    assert not any(mark.isascii() for mark in WIDE_MARKS)
    assert not MARKS & (CLOSERS | QUOTES)
