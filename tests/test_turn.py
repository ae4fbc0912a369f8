"""Endpointing policy: how long to wait, what is a backchannel, what is an interruption."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.events import Transcript
from voice_avatar.turn import (
    InterruptOptions,
    TurnOptions,
    claims_turn,
    commit_delay_s,
    has_open_ending,
    is_backchannel,
    is_interruption,
    is_opener,
    learned_pause_s,
    may_go_on,
    words_of,
)

OPTIONS = TurnOptions(
    min_silence_s=0.2,
    max_silence_s=1.4,
    plain_silence_s=0.7,
    sure_probability=0.9,
    doubt_probability=0.1,
    open_ending_s=1.1,
    interrupt=InterruptOptions(speech_s=0.7, any_s=1.8),
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
    ],
)
def test_a_complete_text_has_none(text: str, language: str) -> None:
    assert not has_open_ending(text, language)


@pytest.mark.parametrize(
    ("probability", "delay_s"),
    [(1.0, 0.2), (0.9, 0.2), (0.5, 0.8), (0.1, 1.4), (0.0, 1.4), (None, 0.7)],
)
def test_the_surer_the_turn_model_the_shorter_the_wait(
    probability: float | None, delay_s: float
) -> None:
    assert commit_delay_s(OPTIONS, probability, "I went home.", "en") == pytest.approx(delay_s)


def test_an_open_ending_lengthens_the_wait_of_a_sure_model_and_shortens_none() -> None:
    assert commit_delay_s(OPTIONS, 0.95, "I went home and", "en") == 1.1
    assert commit_delay_s(OPTIONS, 0.0, "I went home and", "en") == pytest.approx(1.4)
    assert commit_delay_s(OPTIONS, 0.95, "", "en") == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("text", "language", "probability", "delay_s"),
    [
        ("I would like a", "en", 0.0, 1.4),  # an open ending
        ("produced the block books", "en", 0.95, 0.8),  # no mark at its end
        ("我要一杯咖啡", "zh", 0.95, 0.8),
        ("Okay, great.", "en", 0.95, 0.7),  # words that only open a turn
        ("好的，好的。", "zh", 0.95, 0.7),
        ("Okay, take it.", "en", 0.95, 0.2),
        ("我要咖啡。", "zh", 0.95, 0.2),
        ("How old is it?", "en", 0.0, 0.6),  # a question
        ("你好吗？", "zh", 0.0, 0.6),
        ("How old is it?", "en", 0.95, 0.2),
        ("And she said: 'No.' ", "en", 0.95, 0.2),  # a mark within quotes
        ("他说：“我去。”", "zh", 0.95, 0.2),
        ("Did she ask “why not?”", "en", 0.0, 0.6),
        ("Because of the um.", "en", 0.95, 1.1),  # a mark after an open ending
        ("我想", "zh", 0.95, 1.1),
        ("So where is the...", "en", 0.95, 1.1),
        ("嗯。", "zh", 0.95, 1.1),
        ("Okay", "en", 0.95, 0.8),  # the longest of several
        ("Okay?", "en", 0.0, 1.4),  # an opener is no question
        ("你好", "zh", 0.0, 1.4),
        ("Hmm?", "en", None, 0.7),
        ("I went home.", "en", None, 0.7),
        ("What is it?", "en", None, 0.6),
        ("I went home and", "en", None, 1.1),
    ],
)
def test_the_words_correct_the_wait(
    text: str, language: str, probability: float | None, delay_s: float
) -> None:
    assert commit_delay_s(OPTIONS, probability, text, language) == pytest.approx(delay_s)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hi.", "en"),
        ("Okay, great, thanks!", "en"),
        ("Well, so, now", "fr"),
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
        ("Oui.", "fr"),
        ("你好，我要咖啡。", "zh"),
    ],
)
def test_words_that_say_something_are_no_opener(text: str, language: str) -> None:
    assert not is_opener(text, language)


@pytest.mark.parametrize("text", ["I went home", "Okay.", "What is it?", "I went home and", ""])
@given(st.floats(0, 1), st.floats(0, 1))
def test_whatever_the_words_more_probability_never_means_a_longer_wait(
    text: str, first: float, second: float
) -> None:
    less, more = sorted((first, second))
    waits = [commit_delay_s(OPTIONS, p, text, "en") for p in (less, more)]
    assert waits[0] >= waits[1]


@given(
    st.lists(st.one_of(st.none(), st.floats(0, 10)), max_size=30),
    st.floats(0, 1),
)
def test_whatever_is_learned_stays_below_the_longest_silence(
    pauses: list[float | None], rate: float
) -> None:
    options = replace(OPTIONS, learning_rate=rate)
    known_s = 0.0
    for pause_s in pauses:
        before_s, known_s = known_s, learned_pause_s(options, known_s, pause_s)
        assert 0.0 <= known_s <= options.max_silence_s
        assert known_s <= before_s if pause_s is None else known_s >= before_s


def test_patience_stretches_every_wait() -> None:
    patient = replace(OPTIONS, patience=2.0)
    for probability in (0.0, 0.5, 0.95, None):
        plain_s = commit_delay_s(OPTIONS, probability, "I went home.", "en")
        assert commit_delay_s(patient, probability, "I went home.", "en") == 2 * plain_s


def test_pauses_that_were_mistaken_for_an_end_are_learned_and_slowly_forgotten() -> None:
    once_s = learned_pause_s(OPTIONS, 0.0, 0.7)
    twice_s = learned_pause_s(OPTIONS, once_s, 0.7)
    assert once_s == pytest.approx(0.4)
    assert once_s < twice_s < 0.8
    assert learned_pause_s(OPTIONS, twice_s, 0.2) == twice_s
    assert 0 < learned_pause_s(OPTIONS, twice_s, None) < twice_s
    assert learned_pause_s(OPTIONS, 0.0, 60.0) <= OPTIONS.max_silence_s
    assert learned_pause_s(replace(OPTIONS, learning_rate=0.0), 0.0, 0.7) == 0.0


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_any_thresholds_give_a_wait_within_the_bounds(
    probability: float, sure: float, doubt: float
) -> None:
    options = TurnOptions(sure_probability=sure, doubt_probability=doubt)
    delay_s = commit_delay_s(options, probability, "I went home.", "en")
    assert options.min_silence_s <= delay_s <= options.max_silence_s + 1e-9


@given(st.floats(0, 1), st.floats(0, 1))
def test_more_probability_never_means_a_longer_wait(first: float, second: float) -> None:
    less, more = sorted((first, second))
    waits = [commit_delay_s(OPTIONS, p, "I went home.", "en") for p in (less, more)]
    assert waits[0] >= waits[1]


@pytest.mark.parametrize("text", ["Okay, great.", "Yeah", "Oh, I see.", "好的", "嗯，对"])
def test_a_turn_often_begins_with_words_of_assent(text: str) -> None:
    assert may_go_on(text, "zh" if text > "z" else "en")


@pytest.mark.parametrize("text", ["Mm-hmm.", "Oh.", "", "Haha.", "What?", "嗯。", "哦，嗯"])
def test_a_turn_does_not_begin_with_a_hum_and_other_words_are_a_turn(text: str) -> None:
    assert not may_go_on(text, "zh" if text > "z" else "en")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Bye.", "en"),
        ("Emma Chen.", "en"),
        ("And make it", "en"),
        ("Mhm.", "en"),
        ("", "en"),
        ("下雨", "zh"),
        ("嗯", "zh"),
    ],
)
def test_a_few_words_that_the_recogniser_does_not_trust_claim_no_turn(
    text: str, language: str
) -> None:
    assert not claims_turn(OPTIONS, text, language, OPTIONS.interrupt.logprob - 0.01)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Stop.", "en"),
        ("No.", "en"),
        ("Wait", "en"),
        ("What?", "en"),
        ("Okay, stop.", "en"),
        ("Shut up.", "en"),
        ("Go to the castle", "en"),
        ("停", "zh"),
        ("为什么", "zh"),
        ("今天天气好", "zh"),
    ],
)
def test_words_that_take_the_floor_and_whole_phrases_do_so_however_badly_they_are_heard(
    text: str, language: str
) -> None:
    assert claims_turn(OPTIONS, text, language, -0.99)


@pytest.mark.parametrize(
    ("text", "is_call"),
    [("Ava!", True), ("Arva.", True), ("Ask Ava", True), ("Bob.", False), ("Abba", False)],
)
def test_to_call_the_avatar_claims_the_turn_even_if_its_name_is_misspelt(
    text: str, is_call: bool
) -> None:
    options = replace(OPTIONS, interrupt=replace(OPTIONS.interrupt, names=("Ava",)))
    assert claims_turn(options, text, "en", -0.9) is is_call


@pytest.mark.parametrize("text", ["Bye.", "Ava.", "Fish.", "Castles."])
@pytest.mark.parametrize("logprob", [0.0, -0.4, OPTIONS.interrupt.logprob])
def test_words_that_were_heard_well_claim_the_turn(text: str, logprob: float) -> None:
    assert claims_turn(OPTIONS, text, "en", logprob)


@pytest.mark.parametrize(
    ("speech_s", "text", "is_one"),
    [
        (0.3, None, False),
        (0.7, None, True),
        (0.3, "Wait", True),
        (1.5, "", False),
        (1.5, "Mhm.", False),
        (1.5, "…", False),
        (1.8, "Mhm.", True),
        (9.0, "", False),
    ],
)
def test_words_or_length_make_an_interruption_and_a_backchannel_does_not(
    speech_s: float, text: str | None, is_one: bool
) -> None:
    heard = None if text is None else Transcript(text)
    assert is_interruption(OPTIONS, speech_s, heard, "en") is is_one


def test_while_the_reply_is_paused_there_is_more_time_for_the_words() -> None:
    assert not is_interruption(OPTIONS, 1.7, None, "en", is_paused=True)
    assert is_interruption(OPTIONS, 1.8, None, "en", is_paused=True)
    assert is_interruption(OPTIONS, 0.3, Transcript("Wait."), "en", is_paused=True)


def test_a_guess_of_the_recogniser_interrupts_by_its_length_alone() -> None:
    guess = Transcript("Bye, mom.", avg_logprob=-0.8)
    assert not is_interruption(OPTIONS, 1.7, guess, "en")
    assert is_interruption(OPTIONS, 1.8, guess, "en")
