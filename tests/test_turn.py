"""Endpointing policy: how long to wait, and what is an interruption."""

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
    is_interruption,
    learned_pause_s,
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
