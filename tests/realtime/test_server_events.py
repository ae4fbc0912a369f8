"""What the server sends, as JSON."""

from __future__ import annotations

import json

import msgspec

from voice_avatar.realtime import server_events as se


def concrete(kind: type[se.ServerEvent]) -> list[type[se.ServerEvent]]:
    """Returns the events of a kind that have a name on the wire."""
    below = [each for one in kind.__subclasses__() for each in concrete(one)]
    return below if kind.__subclasses__() else [kind]


EVENTS = [kind for kind in concrete(se.ServerEvent) if kind.__module__ == se.__name__]


def test_every_event_has_a_name_of_its_own() -> None:
    tags = [str(kind.__struct_config__.tag) for kind in EVENTS]
    assert len(tags) == len(set(tags)) > 30
    assert all(tag == tag.lower() for tag in tags)


def test_what_was_left_out_is_left_out_and_none_is_null() -> None:
    body = se.ItemBody(id="item_1", type="message", status="completed", role="user")
    event = se.ItemAdded(event_id="event_1", previous_item_id=None, item=body)
    assert json.loads(msgspec.json.encode(event)) == {
        "type": "conversation.item.added",
        "event_id": "event_1",
        "previous_item_id": None,
        "item": {
            "id": "item_1",
            "object": "realtime.item",
            "type": "message",
            "status": "completed",
            "role": "user",
        },
    }
