"""Turns that lost their answer to a pause that was no end, and get it after all."""

from __future__ import annotations

from dataclasses import replace

import pytest
from kit.session_talk import OPTIONS, TURN, WINDOW_S, Scene

from voice_avatar.events.commands import StartReply
from voice_avatar.events.inputs import (
    ClearInput,
    CommitInput,
    ReplyFailed,
    ReplyGenerated,
    ReplyReady,
    SessionInput,
    TextInput,
)
from voice_avatar.events.notices import ReplyInterrupted, ReplyStarted, State

# -- a pause that was no end


HOLD = replace(TURN, hold_s=0.4)
TAKEN_BACK = [
    "speech started",
    "cancel 1",
    "interrupted 1 by voice: ",
    "done 1 interrupted: ",
    "state listening",
    "warm",
]


def test_a_turn_waits_until_its_prepared_reply_can_be_heard() -> None:
    scene = Scene(turn=HOLD)
    scene.say("What is it?")
    assert scene.hush(0.3) == []
    assert scene.give(ReplyReady(1))[0] == "final 1: What is it?"
    assert scene.session.state is State.THINKING


def test_a_reply_that_is_ready_early_waits_for_the_silence() -> None:
    scene = Scene(turn=HOLD)
    scene.say("What is it?")
    assert scene.give(ReplyReady(1)) == []
    assert scene.hush(0.16)[0] == "final 1: What is it?"


def test_a_turn_does_not_wait_for_a_slow_reply_for_ever() -> None:
    scene = Scene(turn=HOLD)
    scene.say("What is it?")
    assert scene.hush(0.5) == []
    assert scene.hush(0.096)[0] == "final 1: What is it?"


@pytest.mark.parametrize("end", [ReplyGenerated(1, 0), ReplyFailed(1, "llm_failed", "No.", 0)])
def test_a_prepared_reply_that_will_not_be_heard_is_not_waited_for(end: SessionInput) -> None:
    scene = Scene(turn=HOLD)
    scene.say("What is it?")
    scene.hush(0.3)
    assert "final 1: What is it?" in scene.give(end)


def test_readiness_of_a_reply_that_was_withdrawn_ends_nothing() -> None:
    scene = Scene(turn=HOLD)
    scene.say("What is it")
    scene.speak(0.32)
    assert scene.give(ReplyReady(1)) == []
    scene.hush(2 * WINDOW_S)
    scene.text("What is it good for?")
    scene.score(0.95)
    assert scene.give(ReplyReady(1)) == []
    assert scene.hush(0.16) == []
    assert scene.give(ReplyReady(2))[0] == "final 1: What is it good for?"


def test_a_client_that_ends_its_turn_waits_for_nothing() -> None:
    scene = Scene(turn=HOLD)
    scene.say("What is it?")
    assert scene.give(CommitInput())[0] == "final 1: What is it?"


def test_a_reply_that_was_not_heard_yet_is_taken_back_when_the_user_goes_on() -> None:
    scene = Scene()
    scene.ask("I would like a ticket.")
    assert scene.speak(0.32) == TAKEN_BACK
    scene.hush(2 * WINDOW_S)
    scene.text("For two.")
    scene.score(0.95)
    scene.hush(0.16)
    assert scene.live_id == 2
    assert scene.only(StartReply)[-1].messages[-1].content == "I would like a ticket. For two."
    assert scene.session.history.messages[-1].content == "I would like a ticket. For two."


def test_of_a_reply_that_is_taken_back_not_even_the_shortest_word_was_heard() -> None:
    scene = Scene()
    scene.ask("I would like a ticket.")
    scene.write(1, "I see.", 0.06)
    assert scene.speak(0.32) == TAKEN_BACK
    assert scene.history == ["user: I would like a ticket. next"]


def test_after_a_cough_the_turn_is_answered_again() -> None:
    scene = Scene()
    scene.ask("I would like a ticket.")
    scene.speak(0.2)
    scene.hush(2 * WINDOW_S)
    scene.text("")
    scene.score(0.05)
    assert scene.hush(0.6)[-4:] == [
        "start 2: I would like a ticket.",
        "state thinking",
        "reply 2 to turn 1",
        "open 2",
    ]
    assert scene.hush(1.0) == ["gaze away_up", "gesture think"]
    scene.answer("Here you are.", 1.0)
    scene.wait(2.0)
    assert scene.history[-3:] == [
        "user: I would like a ticket.",
        "assistant: Here you are.",
        "user: next",
    ]


def test_after_a_rest_that_cannot_be_recognised_the_turn_is_answered_again_and_it_is_told() -> None:
    scene = Scene()
    scene.ask("I would like a ticket.")
    scene.speak(0.2)
    scene.hush(2 * WINDOW_S)
    assert scene.text(None) == [
        "stt_failed",
        "start 2: I would like a ticket.",
        "state thinking",
        "reply 2 to turn 1",
        "open 2",
    ]


