"""Replies beside the conversation: decided like any other, and nothing else of it is touched."""

from __future__ import annotations

from kit.session_talk import RATE_HZ, SYSTEM, WINDOW_S, Scene, speaking

from voice_avatar.conversation.out_of_band import OUT_OF_BAND_FROM
from voice_avatar.events.commands import CancelReply, OpenGate, StartReply
from voice_avatar.events.inputs import (
    AudioSent,
    InterruptRequest,
    ReplyFailed,
    ReplyGenerated,
    ReplyRequest,
    ReplyTextAdded,
    SettingsChanged,
    ToolCallMade,
)
from voice_avatar.events.notices import (
    ReplyDone,
    ReplyRefused,
    ReplyStarted,
    State,
    ToolCalled,
    WarningNotice,
)
from voice_avatar.events.payloads import Message, Tool, ToolCall

FIRST = OUT_OF_BAND_FROM
LOOK = Tool("look")


def beside(scene: Scene, ask_id: str = "a1", **wish: object) -> StartReply:
    """Asks for one, and returns how it is made."""
    before = len(scene.only(StartReply))
    scene.give(ReplyRequest(ask_id, is_out_of_band=True, **wish))  # type: ignore[arg-type]
    (start,) = scene.only(StartReply)[before:]
    assert start.is_out_of_band
    return start


def sent(scene: Scene, reply_id: int, text: str, samples: int = 3 * RATE_HZ) -> None:
    """All of it is made and goes out at once."""
    scene.give(ReplyTextAdded(reply_id, text))
    scene.give(ReplyGenerated(reply_id, samples))
    scene.give(AudioSent(reply_id, samples))


def test_it_runs_beside_the_reply_that_plays_and_neither_touches_the_other() -> None:
    scene = speaking()
    scene.report(1, 1.0)
    assert beside(scene).reply_id == FIRST
    assert scene.only(ReplyRefused) == []
    assert scene.only(ReplyStarted) == [ReplyStarted(FIRST, 0, RATE_HZ, "a1")]
    assert scene.only(OpenGate) == []
    assert scene.session.state is State.SPEAKING
    assert scene.session.allowance(FIRST, scene.now_s) == 0
    sent(scene, FIRST, "A mood.")
    assert scene.only(ReplyDone) == [ReplyDone(FIRST, "completed", "A mood.", 3 * RATE_HZ)]
    playing = scene.session.playing(scene.now_s)
    assert playing is not None
    assert (playing.reply_id, playing.sample) == (1, RATE_HZ)
    scene.wait(4.0)
    assert scene.only(ReplyDone)[-1].reply_id == 1
    assert scene.history[-2:] == ["assistant: One two three four.", "user: next"]


def test_it_leaves_no_trace_in_history_and_prompts() -> None:
    scene = Scene()
    beside(scene, instructions="Name the mood.", messages=(Message("user", "I am furious."),))
    sent(scene, FIRST, "Angry.")
    assert scene.session.history.messages == ()
    assert scene.history == ["user: next"]
    assert scene.only(StartReply)[-1].messages == (SYSTEM, Message("user", "next"))


def test_it_is_shown_the_conversation_unless_it_brings_its_own() -> None:
    scene = speaking("Hi.", 1.0)
    scene.wait(2.0)
    assert beside(scene).messages[:2] == (SYSTEM, Message("user", "Hello."))
    own = (Message("user", "Only this."),)
    start = beside(scene, instructions="Be brief.", messages=own)
    assert start.messages == (Message("system", "Be brief."), *own)


def test_what_it_does_not_say_is_as_it_is_set_for_the_session_now() -> None:
    scene = Scene()
    scene.give(
        SettingsChanged(
            language="zh",
            system_prompt="Be curt.",
            max_reply_tokens=9,
            temperature=0.7,
            is_silent=True,
            tools=(LOOK,),
            tool_choice="required",
        )
    )
    start = beside(scene)
    assert start.language == "zh"
    assert start.messages[0] == Message("system", "Be curt.")
    assert (start.max_tokens, start.temperature, start.is_silent) == (9, 0.7, True)
    assert (start.tools, start.tool_choice) == ((LOOK,), "required")
    start = beside(scene, "a2", max_tokens=7, temperature=0.1, is_silent=False, tools=())
    assert (start.max_tokens, start.temperature, start.is_silent) == (7, 0.1, False)
    assert (start.tools, start.tool_choice) == ((), "none")


