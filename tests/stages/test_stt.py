from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.values import assert_explained, assert_plain

from voice_avatar.stages.stt import (
    SttCapabilities,
    SttOptions,
    guarded_text,
    is_credit,
    normalised,
    trim_loops,
)

OPTIONS = SttOptions()


def guard(text: str, *, avg_logprob: float = -0.2, is_cut: bool = False) -> str:
    return guarded_text(text, avg_logprob=avg_logprob, options=OPTIONS, is_cut=is_cut)


# -- loops ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("looped", "once"),
    [
        ("We are here. " * 4 + "We are", "We are here."),
        ("I said it is late. " * 3, "I said it is late."),
        ("So, and then and then and then and then and then", "So, and then"),
        ("you " * 6, "you"),
        ("B-b-b-b-b-b-b", "B"),
        ("Oh, ha" + "ha" * 20 + "!", "Oh, ha!"),
        ("好的好的好的好的好的", "好的"),
        ("我们走吧，我们走吧，我们走吧，我们走吧，", "我们走吧，"),
    ],
)
def test_a_phrase_said_too_often_in_a_row_is_kept_once(looped: str, once: str) -> None:
    assert trim_loops(looped) == once


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Yes.",
        "No, no, no, no, no!",
        "Tear down the fence! Tear down the fence!",
        "Ask not what your country can do for you; ask what you can do for your country.",
        "Go on now. Go on now. Go on now. Go on",
        "哈哈哈",
        "谢谢谢谢",
    ],
)
def test_what_people_do_say_twice_stays(text: str) -> None:
    assert trim_loops(text) == text


def test_case_and_punctuation_do_not_hide_a_loop() -> None:
    assert trim_loops("We will see. we will see, WE WILL SEE! We will see") == "We will see."


def test_what_follows_a_loop_is_dropped() -> None:
    assert trim_loops("a b c d a b c d a b c d and something else") == "a b c d"


def test_one_repetition_is_a_loop_only_where_the_token_budget_ended_the_text() -> None:
    text = "It returned to its place. It returned to its"
    assert trim_loops(text) == text
    assert trim_loops(text, is_cut=True) == "It returned to its place."


def test_a_last_word_cut_in_half_does_not_hide_a_loop() -> None:
    text = "He came to see the house. He came to see the hou"
    assert trim_loops(text, is_cut=True) == "He came to see the house."


def test_a_text_cut_without_repetition_stays() -> None:
    text = "one two three four five six seven eight"
    assert trim_loops(text, is_cut=True) == text


@given(st.lists(st.sampled_from(["a", "b", "no", "好", "."]), max_size=40), st.booleans())
def test_trimming_keeps_a_beginning_and_is_done_in_one_go(words: list[str], is_cut: bool) -> None:
    text = " ".join(words)
    once = trim_loops(text, is_cut=is_cut)
    assert text.startswith(once)
    assert bool(once) == bool(text)


# -- normalisation ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("  Hello   there. ", "Hello there."),
        ("你好 ， 世界 。", "你好，世界。"),
        ("我 用 Python 写", "我用 Python 写"),
        ("[Music] Hi (laughs) there", "Hi there"),
        ("（笑声）你好【掌声】", "你好"),
        ("♪♪", ""),
        ("*sighs* Well.", "Well."),
        ("- Yes, I do.", "Yes, I do."),
        ("...", ""),
        ("cafe\u0301", "caf\u00e9"),
    ],
)
def test_text_is_shown_without_noise(raw: str, shown: str) -> None:
    assert normalised(raw) == shown


@given(st.text())
def test_normalised_text_has_a_letter_or_is_empty(text: str) -> None:
    shown = normalised(text)
    assert not shown or any(c.isalnum() for c in shown)
    assert shown == shown.strip()


# -- what is rejected -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Thanks for watching!",
        "Thank you so much for watching.",
        "Please subscribe to my channel",
        "Subtitles by the Amara.org community",
        "字幕由Amara.org社区提供",
        "请不吝点赞 订阅 转发 打赏支持明镜与点点栏目",
        "谢谢大家收看",
    ],
)
def test_credits_and_farewells_of_films_are_rejected_however_probable(text: str) -> None:
    assert is_credit(text)
    assert guard(text) == ""


@pytest.mark.parametrize(
    "text",
    ["Thank you.", "Thanks for your help.", "I am watching a film with subtitles.", "谢谢大家"],
)
def test_polite_people_are_heard(text: str) -> None:
    assert guard(text) == text


def test_text_of_poor_probability_is_rejected() -> None:
    assert guard("I'm going to the hotel.", avg_logprob=-1.01) == ""
    assert guard("I'm going to the hotel.", avg_logprob=-0.99) == "I'm going to the hotel."


def test_the_guard_trims_loops_and_normalises() -> None:
    assert guard(" Let us go home. Let us go home. Let us", is_cut=True) == "Let us go home."
    assert guard(" [Applause] ") == ""


# -- options --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [SttCapabilities, SttOptions])
def test_every_field_is_explained_and_none_can_be_changed(kind: type[object]) -> None:
    assert_plain(kind)
    assert_explained(kind)
