from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.values import assert_explained, assert_plain

from voice_avatar.stages.stt import (
    SttCapabilities,
    SttOptions,
    guarded_text,
    has_repeat,
    is_credit,
    normalised,
    trim_loops,
    without_repeats,
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


@pytest.mark.parametrize(
    "text",
    [
        "No no no no no no, take me to the other museum.",
        "My PIN is 1 1 1 1 1 1 and my name is Lee.",
        "Go left, go left, go left, go left, go left, then stop.",
        "Non non non non non non, l'autre musée.",
        "不不不不不不不，去别的博物馆",
    ],
)
def test_what_follows_repeated_words_is_never_cut(text: str) -> None:
    for audio_s in (None, 0.1, 4.0):
        assert trim_loops(text, audio_s=audio_s) == text


@pytest.mark.parametrize("text", ["My PIN is 1 1 1 1 1 1", "五五五 五五五 5 5 5 5 5 5"])
def test_digits_are_dictated_as_often_as_they_are_needed(text: str) -> None:
    assert trim_loops(text) == text


@pytest.mark.parametrize(
    ("text", "audio_s"), [("No, no, no, no, no, no!", 1.5), ("好的好的好的好的好的", 2.0)]
)
def test_what_can_be_said_in_its_time_is_no_loop(text: str, audio_s: float) -> None:
    assert trim_loops(text, audio_s=audio_s) == text
    assert trim_loops(text, audio_s=0.2) != text
    assert trim_loops(text, audio_s=audio_s, is_cut=True) != text


@pytest.mark.parametrize(
    ("text", "apart", "once"),
    [
        ("It is 206 555 0147 0147", "It is 206. Bye bye bye. 0147.", "It is 206 555 0147"),
        (
            "What time is it? Should I get a dog or a cat? Should I get a dog or a cat?",
            "What time is it? Should I get a dog or cat?",
            "What time is it? Should I get a dog or a cat?",
        ),
        ("Tear it down now! Tear it down now!", "Tear it down. Tear it down now!", None),
        ("It is 555 555", "It is 555. 555.", None),
        ("现在几点？我要猫，我要猫", "现在几点 我要猫", "现在几点？我要猫"),
    ],
)
def test_a_repeat_stays_where_it_is_heard_apart_too(
    text: str, apart: str, once: str | None
) -> None:
    assert has_repeat(text)
    assert without_repeats(text, apart).rstrip("，") == (once or text)


@pytest.mark.parametrize(
    "text", ["", "Bye bye bye bye, see you.", "Go left, go left, go left.", "5 5 5 5", "very very"]
)
def test_short_words_that_people_repeat_are_not_looked_at(text: str) -> None:
    assert not has_repeat(text)


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
        ("(206) 555-0143", "(206) 555-0143"),
        ("My sister (the older one) left.", "My sister (the older one) left."),
        ("(speaking in a foreign tongue)", ""),
        ("(rires) Je vois.", "Je vois."),
        ("2 * 3 * 4", "2 * 3 * 4"),
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
    [
        "Thank you for watching my dog last weekend. Can you do it again on Friday?",
        "Please subscribe me to the weekly newsletter.",
        "Are there subtitles by default?",
        "Merci d'avoir regardé mes enfants hier soir.",
        "Abonnez-vous au journal pour moi.",
        "谢谢你收看我的狗",
        "这个字幕由谁来翻译？请告诉我，我还想知道别的很多很多很多很多事情，也想知道一些其他有关的人",
    ],
)
def test_real_sentences_with_the_words_of_a_credit_are_heard(text: str) -> None:
    assert not is_credit(text)
    assert guard(text) == text


def test_a_credit_said_by_a_voice_is_heard() -> None:
    said = "Thanks for watching!"
    assert guarded_text(said, avg_logprob=-0.1, options=OPTIONS, no_speech=0.02) == said
    assert guarded_text(said, avg_logprob=-0.1, options=OPTIONS, no_speech=0.7) == ""


@pytest.mark.parametrize(
    "text",
    ["Thank you.", "Thanks for your help.", "I am watching a film with subtitles.", "谢谢大家"],
)
def test_polite_people_are_heard(text: str) -> None:
    assert guard(text) == text


def test_text_of_poor_probability_is_rejected() -> None:
    assert guard("I'm going to the hotel.", avg_logprob=-1.01) == ""
    assert guard("I'm going to the hotel.", avg_logprob=-0.99) == "I'm going to the hotel."


def test_a_voice_is_heard_where_its_words_are_hard_to_tell() -> None:
    def spoken(avg_logprob: float) -> str:
        return guarded_text("So be it.", avg_logprob=avg_logprob, options=OPTIONS, no_speech=0.1)

    assert spoken(-1.9) == "So be it."
    assert spoken(-2.1) == ""


def test_the_guard_trims_loops_and_normalises() -> None:
    assert guard(" Let us go home. Let us go home. Let us", is_cut=True) == "Let us go home."
    assert guard(" [Applause] ") == ""


# -- options --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [SttCapabilities, SttOptions])
def test_every_field_is_explained_and_none_can_be_changed(kind: type[object]) -> None:
    assert_plain(kind)
    assert_explained(kind)
