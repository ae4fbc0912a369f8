"""Pieces of a reply as events of its response: text, sound, and calls of functions."""

from __future__ import annotations

from kit.realtime_golden import WEATHER, called
from kit.realtime_scene import RealtimeScene, one, types

from voice_avatar.events.notices import ReplyCallStarted
from voice_avatar.events.payloads import Message, ToolCall


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
