"""Which sounds belong to which word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.values import assert_explained, assert_plain

from voice_avatar.events.payloads import PhonemeSpan, WordSpan
from voice_avatar.stages.tts import (
    BREAKS,
    NO_WORD,
    TtsCapabilities,
    TtsOptions,
    align_words,
    word_spans,
)


def words_of(symbols: str, *spellings: str) -> list[str]:
    """Returns the symbols of each word."""
    found = align_words(list(symbols), [list(s) for s in spellings])
    assert len(found) == len(symbols)
    return [
        "".join(s for s, w in zip(symbols, found, strict=True) if w == word)
        for word in range(len(spellings))
    ]


def test_words_spelled_the_same_are_found_as_they_are() -> None:
    words = ["wʌt", "juː", "wʊd", "lˈaɪk"]
    assert words_of(" ".join(words) + ".", *words) == words


def test_a_merged_group_is_divided_between_its_words() -> None:
    assert words_of("wˈʌn ʌvðə bˈɛst", "wˈʌn", "ˈʌv", "ðə", "bˈɛst") == [
        "wˈʌn",
        "ʌv",
        "ðə",
        "bˈɛst",
    ]
    assert words_of("aɪɐm hˈɪɹ", "ˈaɪ", "ˈæm", "hˈɪɹ") == ["aɪ", "ɐm", "hˈɪɹ"]


def test_a_word_of_several_groups_keeps_the_gaps_inside() -> None:
    spelled = "ɪn tˈuː θˈaʊzənd twˈɛnti, ðɛn"
    found = words_of(spelled, "ɪn", "tˈuː θˈaʊzənd twˈɛnti", "ðˈɛn")
    assert found == ["ɪn", "tˈuː θˈaʊzənd twˈɛnti", "ðɛn"]


def test_equal_words_stay_in_order() -> None:
    assert words_of("ðə dˈɔɡ ðə kˈæt", "ðə", "dˈɔɡ", "ðə", "kˈæt") == ["ðə", "dˈɔɡ", "ðə", "kˈæt"]


def test_chinese_without_gaps_is_divided() -> None:
    assert words_of("ni2χˈɑu2, wˈo2", "nˈi2", "χˈɑu2", "", "wˈo2") == ["ni2", "χˈɑu2", "", "wˈo2"]


def test_a_dot_inside_a_word_belongs_to_the_word() -> None:
    assert words_of("s.ˈi.5 ma", "s.ˈi.5", "ma") == ["s.ˈi.5", "ma"]


def test_marks_and_gaps_between_words_belong_to_none() -> None:
    found = align_words(list("^a, b.$"), [["a"], ["b"]])
    assert found == (NO_WORD, 0, NO_WORD, NO_WORD, 1, NO_WORD, NO_WORD)


def test_sounds_that_no_word_has_go_to_a_neighbour() -> None:
    assert words_of("xxxab cd", "ab", "cd") == ["xxxab", "cd"]
    assert words_of("ab cdxxx", "ab", "cd") == ["ab", "cdxxx"]


def test_without_words_or_without_sounds_nothing_is_assigned() -> None:
    assert align_words(list("ab"), []) == (NO_WORD, NO_WORD)
    assert align_words([], [["a"]]) == ()
    assert align_words(list(".,"), [["a"]]) == (NO_WORD, NO_WORD)


symbols = st.text("abcd ˈ.,", max_size=25)


@given(row=symbols, spellings=st.lists(symbols, max_size=6))
def test_words_are_in_order_and_each_is_one_stretch(row: str, spellings: list[str]) -> None:
    found = align_words(list(row), [list(s) for s in spellings])
    assert len(found) == len(row)
    inside = [w for w in found if w != NO_WORD]
    assert inside == sorted(inside)
    assert set(inside) <= set(range(len(spellings)))
    for word in set(inside):
        first, last = found.index(word), len(found) - 1 - found[::-1].index(word)
        assert set(found[first : last + 1]) == {word}
        assert row[first] not in BREAKS
        assert row[last] not in BREAKS


@given(st.lists(st.text("abcdˈ", min_size=1, max_size=6), min_size=1, max_size=6))
def test_words_that_are_said_as_they_are_spelled_are_all_found(words: list[str]) -> None:
    assert words_of(" ".join(words), *words) == words


# -- word spans


def spans_of(*parts: tuple[str, int, int]) -> tuple[PhonemeSpan, ...]:
    """Returns spans from (symbol, samples, word)."""
    out: list[PhonemeSpan] = []
    at = 0
    for symbol, samples, word in parts:
        out.append(PhonemeSpan(symbol, at, at + samples, word))
        at += samples
    return tuple(out)


def test_a_word_lasts_from_its_first_sound_to_its_last() -> None:
    spans = spans_of(
        ("^", 10, -1), ("a", 5, 0), ("b", 5, 0), (" ", 3, -1), ("c", 7, 1), ("$", 9, -1)
    )
    assert word_spans(spans, 2) == (WordSpan(0, 10, 20), WordSpan(1, 23, 30))


def test_a_word_without_sound_gets_no_time_where_the_next_begins() -> None:
    spans = spans_of(("^", 10, -1), ("a", 5, 0), (" ", 3, -1), ("c", 7, 2), ("$", 9, -1))
    assert word_spans(spans, 4) == (
        WordSpan(0, 10, 15),
        WordSpan(1, 18, 18),
        WordSpan(2, 18, 25),
        WordSpan(3, 25, 25),
    )


def test_words_of_a_chunk_without_sound_stand_at_its_end() -> None:
    assert word_spans(spans_of((".", 10, -1)), 2) == (WordSpan(0, 10, 10), WordSpan(1, 10, 10))
    assert word_spans((), 1) == (WordSpan(0, 0, 0),)


# -- options


@pytest.mark.parametrize("kind", [TtsCapabilities, TtsOptions])
def test_every_field_is_explained_and_none_can_be_changed(kind: type[object]) -> None:
    assert_plain(kind)
    assert_explained(kind)
