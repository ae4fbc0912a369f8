"""Tools in a whole conversation: the real pipeline on scripted engines."""

from __future__ import annotations

import json

import pytest
from kit.talk import at_work, engines, hush, llm_of, talking, tone

from voice_avatar.events.inputs import InterruptRequest, SettingsChanged, ToolResult
from voice_avatar.events.notices import (
    ReplyAudio,
    ReplyCallDelta,
    ReplyCallStarted,
    ReplyDone,
    ReplyStarted,
    State,
    StateChanged,
    ToolCalled,
    ToolCancelled,
    TurnEnded,
)
from voice_avatar.events.payloads import Message, Tool
from voice_avatar.tools.as_text import as_call_text

pytestmark = pytest.mark.virtual_time

WEATHER = Tool("get_weather", "In a city.", '{"type":"object","properties":{"city":{}}}')
TIMER = Tool("set_timer")
TOOLS = SettingsChanged(tools=(WEATHER, TIMER))
QUESTION = hush(0.2) + tone(1.2) + hush(2.0)
PARIS = as_call_text("get_weather", '{"city":"Paris"}')


async def test_a_call_goes_out_and_its_result_comes_back_into_the_reply() -> None:
    with at_work(engines(f"Let me look. {PARIS}", "It is sunny.")) as workers:
        async with talking(workers) as talk:
            talk.conversation.submit(TOOLS)
            talk.types("What is the weather in Paris?")
            call = await talk.first(ToolCalled)
            assert (call.name, json.loads(call.arguments)) == ("get_weather", {"city": "Paris"})
            await talk.reply()
            await talk.first(StateChanged, 2, state=State.THINKING)
            talk.conversation.submit(ToolResult(call.call_id, "sunny"))
            done = await talk.reply(2)
        first, second = llm_of(workers).requests
    assert [n.spoken_text for n in talk.all(ReplyDone)] == ["Let me look.", "It is sunny."]
    assert done.status == "completed"
    assert [start.turn_id for start in talk.all(ReplyStarted)] == [1, 1]
    assert first.tools == second.tools == (WEATHER, TIMER)
    assert second.messages[: len(first.messages)] == first.messages
    said, result = second.messages[len(first.messages) :]
    assert (said.content, said.calls[0].name) == ("Let me look.", "get_weather")
    assert result == Message("tool", "sunny", call_id=call.call_id)


async def test_the_words_before_a_call_are_heard_while_the_tool_works() -> None:
    with at_work(engines(f"Let me look {PARIS}", "It is sunny.")) as workers:
        async with talking(workers, plays_at_once=False) as talk:
            talk.conversation.submit(TOOLS)
            talk.types("What is the weather in Paris?")
            call = await talk.first(ToolCalled)
            await talk.first(ReplyAudio)
            assert not talk.all(ReplyDone)
            talk.conversation.submit(ToolResult(call.call_id, "sunny"))
            # The next reply is made while the first still plays.
            await talk.until(lambda _: len(llm_of(workers).requests) == 2)
            assert not talk.all(ReplyDone)
            talk.played(1, 10**9, "finished")
            await talk.first(ReplyStarted, reply_id=2)


async def test_the_arguments_are_told_as_they_are_written_but_never_before_the_commit() -> None:
    with at_work(engines(PARIS, "Sunny.")) as workers:
        async with talking(workers) as talk:
            talk.conversation.submit(TOOLS)
            await talk.says(QUESTION)
            call = await talk.first(ToolCalled)
            talk.conversation.submit(ToolResult(call.call_id, "sunny"))
            await talk.reply(2)
        ended = talk.notices.index(talk.all(TurnEnded)[0])
    assert talk.all(ReplyCallStarted) == [ReplyCallStarted(1, call.call_id, "get_weather")]
    pieces = talk.all(ReplyCallDelta)
    assert "".join(piece.text for piece in pieces) == call.arguments
    told = [talk.notices.index(n) for n in (*talk.all(ReplyCallStarted), *pieces, call)]
    assert told == sorted(told)
    assert told[0] > ended


async def test_several_calls_of_one_reply_are_all_answered_before_the_next() -> None:
    both = f"{PARIS}\n{as_call_text('set_timer', '{}')}"
    with at_work(engines(both, "Done.")) as workers:
        async with talking(workers) as talk:
            talk.conversation.submit(TOOLS)
            talk.types("Do both.")
            await talk.first(ToolCalled, 2)
            talk.conversation.submit(ToolResult("call_1_1", "set"))
            talk.conversation.submit(ToolResult("call_1_0", "sunny"))
            await talk.reply(2)
        _, second = llm_of(workers).requests
    assert [m.content for m in second.messages if m.role == "tool"] == ["sunny", "set"]


@pytest.mark.parametrize(
    "text",
    [
        as_call_text("format_disk", "{}"),
        as_call_text("get_weather", '{"city":}'),
        '<tool_call>{"name":"get_weather","arguments":{"ci',
    ],
)
async def test_of_a_call_that_cannot_be_made_the_model_is_told(text: str) -> None:
    with at_work(engines(text, "Here I am.")) as workers:
        async with talking(workers) as talk:
            talk.conversation.submit(TOOLS)
            talk.types("What is the weather in Paris?")
            await talk.reply(2)
        told = llm_of(workers).requests[-1].messages[-1]
    assert (told.role, "error" in told.content) == ("tool", True)
    assert talk.all(ToolCalled) == []
    assert talk.codes() == ["tool_call_invalid"]
    assert talk.all(ReplyDone)[-1].spoken_text == "Here I am."


async def test_an_interruption_cancels_the_call_and_its_late_result_is_told_to_be_late() -> None:
    with at_work(engines(PARIS, "Here I am.")) as workers:
        async with talking(workers) as talk:
            talk.conversation.submit(TOOLS)
            talk.types("What is the weather in Paris?")
            call = await talk.first(ToolCalled)
            await talk.reply()
            talk.conversation.submit(InterruptRequest())
            assert (await talk.first(ToolCancelled)).call_id == call.call_id
            talk.conversation.submit(ToolResult(call.call_id, "sunny"))
            await talk.until(lambda _: "tool_result_late" in talk.codes())
            talk.types("Are you there?")
            await talk.reply(2)
        roles = [m.role for m in llm_of(workers).requests[-1].messages]
    assert roles == ["system", "user", "assistant", "tool", "assistant", "user"]


async def test_without_tools_a_model_that_writes_a_call_is_taken_at_its_word() -> None:
    """It is text then: nobody offered it anything."""
    with at_work(engines("<b>Hello.</b>")) as workers:
        async with talking(workers) as talk:
            talk.types("Hi.")
            await talk.reply()
    assert talk.all(ToolCalled) == []
