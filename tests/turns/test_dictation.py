"""Numbers, spellings and addresses: who dictates pauses, and is waited for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from kit.listener_talk import TURN, Talk, committed

from voice_avatar.events.inputs import Endpointing
from voice_avatar.turns.dictation import dictation, is_dictated
from voice_avatar.turns.facts import BargeIn, TurnDropped

PATIENT = replace(TURN, dictation_s=2.4, max_segment_s=25.0)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("206.", "en"),
        ("My phone number is 206.", "en"),
        ("My phone number is 206 555", "en"),
        ("My phone number is", "en"),
        ("Call me at 206.", "en"),
        ("My card number is 4111 1111", "en"),
        ("It is 555.", "en"),
        ("Double 7.", "en"),
        ("1 1 1 1", "en"),
        ("one one one one", "en"),
        ("two zero six", "en"),
        ("My PIN is one two three four", "en"),
        ("L.E.E.", "en"),
        ("My name is Lee. L-E-E", "en"),
        ("It's spelled S M I T H", "en"),
        ("221 B Baker Street.", "en"),
        ("My address is 12 Main Street, Springfield.", "en"),
        ("06.", "fr"),
        ("Mon numéro, c'est le 06 12.", "fr"),
        ("zéro six.", "fr"),
        ("Ça s'écrit D U P O N T.", "fr"),
        ("J'habite au 12 rue de la Paix.", "fr"),
        ("138。", "zh"),
        ("我的电话是138", "zh"),
        ("一三八。", "zh"),
        ("我的地址是北京路12号。", "zh"),
    ],
)
def test_who_is_in_the_middle_of_a_dictation_is_waited_for(text: str, language: str) -> None:
    assert dictation(text, language) == 1.0


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("", "en"),
        ("Yes.", "en"),
        ("I was born in 1987.", "en"),
        ("What happened in 1999?", "en"),
        ("It's 7:30.", "en"),
        ("I want to book a room for two.", "en"),
        ("Go forward ten meters.", "en"),
        ("I have two cats and three dogs.", "en"),
        ("My PIN is 1 1 1 1 1 1 and my name is Lee.", "en"),
        ("One two three.", "en"),
        ("Testing, one two three. One two three.", "en"),
        ("un deux trois", "fr"),
        ("一二三四", "zh"),
        ("I.", "en"),
        ("J'ai 25 ans.", "fr"),
        ("Il est 10.", "fr"),
        ("我今年二十五岁。", "zh"),
        ("星期一。", "zh"),
        ("今天怎么样？", "zh"),
    ],
)
def test_a_number_in_a_sentence_is_no_dictation(text: str, language: str) -> None:
    assert dictation(text, language) == 0.0


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("My phone number is 206 555 0147", "en"),
        ("(206) 555-0147.", "en"),
        ("1 206 555 0147", "en"),
        ("My card number is 4111 1111 1111 1111.", "en"),
        ("My address is 12 Main Street, Springfield, 62704.", "en"),
        ("06 12 34 56 78.", "fr"),
        ("我的电话是13812345678。", "zh"),
    ],
)
def test_a_number_that_is_whole_is_answered_at_once(text: str, language: str) -> None:
    assert dictation(text, language) == 0.0


def test_a_small_number_alone_is_more_often_an_answer() -> None:
    assert 0.0 < dictation("25.", "en") < 1.0
    assert dictation("25.", "en", goes_on=True) == 1.0


@pytest.mark.parametrize(
    ("text", "language", "is_so"),
    [
        ("555", "en", True),
        ("five five five", "en", True),
        ("L E E", "en", True),
        ("Mm-hmm.", "en", False),
        ("I", "en", False),
        ("That one", "en", False),
        ("douze", "fr", True),
        ("五五五", "zh", True),
        ("好的", "zh", False),
    ],
)
def test_numbers_and_letters_are_told_from_a_listener_s_words(
    text: str, language: str, is_so: bool
) -> None:
    assert is_dictated(text, language) is is_so


def test_a_number_in_groups_is_one_turn_with_all_its_digits() -> None:
    talk = Talk(PATIENT)
    for said in ("My phone number is 206.", "My phone number is 206 555"):
        talk.speak(0.96)
        talk.hush(0.064)
        talk.text(said)
        talk.score(0.99)
        assert committed(talk.hush(2.0)) == []
    talk.speak(0.96)
    talk.hush(0.064)
    talk.text("My phone number is 206 555 0147")
    talk.score(0.99)
    assert committed(talk.hush(0.3)) == [("My phone number is 206 555 0147", "semantic")]


def group_over_reply(text: str, logprob: float) -> Talk:
    """The first group was taken for all, and the next comes over the reply."""
    talk = Talk(replace(PATIENT, dictation_s=0.5))
    talk.speak(0.96)
    talk.hush(0.064)
    talk.text("It is 206.")
    talk.score(0.99)
    assert committed(talk.hush(0.6)) == [("It is 206.", "semantic")]
    talk.is_over_reply = True
    talk.speak(0.6)
    talk.hush(0.064)
    while talk.questions:
        talk.text(text, logprob=logprob)
    talk.hush(1.5)
    return talk


@pytest.mark.parametrize(("text", "logprob"), [("555.", -0.9), ("Bye bye bye.", -0.6)])
def test_the_next_group_is_heard_over_the_reply_however_badly(text: str, logprob: float) -> None:
    talk = group_over_reply(text, logprob)
    assert talk.only(BargeIn)
    assert committed(talk.log)[-1][0] == text


def test_a_hum_over_the_reply_to_a_number_is_none_of_it() -> None:
    talk = group_over_reply("Mm-hmm.", -0.2)
    assert not talk.only(BargeIn)
    assert talk.only(TurnDropped) == [TurnDropped("aside")]


def test_a_silence_that_the_client_has_fixed_is_not_lengthened() -> None:
    talk = Talk(PATIENT)
    talk.listener.set_detection(Endpointing(silence_s=0.5))
    talk.speak(0.96)
    talk.hush(0.064)
    talk.text("206.")
    assert committed(talk.hush(0.6)) == [("206.", "vad")]
