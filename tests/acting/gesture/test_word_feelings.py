"""What words feel like."""

from __future__ import annotations

import pytest

from voice_avatar.acting.gesture.rules import phrase
from voice_avatar.acting.gesture.word_feelings import feeling_table, word_feelings
from voice_avatar.languages import codes


def signs(text: str, language: str) -> list[int]:
    return [1 if a.valence > 0 else -1 for a in word_feelings(phrase(text), language)]


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("that is wonderful", "en", [1]),
        ("that is not good", "en", [-1]),
        ("it was not a bad day", "en", [1]),
        ("not only good but great", "en", [1, 1]),
        ("i am so sorry for your loss", "en", [-1]),
        ("good morning to all", "en", []),
        ("the train leaves at nine", "en", []),
        ("我很高兴见到你", "zh", [1]),
        ("我不高兴", "zh", [-1]),
        ("这个不错", "zh", [1]),
        ("他去世了大家很难过", "zh", [-1, -1]),
        ("你好", "zh", []),
        ("能不能告诉我", "zh", []),
        ("buongiorno", "it", []),
    ],
)
def test_words_feel_like_something(text: str, language: str, expected: list[int]) -> None:
    assert signs(text, language) == expected


def test_a_negated_word_is_weaker_than_its_opposite() -> None:
    (good,), (not_good,) = word_feelings(["good"], "en"), word_feelings(["not", "good"], "en")
    assert -good.valence < not_good.valence < 0


def test_a_negation_does_not_reach_far() -> None:
    assert signs("no i really am very happy", "en") == [1]


@pytest.mark.parametrize("language", codes())
def test_the_tables_hold_places_in_the_plane(language: str) -> None:
    table = feeling_table(language)
    assert len(table.feelings) > 90
    assert all(-1 <= v <= 1 and -1 <= a <= 1 for v, a in table.feelings.values())
    assert all(len(words) <= table.longest for words in table.inert)
    assert not table.negations & set(table.feelings)
    assert not table.inert & set(table.feelings)
