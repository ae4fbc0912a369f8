"""What a client does to the items of the conversation, and what becomes of the history."""

from __future__ import annotations

import pytest
from kit.realtime_parts import RATE_HZ, Ids, book, kinds
from kit.realtime_scene import Event, RealtimeScene, codes

from voice_avatar.events.cues import TimedWord
from voice_avatar.events.inputs import HistoryCut, PlaybackReport
from voice_avatar.realtime import client_events as ce
from voice_avatar.realtime.item_edits import ItemEdits
from voice_avatar.realtime.items import MAX_ITEMS, Item, Items
from voice_avatar.realtime.refusals import Refusal


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


# -- edits alone


@pytest.fixture
def items() -> Items:
    return Items(Ids())


@pytest.fixture
def edits(items: Items) -> ItemEdits:
    return ItemEdits(items, book(items), reply_hz=RATE_HZ, heard_tolerance=0)


def message(text: str) -> ce.MessageItem:
    return ce.MessageItem(role="user", content=(ce.Content(type="input_text", text=text),))


def test_an_item_is_in_the_history_before_the_client_is_told(edits: ItemEdits) -> None:
    assert kinds(edits.create(ce.ItemCreate(item=message("Hello.")))) == [
        "HistoryAdded",
        "conversation.item.added",
        "conversation.item.done",
    ]


def test_the_oldest_item_of_a_flood_is_forgotten_by_all(items: Items, edits: ItemEdits) -> None:
    for _ in range(MAX_ITEMS):
        edits.create(ce.ItemCreate(item=message("Hello.")))
    steps = edits.create(ce.ItemCreate(item=message("One more.")))
    assert kinds(steps)[-2:] == ["HistoryCut", "conversation.item.deleted"]
    assert HistoryCut("item-item_1") in steps
    assert len(list(items)) == MAX_ITEMS


def test_an_item_of_which_the_model_is_shown_nothing_is_in_no_history(
    items: Items, edits: ItemEdits
) -> None:
    edits.create(ce.ItemCreate(item=message("")))
    (item,) = items
    assert item.key == ""
    assert kinds(edits.delete(item.item_id)) == ["conversation.item.deleted"]


def spoken(items: Items) -> Item:
    """A message of a response that is over: two words, one second."""
    item = Item("item_9", role="assistant", contents=[("output_audio", "One two.")], key="reply-1")
    item.reply_id, item.audio = 1, RATE_HZ
    item.words = [TimedWord("One", 0, 12_000, 0), TimedWord("two.", 12_000, 24_000, 4)]
    items.append(item)
    return item


def test_a_truncation_leaves_what_was_heard_with_client_and_session(
    items: Items, edits: ItemEdits
) -> None:
    item = spoken(items)
    cut = ce.ItemTruncate(item_id="item_9", content_index=0, audio_end_ms=600)
    assert edits.truncate(cut)[:-1] == [
        PlaybackReport(1, 14_400, "stopped"),
        HistoryCut("reply-1", "One"),
    ]
    assert item.text == "One"


def test_a_message_of_a_response_has_one_content(items: Items, edits: ItemEdits) -> None:
    spoken(items)
    with pytest.raises(Refusal) as refused:
        edits.truncate(ce.ItemTruncate(item_id="item_9", content_index=1, audio_end_ms=0))
    assert refused.value.param == "content_index"


def test_what_was_never_spoken_cannot_be_cut(edits: ItemEdits) -> None:
    edits.create(ce.ItemCreate(item=message("Hello.")))
    with pytest.raises(Refusal, match="has no audio of a response"):
        edits.truncate(ce.ItemTruncate(item_id="item_1", content_index=0, audio_end_ms=0))
