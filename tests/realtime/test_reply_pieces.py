"""Pieces of a reply as events of its response: text, sound, and calls of functions."""

from __future__ import annotations

import pytest
from kit.realtime_golden import WEATHER, called
from kit.realtime_parts import SECOND, kinds, response
from kit.realtime_scene import RealtimeScene, one, types
from kit.role_order import fault_of

from voice_avatar.engines.chat.roles import in_strict_order
from voice_avatar.events.cues import ReplySegment, TimedWord
from voice_avatar.events.notices import (
    Notice,
    ReplyAudio,
    ReplyCallDelta,
    ReplyCallStarted,
    ReplyDone,
    ReplyText,
    ReplyWritten,
    ToolCalled,
)
from voice_avatar.events.payloads import Message, ToolCall
from voice_avatar.realtime.reply_pieces import steps_of


def test_what_a_function_gave_back_is_shown_to_the_model_with_its_call() -> None:
    scene = RealtimeScene()
    called(scene)
    assert scene.live is not None
    assert scene.live.tools[0].name == "weather"
    assert scene.live.messages[1:] == (
        Message("user", "How is the weather in Paris?"),
        Message(
            "assistant", "Let me look.", (ToolCall("call_1_0", "weather", '{"city": "Paris"}'),)
        ),
        Message("tool", '{"sky": "blue"}', call_id="call_1_0"),
    )


def test_a_response_of_calls_alone_is_complete_with_them() -> None:
    scene = RealtimeScene()
    scene.write("The weather, please.")
    request = {"tools": [WEATHER], "tool_choice": {"type": "function", "name": "weather"}}
    scene.send("response.create", response=request)
    assert scene.live is not None
    assert scene.live.tool_choice == "weather"
    scene.call("weather", "{}")
    before = len(scene.told)
    scene.finish()
    response = one(scene.told[before:], "response.done")["response"]
    assert response["status"] == "completed"
    assert [item["type"] for item in response["output"]] == ["function_call"]


def test_a_call_without_its_output_is_in_no_prompt() -> None:
    scene = RealtimeScene()
    scene.write("The weather, please.")
    scene.send("response.create", response={"tools": [WEATHER]})
    scene.call("weather", "{}")
    scene.finish()
    scene.write("Never mind.")
    assert scene.history == ["user: The weather, please. Never mind."]


def test_a_call_that_is_interrupted_is_incomplete() -> None:
    scene = RealtimeScene()
    scene.write("The weather, please.")
    scene.send("response.create", response={"tools": [WEATHER]})
    assert scene.live is not None
    before = len(scene.told)
    scene._tell(ReplyCallStarted(scene.live.reply_id, "call_1_0", "weather"))
    scene.send("response.cancel")
    response = one(scene.told[before:], "response.done")["response"]
    assert response["output"][0]["status"] == "incomplete"
    assert "response.function_call_arguments.done" not in types(scene.told)


@pytest.mark.parametrize("is_known", [True, False])
def test_a_broken_call_is_closed_at_once_and_the_model_is_told_in_its_next_prompt(
    is_known: bool,
) -> None:
    scene = RealtimeScene()
    scene.write("The weather, please.")
    scene.send("response.create", response={"tools": [WEATHER]})
    before = len(scene.told)
    scene.call_badly("weather", "That is no JSON.", is_known=is_known)
    closed = [it["item"] for it in scene.told[before:] if it["type"] == "response.output_item.done"]
    assert [item["status"] for item in closed] == ["incomplete"] * is_known
    assert "response.function_call_arguments.done" not in types(scene.told)
    scene.finish()
    assert types(scene.told[before:]).count("response.output_item.done") == is_known
    scene.send("response.create", response={"tools": [WEATHER]})
    assert scene.live is not None
    assert scene.live.messages[-2:] == (
        Message("assistant", "", (ToolCall("call_1_0", "weather", "{}"),)),
        Message("tool", '{"error": "That is no JSON."}', call_id="call_1_0"),
    )


def test_a_response_behind_a_late_system_message_has_a_user_to_answer() -> None:
    scene = RealtimeScene()
    item = {"type": "message", "role": "system"}
    item |= {"content": [{"type": "input_text", "text": "The shop is closed."}]}
    scene.send("conversation.item.create", item=item)
    scene.send("response.create")
    assert scene.live is not None
    assert fault_of(in_strict_order(scene.live.messages)) == ""


# -- pieces alone

WORDS = (TimedWord("One.", 0, 24_000, 0),)
SEGMENT = ReplySegment(1, 0, "One.", 0, 24_000, WORDS)
OPENED = [
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
]


@pytest.mark.parametrize(
    ("notice", "then"),
    [
        (ReplyText(1, "One.", 0), ["response.output_audio_transcript.delta"]),
        (SEGMENT, []),
        (ReplyAudio(1, 0, SECOND, True, False), ["response.output_audio.delta"]),
    ],
)
def test_the_first_piece_of_a_message_opens_it_whichever_it_is(
    notice: Notice, then: list[str]
) -> None:
    written = response()
    assert kinds(steps_of(notice, written)) == OPENED + then
    assert kinds(steps_of(notice, written)) == then


def test_when_words_are_spoken_is_kept_with_their_message() -> None:
    written = response()
    steps_of(SEGMENT, written)
    assert written.message is not None
    assert written.message.words == list(WORDS)


def test_tokens_are_kept_for_the_end() -> None:
    written = response()
    assert steps_of(ReplyWritten(1, 12, 3, True), written) == []
    assert (written.tokens, written.is_cut_short) == ((12, 3), True)


@pytest.mark.parametrize(("conversation_id", "is_kept"), [("conv_1", True), (None, False)])
def test_a_call_is_in_the_history_of_its_conversation_only(
    conversation_id: str | None, is_kept: bool
) -> None:
    written = response(conversation_id=conversation_id)
    steps_of(ReplyCallStarted(1, "c", "weather"), written)
    assert kinds(steps_of(ReplyCallDelta(1, "c", "{}"), written)) == [
        "response.function_call_arguments.delta"
    ]
    steps = kinds(steps_of(ToolCalled(1, "c", "weather", "{}"), written))
    assert steps[0] == "response.function_call_arguments.done"
    assert ("HistoryAdded" in steps) == is_kept


def test_what_is_no_piece_means_nothing() -> None:
    assert steps_of(ReplyDone(1, "completed", "", 0), response()) == []
