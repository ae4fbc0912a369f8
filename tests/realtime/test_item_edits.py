"""What a client does to the items of the conversation, and what becomes of the history."""

from __future__ import annotations

from kit.realtime_scene import Event, RealtimeScene, codes


def test_an_output_of_a_call_that_never_was_is_refused() -> None:
    scene = RealtimeScene()
    output = {"type": "function_call_output", "call_id": "call_9", "output": "1"}
    told = scene.send("conversation.item.create", item=output)
    assert codes(told) == ["item_create_invalid_call_id"]


def test_a_client_may_bring_calls_of_an_earlier_session() -> None:
    scene = RealtimeScene()
    scene.write("The weather?")
    call = {"type": "function_call", "call_id": "c", "name": "weather", "arguments": "{}"}
    scene.send("conversation.item.create", item=call)
    output = {"type": "function_call_output", "call_id": "c", "output": "Rain."}
    scene.send("conversation.item.create", item=output)
    assert scene.history == ["user: The weather?", "assistant: ", "tool: Rain."]


def test_items_can_be_put_first_and_between_and_taken_out() -> None:
    scene = RealtimeScene()
    scene.write("Two.")
    two = scene.last_item
    scene.write("One.", previous_item_id="root")
    scene.send(
        "conversation.item.create",
        previous_item_id=two,
        item={
            "id": "three",
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Three."}],
        },
    )
    assert scene.history == ["user: One. Two.", "assistant: Three."]
    told = scene.send("conversation.item.delete", item_id=two)
    assert told == [{"type": "conversation.item.deleted", "item_id": two} | id_of(told[0])]
    assert scene.history == ["user: One.", "assistant: Three."]
    assert codes(scene.send("conversation.item.retrieve", item_id=two)) == [
        "item_retrieve_invalid_item_id"
    ]


def id_of(event: Event) -> Event:
    return {"event_id": event["event_id"]}


def test_a_response_that_is_deleted_while_it_is_written_is_not_remembered() -> None:
    scene = RealtimeScene()
    scene.write("Hello.")
    scene.send("response.create")
    scene.text("One two.", 1.0)
    scene.send("conversation.item.delete", item_id=scene.last_item)
    scene.finish()
    scene.pass_time(3.0)
    scene.write("New.")
    assert scene.history == ["user: Hello. New."]


def test_more_cannot_have_been_played_than_there_is() -> None:
    scene = RealtimeScene()
    scene.write("Hello.")
    scene.send("response.create")
    scene.answer("One two.", 1.0)
    cut = {"item_id": scene.last_item, "content_index": 0, "audio_end_ms": 1001}
    assert codes(scene.send("conversation.item.truncate", **cut)) == ["invalid_value"]
    assert codes(scene.send("conversation.item.truncate", **cut | {"audio_end_ms": 1000})) == []
    assert scene.history[-1] == "assistant: One two."
