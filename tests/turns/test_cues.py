"""What words tell about a turn: listeners' words, open endings, openers, claims, names."""

from __future__ import annotations

import pytest

from voice_avatar.turns.cues import (
    are_few,
    has_claim,
    has_open_ending,
    is_backchannel,
    is_call,
    is_hum,
    is_opener,
    may_go_on,
    words_of,
)


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("Hello, World!", "en", ["hello", "world"]),
        ("mm-hmm… I'M", "en", ["mm-hmm", "i'm"]),
        (" … — ! ", "en", []),
        ("", "en", []),
        ("好的，谢谢。再见！", "zh", ["好的", "谢谢", "再见"]),
    ],
)
def test_words_have_no_case_and_no_punctuation_at_their_edges(
    text: str, language: str, words: list[str]
) -> None:
    assert words_of(text, language) == words


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Mhm.", "en"),
        ("Right, right.", "en"),
        ("Oh, okay, sure", "en"),
        ("", "en"),
        ("嗯。", "zh"),
        ("对对对。", "zh"),
        ("好的，好的", "zh"),
        ("是啊", "zh"),
        ("OK", "zh"),
        ("Okay!", "fr"),
        ("Mm-hmm.", "en"),
        ("M&M.", "en"),
        ("Uh-huh. Uh-huh.", "en"),
        ("Umhum", "en"),
        ("Hmm…", "en"),
        ("Haha.", "en"),
        ("I see.", "en"),
        ("Oh, I see, okay.", "en"),
        ("All right. Makes sense.", "en"),
        ("That's right!", "en"),
        ("Really?", "en"),
        ("Oh my God.", "en"),
        ("真的吗？", "zh"),
        ("嗯，我知道了", "zh"),
        ("原来如此", "zh"),
        ("哈哈哈", "zh"),
    ],
)
def test_listeners_noise_is_a_backchannel(text: str, language: str) -> None:
    assert is_backchannel(text, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Yeah, but why?", "en"),
        ("No.", "en"),
        ("Stop", "en"),
        ("yeah yeah yeah yeah", "en"),
        ("不对", "zh"),
        ("好的，等一下", "zh"),
        ("对对对对对", "zh"),
        ("对，对，对，对", "zh"),
        ("What?", "en"),
        ("Hold on.", "en"),
        ("No way.", "en"),
        ("Mom?", "en"),
        ("Ava!", "en"),
        ("I see a dog", "en"),
        ("I", "en"),
        ("That's right, so why?", "en"),
        ("等一下", "zh"),
        ("对不起", "zh"),
        ("好吗", "zh"),
    ],
)
def test_words_that_mean_something_are_no_backchannel(text: str, language: str) -> None:
    assert not is_backchannel(text, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I went to the", "en"),
        ("So I went home and.", "en"),
        ("Well, um…", "en"),
        ("First,", "en"),
        ("I thi-", "en"),
        ("我想", "zh"),
        ("因为。", "zh"),
        ("首先，", "zh"),
        ("d'abord,", "fr"),
    ],
)
def test_a_text_that_nobody_would_end_so_has_an_open_ending(text: str, language: str) -> None:
    assert has_open_ending(text, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I went home.", "en"),
        ("What is it for?", "en"),
        ("Come in!", "en"),
        ("", "en"),
        ("你在想什么呢？", "zh"),
        ("我要一杯咖啡。", "zh"),
        ("Je suis chez moi", "fr"),
        ("Sono a casa e", "it"),
    ],
)
def test_a_complete_text_has_none(text: str, language: str) -> None:
    assert not has_open_ending(text, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hi.", "en"),
        ("Okay, great, thanks!", "en"),
        ("Well, so, now", "it"),
        ("你好，嗯，好的。", "zh"),
        ("喂？", "zh"),
    ],
)
def test_words_that_people_say_first_are_an_opener(text: str, language: str) -> None:
    assert is_opener(text, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("", "en"),
        ("…", "en"),
        ("", "zh"),
        ("Okay, take it.", "en"),
        ("Hi, hello, hey, okay, well.", "en"),
        ("Sì.", "it"),
        ("Oui, mais non, mais oui.", "fr"),
        ("你好，我要咖啡。", "zh"),
    ],
)
def test_words_that_say_something_are_no_opener(text: str, language: str) -> None:
    assert not is_opener(text, language)


@pytest.mark.parametrize("text", ["Okay, great.", "Yeah", "Oh, I see.", "好的", "嗯，对"])
def test_a_turn_often_begins_with_words_of_assent(text: str) -> None:
    assert may_go_on(text, "zh" if text > "z" else "en")


@pytest.mark.parametrize("text", ["Mm-hmm.", "Oh.", "", "Haha.", "What?", "嗯。", "哦，嗯"])
def test_a_turn_does_not_begin_with_a_hum_and_other_words_are_a_turn(text: str) -> None:
    assert not may_go_on(text, "zh" if text > "z" else "en")


# -- what is no word, and what takes the floor


@pytest.mark.parametrize("word", ["mm-hmm", "uh", "haha", "er", "oh"])
def test_a_sound_that_is_no_word_is_a_hum(word: str) -> None:
    assert is_hum(word, "en")


@pytest.mark.parametrize(
    ("word", "language"), [("yes", "en"), ("me", "en"), ("", "en"), ("好", "zh"), ("oui", "fr")]
)
def test_a_word_is_none(word: str, language: str) -> None:
    assert not is_hum(word, language)


@pytest.mark.parametrize(
    ("text", "language", "takes"),
    [
        ("Okay, stop.", "en", True),
        ("Stopped.", "en", False),
        ("", "en", False),
        ("为什么", "zh", True),
        ("下雨", "zh", False),
        ("Attends !", "fr", True),
        ("La pluie.", "fr", False),
        ("Stop!", "it", True),
    ],
)
def test_one_word_is_enough_to_take_the_floor(text: str, language: str, takes: bool) -> None:
    assert has_claim(words_of(text, language), language) is takes


@pytest.mark.parametrize(
    ("text", "language", "few"),
    [
        ("one two three", "en", True),
        ("one two three four", "en", False),
        ("今天，天气", "zh", True),
        ("今天，天气好", "zh", False),
        ("", "zh", True),
    ],
)
def test_what_is_few_is_counted_in_words_or_in_characters(
    text: str, language: str, few: bool
) -> None:
    assert are_few(words_of(text, language), language) is few


def test_a_name_may_be_misspelt() -> None:
    assert is_call(("Ava",), ["hey", "arva"])
    assert not is_call(("Ava",), ["hey", "bob"])
    assert not is_call((), ["ava"])


def test_a_tag_of_a_region_or_script_is_its_language() -> None:
    assert is_backchannel("对对对。", "zh-Hans-CN")
    assert has_open_ending("I went to the", "en-GB")
