"""Which words of a chunk stand out."""

from __future__ import annotations

from voice_avatar.acting.gesture.stress import SpokenWord, prominences


def words(*lengths: int, stressed: bool | None = True) -> list[SpokenWord]:
    found, at = [], 0
    for length in lengths:
        found.append(SpokenWord(at, at + length, at, stressed))
        at += length
    return found


def test_of_stressed_words_long_ones_and_the_last_of_a_clause_stand_out() -> None:
    short, long, last = prominences(words(200, 400, 200), (0, 0, 0))
    assert long > last > short > 0


def test_a_word_without_stress_does_not_stand_out() -> None:
    assert prominences(words(200, 900, stressed=False), (0, 0)) == (0.0, 0.0)


def test_without_stress_marks_the_first_and_the_long_stand_out_and_final_lengthening_does_not() -> (
    None
):
    first, plain, long, final = prominences(words(200, 200, 320, 260, stressed=None), (0,) * 4)
    assert long > first > plain
    assert final < first


def test_each_clause_begins_anew() -> None:
    weights = prominences(words(200, 200, 200, 200, stressed=None), (0, 0, 1, 1))
    assert weights[0] == weights[2] > weights[1] == weights[3]


def test_no_words_have_no_prominence() -> None:
    assert prominences((), ()) == ()
