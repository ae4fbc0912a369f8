"""What a client sends, read and checked."""

from __future__ import annotations

import pytest
from kit.realtime_scene import RealtimeScene, codes
from msgspec import UNSET

from voice_avatar.realtime import client_events as ce
from voice_avatar.realtime.refusals import Refusal
from voice_avatar.wire.fields import MAX_INSTRUCTIONS_CHARS


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


@pytest.mark.parametrize(
    ("kind", "field"), [("session.update", "session"), ("response.create", "response")]
)
def test_instructions_without_end_are_refused(kind: str, field: str) -> None:
    longest = {"instructions": "x" * MAX_INSTRUCTIONS_CHARS}
    assert codes(RealtimeScene().send(kind, **{field: longest})) == []
    refused = RealtimeScene().send(kind, **{field: {"instructions": longest["instructions"] + "x"}})
    [error] = [event["error"] for event in refused if event["type"] == "error"]
    assert (error["code"], error["param"]) == ("invalid_value", f"{field}.instructions")


def test_what_is_kept_of_the_settings_is_bounded() -> None:
    heard = {"transcription": {"prompt": "x" * 100_000}}
    assert codes(RealtimeScene().update(audio={"input": heard})) == ["invalid_value"]
    heard = {"noise_reduction": {"type": "x" * 100_000}}
    assert codes(RealtimeScene().update(audio={"input": heard})) == ["invalid_value"]
    assert codes(RealtimeScene().update(model="x" * 100_000)) == ["invalid_value"]
