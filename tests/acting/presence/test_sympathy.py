"""What the face does at what is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.acting.presence.options import BodyOptions
from voice_avatar.acting.presence.sympathy import Sympathy


def faces(text: str, language: str = "en") -> list[str]:
    """Returns what the face does at a whole text."""
    face = Sympathy(BodyOptions())
    return [cue.lexeme for cue in face.read(text, len(text), language, 100.0)]


@pytest.mark.parametrize(
    ("text", "language", "face"),
    [
        ("I am so happy today!", "en", "smile"),
        ("That was hilarious, I laughed all night.", "en", "smile"),
        ("My grandmother died last week.", "en", "sad"),
        ("I was terrified.", "en", "brow_frown"),
        ("今天我很开心。", "zh", "smile"),
        ("我很难过。", "zh", "sad"),
    ],
)
def test_the_face_shares_what_is_told(text: str, language: str, face: str) -> None:
    assert faces(text, language) == [face]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What time is it?", "en"),
        ("What is it good for?", "en"),
        ("No problem.", "en"),
        ("你好。", "zh"),
        ("Ich bin so traurig.", "de"),
        ("", "en"),
    ],
)
def test_plain_words_leave_it_as_it_is(text: str, language: str) -> None:
    assert faces(text, language) == []


def test_a_negation_is_heard() -> None:
    assert faces("I am not happy.") == ["sad"]


def test_bad_news_outweighs_good_news_that_is_told_with_it() -> None:
    assert faces("The party was wonderful, and then my dog died.") == ["sad"]


def test_words_that_may_still_change_are_not_read() -> None:
    face = Sympathy(BodyOptions())
    assert face.read("I am happy", 0, "en", 100.0) == []
    assert face.read("I am happy", 5, "en", 101.0) == []
    assert face.read("I am sadly", 8, "en", 102.0) == []  # "sad" is only its beginning
    assert face.read("I am happy now", 11, "en", 103.0) != []


def test_a_word_moves_the_face_once_in_a_turn() -> None:
    face = Sympathy(BodyOptions())
    text = "I am happy today and tomorrow"
    assert face.read(text, 17, "en", 100.0) != []
    assert face.read(text, len(text), "en", 110.0) == []
    face.begin()
    assert face.read(text, 17, "en", 120.0) != []


def test_the_face_comes_to_rest_between_two_answers() -> None:
    face = Sympathy(BodyOptions())
    assert face.read("I am happy", 10, "en", 100.0) != []
    face.begin()
    assert face.read("He died", 7, "en", 102.0) == []


def test_a_lively_face_moves_more() -> None:
    calm, lively = Sympathy(BodyOptions(energy=0.0)), Sympathy(BodyOptions(energy=1.0))
    (small,) = calm.read("I am happy", 10, "en", 100.0)
    (large,) = lively.read("I am happy", 10, "en", 100.0)
    assert small.amplitude < large.amplitude


@given(st.text(max_size=80), st.integers(0, 90), st.sampled_from(["en", "zh", "fr"]))
def test_whatever_is_said_the_face_takes_it(text: str, stable: int, language: str) -> None:
    cues = Sympathy(BodyOptions()).read(text, stable, language, 100.0)
    assert all(0 < cue.amplitude <= 1 for cue in cues)
