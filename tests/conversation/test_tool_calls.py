"""The calls under way: told, answered, late, given up."""

from __future__ import annotations

from voice_avatar.conversation.tool_calls import CANCELLED, TIMED_OUT, ToolCalls, prompt_tokens
from voice_avatar.events.notices import ToolCalled, ToolCancelled, WarningNotice
from voice_avatar.events.payloads import Message, Tool, ToolCall

LOOK = Tool("look", "Looks around.")


def call(index: int) -> ToolCall:
    return ToolCall(f"c{index}", "look", "{}")


def called(*, timeout_s: float = 3.0, max_rounds: int = 2) -> ToolCalls:
    """Reply 1 to turn 4 has called twice, and is whole."""
    calls = ToolCalls(timeout_s, max_rounds)
    calls.change((LOOK,), "required", follows_up=None)
    assert calls.announce(1, 4, call(0), 10.0) == ToolCalled(1, "c0", "look", "{}")
    calls.announce(1, 4, call(1), 11.0)
    calls.is_whole = True
    return calls


def test_the_reply_with_the_results_is_due_when_all_are_there() -> None:
    calls = called()
    assert (calls.reply_id, calls.turn_id) == (1, 4)
    assert calls.answer("c1", "sunny") == "taken"
    assert calls.is_open
    assert not calls.is_due
    assert calls.answer("c0", "warm") == "taken"
    assert calls.is_due
    assert calls.messages("I look.", 1000) == (
        Message("assistant", "I look.", (call(0), call(1))),
        Message("tool", "warm", call_id="c0"),
        Message("tool", "sunny", call_id="c1"),
    )


def test_a_result_is_taken_once_and_known_as_late_for_a_while() -> None:
    calls = called()
    calls.answer("c0", "warm")
    assert calls.answer("c0", "cold") == "late"
    assert calls.answer("c9", "cold") == "unknown"
    calls.close()
    assert not calls.is_open
    assert calls.answer("c1", "cold") == "late"


def test_what_is_given_up_is_what_was_not_answered() -> None:
    calls = called()
    calls.answer("c0", "warm")
    assert calls.cancel("interrupted") == [ToolCancelled(1, "c1", "interrupted")]
    assert [message.content for message in calls.messages("", 1000)] == ["", "warm", CANCELLED]
    assert calls.answer("c1", "cold") == "late"


def test_each_call_has_its_own_time_and_none_of_it_runs_while_nobody_can_answer() -> None:
    calls = called()
    assert calls.deadline_s == 13.0
    assert calls.time_out(13.0) == [ToolCancelled(1, "c0", "timeout")]
    calls.give_time(5.0)
    assert calls.deadline_s == 19.0
    assert calls.time_out(18.9) == []
    calls.time_out(19.0)
    assert [message.content for message in calls.messages("", 1000)[1:]] == [TIMED_OUT] * 2
    assert called(timeout_s=0.0).deadline_s is None


def test_a_demanded_call_is_met_by_the_first_and_rounds_have_an_end() -> None:
    calls = called()
    assert calls.choice(None, None, is_follow_up=False) == "required"
    assert calls.choice(None, None, is_follow_up=True) == "auto"
    assert calls.choice((), "required", is_follow_up=False) == "none"
    calls.announce(2, 4, call(2), 12.0)
    assert calls.choice(None, None, is_follow_up=True) == "none"
    calls.begin_turn()
    assert calls.choice(None, None, is_follow_up=True) == "auto"


def test_where_the_client_keeps_the_conversation_calls_are_told_and_not_kept() -> None:
    calls = ToolCalls(3.0, 2)
    calls.change((LOOK,), None, follows_up=False)
    assert calls.announce(1, 4, call(0), 10.0) == ToolCalled(1, "c0", "look", "{}")
    assert not calls.is_open


def test_tools_take_room_in_a_prompt() -> None:
    assert prompt_tokens(()) == 0
    assert prompt_tokens((LOOK, LOOK)) > prompt_tokens((LOOK,)) > 0


def test_a_call_that_cannot_be_made_is_answered_with_what_is_wrong_with_it() -> None:
    calls = ToolCalls(3.0, 3)
    broken = ToolCall("c9", "weather", "{}", "The arguments are not a JSON object: {")
    told = calls.announce(1, 4, broken, 10.0)
    assert isinstance(told, WarningNotice)
    calls.is_whole = True
    assert calls.is_due
    asked, result = calls.messages("", 1000)
    assert asked.calls == (ToolCall("c9", "weather", "{}"),)
    assert "not a JSON object" in result.content