def test_it_follows_a_changed_language_and_one_that_was_detected() -> None:
    scene = Scene()
    assert beside(scene).language == "en"
    scene.give(SettingsChanged(language="zh"))
    assert beside(scene).language == "zh"
    scene.give(SettingsChanged(language=""))
    assert beside(scene).language == "en"
    scene.speak(0.96)
    scene.hush(2 * WINDOW_S)
    scene.text("你好吗？", "zh")
    scene.score(0.95)
    scene.hush(1.5)
    assert beside(scene).language == "zh"


def test_one_that_wants_to_be_longer_than_the_model_can_hold_leaves_it_half_its_window() -> None:
    assert beside(Scene(), max_tokens=4096).max_tokens == 1000


def test_two_at_once_are_told_apart() -> None:
    scene = Scene()
    assert [beside(scene, ask_id).reply_id for ask_id in ("a1", "a2")] == [FIRST, FIRST + 1]
    assert [it.ask_id for it in scene.only(ReplyStarted)] == ["a1", "a2"]
    scene.give(ReplyTextAdded(FIRST, "One"))
    scene.give(ReplyTextAdded(FIRST + 1, "Two"))
    scene.give(ReplyTextAdded(FIRST, " more."))
    sent(scene, FIRST + 1, ".", 2)
    sent(scene, FIRST, "", 1)
    assert scene.only(ReplyDone) == [
        ReplyDone(FIRST + 1, "completed", "Two.", 2),
        ReplyDone(FIRST, "completed", "One more.", 1),
    ]


def test_its_calls_are_told_and_not_waited_for() -> None:
    scene = Scene()
    scene.give(SettingsChanged(tools=(LOOK,)))
    beside(scene)
    scene.give(ToolCallMade(FIRST, ToolCall("c1", "look", "{}")))
    sent(scene, FIRST, "", 0)
    assert scene.only(ToolCalled) == [ToolCalled(FIRST, "c1", "look", "{}")]
    assert [done.status for done in scene.only(ReplyDone)] == ["completed"]
    assert scene.session.state is State.IDLE
    assert scene.session.deadline_s == scene.now_s + 60.0  # nothing but the end of the session


def test_one_that_fails_is_over_once_what_was_made_of_it_is_out_and_not_apologised_for() -> None:
    scene = Scene()
    beside(scene)
    scene.give(ReplyTextAdded(FIRST, "Well,"))
    scene.give(ReplyFailed(FIRST, "llm_failed", "It failed.", 5))
    assert scene.only(ReplyDone) == []
    scene.give(AudioSent(FIRST, 5))
    assert scene.only(ReplyDone) == [ReplyDone(FIRST, "failed", "Well,", 5)]
    assert len(scene.only(StartReply)) == 1


def test_it_is_cancelled_by_its_id_and_by_nothing_else() -> None:
    scene = speaking()
    beside(scene, "a1")
    beside(scene, "a2")
    scene.give(ReplyTextAdded(FIRST, "So far."))
    scene.give(InterruptRequest())
    assert scene.only(CancelReply) == [CancelReply(1)]
    scene.give(InterruptRequest(FIRST))
    assert scene.only(CancelReply)[1:] == [CancelReply(FIRST)]
    assert scene.only(ReplyDone)[1:] == [ReplyDone(FIRST, "interrupted", "So far.", 0)]
    sent(scene, FIRST, "More.")
    assert len(scene.only(ReplyDone)) == 2
    scene.give(InterruptRequest(FIRST))
    assert [it.code for it in scene.only(WarningNotice)] == ["nothing_to_interrupt"]
    sent(scene, FIRST + 1, "Whole.")
    assert scene.only(ReplyDone)[-1].spoken_text == "Whole."


def test_its_ids_are_none_of_the_conversations() -> None:
    scene = Scene()
    beside(scene)
    assert scene.ask("Hello.") == 1
    assert beside(scene).reply_id == FIRST + 1
