"""A conversation that its client keeps: replies asked for, history changed, turns not answered."""

from __future__ import annotations

import pytest
from kit.session_talk import Scene

from voice_avatar.conversation.replies import reply_key
from voice_avatar.events.commands import StartReply
from voice_avatar.events.inputs import (
    CommitInput,
    Endpointing,
    HistoryAdded,
    HistoryCut,
    InterruptRequest,
    ReplyRequest,
    SettingsChanged,
)
from voice_avatar.events.notices import ReplyRefused, ReplyStarted, TranscriptFinal, TurnForgotten
from voice_avatar.events.payloads import Message


def added(role: str, text: str, key: str = "k", after: str | None = None) -> HistoryAdded:
    return HistoryAdded(key, Message(role, text), after)  # type: ignore[arg-type]


def said(scene: Scene) -> list[str]:
    return [f"{m.role}: {m.content}" for m in scene.session.history.messages]


def started(scene: Scene) -> StartReply:
    return scene.only(StartReply)[-1]


def test_a_reply_that_is_asked_for_answers_what_the_client_put_in() -> None:
    scene = Scene()
    scene.give(added("user", "What is two and two?"))
    scene.give(ReplyRequest("a1"))
    assert scene.only(ReplyStarted)[-1].ask_id == "a1"
    assert started(scene).messages[-1] == Message("user", "What is two and two?")
    scene.answer("Four.", 1.0)
    scene.wait(2.0)
    scene.give(added("user", "And three?"))
    assert said(scene) == ["user: What is two and two?", "assistant: Four.", "user: And three?"]


def test_a_request_has_its_own_instructions_messages_and_limits() -> None:
    scene = Scene()
    scene.give(added("user", "Hello."))
    own = (Message("user", "Only this."),)
    scene.give(ReplyRequest("a1", "Be brief.", own, max_tokens=7, temperature=0.5))
    start = started(scene)
    assert start.messages == (Message("system", "Be brief."), *own)
    assert (start.max_tokens, start.temperature) == (7, 0.5)
    assert said(scene) == ["user: Hello."]


def test_what_is_set_for_the_session_holds_for_every_reply() -> None:
    scene = Scene()
    scene.give(SettingsChanged(max_reply_tokens=9, temperature=0.7, is_silent=True))
    scene.ask("Hello.")
    start = started(scene)
    assert (start.max_tokens, start.temperature, start.is_silent) == (9, 0.7, True)


def test_who_wants_longer_replies_than_the_model_can_hold_leaves_it_half_its_window() -> None:
    scene = Scene()
    scene.give(SettingsChanged(max_reply_tokens=4096))
    scene.ask("Hello.")
    assert started(scene).max_tokens == 1000
    assert started(scene).messages[-1] == Message("user", "Hello.")
    other = Scene()
    other.give(added("user", "Hello."))
    other.give(ReplyRequest("a1", max_tokens=4096))
    assert started(other).max_tokens == 1000


def test_while_a_reply_is_live_another_one_is_refused() -> None:
    scene = Scene()
    scene.give(added("user", "Hello."))
    scene.give(ReplyRequest("a1"))
    scene.give(ReplyRequest("a2"))
    assert scene.only(ReplyRefused) == [ReplyRefused("a2")]
    assert len(scene.only(ReplyStarted)) == 1


def test_a_silent_reply_is_over_when_it_is_written_and_all_of_it_was_read() -> None:
    scene = Scene()
    scene.give(added("user", "Hello."))
    scene.give(ReplyRequest("a1", is_silent=True))
    scene.write(scene.live_id, "Good day.", 1.0)
    scene.planned.clear()
    assert scene.made(scene.live_id) == ["done 1 completed: Good day.", "state listening"]
    scene.give(ReplyRequest("a2"))
    assert said(scene) == ["user: Hello.", "assistant: Good day."]


def test_of_a_silent_reply_that_is_cancelled_history_keeps_what_was_written() -> None:
    scene = Scene()
    scene.give(added("user", "Hello."))
    scene.give(ReplyRequest("a1", is_silent=True))
    scene.write(scene.live_id, "Good day to", 1.0)
    scene.give(InterruptRequest(scene.live_id))
    scene.give(ReplyRequest("a2"))
    assert said(scene) == ["user: Hello.", "assistant: Good day to"]


def test_turns_are_not_answered_where_the_client_answers_them() -> None:
    scene = Scene()
    scene.give(SettingsChanged(answered="none"))
    scene.say("Hello.")
    scene.hush(1.5)
    assert scene.only(StartReply) == []
    assert scene.only(TranscriptFinal)[-1].text == "Hello."
    scene.give(ReplyRequest("a1"))
    assert started(scene).messages[-1] == Message("user", "Hello.")


def test_of_detected_turns_and_committed_ones_only_the_former_are_answered_if_so_set() -> None:
    scene = Scene()
    scene.give(SettingsChanged(answered="detected"))
    scene.speak(0.96)
    scene.give(CommitInput())
    scene.text("First.")
    assert [final.text for final in scene.only(TranscriptFinal)] == ["First."]
    assert scene.only(ReplyStarted) == []
    scene.hush(0.5)
    scene.ask("Second.")
    assert started(scene).messages[-1] == Message("user", "First. Second.")
    assert len(scene.only(ReplyStarted)) == 1


def test_audio_without_speech_is_a_turn_if_the_client_says_where_it_begins() -> None:
    scene = Scene()
    scene.give(SettingsChanged(endpointing="manual", answered="none"))
    scene.hush(1.0)
    assert scene.give(CommitInput()) == ["nothing_to_commit"]
    begin = scene.sample - 8_000
    scene.give(CommitInput(begin))
    assert scene.questions[-1].start <= begin
    scene.text("Whispered.")
    assert scene.only(TranscriptFinal)[-1].text == "Whispered."