def test_a_turn_is_answered_again_after_every_cough_before_its_reply_is_heard() -> None:
    scene = Scene()
    scene.ask("I would like a ticket.")
    for reply_id in (2, 3):
        scene.speak(0.2)
        scene.hush(2 * WINDOW_S)
        scene.text("")
        scene.hush(0.6)
        assert scene.live_id == reply_id
    assert {start.turn_id for start in scene.only(ReplyStarted)} == {1}
    assert [message.content for message in scene.session.history.messages] == [
        "I would like a ticket."
    ]


def test_a_turn_whose_rest_is_cleared_is_answered_again() -> None:
    scene = Scene()
    scene.ask("I would like a ticket.")
    scene.speak(0.2)
    assert "start 2: I would like a ticket." in scene.give(ClearInput())


def test_once_the_reply_is_heard_a_cough_takes_nothing_back() -> None:
    scene = Scene()
    scene.ask("I would like a ticket.")
    scene.write(1, "Here you are.", 1.0)
    scene.send(1, 0.02)
    assert scene.speak(0.2) == ["speech started"]
    scene.hush(2 * WINDOW_S)
    scene.text("")
    scene.hush(1.0)
    assert scene.only(ReplyInterrupted) == []
    assert scene.session.is_speaking


def test_after_a_cough_a_turn_that_was_typed_meanwhile_is_the_one_that_is_answered() -> None:
    scene = Scene()
    scene.ask("I would like a ticket.")
    scene.speak(0.2)
    told = scene.give(TextInput("For two."))
    assert [line for line in told if line.startswith("start")] == [
        "start 2: I would like a ticket. For two."
    ]
    assert scene.session.is_speaking


def test_a_greeting_that_was_not_heard_yet_gives_way_and_does_not_come_again() -> None:
    scene = Scene(replace(OPTIONS, greeting="Welcome!"))
    assert "cancel 1" in scene.speak(0.2)
    scene.hush(2 * WINDOW_S)
    scene.text("")
    scene.score(0.05)
    scene.hush(1.0)
    assert not scene.session.is_speaking


def test_a_user_who_was_cut_off_is_given_more_time() -> None:
    scene = Scene(turn=replace(TURN, learning_rate=1.0))
    scene.ask("I would like a ticket.")
    scene.speak(0.32)
    scene.hush(2 * WINDOW_S)
    scene.text("For two.")
    scene.score(0.95)
    assert scene.hush(0.9) == []
    assert "final 2: For two." in scene.hush(0.8)


def test_a_turn_typed_after_a_cough_has_no_reply_in_between() -> None:
    scene = Scene()
    scene.ask("I would like a ticket.")
    scene.speak(0.2)
    scene.log.clear()
    scene.give(TextInput("For two."))
    assert [reply.reply_id for reply in scene.only(ReplyStarted)] == [2]
    assert scene.only(ReplyInterrupted) == []


def test_a_turn_typed_before_the_reply_is_heard_is_asked_with_the_one_before() -> None:
    scene = Scene()
    scene.ask("I would like a ticket.")
    told = scene.give(TextInput("For two."))
    assert told[:3] == ["cancel 1", "interrupted 1 by text: ", "done 1 interrupted: "]
    assert "start 2: I would like a ticket. For two." in told


def test_an_apology_that_was_not_heard_yet_gives_way_and_does_not_come_again() -> None:
    scene = Scene()
    scene.ask("Hello.")
    scene.give(ReplyFailed(1, "llm_failed", "Broken."))
    assert "cancel 2" in scene.speak(0.2)
    scene.hush(2 * WINDOW_S)
    scene.text("")
    scene.hush(1.0)
    assert not scene.session.is_speaking
    assert scene.only(StartReply)[-1].reply_id == 2


def test_speech_before_the_greeting_is_heard_says_nothing_about_pauses() -> None:
    scene = Scene(replace(OPTIONS, greeting="Welcome!"), turn=replace(TURN, learning_rate=1.0))
    scene.hush(1.0)
    scene.say("Hello there.")
    assert "final 1: Hello there." in scene.hush(0.16)


@pytest.mark.parametrize("end", [TextInput("Hello."), CommitInput()])
def test_speech_after_an_end_that_the_client_set_says_nothing_about_pauses(
    end: SessionInput,
) -> None:
    scene = Scene(turn=replace(TURN, learning_rate=1.0))
    scene.say("Hello.", 0.5)
    scene.give(end)
    scene.hush(0.8)
    scene.say("I would like a ticket.")
    assert scene.only(ReplyInterrupted)
    assert scene.hush(0.16)[-1].startswith("open")
