"""Repeats: what a lost connection sends again is none to tell of, a number that stands still is."""

from __future__ import annotations

from voice_avatar.hearing.repeats import Repeats


def test_two_seconds_that_are_sent_again_are_not_told() -> None:
    repeats = Repeats()
    assert not repeats.note(0, 0.0)
    assert not any(repeats.note(number, 0.02) for number in range(99))


def test_a_number_that_stands_still_is_told_at_once_and_only_once() -> None:
    repeats = Repeats()
    told = [repeats.note(0, 0.02 if n else 0.0) for n in range(100)]
    assert told.count(True) == 1
    assert told.index(True) == 4


def test_more_than_is_ever_sent_again_is_told() -> None:
    repeats = Repeats()
    assert [repeats.note(n, 0.5) for n in range(5)] == [False, False, False, False, True]


def test_a_new_packet_begins_anew() -> None:
    repeats = Repeats()
    assert any(repeats.note(0, 0.02) for _ in range(9))
    repeats.note(1, 0.0)
    assert any(repeats.note(1, 0.02) for _ in range(9))