def test_a_committed_turn_without_words_is_told_to_be_none() -> None:
    scene = Scene()
    scene.give(SettingsChanged(endpointing="manual", answered="none"))
    scene.hush(1.0)
    scene.give(CommitInput(0))
    scene.text("")
    assert scene.only(TurnForgotten) == [TurnForgotten(1)]


def test_a_voice_does_not_end_a_reply_that_may_not_be_interrupted() -> None:
    scene = Scene()
    scene.give(SettingsChanged(is_interruptible=False))
    reply_id = scene.ask("Hello.")
    scene.answer("One two three four.", 4.0)
    told = scene.speak(2.5) + scene.hush(0.2)
    assert not any("interrupted" in line for line in told)
    scene.text("What about me?")
    scene.hush(2.0)
    scene.score(0.95)
    scene.hush(1.0)
    assert f"done {reply_id} completed: One two three four." in scene.told
    assert scene.live_id == reply_id + 1
    assert said(scene)[1:] == ["assistant: One two three four.", "user: What about me?"]


def test_a_reply_that_may_not_be_interrupted_is_not_even_taken_back() -> None:
    scene = Scene()
    scene.give(SettingsChanged(is_interruptible=False))
    reply_id = scene.ask("Hello.")
    scene.speak(0.5)
    scene.answer("Hello yourself.", 0.5)
    scene.hush(1.0)
    assert f"done {reply_id} completed: Hello yourself." in scene.told


def test_a_turn_that_ends_over_such_a_reply_is_answered_after_it() -> None:
    scene = Scene()
    scene.give(SettingsChanged(is_interruptible=False))
    reply_id = scene.ask("Hello.")
    scene.answer("One two three four.", 4.0)
    scene.speak(0.96)
    scene.wait(0.7)  # the microphone falls silent in mid-word
    scene.text("And me?")
    assert scene.live_id == reply_id
    scene.wait(4.0)
    assert scene.live_id == reply_id + 1
    assert started(scene).messages[-2:] == (
        Message("assistant", "One two three four."),
        Message("user", "And me?"),
    )


def test_what_is_added_while_a_reply_is_live_follows_it() -> None:
    scene = Scene()
    scene.ask("Hello.")
    scene.answer("Good day.", 1.0)
    scene.give(added("user", "By the way."))
    assert said(scene) == ["user: Hello."]
    scene.wait(2.0)
    scene.give(ReplyRequest("a1"))
    assert said(scene) == ["user: Hello.", "assistant: Good day.", "user: By the way."]


def test_a_reply_is_cut_to_what_the_client_says_was_heard_of_it() -> None:
    scene = Scene()
    reply_id = scene.ask("Hello.")
    scene.answer("One two three four.", 2.0)
    scene.wait(3.0)
    scene.give(HistoryCut(reply_key(reply_id), "One two"))
    assert said(scene) == ["user: Hello.", "assistant: One two"]
    scene.give(HistoryCut(reply_key(reply_id)))
    assert said(scene) == ["user: Hello."]


@pytest.mark.parametrize("is_over", [False, True])
def test_a_message_that_is_taken_out_is_in_no_prompt(is_over: bool) -> None:
    scene = Scene()
    reply_id = scene.ask("Hello.")
    scene.answer("Good day.", 1.0)
    if is_over:
        scene.wait(2.0)
    scene.give(added("user", "Later.", "later"))
    scene.give(HistoryCut("turn-1"))
    scene.give(HistoryCut(reply_key(reply_id)))
    scene.give(HistoryCut("later"))
    scene.wait(2.0)
    scene.give(added("user", "New."))
    assert said(scene) == ["user: New."]


def test_a_message_can_be_put_between_others_or_first() -> None:
    scene = Scene()
    scene.give(added("user", "One.", "one"))
    scene.give(added("assistant", "Three.", "three"))
    scene.give(added("system", "Two.", "two", after="one"))
    scene.give(added("system", "Zero.", "zero", after=""))
    scene.give(added("user", "Four.", "four", after="unknown"))
    assert said(scene) == [
        "system: Zero.",
        "user: One.",
        "system: Two.",
        "assistant: Three.",
        "user: Four.",
    ]


def test_a_turn_ends_after_the_silence_that_the_client_wants_whatever_was_said() -> None:
    scene = Scene()
    scene.give(SettingsChanged(detection=Endpointing(silence_s=0.5)))
    scene.speak(0.96)
    scene.hush(0.3)
    scene.text("And then um,")
    assert scene.scores == []
    assert "ended 1 vad" not in scene.told
    scene.hush(0.3)
    assert "ended 1 vad" in scene.told


def test_the_configured_end_of_a_turn_comes_back() -> None:
    scene = Scene()
    scene.give(SettingsChanged(detection=Endpointing(silence_s=5.0, speech_probability=0.95)))
    scene.speak(1.0)
    assert "speech started" not in scene.told
    scene.give(SettingsChanged(detection=Endpointing()))
    scene.ask("Hello.")
    assert "ended 1 semantic" in scene.told


def test_a_patient_session_waits_longer() -> None:
    scene = Scene()
    scene.give(SettingsChanged(detection=Endpointing(patience=3.0)))
    scene.say("Hello.")
    scene.hush(0.4)
    assert scene.only(ReplyStarted) == []
    scene.hush(0.4)
    assert len(scene.only(ReplyStarted)) == 1
