"""How display text is read aloud, and which spoken words belong to which display word."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voice_avatar.text.markup import is_emoji
from voice_avatar.text.speakable import speakable


def pairs(text: str, language: str) -> list[tuple[str, str]]:
    got = speakable(text, language)
    return [(text[w.start : w.end], got.spoken[w.spoken_start : w.spoken_end]) for w in got.words]


def test_each_display_word_knows_its_spoken_words() -> None:
    assert pairs('On March 5, 2024, I paid "$3.50" — (really) and/or 5 kg!', "en") == [
        ("On", "On"),
        ("March 5, 2024,", "March fifth, twenty twenty-four"),
        ("I", "I"),
        ("paid", "paid"),
        ('"$3.50"', "three dollars and fifty cents"),
        ("(really)", "really"),
        ("and/", "and"),
        ("or", "or"),
        ("5 kg!", "five kilograms"),
    ]


def test_chinese_has_one_word_per_character_and_one_per_latin_run() -> None:
    assert pairs("“我用GPT-4”，花了2000元。", "zh") == [
        ("“我", "我"),
        ("用", "用"),
        ("GPT-4”，", "GPT四"),
        ("花", "花"),
        ("了", "了"),
        ("2000", "两千"),
        ("元。", "元"),
    ]


def test_punctuation_between_words_goes_to_the_word_that_it_closes_or_opens() -> None:
    assert pairs("yes(no)—so", "en") == [("yes", "yes"), ("(no)—", "no"), ("so", "so")]


_ODD = st.sampled_from(
    [
        *"0123456789.,:/-%$€°CFk#@&*_[]()<>=+~^'\"|²½Ⅷ①😀👍好的年月a Zé\u0301\n…—！？。，٣３一℃",
        "km",
        "http://",
        "pm",
        "e.g.",
    ]
)


@given(
    st.lists(_ODD, max_size=25).map("".join) | st.text(max_size=60), st.sampled_from(["en", "zh"])
)
@example("2024-13-45 99:99 $.5.5 1/0 0/0 +1-2-3 5'", "en")
@example("1/0 ¥¥5 --3 99:99 2024-99-99", "zh")
def test_nothing_unspeakable_reaches_the_voice(text: str, language: str) -> None:
    got = speakable(text, language)
    assert not re.search(r"[\d*_#`\[\](){}<>|/\\@&=+~^$%\"]", got.spoken)
    assert not any(char.isnumeric() and not char.isalpha() for char in got.spoken)
    assert not any(is_emoji(char) for char in got.spoken)


@given(
    st.lists(_ODD, max_size=25).map("".join) | st.text(max_size=60),
    st.sampled_from(["en", "zh", "fr", "it"]),
)
def test_spans_cover_the_words_in_order(text: str, language: str) -> None:
    got = speakable(text, language)
    display = spoken = 0
    rest = []
    for word in got.words:
        assert display <= word.start < word.end <= len(text)
        assert spoken <= word.spoken_start < word.spoken_end <= len(got.spoken)
        rest.append(text[display : word.start] + got.spoken[spoken : word.spoken_start])
        display, spoken = word.end, word.spoken_end
    rest.append(got.spoken[spoken:])
    # Only pauses are outside the words of `spoken`, and no ordinary letter is outside of `text`'s.
    assert not re.search(r"[a-zA-Z0-9\u4e00-\u9fff]", "".join(rest))


@pytest.mark.parametrize("language", ["en", "zh", "fr", "it"])
@pytest.mark.parametrize("text", ["1" * 5000, "1" * 5000 + "th", "9," * 500, "1/" * 500, "." * 500])
def test_no_length_of_number_is_too_much(text: str, language: str) -> None:
    assert len(speakable(text, language).spoken) <= 7 * len(text)
