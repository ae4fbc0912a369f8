"""The user's turn: when it begins, pauses, goes on, ends, or was none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from kit.listener_talk import (
    EAGER,
    HOLD,
    INTERIM,
    TURN,
    WINDOW_S,
    Talk,
    committed,
    only,
    over_reply,
    ready,
    said,
)

from voice_avatar.events.commands import ScoreTurn, Transcribe
from voice_avatar.events.inputs import Transcribed, TurnScored
from voice_avatar.events.notices import (
    TranscriptFinal,
    TranscriptInterim,
    UserSpeechStarted,
    UserSpeechStopped,
)
from voice_avatar.events.payloads import MIC_HZ
from voice_avatar.turns.facts import (
    SpeechBegan,
    TurnCommitted,
    TurnDropped,
    TurnMayEnd,
    TurnReady,
    TurnWentOn,
    UserPaused,
)
from voice_avatar.turns.phases import Phase

# -- a turn


def test_a_turn_is_told_decoded_and_scored_at_its_first_pause() -> None:
    talk = Talk()
    assert talk.hush(0.64) == []
    assert talk.speak(0.96) == [UserSpeechStarted(20 * 512, 0.9), SpeechBegan(False)]
    assert talk.hush(0.064) == [
        UserSpeechStopped(50 * 512),
        Transcribe(1, 10 * 512, 52 * 512, EAGER, "en"),
        ScoreTurn(2, 10 * 512, 52 * 512),
        UserPaused(),
    ]
    assert talk.listener.phase is Phase.PAUSED


def test_a_turn_that_is_surely_over_is_committed_after_the_least_silence() -> None:
    talk = Talk()
    talk.speak(0.96)
    talk.hush(0.064)
    assert talk.text("Hello there.") == [TranscriptInterim(1, "Hello there.", 0, "en")]
    ready, understood = pytest.approx(100.96), talk.now_s
    talk.now_s += 0.01
    assert talk.score(0.95) == [
        TurnMayEnd(),
        TurnReady("Hello there.", "en", ready, understood),
    ]
    assert talk.hush(0.128) == []
    assert talk.hush(0.032) == [
        TurnCommitted(
            1,
            "Hello there.",
            "en",
            "semantic",
            pytest.approx(0.224),
            pytest.approx(100.96),
            understood,
        )
    ]
    assert talk.listener.phase is Phase.QUIET
    assert talk.hush(5.0) == []


def test_a_turn_that_is_surely_not_over_waits_for_the_longest_silence() -> None:
    talk = said(probability=0.05)
    assert committed(talk.hush(1.3)) == []
    [turn] = only(talk.hush(0.1), TurnCommitted)
    assert turn.silence_s == pytest.approx(1.4, abs=WINDOW_S)


def test_a_doubting_turn_model_is_asked_again_and_may_end_the_turn() -> None:
    talk = said(probability=0.05)
    assert len(only(talk.hush(0.64), ScoreTurn)) == 2
    assert talk.hush(0.3) == []
    assert committed(talk.score(0.95)) == [("Hello there.", "semantic")]


def test_a_sure_turn_model_is_not_asked_again() -> None:
    talk = said("So I went home and", 0.95)
    assert only(talk.hush(1.0), ScoreTurn) == []
    assert committed(talk.hush(0.2)) == [("So I went home and", "semantic")]


def test_without_a_word_of_the_turn_model_the_plain_silence_ends_the_turn() -> None:
    talk = Talk()
    talk.speak(0.96)
    talk.hush(0.064)
    talk.text("Hello there.")
    assert committed(talk.hush(0.6)) == []
    assert committed(talk.hush(0.064)) == [("Hello there.", "vad")]
    assert talk.only(TurnReady) == []


def test_without_a_turn_model_the_text_alone_makes_a_turn_ready() -> None:
    talk = Talk(replace(TURN, engine="none"))
    talk.speak(0.96)
    assert only(talk.hush(0.064), ScoreTurn) == []
    assert len(only(talk.text("Hello there."), TurnReady)) == 1
    assert committed(talk.hush(0.7)) == [("Hello there.", "vad")]


def test_a_text_that_comes_after_the_endpoint_commits_at_once() -> None:
    talk = Talk()
    talk.speak(0.96)
    talk.hush(0.064)
    talk.score(0.95)
    assert committed(talk.hush(2.0)) == []
    assert committed(talk.text("Hello there.")) == [("Hello there.", "semantic")]


def test_a_doubtful_turn_is_not_worth_a_prepared_reply() -> None:
    talk = said(probability=0.2)
    assert talk.only(TurnReady) == []
    talk.hush(0.25)
    assert len(only(talk.score(0.5), TurnReady)) == 1
    assert only(talk.hush(0.3), TurnReady) == []


def test_an_open_ending_waits_longer() -> None:
    talk = said("I would like to", 0.95)
    assert committed(talk.hush(0.9)) == []
    assert committed(talk.hush(0.2)) == [("I would like to", "semantic")]


def test_turns_are_numbered() -> None:
    talk = said("One.")
    talk.hush(1.0)
    talk.speak(0.96)
    talk.hush(0.064)
    talk.text("Two.")
    talk.score(0.95)
    talk.hush(1.0)
    assert [turn.turn_id for turn in talk.only(TurnCommitted)] == [1, 2]


def test_the_audio_of_a_turn_never_reaches_back_into_the_turn_before() -> None:
    talk = said("One.")
    talk.hush(0.16)
    assert talk.listener.phase is Phase.QUIET
    first_end = talk.only(UserSpeechStopped)[0].sample
    talk.speak(0.32)
    [question] = only(talk.hush(0.064), Transcribe)
    assert question.start == first_end


# -- pauses within a turn


def test_speech_after_a_pause_goes_on_with_the_turn_and_voids_the_prepared_reply() -> None:
    talk = said("I went home.", 0.5)
    assert talk.hush(0.064) == []
    assert talk.speak(0.64) == [UserSpeechStarted(34 * 512, 0.9), TurnWentOn()]
    talk.hush(0.064)
    talk.text("I went home. And slept.")
    assert only(talk.score(0.95), TurnReady)[0].text == "I went home. And slept."
    assert committed(talk.hush(0.3)) == [("I went home. And slept.", "semantic")]
    assert talk.listener.turn_id == 1


def test_where_no_reply_was_prepared_none_is_voided() -> None:
    talk = said(probability=0.1)
    assert only(talk.speak(0.32), TurnWentOn) == []


def test_answers_to_an_earlier_pause_end_nothing() -> None:
    talk = Talk()
    talk.speak(0.96)
    talk.hush(0.064)
    talk.speak(0.32)
    assert only(talk.text("I went"), TurnReady) == []
    talk.hush(0.064)
    talk.score(0.95)
    assert committed(talk.hush(0.5)) == []
    talk.score(0.95)
    assert committed(talk.text("I went home.")) == [("I went home.", "semantic")]


def test_a_failure_to_decode_an_earlier_pause_loses_nothing() -> None:
    talk = Talk()
    talk.speak(0.96)
    talk.hush(0.064)
    talk.speak(0.32)
    assert talk.no_text() == []
    talk.hush(0.064)
    talk.text("I went home.")
    assert committed(talk.hush(1.5)) == [("I went home.", "vad")]


def test_a_turn_is_not_committed_while_speech_may_be_rising() -> None:
    talk = said("I went home.", 0.95)
    talk.hush(0.096)
    assert talk.window(0.9) == []
    assert talk.window(0.9) == []
    assert only(talk.window(0.9), TurnWentOn) == [TurnWentOn()]
    assert talk.only(TurnCommitted) == []


def test_a_click_at_the_endpoint_delays_it_by_no_more_than_itself() -> None:
    talk = said("I went home.", 0.95)
    talk.hush(0.096)
    assert talk.window(0.9) == []
    assert committed(talk.window(0.05)) == [("I went home.", "semantic")]


def test_speech_right_after_the_commit_is_a_turn_with_all_of_its_beginning() -> None:
    talk = said("I went home.", 0.95)
    talk.hush(0.16)
    talk.is_over_reply = True
    outputs = talk.speak(0.32)
    assert SpeechBegan(True) in outputs
    [question] = only(outputs, Transcribe)
    assert question.start <= only(outputs, UserSpeechStarted)[0].sample - 0.2 * MIC_HZ


# -- a reply that is prepared


def test_a_turn_waits_for_its_prepared_reply_and_ends_as_soon_as_it_can_be_heard() -> None:
    talk = ready()
    assert talk.hush(0.4) == []
    assert committed(talk.answered()) == [("Hello there.", "semantic")]
    assert talk.answered() == []


def test_a_turn_whose_reply_can_be_heard_waits_for_the_silence_alone() -> None:
    talk = ready()
    assert talk.answered() == []
    assert talk.hush(0.128) == []
    assert committed(talk.hush(0.032)) == [("Hello there.", "semantic")]


def test_the_wait_for_a_prepared_reply_has_an_end() -> None:
    talk = ready()
    assert committed(talk.hush(0.512)) == []
    assert committed(talk.hush(0.064)) == [("Hello there.", "semantic")]


def test_where_no_reply_was_prepared_none_is_waited_for() -> None:
    talk = Talk(HOLD)
    talk.speak(0.96)
    talk.hush(0.064)
    talk.text("Hello there.")
    talk.score(0.2)
    assert talk.only(TurnReady) == []
    assert committed(talk.hush(1.2)) == [("Hello there.", "semantic")]


def test_a_reply_that_was_heard_of_in_an_earlier_pause_says_nothing_about_the_next() -> None:
    talk = ready()
    talk.answered()
    talk.speak(0.32)
    assert talk.answered() == []
    talk.hush(0.064)
    talk.text("Hello there, my friend.")
    assert len(only(talk.score(0.95), TurnReady)) == 1
    assert talk.hush(0.4) == []
    assert committed(talk.answered()) == [("Hello there, my friend.", "semantic")]


def test_a_reply_that_can_be_heard_does_not_end_a_turn_while_speech_may_be_rising() -> None:
    talk = ready()
    talk.hush(0.3)
    talk.window(0.9)
    assert talk.answered() == []
    assert committed(talk.window(0.05)) == [("Hello there.", "semantic")]


def test_an_end_that_the_client_sets_waits_for_no_reply() -> None:
    assert committed(ready().commit()) == [("Hello there.", "commit")]


def test_a_stalled_microphone_waits_for_no_reply() -> None:
    assert committed(ready().stall(1.0)) == [("Hello there.", "vad")]


def test_patience_stretches_the_silence_that_ends_a_turn() -> None:
    talk = ready(replace(HOLD, patience=2.0))
    talk.answered()
    assert committed(talk.hush(0.3)) == []
    assert committed(talk.hush(0.064)) == [("Hello there.", "semantic")]


def test_a_reply_that_comes_after_the_turn_ends_nothing() -> None:
    talk = ready()
    talk.hush(1.0)
    assert talk.answered() == []
    assert talk.listener.phase is Phase.QUIET


# -- a pause that may be the end


def test_a_pause_that_may_be_the_end_is_told_once() -> None:
    talk = said(probability=0.05)
    assert talk.only(TurnMayEnd) == []
    talk.hush(0.2)
    assert TurnMayEnd() in talk.score(0.5)
    talk.hush(0.5)
    assert only(talk.score(0.6), TurnMayEnd) == []
    assert len(talk.only(TurnMayEnd)) == 1


def test_it_is_told_in_every_pause() -> None:
    talk = said("I went home.", 0.5)
    talk.speak(0.32)
    talk.hush(0.064)
    talk.score(0.5)
    assert len(talk.only(TurnMayEnd)) == 2


def test_without_a_turn_model_every_pause_may_be_the_end() -> None:
    talk = Talk(replace(TURN, engine="none"))
    talk.speak(0.96)
    assert TurnMayEnd() in talk.hush(0.064)


def test_neither_in_manual_mode_nor_over_a_reply_is_a_pause_told() -> None:
    for talk in (Talk(replace(TURN, endpointing="manual")), over_reply()):
        talk.speak(0.2)
        talk.hush(0.064)
        if talk.scores:
            talk.score(0.95)
        assert talk.only(TurnMayEnd) == []


def test_the_turn_model_is_asked_about_a_pause_over_a_reply_once_that_is_over() -> None:
    talk = over_reply()
    talk.speak(0.2)
    talk.hush(0.064)
    assert talk.only(ScoreTurn) == []
    talk.is_over_reply = False
    assert len(only(talk.hush(0.032), ScoreTurn)) == 1


# -- the pauses of this user

LEARNING = replace(TURN, learning_rate=1.0, rescore_s=())


def test_a_pause_within_a_turn_that_seemed_over_lengthens_the_next_wait() -> None:
    talk = ready(LEARNING, "I went home.", 0.5)
    talk.hush(0.4)
    talk.speak(0.32)
    talk.hush(0.064)
    talk.text("I went home. And slept.")
    talk.score(0.95)
    assert committed(talk.hush(0.4)) == []
    assert committed(talk.hush(0.2)) == [("I went home. And slept.", "semantic")]


def test_a_pause_within_a_turn_that_did_not_seem_over_teaches_nothing() -> None:
    talk = Talk(LEARNING)
    talk.speak(0.96)
    talk.hush(0.5)
    talk.text("I went")
    talk.score(0.05)
    talk.speak(0.32)
    talk.hush(0.064)
    talk.text("I went home.")
    talk.score(0.95)
    assert committed(talk.hush(0.16)) == [("I went home.", "semantic")]


def test_a_turn_that_proves_to_be_the_rest_of_the_one_before_lengthens_its_own_wait() -> None:
    talk = ready(LEARNING)
    talk.hush(0.5)
    talk.speak(0.32)
    talk.listener.was_cut_off()
    talk.hush(0.064)
    talk.text("My friend.")
    talk.score(0.95)
    assert committed(talk.hush(0.5)) == []
    assert committed(talk.hush(0.2)) == [("My friend.", "semantic")]


def test_what_was_learned_is_forgotten_turn_by_turn() -> None:
    talk = ready(LEARNING)
    talk.hush(0.5)
    talk.speak(0.32)
    talk.listener.was_cut_off()
    waits_s = []
    for _ in range(20):
        talk.hush(0.064)
        talk.text("Hello there.")
        talk.score(0.95)
        [turn] = only(talk.hush(1.2), TurnCommitted)
        waits_s.append(turn.silence_s)
        talk.speak(0.32)
    assert waits_s == sorted(waits_s, reverse=True)
    assert waits_s[0] > 0.6
    assert waits_s[-1] == pytest.approx(0.2, abs=WINDOW_S)


def test_what_was_learned_never_shortens_a_wait() -> None:
    talk = ready(LEARNING, probability=0.5)
    talk.hush(0.1)
    talk.speak(0.32)
    talk.hush(0.064)
    talk.text("Hello there.")
    talk.score(0.1)
    assert committed(talk.hush(1.3)) == []


# -- what turns out to be no turn


def test_speech_without_words_is_forgotten_after_a_while() -> None:
    talk = Talk()
    talk.speak(0.2)
    talk.hush(0.064)
    assert talk.text("") == []
    assert talk.score(0.95) == [TurnMayEnd()]
    assert talk.hush(0.512) == []
    assert talk.hush(0.064) == [TurnDropped()]
    assert talk.listener.phase is Phase.QUIET


def test_interim_text_of_a_turn_that_was_none_is_taken_back() -> None:
    talk = Talk(INTERIM)
    talk.speak(1.5)
    talk.text("Thank")
    talk.hush(0.064)
    talk.text("")
    assert talk.hush(0.6)[-2:] == [TranscriptFinal(1, "", "en"), TurnDropped()]


def test_a_turn_that_cannot_be_decoded_is_dropped_as_a_failure() -> None:
    talk = Talk()
    talk.speak(0.96)
    talk.hush(0.064)
    assert talk.no_text() == [TurnDropped("failed")]
    assert talk.score(0.95) == []
    assert talk.listener.phase is Phase.QUIET


def test_answers_that_come_after_the_turn_are_ignored() -> None:
    talk = said("One.", 0.05)
    talk.hush(0.3)
    talk.clear()
    assert talk.score(0.95) == []
    assert talk.take(talk.listener.transcribed(Transcribed(99, None), talk.now_s)) == []
    assert talk.take(talk.listener.scored(TurnScored(99, 0.5))) == []
