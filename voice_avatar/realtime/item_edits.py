"""What a client does to the items of the conversation: `conversation.item.*`. Pure.

There are two books of what was said: the client's items, in which everything has its place, and the
session's history, from which the model is prompted. Each edit is made in the first, and handed on
to the second where the item is in it (`Item.key`).

A truncation is also the only word of such a client on what it has played.
"""

from __future__ import annotations

from voice_avatar.conversation.playout import heard_text
from voice_avatar.events.inputs import HistoryAdded, HistoryCut, PlaybackReport
from voice_avatar.realtime import client_events as ce
from voice_avatar.realtime import server_events as se
from voice_avatar.realtime.items import Item, Items, message_of
from voice_avatar.realtime.refusals import Refusal
from voice_avatar.realtime.response_book import ResponseBook
from voice_avatar.realtime.steps import Step


class ItemEdits:
    """The client's hand on the items of one session."""

    def __init__(
        self, items: Items, book: ResponseBook, *, reply_hz: int, heard_tolerance: int
    ) -> None:
        """Makes it.

        Args:
            items: of the conversation.
            book: of the responses, which a truncation cuts.
            reply_hz: rate of the items' audio.
            heard_tolerance: samples by which a word may be cut off and still counts as heard.
        """
        self._items = items
        self._book = book
        self._reply_hz = reply_hz
        self._tolerance = heard_tolerance

    def create(self, event: ce.ItemCreate) -> list[Step]:
        """Adds an item.

        Raises:
            Refusal: it, or its place, cannot be.
        """
        item = self._items.made(event.item)
        if item.kind == "function_call_output" and self._items.call(item.call_id) is None:
            text = f"There is no function call '{item.call_id}'."
            raise Refusal("item_create_invalid_call_id", text, "item.call_id")
        after = self._items.place(item, event.previous_item_id)
        out: list[Step] = []
        message = message_of(item)
        if message is not None:
            item.key = f"item-{item.item_id}"
            out.append(HistoryAdded(item.key, message, after))
        previous_id = self._items.before(item)
        out.append(se.ItemAdded(previous_item_id=previous_id, item=item.shown()))
        out.append(se.ItemDone(previous_item_id=previous_id, item=item.shown()))
        if (forgotten := self._items.oldest_beyond()) is not None:
            out += self._gone(forgotten)
        return out

    def retrieve(self, item_id: str) -> list[Step]:
        """Shows an item.

        Raises:
            Refusal: there is none of that id.
        """
        item = self._found(item_id, "item_retrieve_invalid_item_id")
        return [se.ItemRetrieved(item=item.shown())]

    def delete(self, item_id: str) -> list[Step]:
        """Takes an item out.

        Raises:
            Refusal: there is none of that id.
        """
        item = self._found(item_id, "item_delete_invalid_item_id")
        self._items.remove(item)
        return self._gone(item)

    def _gone(self, item: Item) -> list[Step]:
        cut = [HistoryCut(item.key)] if item.key else []
        return [*cut, se.ItemDeleted(item_id=item.item_id)]

    def truncate(self, event: ce.ItemTruncate) -> list[Step]:
        """Cuts a message of a response to what the client has played of it.

        Raises:
            Refusal: there is no such message, or less of it than was played.
        """
        item = self._of_a_response(event)
        # The response ends first: only then has the item its text, and says whether that is whole.
        out = self._book.cut(item.reply_id)
        played = event.audio_end_ms * self._reply_hz // 1000
        heard = self._heard(item, played)
        out.append(PlaybackReport(item.reply_id, played, "stopped"))
        item.contents = [("output_audio", heard)]
        if item.key:
            out.append(HistoryCut(item.key, heard))
        cut = se.ItemTruncated(
            item_id=item.item_id, content_index=0, audio_end_ms=event.audio_end_ms
        )
        return [*out, cut]

    def _of_a_response(self, event: ce.ItemTruncate) -> Item:
        """Returns the item that is to be cut, if it can be."""
        code = "item_truncate_invalid_item_id"
        item = self._found(event.item_id, code)
        has_audio = bool(item.reply_id) and item.audio > 0
        if not has_audio:
            raise Refusal(code, f"Item '{item.item_id}' has no audio of a response.", "item_id")
        if event.content_index:
            raise Refusal("invalid_value", "The message has one content.", "content_index")
        audio_ms = item.audio * 1000 // self._reply_hz
        if event.audio_end_ms > audio_ms:
            message = (
                f"Audio content of {audio_ms}ms is already shorter than {event.audio_end_ms}ms"
            )
            raise Refusal("invalid_value", message, "audio_end_ms")
        return item

    def _found(self, item_id: str, code: str) -> Item:
        item = self._items.find(item_id)
        if item is None:
            raise Refusal(code, f"There is no item '{item_id}'.", "item_id")
        return item

    def _heard(self, item: Item, played: int) -> str:
        """Returns what was heard of a reply of which so many samples were played."""
        if played >= item.audio and item.status == "completed":
            return item.text
        return heard_text(item.text, item.words, played, self._tolerance)
