"""What the client forces, what a dead microphone does, and what holds whatever happens."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.listener_talk import (
    ANYTHING,
    EAGER,
    STEPS,
    TURN,
    WINDOW_S,
    Steps,
    Talk,
    act,
    committed,
    only,
    over_reply,
    said,
)

from voice_avatar.events.commands import ScoreTurn, Transcribe
from voice_avatar.events.notices import TranscriptInterim, UserSpeechStarted, UserSpeechStopped
from voice_avatar.events.payloads import MIC_HZ
from voice_avatar.turns.facts import (
    BargeIn,
    MayBargeIn,
    NoBargeIn,
    SpeechBegan,
    TurnCommitted,
    TurnDropped,
    TurnMayEnd,
    TurnReady,
    TurnWentOn,
    UserPaused,
)
from voice_avatar.turns.listener import nothing_to_commit
from voice_avatar.turns.phases import Phase

# -- push-to-talk


def test_while_the_button_is_held_no_pause_ends_the_turn() -> None:
    talk = Talk()
    assert talk.press() == [SpeechBegan(False)]
    talk.speak(0.5)
    assert only(talk.hush(3.0), Transcribe) == []
    talk.speak(0.5)
    assert talk.listener.deadline_s is not None
    talk.hush(0.5)
    assert talk.listener.deadline_s is None
    assert [question.purpose for question in only(talk.release(), Transcribe)] == [EAGER]
    assert committed(talk.text("One. Two.")) == [("One. Two.", "ptt")]
    [turn] = talk.only(TurnCommitted)
    assert turn.silence_s == 0.0
    assert turn.speech_end_s == pytest.approx(talk.now_s)
    assert talk.only(TurnReady) + talk.only(ScoreTurn) == []


def test_a_button_pressed_and_released_without_a_word_is_no_turn() -> None:
    talk = Talk()
    talk.press()
    [question] = only(talk.release(), Transcribe)
    assert (question.start, question.end) == (0, 0)
    assert talk.text("") == [TurnDropped()]


def test_a_release_without_a_press_is_told_to_be_nothing() -> None:
    talk = said()
    assert talk.release() == [nothing_to_commit()]
    assert committed(talk.hush(0.3)) == [("Hello there.", "semantic")]


def test_pressing_in_the_middle_of_a_turn_keeps_its_beginning() -> None:
    talk = said("I went home.", 0.5)
    assert talk.press() == [TurnWentOn()]
    talk.hush(2.0)
    [question] = only(talk.release(), Transcribe)
    assert question.start == 0
    assert committed(talk.text("I went home. And slept.")) == [("I went home. And slept.", "ptt")]


def test_pressing_over_a_candidate_makes_a_turn_of_it() -> None:
    talk = over_reply()
    talk.speak(0.2)
    assert talk.press() == []
    talk.is_over_reply = False
    talk.release()
    assert committed(talk.text("Mhm.")) == [("Mhm.", "ptt")]


def test_pressing_again_before_the_text_is_there_goes_on_with_the_turn() -> None:
    talk = Talk()
    talk.press()
    talk.speak(0.5)
    talk.release()
    assert talk.press() == []
    assert committed(talk.text("One.")) == []
    talk.speak(0.5)
    talk.release()
    assert committed(talk.text("One. Two.")) == [("One. Two.", "ptt")]


def test_a_failure_before_the_button_was_pressed_again_does_not_end_the_turn() -> None:
    talk = Talk()
    talk.press()
    talk.speak(0.5)
    talk.release()
    talk.press()
    assert talk.no_text() == []
    talk.release()
    assert committed(talk.text("One.")) == [("One.", "ptt")]


def test_the_last_syllable_after_the_release_is_no_new_turn() -> None:
    talk = Talk()
    talk.press()
    talk.speak(0.5)
    talk.release()
    talk.speak(0.1)
    talk.text("One.")
    talk.is_over_reply = True
    outputs = talk.speak(0.2) + talk.hush(1.0)
    assert only(outputs, SpeechBegan) + only(outputs, Transcribe) == []
    assert [type(item) for item in outputs] == [UserSpeechStopped]


def test_new_speech_while_the_text_is_awaited_is_the_next_turn() -> None:
    talk = Talk()
    talk.press()
    talk.speak(0.5)
    talk.hush(0.1)
    talk.release()
    talk.speak(0.2)
    assert talk.only(SpeechBegan) == [SpeechBegan(False)]
    talk.text("One.")
    talk.is_over_reply = True
    assert SpeechBegan(True) in talk.speak(0.032)
    talk.hush(0.064)
    assert only(talk.text("Two."), BargeIn) == [BargeIn()]
    assert talk.listener.turn_id == 2


def test_even_if_it_is_over_again_when_the_text_comes() -> None:
    talk = Talk()
    talk.press()
    talk.speak(0.5)
    talk.hush(0.1)
    talk.release()
    spoken = talk.speak(0.2)
    talk.hush(0.3)
    talk.text("One.")
    [question] = only(talk.hush(0.032), Transcribe)
    assert question.start <= only(spoken, UserSpeechStarted)[0].sample < question.end
    talk.score(0.95)
    assert committed(talk.text("Two.")) == [("Two.", "semantic")]


def test_pressing_while_the_next_turn_waits_goes_on_with_the_old_one() -> None:
    talk = Talk()
    talk.press()
    talk.speak(0.5)
    talk.hush(0.1)
    talk.release()
    talk.speak(0.2)
    talk.press()
    talk.release()
    talk.no_text()
    assert committed(talk.text("One. Two.")) == [("One. Two.", "ptt")]
    assert only(talk.hush(1.0), SpeechBegan) == []


def test_a_button_held_over_a_stalled_microphone_ends_the_speech_and_not_the_turn() -> None:
    talk = Talk()
    talk.press()
    talk.speak(0.5)
    assert [type(item) for item in talk.stall(5.0)] == [UserSpeechStopped]
    assert talk.listener.phase is Phase.SPEAKING
    assert talk.listener.deadline_s is None


# -- what the client forces


def test_a_commit_ends_the_turn_at_once() -> None:
    talk = said(probability=0.05)
    assert committed(talk.commit()) == [("Hello there.", "commit")]


def test_a_commit_in_the_middle_of_speech_waits_for_its_text_only() -> None:
    talk = Talk()
    talk.speak(0.96)
    assert [question.purpose for question in only(talk.commit(), Transcribe)] == [EAGER]
    assert talk.commit() == []
    assert talk.hush(0.5)[1:] == []
    assert committed(talk.text("Hello there.")) == [("Hello there.", "commit")]


def test_without_a_turn_there_is_nothing_to_commit_and_nothing_to_clear() -> None:
    talk = Talk()
    assert talk.commit() == []
    assert talk.clear() == []
    talk.hush(1.0)
    assert talk.log == []


def test_a_commit_makes_a_turn_of_a_backchannel() -> None:
    talk = over_reply()
    talk.speak(0.2)
    talk.commit()
    assert committed(talk.text("Okay.")) == [("Okay.", "commit")]


def test_a_commit_while_the_button_is_held_ends_the_turn_and_the_release_ends_none() -> None:
    talk = Talk()
    talk.press()
    talk.speak(0.5)
    talk.commit()
    assert talk.release() == [nothing_to_commit()]
    assert committed(talk.text("One.")) == [("One.", "commit")]


def test_a_committed_turn_is_not_said_to_end_once_the_user_speaks_again() -> None:
    talk = Talk()
    talk.speak(0.5)
    talk.hush(0.1)
    talk.commit()
    talk.speak(0.2)
    talk.score(0.95)
    assert [item for item in talk.log if isinstance(item, TurnMayEnd)] == []


def test_clearing_forgets_the_turn_and_all_of_its_audio() -> None:
    talk = Talk()
    talk.press()
    talk.speak(0.5)
    assert talk.clear() == [TurnDropped("cleared")]
    assert talk.release() == [nothing_to_commit()]
    cleared = talk.sample
    talk.hush(0.1)
    talk.speak(0.2)
    [question] = only(talk.hush(0.064), Transcribe)
    assert question.start == cleared


def test_clearing_forgets_the_turn_that_waits_too() -> None:
    talk = Talk()
    talk.press()
    talk.speak(0.5)
    talk.hush(0.1)
    talk.release()
    talk.speak(0.2)
    talk.clear()
    assert only(talk.speak(0.2), SpeechBegan) == []


# -- manual endpointing


def test_in_manual_mode_silence_ends_nothing() -> None:
    talk = Talk(replace(TURN, endpointing="manual"))
    talk.speak(0.96)
    talk.hush(0.064)
    talk.text("Hello there.")
    talk.score(0.95)
    assert only(talk.hush(20.0), TurnCommitted) == []
    assert talk.only(TurnReady) == []
    assert talk.listener.deadline_s is None
    assert committed(talk.commit()) == [("Hello there.", "commit")]


def test_in_manual_mode_noise_is_forgotten_all_the_same() -> None:
    talk = Talk(replace(TURN, endpointing="manual"))
    talk.speak(0.2)
    talk.hush(0.064)
    talk.text("")
    assert talk.hush(0.6) == [TurnDropped()]


def test_in_manual_mode_a_long_pause_does_not_make_a_decode_too_long() -> None:
    talk = Talk(replace(TURN, endpointing="manual"))
    talk.speak(2.0)
    talk.hush(0.064)
    talk.text("Let me think.")
    talk.hush(10.0)
    talk.speak(1.0)
    [question] = only(talk.commit(), Transcribe)
    assert question.end - question.start < 1.5 * MIC_HZ
    assert committed(talk.text("Done.")) == [("Let me think. Done.", "commit")]


def test_in_manual_mode_a_stalled_microphone_ends_the_speech_and_not_the_turn() -> None:
    talk = Talk(replace(TURN, endpointing="manual"))
    talk.speak(0.5)
    assert [type(item) for item in talk.stall(5.0)] == [UserSpeechStopped, Transcribe, ScoreTurn]
    talk.text("Hello there.")
    assert talk.only(TurnCommitted) == []
    assert committed(talk.commit()) == [("Hello there.", "commit")]


def test_back_in_automatic_mode_a_turn_that_waits_is_committed() -> None:
    talk = Talk(replace(TURN, endpointing="manual"))
    talk.speak(0.96)
    talk.hush(0.064)
    talk.text("Hello there.")
    talk.hush(5.0)
    talk.listener.set_manual(False)
    assert committed(talk.hush(0.032)) == [("Hello there.", "vad")]


# -- a microphone that delivers nothing


def test_a_stalled_microphone_ends_the_turn() -> None:
    talk = Talk()
    talk.speak(0.96)
    assert talk.stall(0.5) == []
    talk.now_s -= 0.5
    outputs = talk.stall(1.0)
    assert [type(item) for item in outputs] == [
        UserSpeechStopped,
        Transcribe,
        ScoreTurn,
        UserPaused,
    ]
    [turn] = only(talk.text("Hello there."), TurnCommitted)
    assert (turn.reason, turn.silence_s) == ("vad", 0.6)
    assert turn.speech_end_s == pytest.approx(100.96)


def test_a_stall_in_a_pause_commits_the_text_that_is_known() -> None:
    talk = said(probability=0.05)
    assert committed(talk.stall(1.0)) == [("Hello there.", "vad")]


def test_a_tick_before_its_time_does_nothing() -> None:
    talk = said(probability=0.05)
    assert talk.take(talk.listener.tick(talk.now_s + 0.5)) == []
    quiet = Talk()
    assert quiet.take(quiet.listener.tick(1e9)) == []


def test_speech_that_comes_after_a_stall_goes_on_with_the_turn() -> None:
    talk = Talk()
    talk.speak(0.96)
    talk.stall(1.0)
    outputs = talk.speak(0.5)
    assert [type(item) for item in outputs] == [UserSpeechStarted]
    assert committed(talk.text("I went")) == []
    talk.hush(0.064)
    talk.text("I went home.")
    assert committed(talk.hush(1.5)) == [("I went home.", "vad")]


def test_speech_that_comes_after_the_stalled_turn_is_a_turn_of_its_own() -> None:
    talk = Talk()
    talk.speak(0.96)
    talk.stall(1.0)
    talk.text("I went")
    talk.is_over_reply = True
    assert SpeechBegan(True) in talk.speak(0.2)


def test_a_backchannel_before_a_stall_does_not_interrupt() -> None:
    talk = over_reply()
    talk.speak(0.2)
    talk.stall(1.0)
    assert talk.text("Mhm.") == [TurnDropped("aside")]


def test_a_stall_after_the_turn_still_ends_the_speech() -> None:
    talk = Talk()
    talk.press()
    talk.speak(0.5)
    talk.release()
    talk.text("One.")
    assert [type(item) for item in talk.stall(5.0)] == [UserSpeechStopped]
    assert talk.listener.deadline_s is None
    assert SpeechBegan(False) in talk.speak(0.2)


# -- whatever happens


@given(STEPS)
def test_whatever_happens_the_facts_are_in_order(steps: Steps) -> None:
    talk = Talk(ANYTHING)
    for action, seconds in steps:
        act(talk, action, seconds)
    is_open = is_ready = is_loud = is_waiting = False
    turn_id = request_id = 0
    for item in talk.log:
        match item:
            case UserSpeechStarted() | UserSpeechStopped():
                assert is_loud is isinstance(item, UserSpeechStopped)
                is_loud = not is_loud
            case SpeechBegan():
                assert not is_open
                is_open, turn_id = True, turn_id + 1
            case TurnReady(text):
                assert is_open
                assert not is_ready
                assert text
                is_ready = True
            case TurnWentOn():
                assert is_ready
                is_ready = False
            case TurnCommitted(number, text) as turn:
                assert is_open
                assert (number, bool(text)) == (turn_id, True)
                assert turn.silence_s >= 0
                is_open = is_ready = False
                is_waiting = False
            case TurnDropped():
                assert is_open
                is_open = is_ready = False
            case BargeIn():
                assert is_open
                is_waiting = False
            case MayBargeIn():
                is_waiting = True
            case NoBargeIn():
                assert is_waiting
                is_waiting = False
            case TurnMayEnd():
                assert is_open
                assert not is_loud
            case TranscriptInterim(number, text, stable):
                assert is_open
                assert number == turn_id
                assert 0 <= stable <= len(text)
            case Transcribe() | ScoreTurn():
                assert item.request_id > request_id
                assert 0 <= item.start <= item.end <= talk.sample
                request_id = item.request_id
    assert is_open is talk.listener.is_active


@given(STEPS, st.sampled_from(["So I said.", "Mhm.", ""]), st.booleans())
def test_whatever_happened_a_turn_ends_once_the_user_is_silent(
    steps: Steps, text: str, stays_live: bool
) -> None:
    talk = Talk(ANYTHING)
    for action, seconds in steps:
        act(talk, action, seconds)
    talk.listener.set_manual(False)
    talk.release()
    talk.is_over_reply = stays_live
    for _ in range(round(3.0 / WINDOW_S)):
        talk.window(0.05)
        while talk.questions:
            if talk.text(text) and BargeIn() in talk.log:
                talk.is_over_reply = False
    assert talk.listener.phase is Phase.QUIET
    assert not talk.listener._taking.overlap.is_on


@given(STEPS)
def test_whatever_happened_a_dead_microphone_ends_the_turn_and_the_ticks(steps: Steps) -> None:
    talk = Talk(ANYTHING)
    for action, seconds in steps:
        act(talk, action, seconds)
    talk.listener.set_manual(False)
    talk.release()
    for _ in range(3):
        while talk.questions:
            talk.text("So I said.")
        talk.stall(10.0)
    assert talk.listener.deadline_s is None
    assert talk.listener.phase is Phase.QUIET


@given(STEPS)
def test_no_audio_is_decoded_for_two_turns(steps: Steps) -> None:
    """Asked for at the end of one turn, audio is not asked for again by the next."""
    talk = Talk(replace(ANYTHING, interim_s=0.0))
    for action, seconds in steps:
        act(talk, action, seconds)
    ends = [0]
    starts: list[int] = []
    for before, item in pairwise(talk.log):
        if isinstance(item, UserSpeechStopped):
            ends.append(item.sample)
        if isinstance(item, SpeechBegan) and isinstance(before, UserSpeechStarted):
            starts.append(before.sample)
            assert before.sample >= ends[-1]
    assert starts == sorted(starts)
