"""The conversation as its client sees it: items in order. Pure.

The session has a history of its own, of what was heard; an item knows by which key it is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from msgspec import UNSET

from voice_avatar.events.cues import TimedWord
from voice_avatar.events.payloads import Message, ToolCall
from voice_avatar.realtime import client_events as ce
from voice_avatar.realtime.refusals import Refusal
from voice_avatar.realtime.server_events import ContentBody, ItemBody, ItemStatus
from voice_avatar.tools.offers import MAX_ARGUMENTS_CHARS, MAX_OUTPUT_CHARS, json_object
from voice_avatar.wire.fields import MAX_INPUT_CHARS

ROOT = "root"
"""`previous_item_id` of an item that is put before all others."""

MAX_ITEMS: Final = 512
"""Most items of a conversation; with one more the oldest is forgotten."""

_MAX_CALL_CHARS: Final = 64
"""Longest name of a function, characters."""


@dataclass(slots=True)
class Item:
    """An item of the conversation.

    Attributes:
        item_id: its id.
        kind: what it is.
        role: whose message it is.
        status: where it stands.
        contents: of a message: type and text of each part.
        key: of it in the session's history, "" = it is not there.
        reply_id: of the reply that it is, 0 = none.
        audio: samples of its audio that were sent, at the reply's rate.
        words: when its words are spoken.
        name, call_id, arguments, output: of a function call and its output.
    """

    item_id: str
    kind: str = "message"
    role: str = ""
    status: ItemStatus = "completed"
    contents: list[tuple[str, str | None]] = field(default_factory=list)
    key: str = ""
    reply_id: int = 0
    audio: int = 0
    words: list[TimedWord] = field(default_factory=list)
    name: str = ""
    call_id: str = ""
    arguments: str = ""
    output: str = ""

    @property
    def text(self) -> str:
        """All that it says."""
        return " ".join(text for _, text in self.contents if text)

    def shown(self) -> ItemBody:
        """Returns it as events show it."""
        match self.kind:
            case "function_call":
                return ItemBody(
                    id=self.item_id,
                    type="function_call",
                    status=self.status,
                    name=self.name,
                    call_id=self.call_id,
                    arguments=self.arguments,
                )
            case "function_call_output":
                return ItemBody(
                    id=self.item_id,
                    type="function_call_output",
                    status=self.status,
                    call_id=self.call_id,
                    output=self.output,
                )
            case _:
                return ItemBody(
                    id=self.item_id,
                    type="message",
                    status=self.status,
                    role=self.role,  # type: ignore[arg-type]
                    content=tuple(_content(kind, text) for kind, text in self.contents),
                )


def _content(kind: str, text: str | None) -> ContentBody:
    if kind.endswith("audio"):
        return ContentBody(type=kind, transcript=text)
    return ContentBody(type=kind, text=text if text is not None else UNSET)


class Items:
    """All items, in order."""

    def __init__(self, new_id: Callable[[str], str]) -> None:
        self._new_id = new_id
        self._items: list[Item] = []

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items)

    def find(self, item_id: str) -> Item | None:
        """Returns the item of that id."""
        return next((item for item in self._items if item.item_id == item_id), None)

    def call(self, call_id: str) -> Item | None:
        """Returns the function call of that id."""
        calls = (item for item in self._items if item.kind == "function_call")
        return next((item for item in calls if item.call_id == call_id), None)

    def before(self, item: Item) -> str | None:
        """Returns the id of the item before, None = it is the first."""
        at = self._items.index(item)
        return self._items[at - 1].item_id if at else None

    @property
    def last_id(self) -> str | None:
        """Id of the last item."""
        return self._items[-1].item_id if self._items else None

    def append(self, item: Item) -> None:
        """Adds an item at the end."""
        self._items.append(item)
        self.oldest_beyond()

    def oldest_beyond(self) -> Item | None:
        """Takes the oldest item out if there are too many; one that is being made stays."""
        if len(self._items) <= MAX_ITEMS:
            return None
        over = next((item for item in self._items if item.status != "in_progress"), None)
        if over is not None:
            self._items.remove(over)
        return over

    def remove(self, item: Item) -> None:
        """Takes an item out."""
        self._items.remove(item)

    def place(self, item: Item, previous_id: str | None) -> str | None:
        """Puts an item after another one.

        Returns:
            The key in the session's history that it follows; "" = it is first, None = last.

        Raises:
            Refusal: there is one of that id already, or none to put it after.
        """
        if self.find(item.item_id) is not None:
            message = f"There is an item '{item.item_id}' already."
            raise Refusal("item_create_invalid_item_id", message, "item.id")
        if previous_id is None or (self._items and previous_id == self._items[-1].item_id):
            self._items.append(item)
            return None
        if previous_id == ROOT:
            self._items.insert(0, item)
            return "" if len(self._items) > 1 else None
        previous = self.find(previous_id)
        if previous is None:
            message = f"There is no item '{previous_id}'."
            raise Refusal("item_create_invalid_previous_item_id", message, "previous_item_id")
        at = self._items.index(previous) + 1
        self._items.insert(at, item)
        return next((one.key for one in reversed(self._items[:at]) if one.key), "")

    def made(self, given: ce.Item) -> Item:
        """Returns an item of the client's, not yet put anywhere.

        Raises:
            Refusal: it has content that cannot be used, or too much of it.
        """
        item_id = given.id or self._new_id("item")
        match given:
            case ce.MessageItem():
                contents = [_checked(given.role, content) for content in given.content]
                said = sum(len(text or "") for _, text in contents)
                _refuse_over(MAX_INPUT_CHARS, said, "item.content")
                item = Item(item_id, role=given.role, contents=contents)
            case ce.CallItem():
                call_id = given.call_id or self._new_id("call")
                _refuse_over(_MAX_CALL_CHARS, len(given.name), "item.name")
                _refuse_over(MAX_ARGUMENTS_CHARS, len(given.arguments), "item.arguments")
                item = Item(item_id, "function_call", name=given.name, call_id=call_id)
                item.arguments = given.arguments.strip() or "{}"
                if json_object(item.arguments) is None:  # chat templates and servers read it
                    message = "Invalid value: the arguments are not a JSON object."
                    raise Refusal("invalid_value", message, "item.arguments")
            case _:
                _refuse_over(MAX_OUTPUT_CHARS, len(given.output), "item.output")
                item = Item(item_id, "function_call_output", call_id=given.call_id)
                item.output = given.output
        return item


def _refuse_over(limit: int, chars: int, param: str) -> None:
    if chars > limit:
        raise Refusal("invalid_value", f"It has {chars} characters; {limit} are allowed.", param)


def _checked(role: str, content: ce.Content) -> tuple[str, str | None]:
    """Returns type and text of a part, if the role may have it."""
    kind = content.type
    if kind == "text":  # the beta's name for what the assistant writes
        kind = "output_text"
    is_output = kind.startswith("output")
    if is_output != (role == "assistant") or (role == "system" and kind != "input_text"):
        message = f"Invalid value: '{content.type}' is no content of a message of {role}."
        raise Refusal("invalid_value", message, "item.content")
    if kind == "input_image":
        raise Refusal("unsupported", "The model sees no images.", "item.content")
    text = content.transcript if kind.endswith("audio") else content.text
    if text is None:
        if kind.endswith("audio"):
            message = "Audio in an item needs its transcript; speech goes to input_audio_buffer."
            raise Refusal("unsupported", message, "item.content.audio")
        raise Refusal("missing_required_parameter", "Missing: the text.", "item.content.text")
    return kind, text


def message_of(item: Item) -> Message | None:
    """Returns what the model is shown of an item; None = nothing."""
    match item.kind:
        case "function_call":
            call = ToolCall(item.call_id, item.name, item.arguments)
            return Message("assistant", "", (call,))
        case "function_call_output":
            return Message("tool", item.output, call_id=item.call_id)
        case _ if not item.text:
            return None
        case _:
            return Message(item.role, item.text)  # type: ignore[arg-type]
