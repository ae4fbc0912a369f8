"""Which words of a chunk stand out."""

from __future__ import annotations

from kit.acting_examples import chunk

from voice_avatar.acting.gesture.stress import SpokenWord, prominences, spoken_words
from voice_avatar.events.payloads import PhonemeSpan, SpeechPlan, WordSpan


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


def test_secondary_stress_then_the_first_vowel_then_the_word_stand_in_for_primary_stress() -> None:
    text = chunk("one two three four")
    spans = (
        PhonemeSpan("w", 0, 10, 0),
        PhonemeSpan("ˌ", 10, 20, 0),
        PhonemeSpan("ʌ", 20, 40, 0),
        PhonemeSpan("t", 40, 60, 1),
        PhonemeSpan("uː", 60, 80, 1),
        PhonemeSpan("s", 80, 100, 2),
        PhonemeSpan("ˈɔ", 100, 120, 3),
        PhonemeSpan("x", 120, 130, 9),
    )
    words = (*(WordSpan(i, a, b) for i, a, b in [(0, 0, 40), (1, 40, 80), (2, 80, 100)]),
             WordSpan(9, 0, 1))  # fmt: skip
    got = spoken_words(text, SpeechPlan(120, spans, words))
    assert [word.anchor for word in got] == [10, 60, 80, 100]
    assert [word.is_stressed for word in got] == [False, False, False, True]


def test_a_stress_mark_without_a_vowel_is_the_anchor_itself() -> None:
    text = chunk("hm")
    spans = (PhonemeSpan("h", 0, 10, 0), PhonemeSpan("ˈ", 10, 20, 0), PhonemeSpan("m", 20, 30, 0))
    assert spoken_words(text, SpeechPlan(30, spans, ()))[0].anchor == 10


def test_without_phonemes_words_spread_over_the_audio_by_their_length() -> None:
    text = chunk("aaaa bbbbb")
    first, second = spoken_words(text, SpeechPlan(1000, (), (), is_exact=False))
    assert (first.start, first.end) == (0, 400)
    assert (second.start, second.end, second.anchor) == (500, 1000, 500)
    assert second.is_stressed is None
    given_first, _ = spoken_words(text, SpeechPlan(1000, (), (WordSpan(0, 7, 70),)))
    assert (given_first.start, given_first.anchor) == (7, 7)
