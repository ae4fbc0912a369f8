"""The conversation as its client sees it: items, their places, and what the model is shown."""

from __future__ import annotations

import pytest
from kit.realtime_parts import Ids

from voice_avatar.events.payloads import Message, ToolCall
from voice_avatar.realtime import client_events as ce
from voice_avatar.realtime.items import MAX_ITEMS, ROOT, Item, Items, message_of
from voice_avatar.realtime.refusals import Refusal
from voice_avatar.realtime.server_events import ContentBody


@pytest.fixture
def items() -> Items:
    """Three items; the second is not in the session's history."""
    made = Items(Ids())
    for name, key in (("a", "key-a"), ("b", ""), ("c", "key-c")):
        made.append(Item(name, role="user", key=key))
    return made


@pytest.mark.parametrize(
    ("previous_id", "order", "after"),
    [
        (None, "abcx", None),
        ("c", "abcx", None),
        (ROOT, "xabc", ""),
        ("a", "axbc", "key-a"),
        ("b", "abxc", "key-a"),
    ],
)
def test_an_item_goes_after_the_one_that_is_named_here_and_in_the_history(
    items: Items, previous_id: str | None, order: str, after: str | None
) -> None:
    assert items.place(Item("x"), previous_id) == after
    assert "".join(item.item_id for item in items) == order


def test_an_item_needs_an_id_of_its_own_and_one_to_follow(items: Items) -> None:
    with pytest.raises(Refusal) as refused:
        items.place(Item("a"), None)
    assert refused.value.code == "item_create_invalid_item_id"
    with pytest.raises(Refusal) as refused:
        items.place(Item("x"), "gone")
    assert refused.value.code == "item_create_invalid_previous_item_id"


def test_each_item_knows_the_one_before(items: Items) -> None:
    assert [items.before(item) for item in items] == [None, "a", "b"]
    assert items.last_id == "c"
    assert Items(Ids()).last_id is None


def test_what_a_client_makes_has_ids_where_it_gave_none(items: Items) -> None:
    call = items.made(ce.CallItem(name="weather", arguments="{}"))
    assert (call.item_id, call.call_id) == ("item_1", "call_1")
    items.append(call)
    assert items.call("call_1") is call
    assert items.call("call_2") is None


@pytest.mark.parametrize("arguments", ["Paris", "[1]", '{"city": ', "null"])
def test_the_arguments_of_a_clients_call_are_a_json_object(items: Items, arguments: str) -> None:
    with pytest.raises(Refusal) as refused:
        items.made(ce.CallItem(name="weather", arguments=arguments))
    assert (refused.value.code, refused.value.param) == ("invalid_value", "item.arguments")


def test_a_clients_call_without_arguments_has_none(items: Items) -> None:
    assert items.made(ce.CallItem(name="now", arguments=" ")).arguments == "{}"


@pytest.mark.parametrize(
    ("role", "content", "code"),
    [
        ("user", ce.Content(type="input_image", image_url="x"), "unsupported"),
        ("user", ce.Content(type="input_audio", audio="x"), "unsupported"),
        ("user", ce.Content(type="output_text", text="x"), "invalid_value"),
        ("system", ce.Content(type="input_audio", transcript="x"), "invalid_value"),
        ("assistant", ce.Content(type="output_text"), "missing_required_parameter"),
    ],
)
def test_content_has_to_be_words_of_its_role(
    items: Items, role: str, content: ce.Content, code: str
) -> None:
    with pytest.raises(Refusal) as refused:
        items.made(ce.MessageItem(role=role, content=(content,)))  # type: ignore[arg-type]
    assert refused.value.code == code


def test_the_betas_text_of_an_assistant_is_output_text(items: Items) -> None:
    content = ce.Content(type="text", text="Hello.")
    item = items.made(ce.MessageItem(role="assistant", content=(content,)))
    assert item.contents == [("output_text", "Hello.")]


def test_the_model_is_shown_messages_calls_and_outputs() -> None:
    call = Item("a", "function_call", name="weather", call_id="c", arguments="{}")
    assert message_of(call) == Message("assistant", "", (ToolCall("c", "weather", "{}"),))
    output = Item("b", "function_call_output", call_id="c", output="Rain.")
    assert message_of(output) == Message("tool", "Rain.", call_id="c")
    assert message_of(Item("d", role="user", contents=[("input_audio", None)])) is None


def test_an_item_is_shown_with_what_its_kind_has() -> None:
    shown = Item("a", role="user", contents=[("input_audio", None), ("input_text", "Hi")]).shown()
    assert shown.content == (
        ContentBody(type="input_audio", transcript=None),
        ContentBody(type="input_text", text="Hi"),
    )
    assert Item("b", "function_call", name="weather").shown().name == "weather"
    assert Item("c", "function_call_output", output="Rain.").shown().output == "Rain."


def test_a_conversation_keeps_its_newest_items() -> None:
    items = Items(Ids())
    for number in range(MAX_ITEMS + 3):
        items.append(Item(f"i{number}", status="in_progress" if number == 0 else "completed"))
    kept = [item.item_id for item in items]
    assert len(kept) == MAX_ITEMS
    assert kept[:2] == ["i0", "i4"]  # the first is still being made


@pytest.mark.parametrize(
    ("given", "param"),
    [
        (
            ce.MessageItem(
                role="user",
                content=(ce.Content(type="input_text", text="x" * 4097),) * 2,
            ),
            "item.content",
        ),
        (
            ce.MessageItem(
                role="user", content=(ce.Content(type="input_audio", transcript="x" * 8193),)
            ),
            "item.content",
        ),
        (ce.CallItem(name="f" * 65, arguments="{}"), "item.name"),
        (ce.CallItem(name="f", arguments="x" * 16_385), "item.arguments"),
        (ce.OutputItem(call_id="c", output="x" * 32_769), "item.output"),
    ],
)
def test_an_item_is_no_longer_than_a_typed_turn(given: ce.Item, param: str) -> None:
    with pytest.raises(Refusal) as refused:
        Items(Ids()).made(given)
    assert (refused.value.code, refused.value.param) == ("invalid_value", param)
