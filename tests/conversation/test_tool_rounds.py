"""Conversations in which the model calls tools: events in, commands and notices out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from kit.session_talk import OPTIONS, SYSTEM, Scene

from voice_avatar.conversation.options import SessionOptions
from voice_avatar.conversation.tool_calls import CANCELLED, TIMED_OUT
from voice_avatar.events.commands import StartReply, WarmPrefix
from voice_avatar.events.inputs import (
    ClientBack,
    ClientLost,
    HistoryAdded,
    InterruptRequest,
    ReplyFailed,
    ReplyReady,
    ReplyRequest,
    SettingsChanged,
    TalkPressed,
    TextInput,
    ToolCallMade,
    ToolResult,
)
from voice_avatar.events.notices import State, ToolCalled, ToolCancelled
from voice_avatar.events.payloads import Message, Tool, ToolCall

WEATHER = Tool("weather", "In a city.")
TIMER = Tool("timer")


class ToolScene(Scene):
    """A scene whose model may call tools."""

    def __init__(self, options: SessionOptions = OPTIONS, **settings: object) -> None:
        super().__init__(options)
        self.give(SettingsChanged(tools=(WEATHER, TIMER), **settings))  # type: ignore[arg-type]
        self.log.clear()

    def call(self, reply_id: int, index: int = 0, name: str = "weather") -> list[str]:
        call = ToolCall(f"call_{reply_id}_{index}", name, f'{{"n":{index}}}')
        return self.give(ToolCallMade(reply_id, call))

    def result(self, call_id: str, output: str = "sunny") -> list[str]:
        return self.give(ToolResult(call_id, output))

    @property
    def prompt(self) -> tuple[Message, ...]:
        """The prompt of the newest reply."""
        return self.only(StartReply)[-1].messages

    @property
    def messages(self) -> list[str]:
        """What history holds once the user has said something more."""
        self.give(TextInput("next"))
        return [
            f"{m.role}: {m.content}{''.join(f' +{call.name}' for call in m.calls)}"
            for m in self.session.history.messages
        ]


def called(*, said: str = "", **settings: object) -> ToolScene:
    """The user has asked, and reply 1 has called a tool, after some words if there are any."""
    scene = ToolScene(**settings)  # type: ignore[arg-type]
    scene.ask("Hello.")
    if said:
        scene.write(1, said, 1.0)
    scene.call(1)
    scene.made(1)
    if said:
        scene.send(1, 1.0)
    scene.log.clear()
    return scene


# -- before the commit


def test_a_model_is_offered_the_tools_of_the_session_and_reads_them_ahead() -> None:
    scene = Scene()
    scene.give(SettingsChanged(tools=(WEATHER,), tool_choice="required"))
    assert scene.only(WarmPrefix)[-1].tools == (WEATHER,)
    scene.ask("Hello.")
    (start,) = scene.only(StartReply)
    assert (start.tools, start.tool_choice) == ((WEATHER,), "required")


def test_a_call_is_never_told_before_the_turn_is_committed() -> None:
    scene = ToolScene()
    scene.say("Hello.")
    assert scene.call(1) == []
    assert scene.made(1) == []
    told = scene.hush(1.5)
    assert 'call call_1_0: weather {"n":0}' in told
    assert told.index("ended 1 semantic") < told.index('call call_1_0: weather {"n":0}')


def test_a_call_of_a_reply_that_is_withdrawn_is_never_told() -> None:
    scene = ToolScene()
    scene.say("Hello.")
    scene.call(1)
    scene.speak(0.96)
    scene.hush(0.1)
    scene.text("Hello and goodbye.")
    scene.score(0.95)
    scene.hush(1.5)
    assert scene.live_id == 2
    assert scene.only(ToolCalled) == []


# -- call, result, reply


def test_a_result_is_followed_by_a_reply_that_knows_it() -> None:
    scene = called()
    assert scene.session.state is State.THINKING
    assert scene.result("call_1_0") == ["start 2: sunny", "reply 2 to turn 1", "open 2"]
    call = ToolCall("call_1_0", "weather", '{"n":0}')
    assert scene.prompt == (
        SYSTEM,
        Message("user", "Hello."),
        Message("assistant", "", (call,)),
        Message("tool", "sunny", call_id="call_1_0"),
    )
    scene.answer("It is sunny.", 1.0)
    scene.wait(2.0)
    assert scene.messages == [
        "user: Hello.",
        "assistant:  +weather",
        "tool: sunny",
        "assistant: It is sunny.",
        "user: next",
    ]


def test_a_reply_without_words_that_calls_is_no_empty_reply() -> None:
    scene = ToolScene()
    scene.ask("Hello.")
    assert scene.call(1) == ['call call_1_0: weather {"n":0}']
    assert scene.made(1) == ["done 1 completed: "]
    assert scene.session.state is State.THINKING


def test_what_is_said_before_a_call_plays_meanwhile_and_the_next_reply_is_prepared_behind_it() -> (
    None
):
    scene = called(said="Let me look.")
    assert scene.result("call_1_0") == ["start 2: sunny"]
    assert scene.prompt[2] == Message(
        "assistant", "Let me look.", (ToolCall("call_1_0", "weather", '{"n":0}'),)
    )
    scene.give(ReplyReady(2))
    told = scene.wait(2.0)
    assert told[:4] == [
        "done 1 completed: Let me look.",
        "state thinking",
        "reply 2 to turn 1",
        "open 2",
    ]
    scene.write(2, "It is sunny.", 1.0)
    scene.made(2)
    assert scene.send(2, 1.0) == ["state speaking"]
    scene.wait(2.0)
    assert scene.messages == [
        "user: Hello.",
        "assistant: Let me look. +weather",
        "tool: sunny",
        "assistant: It is sunny.",
        "user: next",
    ]


def test_the_prompt_with_a_result_only_grows() -> None:
    """What is prepared behind a reply that plays, and what follows, begin alike."""
    scene = called(said="Let me look.")
    scene.result("call_1_0")
    first = scene.prompt
    scene.wait(2.0)
    scene.write(2, "Sunny.", 1.0)
    scene.made(2)
    scene.send(2, 1.0)
    scene.wait(2.0)
    scene.give(TextInput("next"))
    assert scene.prompt[: len(first)] == first


def test_until_the_result_comes_the_avatar_thinks_and_is_not_idle() -> None:
    scene = called(said="Let me look.")
    scene.wait(1.2)
    assert scene.told[:2] == ["done 1 completed: Let me look.", "state thinking"]
    scene.wait(20.0)
    assert scene.session.state is State.THINKING
    assert "gaze away_up" in scene.told or "gaze away_side" in scene.told


def test_several_calls_are_answered_in_any_order_and_then_at_once() -> None:
    scene = ToolScene()
    scene.ask("Hello.")
    scene.call(1, 0, "weather")
    assert scene.result("call_1_0", "sunny") == []  # it may still make more calls
    scene.call(1, 1, "timer")
    scene.made(1)
    assert scene.result("call_1_1", "set")[0] == "start 2: set"
    assert [(m.role, m.content) for m in scene.prompt[2:]] == [
        ("assistant", ""),
        ("tool", "sunny"),
        ("tool", "set"),
    ]
    assert [call.name for call in scene.prompt[2].calls] == ["weather", "timer"]


def test_the_reply_to_a_result_may_call_again_but_not_for_ever() -> None:
    scene = ToolScene(replace(OPTIONS, max_tool_rounds=2), tool_choice="required")
    scene.ask("Hello.")
    choices = []
    for reply_id in (1, 2):
        choices.append(scene.only(StartReply)[-1].tool_choice)
        scene.call(reply_id)
        scene.made(reply_id)
        scene.result(f"call_{reply_id}_0")
    choices.append(scene.only(StartReply)[-1].tool_choice)
    assert choices == ["required", "auto", "none"]
    scene.answer("Sunny.", 1.0)
    scene.wait(2.0)
    scene.ask("And now?")
    assert scene.only(StartReply)[-1].tool_choice == "required"


def test_a_long_result_is_cut_to_its_share_of_the_window() -> None:
    scene = called()
    scene.result("call_1_0", "word " * 3000)
    output = scene.prompt[-1].content
    assert 240 < len(output.split()) <= 251  # two tokens a word, by estimate
    assert output.endswith("…")


def test_control_tokens_in_a_result_are_plain_text() -> None:
    scene = called()
    scene.result("call_1_0", "<|im_end|>")
    assert scene.prompt[-1].content == "< |im_end|>"


# -- time limits


def test_a_result_that_does_not_come_is_replaced_by_one_that_says_so() -> None:
    scene = called()
    told = scene.wait(30.5)
    assert "cancelled call_1_0 by timeout" in told
    assert f"start 2: {TIMED_OUT}" in told
    assert scene.result("call_1_0") == ["tool_result_late"]


def test_results_may_be_waited_for_without_end() -> None:
    scene = ToolScene(replace(OPTIONS, tool_timeout_s=0.0))
    scene.ask("Hello.")
    scene.call(1)
    scene.made(1)
    scene.wait(600.0)
    assert scene.result("call_1_0")[0] == "start 2: sunny"


def test_while_nobody_is_connected_the_time_of_a_call_stands_still() -> None:
    scene = called()
    scene.wait(20.0)
    scene.give(ClientLost())
    scene.wait(40.0)
    scene.give(ClientBack())
    scene.wait(9.0)
    assert scene.only(ToolCancelled) == []
    scene.wait(2.0)
    assert len(scene.only(ToolCancelled)) == 1


# -- wrong results


def test_results_that_nobody_waits_for_are_told_apart() -> None:
    scene = called()
    assert scene.result("call_9_9") == ["tool_call_unknown"]
    scene.result("call_1_0")
    assert scene.result("call_1_0") == ["tool_result_late"]
    assert scene.session.is_speaking


# -- the user goes on


def test_an_interruption_cancels_the_calls_and_what_was_prepared_with_them() -> None:
    scene = called(said="Let me look.")
    assert scene.give(InterruptRequest()) == [
        "cancel 1",
        "interrupted 1 by message: ",
        "done 1 interrupted: ",
        "cancelled call_1_0 by interrupted",
        "state interrupted",
    ]
    assert scene.result("call_1_0") == ["tool_result_late"]
    scene = called(said="Let me look.")
    scene.result("call_1_0")
    assert "cancel 2" in scene.give(InterruptRequest())
    assert scene.session.state is State.INTERRUPTED
    assert scene.messages[1:3] == ["assistant:  +weather", "tool: sunny"]


def test_while_results_are_waited_for_the_reply_can_be_interrupted() -> None:
    scene = called()
    assert scene.give(InterruptRequest(7)) == ["nothing_to_interrupt"]
    assert scene.give(InterruptRequest(1)) == [
        "cancelled call_1_0 by interrupted",
        "state interrupted",
    ]
    scene.wait(0.5)
    assert scene.session.state is State.LISTENING
    assert scene.give(InterruptRequest()) == ["nothing_to_interrupt"]
    assert scene.messages == [
        "user: Hello.",
        "assistant:  +weather",
        f"tool: {CANCELLED}",
        "assistant: …",
        "user: next",
    ]


@pytest.mark.parametrize("event", [TextInput("In London."), TalkPressed()])
def test_a_new_turn_ends_the_waiting(event: TextInput | TalkPressed) -> None:
    scene = called(said="Let me look.")
    scene.wait(2.0)
    assert "cancelled call_1_0 by interrupted" in scene.give(event)
    assert scene.session.deadline_s is not None
    assert scene.result("call_1_0") == ["tool_result_late"]


def test_a_spoken_turn_ends_the_waiting_and_keeps_what_was_answered() -> None:
    scene = ToolScene()
    scene.ask("Hello.")
    scene.call(1, 0, "weather")
    scene.call(1, 1, "timer")
    scene.made(1)
    scene.result("call_1_0", "sunny")
    scene.ask("And in London?")
    assert [item.call_id for item in scene.only(ToolCancelled)] == ["call_1_1"]
    assert scene.live_id == 2
    assert [(m.role, m.content) for m in scene.prompt[1:]] == [
        ("user", "Hello."),
        ("assistant", ""),
        ("tool", "sunny"),
        ("tool", CANCELLED),
        ("assistant", "…"),
        ("user", "And in London?"),
    ]


def test_a_noise_while_waiting_cancels_nothing_and_the_reply_waits_for_its_end() -> None:
    scene = called()
    scene.speak(0.96)
    assert scene.session.state is State.LISTENING
    assert scene.result("call_1_0") == []  # the avatar does not talk over the user
    scene.hush(0.1)
    told = scene.text("") + scene.hush(1.5)
    assert "state thinking" in told
    assert "start 2: sunny" in told
    assert scene.only(ToolCancelled) == []


def test_a_reply_that_fails_gives_its_calls_up() -> None:
    scene = ToolScene()
    scene.ask("Hello.")
    scene.call(1)
    told = scene.give(ReplyFailed(1, "tool_call_invalid", "No."))
    assert told[:3] == ["tool_call_invalid", "cancelled call_1_0 by failed", "done 1 failed: "]
    assert scene.live_id == 2
    assert scene.only(StartReply)[-1].text is not None  # an apology


def test_a_prepared_reply_with_results_that_failed_is_apologised_for() -> None:
    scene = called(said="Let me look.")
    scene.result("call_1_0")
    assert scene.give(ReplyFailed(2, "llm_failed", "No.")) == []
    told = scene.wait(2.0)
    assert told.index("done 1 completed: Let me look.") < told.index("llm_failed")
    assert "done 2 failed: " in told
    assert scene.live_id == 3


# -- where the client keeps the conversation itself


def test_calls_are_only_told_where_the_client_keeps_the_conversation_itself() -> None:
    scene = called(follows_up=False)
    assert scene.session.state is State.LISTENING
    assert scene.result("call_1_0") == ["tool_call_unknown"]
    scene.wait(50.0)
    assert scene.only(ToolCancelled) == []
    call = ToolCall("call_1_0", "weather", "{}")
    scene.give(HistoryAdded("c", Message("assistant", "", (call,))))
    scene.give(ReplyRequest("a"))
    assert [m.role for m in scene.prompt] == ["system", "user"]  # no call without its result
    scene.give(InterruptRequest())
    scene.give(HistoryAdded("r", Message("tool", "sunny", call_id="call_1_0")))
    scene.give(ReplyRequest("b", tools=(TIMER,), tool_choice="timer"))
    start = scene.only(StartReply)[-1]
    assert [m.role for m in start.messages] == ["system", "user", "assistant", "tool"]
    assert (start.tools, start.tool_choice) == ((TIMER,), "timer")


def test_a_reply_that_is_asked_for_ends_the_waiting() -> None:
    scene = called()
    assert scene.give(ReplyRequest("a"))[0] == "cancelled call_1_0 by interrupted"


def test_a_result_follows_its_call_at_once_wherever_it_was_put() -> None:
    scene = ToolScene(follows_up=False)
    calls = (ToolCall("c1", "weather", "{}"), ToolCall("c2", "timer", "{}"))
    for message in (
        Message("user", "Hello."),
        Message("assistant", "", calls[:1]),
        Message("assistant", "", calls[1:]),
        Message("user", "Well?"),
        Message("tool", "set", call_id="c2"),
        Message("tool", "sunny", call_id="c1"),
        Message("tool", "of no call", call_id="c3"),
    ):
        scene.give(HistoryAdded("", message))
    scene.give(ReplyRequest("a"))
    assert [(m.role, m.content) for m in scene.prompt[1:]] == [
        ("user", "Hello."),
        ("assistant", ""),
        ("tool", "sunny"),
        ("assistant", ""),
        ("tool", "set"),
        ("assistant", "…"),
        ("user", "Well?"),
    ]


def test_a_reply_asked_for_before_any_turn_has_a_user_to_answer() -> None:
    scene = ToolScene()
    scene.give(ReplyRequest("a"))
    assert [m.role for m in scene.prompt] == ["system", "user"]


def test_a_reply_asked_for_behind_another_has_a_user_between_them() -> None:
    scene = ToolScene(follows_up=False)
    scene.give(HistoryAdded("", Message("user", "Hello.")))
    scene.give(HistoryAdded("", Message("assistant", "Hi.")))
    scene.give(ReplyRequest("a"))
    assert [m.role for m in scene.prompt] == ["system", "user", "assistant", "user"]
