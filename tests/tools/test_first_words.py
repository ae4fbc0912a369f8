"""Whether a reply says anything."""

from __future__ import annotations

from voice_avatar.tools.first_words import FirstWords


def test_nothing_goes_on_until_something_is_said() -> None:
    words = FirstWords()
    assert [words.push(text) for text in (" ", "...", "\n")] == ["", "", ""]
    assert not words.has_come
    assert words.push(" Well") == " ...\n Well"
    assert words.push(".") == "."


def test_a_symbol_is_something() -> None:
    assert FirstWords().push("\U0001f600") == "\U0001f600"


def test_a_call_is_something() -> None:
    words = FirstWords()
    words.push("...")
    assert (words.call(), words.has_come) == ("...", True)
