"""The avatar's side: replies prepared, heard, paused, cut, failed, and what was heard of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from kit.session_talk import OPTIONS, PAUSING, RATE_HZ, WINDOW_S, Scene, speaking

from voice_avatar.events.commands import CancelReply, OpenGate, StartReply
from voice_avatar.events.inputs import (
    AudioSent,
    ClearInput,
    CommitInput,
    InterruptRequest,
    ReplyFailed,
    SessionInput,
    SettingsChanged,
    TalkPressed,
    TalkReleased,
    TextInput,
)
from voice_avatar.events.notices import (
    ReplyDone,
    ReplyInterrupted,
    ReplyPaused,
    ReplyResumed,
    ReplyStarted,
    State,
)

# -- speculation


def test_a_prepared_reply_is_not_told_and_its_audio_not_allowed_before_the_commit() -> None:
    scene = Scene()
    scene.say("What is it?")
    assert scene.only(ReplyStarted) == []
    assert not scene.session.is_speaking
    assert scene.session.allowance(1, scene.now_s) == 0
    scene.write(1, "A chair.", 1.0)
    scene.hush(0.16)
    assert scene.session.is_speaking
    assert scene.session.allowance(1, scene.now_s) == 2 * RATE_HZ
    assert scene.session.allowance(2, scene.now_s) == 0
    assert scene.session.due_s(1, 320) is None
    scene.give(AudioSent(1, 320))
    assert scene.session.due_s(1, 640) == scene.now_s
    assert scene.session.due_s(2, 640) is None


def test_a_prepared_reply_is_withdrawn_when_the_user_goes_on() -> None:
    scene = Scene()
    scene.say("What is it", 0.5)
    assert scene.speak(0.32) == ["speech started", "gaze user", "cancel 1"]
    scene.hush(2 * WINDOW_S)
    scene.text("What is it good for?")
    assert scene.score(0.95) == ["gaze away_up", "start 2: What is it good for?"]
    assert "open 2" in scene.hush(0.2)
    assert scene.only(CancelReply) == [CancelReply(1)]


def test_a_prepared_reply_in_another_language_is_replaced() -> None:
    scene = Scene()
    scene.say("OK")
    scene.give(SettingsChanged(language="zh"))
    assert scene.hush(0.16)[:2] == ["cancel 1", "start 2: OK"]
    assert scene.only(OpenGate) == [OpenGate(2)]


def test_a_prepared_reply_that_failed_is_tried_again() -> None:
    scene = Scene()
    scene.say("What is it?")
    assert scene.give(ReplyFailed(1, "llm_failed", "No.")) == []
    assert scene.hush(0.16)[:2] == ["cancel 1", "start 2: What is it?"]


def test_a_doubtful_turn_gets_its_reply_at_the_commit() -> None:
    scene = Scene()
    scene.say("What is it?", 0.1)
    assert scene.only(StartReply) == []
    told = scene.hush(1.4)
    assert [item.split(":")[0] for item in told[:3]] == ["start 1", "final 1", "ended 1 semantic"]


def test_a_prepared_reply_of_a_turn_that_is_cleared_is_withdrawn() -> None:
    scene = Scene()
    scene.say("What is it?")
    assert scene.give(ClearInput()) == ["final 1: ", "cancel 1", "gaze user"]


def test_words_that_differ_only_in_case_and_punctuation_need_no_new_reply() -> None:
    scene = Scene()
    scene.say("Hello, there!")
    scene.give(CommitInput())
    assert scene.only(StartReply)[0].reply_id == scene.live_id == 1


# -- interruptions


def test_a_word_over_the_reply_interrupts_it() -> None:
    scene = speaking()
    scene.report(1, 2.2)
    assert scene.speak(0.32) == ["speech started", "transcribe interrupt"]
    assert scene.text("Wait") == [
        "cancel 1",
        "interrupted 1 by voice: One two",
        "done 1 interrupted: One two",
        "state interrupted",
        "interim 2: Wait",
    ]
    scene.speak(0.32)
    scene.hush(2 * WINDOW_S)
    scene.text("Wait a moment.")
    assert scene.score(0.95)[-1] == "start 2: Wait a moment."
    assert scene.hush(0.16)[-3:] == ["state thinking", "reply 2 to turn 2", "open 2"]
    assert scene.history == [
        "user: Hello.",
        "assistant: One two",
        "user: Wait a moment. next",
    ]


def test_a_message_interrupts_the_reply() -> None:
    scene = speaking()
    scene.report(1, 3.0)
    assert scene.give(InterruptRequest()) == [
        "cancel 1",
        "interrupted 1 by message: One two three",
        "done 1 interrupted: One two three",
        "state interrupted",
    ]
    assert scene.wait(0.29) == []
    assert scene.wait(0.02) == ["state listening"]
    assert scene.session.allowance(1, scene.now_s) == 0


def test_a_message_may_name_the_reply() -> None:
    scene = speaking()
    assert scene.give(InterruptRequest(7)) == ["nothing_to_interrupt"]
    assert "cancel 1" in scene.give(InterruptRequest(1))
    assert scene.give(InterruptRequest(1)) == ["nothing_to_interrupt"]
    assert scene.give(InterruptRequest()) == ["nothing_to_interrupt"]


def test_a_typed_turn_interrupts_the_reply_and_is_answered() -> None:
    scene = speaking()
    scene.report(1, 1.0)
    assert scene.give(TextInput("  Tell me\n more ")) == [
        "cancel 1",
        "interrupted 1 by text: One",
        "done 1 interrupted: One",
        "state interrupted",
        "start 2: Tell me more",
        "final 2: Tell me more",
        "ended 2 text",
        "state thinking",
        "reply 2 to turn 2",
        "open 2",
    ]


def test_push_to_talk_interrupts_the_reply_at_once() -> None:
    scene = speaking()
    assert scene.give(TalkPressed()) == [
        "cancel 1",
        "interrupted 1 by ptt: ",
        "done 1 interrupted: ",
        "state interrupted",
    ]
    assert scene.speak(0.96) == ["speech started", "state listening"]
    assert scene.give(TalkReleased()) == ["transcribe eager"]
    assert scene.text("Stop.") == [
        "interim 2: Stop.",
        "start 2: Hello. Stop.",
        "final 2: Stop.",
        "ended 2 ptt",
        "state thinking",
        "reply 2 to turn 2",
        "open 2",
    ]


def test_a_commit_of_speech_over_the_reply_interrupts_it() -> None:
    scene = speaking()
    scene.speak(0.2)
    scene.hush(2 * WINDOW_S)
    scene.give(CommitInput())
    told = scene.text("Okay.")
    assert told[:2] == ["interim 2: Okay.", "cancel 1"]
    assert told[-1] == "open 2"
    assert scene.only(StartReply)[0].reply_id == 2


@pytest.mark.parametrize("text", ["Mhm.", ""])
def test_a_backchannel_or_a_cough_leaves_the_reply_alone(text: str) -> None:
    scene = speaking()
    scene.speak(0.32)
    scene.text(text)
    scene.hush(2 * WINDOW_S)
    scene.text(text)
    scene.hush(1.0)
    assert scene.told == [
        "speech started",
        "transcribe interrupt",
        "speech stopped",
        "transcribe eager",
    ]
    assert scene.session.is_speaking


# -- a reply that pauses


def pausing(played_s: float = 2.2) -> Scene:
    """The avatar has said so much when there is a voice over it."""
    scene = speaking(turn=PAUSING)
    scene.report(1, played_s)
    assert scene.speak(0.064) == [f"paused 1 at {played_s + 0.064:.1f}"]
    return scene


def test_a_voice_over_a_reply_pauses_it_and_its_words_interrupt_it_where_it_paused() -> None:
    scene = pausing()
    assert scene.speak(0.704) == ["speech started", "transcribe interrupt"]
    assert scene.session.state is State.SPEAKING
    assert scene.text("Wait") == [
        "cancel 1",
        "interrupted 1 by voice: One two",
        "done 1 interrupted: One two",
        "state interrupted",
        "interim 2: Wait",
    ]
    [cut] = scene.only(ReplyInterrupted)
    [paused] = scene.only(ReplyPaused)
    assert cut.at == paused.at


@pytest.mark.parametrize("text", ["Mhm.", ""])
def test_a_hum_or_a_cough_lets_a_paused_reply_go_on_where_it_stood(text: str) -> None:
    scene = pausing()
    scene.speak(0.192)
    scene.hush(0.128)
    assert scene.text(text) == ["resumed 1 from 2.3"]
    assert scene.session.state is State.SPEAKING
    assert scene.hush(1.6) == []
    assert scene.hush(0.3) == ["done 1 completed: One two three four.", "state listening"]
    assert scene.only(ReplyResumed)[0].start == scene.only(ReplyPaused)[0].at
    assert scene.history == ["user: Hello.", "assistant: One two three four.", "user: next"]


def test_what_was_no_speech_at_all_lets_it_go_on_at_once() -> None:
    scene = pausing()
    assert scene.hush(0.096) == ["resumed 1 from 2.3"]


def test_a_paused_reply_may_not_be_sent_and_is_not_over_by_itself() -> None:
    scene = pausing()
    assert scene.session.allowance(1, scene.now_s) == 0
    scene.speak(0.3)
    assert scene.wait(0.5) == []
    assert scene.session.is_speaking
    assert scene.session.allowance(1, scene.now_s) == 0
    assert scene.session.due_s(1, 5 * RATE_HZ) is None


def test_a_pause_over_which_nothing_is_heard_any_more_ends() -> None:
    scene = pausing()
    scene.speak(0.192)
    told = scene.wait(5.0)  # neither the microphone nor the recogniser delivers
    assert [text for text in told if "resumed" in text] == ["resumed 1 from 2.3"]
    assert told[-2:] == ["done 1 completed: One two three four.", "state listening"]


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (InterruptRequest(), "message"),
        (InterruptRequest(1), "message"),
        (TextInput("Stop it."), "text"),
        (TalkPressed(), "ptt"),
    ],
)
def test_whatever_else_interrupts_a_paused_reply_interrupts_it_where_it_stood(
    end: SessionInput, reason: str
) -> None:
    scene = pausing(3.0)
    scene.speak(0.192)
    assert f"interrupted 1 by {reason}: One two three" in scene.give(end)
    scene.hush(1.0)
    assert scene.only(ReplyResumed) == []


def test_clearing_the_turn_lets_a_paused_reply_go_on() -> None:
    scene = pausing()
    scene.speak(0.192)
    assert "resumed 1 from 2.3" in scene.give(ClearInput())


def test_a_commit_interrupts_a_paused_reply_when_its_words_are_known() -> None:
    scene = pausing()
    scene.speak(0.192)
    assert "resumed 1 from 2.3" not in scene.give(CommitInput())
    assert "interrupted 1 by voice: One two" in scene.text("Mhm.")


def test_where_the_client_stands_is_believed_and_is_where_it_goes_on() -> None:
    scene = pausing()
    scene.report(1, 2.4, "paused")
    scene.hush(0.096)
    assert [resumed.start for resumed in scene.only(ReplyResumed)] == [24_000]


def test_a_client_that_has_played_all_when_the_pause_reaches_it_ends_the_reply() -> None:
    scene = pausing(3.9)
    assert scene.report(1, 4.0, "finished") == [
        "done 1 completed: One two three four.",
        "state listening",
    ]
    scene.hush(0.5)
    assert scene.only(ReplyResumed) == []


def test_a_reply_that_fails_while_it_is_paused_is_played_to_its_end_first() -> None:
    scene = Scene(turn=PAUSING)
    scene.ask("Hello.")
    scene.write(1, "One two three four.", 4.0)
    scene.send(1, 4.0)
    scene.report(1, 2.0)
    scene.speak(0.064)
    assert scene.give(ReplyFailed(1, "llm_failed", "No.", 40_000)) == ["llm_failed"]
    told = scene.hush(0.128)
    assert told == ["resumed 1 from 2.1"]
    assert scene.hush(2.1)[0] == "done 1 failed: One two three four."


def test_a_voice_before_the_reply_is_heard_pauses_nothing() -> None:
    scene = Scene(turn=PAUSING)
    scene.ask("Hello.")
    scene.speak(0.064)
    assert scene.only(ReplyPaused) == []


def test_a_voice_after_the_reply_pauses_nothing() -> None:
    scene = speaking(turn=PAUSING)
    scene.wait(5.0)
    scene.speak(0.5)
    assert scene.only(ReplyPaused) == []


def test_a_reply_is_paused_again_when_the_voice_comes_again() -> None:
    scene = pausing(1.0)
    scene.hush(0.096)
    scene.hush(0.5)
    told = scene.speak(0.192)
    assert [text for text in told if "paused" in text] == ["paused 1 at 1.7"]


def test_what_comes_of_a_cut_reply_is_ignored() -> None:
    scene = speaking()
    scene.give(InterruptRequest())
    assert scene.write(1, " More.", 1.0) == []
    assert scene.send(1, 5.0) == []
    assert scene.made(1) == []
    assert scene.give(ReplyFailed(1, "llm_failed", "No.")) == []
    assert scene.session.state is State.INTERRUPTED


# -- what was heard


def test_a_late_report_corrects_what_was_heard_of_an_interrupted_reply() -> None:
    scene = speaking()
    scene.report(1, 3.0)
    scene.give(InterruptRequest())
    assert scene.only(ReplyDone)[0].spoken_text == "One two three"
    assert scene.report(1, 1.5, "stopped") == []
    assert scene.history == ["user: Hello.", "assistant: One", "user: next"]


def test_a_late_report_may_also_say_that_more_was_heard() -> None:
    scene = speaking()
    scene.report(1, 1.0)
    scene.give(InterruptRequest())
    scene.report(1, 99.0, "finished")
    assert scene.history == ["user: Hello.", "assistant: One two three four.", "user: next"]


def test_after_the_next_prompt_history_stays_as_it_is() -> None:
    scene = speaking()
    scene.report(1, 3.0)
    scene.give(InterruptRequest())
    scene.give(TextInput("go on"))
    scene.report(1, 1.0, "stopped")
    assert scene.history[:2] == ["user: Hello.", "assistant: One two three"]


def test_reports_about_replies_that_do_not_exist_are_ignored() -> None:
    scene = speaking()
    assert scene.report(0, 1.0) + scene.report(7, 1.0) == []
    quiet = Scene()
    assert quiet.report(1, 1.0) == []


def test_a_client_that_has_played_all_ends_the_reply() -> None:
    scene = speaking()
    assert scene.report(1, 4.0, "finished") == [
        "done 1 completed: One two three four.",
        "state listening",
    ]


def test_a_client_that_ran_dry_early_does_not_end_the_reply() -> None:
    scene = Scene()
    scene.ask("Hello.")
    scene.write(1, "One two", 2.0)
    scene.send(1, 1.0)
    assert scene.report(1, 1.0, "finished") == []
    assert scene.session.is_speaking
    scene.send(1, 2.0)
    scene.made(1)
    scene.report(1, 1.0, "playing")
    assert scene.wait(1.1)[:1] == ["done 1 completed: One two"]


def test_a_stalled_client_holds_the_reply_up_and_the_audio_back() -> None:
    scene = speaking()
    scene.report(1, 1.0, "stalled")
    assert scene.session.allowance(1, scene.now_s + 1.0) == 0
    assert scene.wait(4.9) == []
    assert scene.wait(4.0) == ["done 1 completed: One two three four.", "state listening"]


# -- failures


APOLOGY = "Sorry, I lost my train of thought. Could you say that again?"


def test_a_reply_that_fails_is_played_to_its_end_and_apologised_for() -> None:
    scene = Scene()
    scene.ask("Hello.")
    scene.write(1, "One two three", 3.0)
    scene.send(1, 2.0)
    scene.log.clear()
    assert scene.give(ReplyFailed(1, "llm_failed", "Broken.", 25_000)) == ["llm_failed"]
    assert scene.send(1, 2.5) == []
    assert scene.wait(3.0) == [
        "done 1 failed: One two",
        "state listening",
        f"start 2: {APOLOGY}",
        "state thinking",
        "reply 2 to turn 0",
        "open 2",
        "gaze away_up",
    ]
    scene.answer(APOLOGY, 3.0)
    assert scene.wait(4.0) == [f"done 2 completed: {APOLOGY}", "state listening"]
    assert scene.history == ["user: Hello.", "assistant: One two", "user: next"]


def test_a_reply_that_fails_before_its_first_sound_is_apologised_for_at_once() -> None:
    scene = Scene()
    scene.ask("Hello.")
    assert scene.give(ReplyFailed(1, "llm_timeout", "Late.")) == [
        "llm_timeout",
        "done 1 failed: ",
        "state listening",
        f"start 2: {APOLOGY}",
        "state thinking",
        "reply 2 to turn 0",
        "open 2",
    ]


def test_an_apology_that_fails_is_not_apologised_for() -> None:
    scene = Scene()
    scene.ask("Hello.")
    scene.give(ReplyFailed(1, "llm_failed", "Broken."))
    assert scene.give(ReplyFailed(2, "tts_failed", "Mute.")) == [
        "tts_failed",
        "done 2 failed: ",
        "state listening",
    ]


@pytest.mark.parametrize(
    ("language", "opening"), [("zh", "抱歉"), ("fr", "Désolé"), ("it", "Sorry")]
)
def test_an_apology_is_made_in_the_users_language_where_there_is_one(
    language: str, opening: str
) -> None:
    scene = Scene(replace(OPTIONS, language=language))
    scene.ask("Hello.")
    scene.give(ReplyFailed(1, "llm_failed", "Broken."))
    apology = scene.only(StartReply)[-1]
    assert (apology.text or "").startswith(opening)
    assert apology.language == language


def speaking_as_it_fails() -> Scene:
    """The user has begun to speak over the end of a reply that failed; the apology is due."""
    scene = Scene()
    scene.ask("Hello.")
    scene.write(1, "One two three", 3.0)
    scene.send(1, 0.3)
    scene.give(ReplyFailed(1, "llm_failed", "Broken.", 3_000))
    scene.speak(0.2)
    scene.hush(WINDOW_S)
    assert "start 2: " + APOLOGY not in scene.told
    scene.speak(0.25)
    assert "start 2: " + APOLOGY in scene.told
    return scene


def test_an_apology_is_interrupted_by_a_word_that_began_over_the_reply_that_failed() -> None:
    scene = speaking_as_it_fails()
    scene.speak(0.1)
    assert scene.text("Wait")[:2] == ["cancel 2", "interrupted 2 by voice: "]


def test_an_apology_is_not_taken_back_for_a_mhm_that_began_over_the_reply_that_failed() -> None:
    scene = speaking_as_it_fails()
    scene.text("Mhm.")
    scene.hush(2 * WINDOW_S)
    scene.text("Mhm.")
    scene.hush(1.0)
    assert scene.session.is_speaking
    assert scene.only(ReplyInterrupted) == []


def test_speech_that_cannot_be_recognised_is_apologised_for() -> None:
    scene = Scene()
    scene.speak(0.96)
    scene.hush(2 * WINDOW_S)
    assert scene.text(None) == [
        "stt_failed",
        f"start 1: {APOLOGY}",
        "state thinking",
        "reply 1 to turn 0",
        "open 1",
    ]


def test_speech_over_a_reply_that_cannot_be_recognised_does_not_disturb_it() -> None:
    scene = speaking()
    scene.speak(0.2)
    scene.hush(2 * WINDOW_S)
    assert scene.text(None) == ["stt_failed"]
    assert scene.session.is_speaking


def test_a_reply_without_a_word_is_told_as_empty() -> None:
    scene = Scene()
    scene.ask("Hello.")
    assert scene.made(1) == ["empty_reply", "done 1 completed: ", "state listening"]
    assert scene.history == ["user: Hello. next"]


def test_a_prepared_reply_without_a_word_is_over_as_soon_as_it_is_live() -> None:
    scene = Scene()
    scene.say("Hello.")
    assert scene.made(1) == []
    assert scene.hush(0.16)[-6:] == [
        "state thinking",
        "reply 1 to turn 1",
        "open 1",
        "empty_reply",
        "done 1 completed: ",
        "state listening",
    ]


# -- greeting


def test_a_greeting_is_spoken_first_and_remembered() -> None:
    scene = Scene(replace(OPTIONS, greeting="Welcome!"))
    assert scene.told == [
        "state idle",
        "warm",
        "start 1: Welcome!",
        "state thinking",
        "reply 1 to turn 0",
        "open 1",
    ]
    scene.answer("Welcome!", 1.0)
    assert scene.wait(2.0)[-2:] == ["done 1 completed: Welcome!", "state listening"]
    assert scene.history == ["user: Hello!", "assistant: Welcome!", "user: next"]
