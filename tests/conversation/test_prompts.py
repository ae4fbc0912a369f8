"""What the model is shown, and what it reads ahead."""

from __future__ import annotations

from dataclasses import replace

from kit.session_talk import OPENING, RATE_HZ, SYSTEM, TURN, WINDOW_S, Scene, speaking

from voice_avatar.conversation.history import HistoryOptions
from voice_avatar.events.commands import StartReply, WarmPrefix
from voice_avatar.events.inputs import InterruptRequest, ReplyFailed, SettingsChanged, TextInput
from voice_avatar.events.payloads import Message


def test_the_prompt_is_the_system_message_history_and_the_question() -> None:
    scene = speaking("Hi.", 1.0)
    scene.wait(2.0)
    scene.say("Who are you?")
    [start] = scene.only(StartReply)
    assert start.messages == (
        SYSTEM,
        Message("user", "Hello."),
        Message("assistant", "Hi."),
        Message("user", "Who are you?"),
    )


def test_the_prompt_is_warmed_while_the_user_speaks_if_it_is_final() -> None:
    scene = Scene()
    scene.log.clear()
    scene.speak(0.2)
    assert scene.only(WarmPrefix) == [WarmPrefix((SYSTEM, OPENING))]
    again = speaking("Hi.", 1.0)
    again.wait(1.1)
    again.log.clear()
    again.speak(0.2)
    assert again.only(WarmPrefix) == []
    later = speaking("Hi.", 1.0)
    later.wait(2.0)
    later.log.clear()
    later.speak(0.2)
    assert [m.content for m in later.only(WarmPrefix)[0].messages] == ["Be kind.", "Hello.", "Hi."]


# -- reading ahead


def test_the_prompt_is_warmed_when_a_session_begins() -> None:
    assert Scene().only(WarmPrefix) == [WarmPrefix((SYSTEM, OPENING))]
    without = Scene(history=HistoryOptions(opening=""))
    assert without.only(WarmPrefix) == [WarmPrefix((SYSTEM,))]


def test_a_prompt_that_the_client_changes_is_warmed_at_once() -> None:
    scene = Scene()
    scene.log.clear()
    scene.give(SettingsChanged(system_prompt="Be brief."))
    assert scene.only(WarmPrefix) == [WarmPrefix((Message("system", "Be brief."), OPENING))]
    assert scene.give(SettingsChanged(language="zh")) == []


def test_the_prompt_is_warmed_once_the_client_has_said_how_much_of_the_reply_was_heard() -> None:
    scene = speaking()
    scene.report(1, 4.0, "finished")
    scene.log.clear()
    scene.speak(0.2)
    assert [[m.content for m in warm.messages] for warm in scene.only(WarmPrefix)] == [
        ["Be kind.", "Hello.", "One two three four."]
    ]


def test_it_is_warmed_after_an_interruption_too() -> None:
    scene = speaking()
    scene.report(1, 3.0)
    scene.give(InterruptRequest())
    scene.report(1, 1.5, "stopped")
    scene.report(1, 0.0, "stopped")
    scene.speak(0.2)
    assert scene.only(WarmPrefix)[-1].messages[-1] == Message("assistant", "One")


def test_a_report_while_the_reply_goes_on_makes_nothing_final() -> None:
    scene = speaking()
    scene.report(1, 3.0)
    scene.give(InterruptRequest())
    scene.report(1, 2.0)
    assert scene.report(1, 1.5, "stopped") == []
    assert scene.session.history.messages[-1] == Message("assistant", "One")


def test_what_was_heard_of_a_reply_that_failed_is_remembered_before_the_apology() -> None:
    scene = Scene()
    scene.ask("Hello.")
    scene.write(1, "One two", 2.0)
    scene.send(1, 2.0)
    scene.give(ReplyFailed(1, "llm_failed", "Broken.", 2 * RATE_HZ))
    assert scene.report(1, 2.0, "finished")[0] == "done 1 failed: One two"
    assert scene.session.history.messages[-1] == Message("assistant", "One two")


def test_the_model_does_not_read_ahead_of_a_reply_that_may_be_corrected() -> None:
    scene = Scene(turn=replace(TURN, interim_s=0.5))
    scene.give(TextInput("Hello."))
    scene.answer("Hi.", 1.0)
    scene.wait(1.1)
    scene.log.clear()
    scene.speak(0.2)
    assert scene.only(WarmPrefix) == []
    scene.speak(0.8)
    scene.text("How old is")
    assert [warm.messages[-1].content for warm in scene.only(WarmPrefix)] == ["How old is"]


def test_the_model_reads_what_was_said_so_far() -> None:
    scene = Scene(turn=replace(TURN, interim_s=0.5))
    scene.speak(0.96)
    assert scene.text("How old is")[-1] == "warm"
    assert scene.only(WarmPrefix)[-1].messages[-1].content == "How old is"
    scene.hush(2 * WINDOW_S)
    assert "warm" not in scene.text("How old is it?")
