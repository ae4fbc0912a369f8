"""Which words over the reply, and which speech, are an interruption of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from kit.listener_talk import INTERRUPT, WINDOW_S, Talk, committed, only, over_reply

from voice_avatar.events.commands import ScoreTurn, Transcribe
from voice_avatar.events.notices import TranscriptInterim
from voice_avatar.events.payloads import MIC_HZ, Transcript
from voice_avatar.stages.turn import InterruptOptions, TurnOptions
from voice_avatar.turns.facts import (
    BargeIn,
    Output,
    SpeechBegan,
    TurnCommitted,
    TurnDropped,
    TurnMayEnd,
    TurnReady,
)
from voice_avatar.turns.interruption import claims_turn, is_interruption
from voice_avatar.turns.phases import Phase

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


# -- over a reply


def test_speech_over_a_reply_is_asked_for_its_words_and_a_word_interrupts() -> None:
    talk = over_reply()
    assert SpeechBegan(True) in talk.speak(0.192)
    [question] = only(talk.speak(0.1), Transcribe)
    assert question.purpose is INTERRUPT
    assert talk.text("Wait") == [BargeIn(), TranscriptInterim(1, "Wait", 0, "en")]


def test_an_interruption_is_a_turn_like_any_other() -> None:
    talk = over_reply()
    talk.speak(0.32)
    talk.text("Wait")
    talk.is_over_reply = False
    talk.speak(0.32)
    talk.hush(0.064)
    talk.text("Wait a moment.")
    assert len(only(talk.score(0.95), TurnReady)) == 1
    assert committed(talk.hush(0.3)) == [("Wait a moment.", "semantic")]


def test_a_word_that_is_known_only_at_the_pause_interrupts_too() -> None:
    talk = over_reply()
    talk.speak(0.192)
    talk.hush(0.064)
    assert talk.scores == []
    told = talk.text("Stop.")
    assert told[0] == BargeIn()
    assert isinstance(told[1], ScoreTurn)
    assert told[2:] == [TranscriptInterim(1, "Stop.", 0, "en")]
    ready = TurnReady("Stop.", "en", pytest.approx(100.192), talk.now_s)
    assert talk.score(0.95) == [TurnMayEnd(), ready]


@pytest.mark.parametrize("text", ["Mhm.", "", "Yeah, okay."])
def test_a_backchannel_or_a_cough_over_a_reply_changes_nothing(text: str) -> None:
    talk = over_reply()
    talk.speak(0.32)
    talk.text(text)
    talk.hush(0.064)
    talk.text(text)
    talk.hush(2.0)
    assert talk.scores == []
    assert talk.only(BargeIn) + talk.only(TurnReady) + talk.only(TurnCommitted) == []
    assert talk.only(TurnDropped) == [TurnDropped("aside" if text else "wordless")]
    assert talk.only(TranscriptInterim) == []
    assert talk.listener.phase is Phase.QUIET


def test_speech_whose_words_stay_unknown_interrupts_by_its_length() -> None:
    talk = over_reply()
    assert only(talk.speak(0.64), BargeIn) == []
    assert only(talk.speak(0.1), BargeIn) == [BargeIn()]


def test_a_recogniser_that_fails_leaves_the_decision_to_the_length() -> None:
    talk = over_reply()
    talk.speak(0.32)
    assert talk.no_text() == []
    assert only(talk.speak(0.4), BargeIn) == [BargeIn()]


def test_a_candidate_that_cannot_be_decoded_is_dropped() -> None:
    talk = over_reply()
    talk.speak(0.2)
    talk.hush(0.064)
    assert talk.no_text() == [TurnDropped("failed")]


def test_talk_without_words_interrupts_only_after_long() -> None:
    talk = over_reply()
    barged: list[Output] = []
    for _ in range(60):
        barged += only(talk.window(0.9), BargeIn)
        if talk.questions:
            talk.text("Mhm.")
        if barged:
            break
    assert talk.sample / MIC_HZ == pytest.approx(1.8, abs=2 * WINDOW_S)


def test_the_words_of_a_candidate_are_asked_for_again_and_again() -> None:
    talk = over_reply()
    talk.speak(0.32)
    talk.text("Mhm.")
    assert len(only(talk.speak(0.32), Transcribe)) == 1
    assert only(talk.text("Mhm, wait."), BargeIn) == [BargeIn()]


def test_backchannels_in_a_row_do_not_add_up_to_an_interruption() -> None:
    talk = over_reply()
    for _ in range(3):
        talk.speak(0.4)
        while talk.questions:
            talk.text("Mhm.")
        talk.hush(0.4)
        while talk.questions:
            talk.text("Mhm.")
    assert talk.only(BargeIn) == []


def test_an_answer_that_begins_over_the_end_of_a_reply_is_a_turn_however_short() -> None:
    talk = over_reply()
    talk.speak(0.16)
    talk.is_over_reply = False
    talk.speak(0.16)
    talk.hush(0.064)
    talk.text("Yes.")
    assert len(only(talk.score(0.95), TurnReady)) == 1
    assert committed(talk.hush(0.3)) == [("Yes.", "semantic")]


def test_a_backchannel_that_was_over_before_the_reply_is_no_answer_to_it() -> None:
    talk = over_reply()
    talk.speak(0.2)
    talk.hush(0.064)
    talk.is_over_reply = False
    talk.hush(0.032)
    talk.text("Mhm.")
    talk.score(0.95)
    talk.hush(1.0)
    assert talk.only(TurnReady) + talk.only(TurnCommitted) == []
    assert talk.only(TurnDropped) == [TurnDropped("aside")]


def test_words_that_were_over_before_the_reply_are_a_turn_after_it() -> None:
    talk = over_reply()
    talk.speak(0.2)
    talk.hush(0.064)
    talk.is_over_reply = False
    talk.hush(0.032)
    talk.score(0.95)
    assert talk.text("And you?")[-1:] == talk.only(TurnReady)
    assert committed(talk.hush(0.3)) == [("And you?", "semantic")]


def test_a_guess_of_the_recogniser_at_a_short_sound_is_no_interruption_and_no_turn() -> None:
    talk = over_reply()
    talk.speak(0.32)
    assert talk.text("Bye.", logprob=-0.8) == []
    talk.hush(0.064)
    assert talk.text("Emma Chen.", logprob=-0.7) == []
    talk.hush(1.0)
    assert talk.only(BargeIn) + talk.only(TurnReady) + talk.only(TurnCommitted) == []
    assert talk.only(TurnDropped) == [TurnDropped("aside")]


def test_the_same_words_heard_well_interrupt() -> None:
    talk = over_reply()
    talk.speak(0.32)
    assert BargeIn() in talk.text("Bye.", logprob=-0.4)


def test_after_the_reply_every_word_counts_however_badly_it_was_heard() -> None:
    talk = Talk()
    talk.speak(0.96)
    talk.hush(0.064)
    talk.text("Bye.", logprob=-0.8)
    talk.score(0.95)
    assert committed(talk.hush(0.3)) == [("Bye.", "semantic")]


def test_a_sound_in_which_no_word_is_found_never_interrupts_and_is_asked_about_less_and_less() -> (
    None
):
    talk = over_reply()
    asked = 0
    for _ in range(round(8.0 / WINDOW_S)):
        talk.window(0.9)
        if talk.questions:
            talk.text("")
            asked += 1
    assert talk.only(BargeIn) == []
    assert asked <= 9  # every 0.3 s it would be 26 times
