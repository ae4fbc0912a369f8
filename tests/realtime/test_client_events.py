"""What a client sends, read and checked."""

from __future__ import annotations

import pytest
from kit.realtime_scene import RealtimeScene, codes
from msgspec import UNSET

from voice_avatar.realtime import client_events as ce
from voice_avatar.realtime.refusals import Refusal


@pytest.mark.parametrize("data", ["", "{", "[]", "7", '{"a": 1}', b"\xff", '{"type": 1}'])
def test_what_is_no_event_is_an_invalid_event(data: str | bytes) -> None:
    assert codes(RealtimeScene().raw(data)) == ["invalid_event"]


def test_what_was_left_out_is_not_what_is_null() -> None:
    event = ce.typed(ce.decode('{"type": "session.update", "session": {"x_avatar": null}}'))
    assert isinstance(event, ce.SessionUpdate)
    assert event.session.x_avatar is None
    assert ce.Session().x_avatar is UNSET


def test_the_audio_that_may_be_appended_at_once_fits_in_an_event() -> None:
    assert ce.MAX_EVENT_BYTES > 4 * -(-ce.MAX_APPEND_BYTES // 3)


def test_a_type_that_is_none_is_answered_by_those_that_are() -> None:
    with pytest.raises(Refusal) as refused:
        ce.typed({"type": "nonsense"})
    assert all(f"'{kind}'" in refused.value.message for kind in ce.CLIENT_TYPES)


@pytest.mark.parametrize("kind", ce.CLIENT_TYPES)
def test_every_event_refuses_fields_that_it_does_not_have(kind: str) -> None:
    with pytest.raises(Refusal):
        ce.typed({"type": kind, "colour": 1})
