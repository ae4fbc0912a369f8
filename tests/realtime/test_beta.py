"""The beta's names, both ways."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from kit.realtime_parts import OFFER, SETTINGS, response

from voice_avatar.realtime import client_events as ce
from voice_avatar.realtime import server_events as se
from voice_avatar.realtime.beta import beta_event, ga_event
from voice_avatar.realtime.settings import settings_shown


def test_settings_of_the_beta_are_those_of_today() -> None:
    event = ga_event(
        {
            "type": "session.update",
            "session": {
                "modalities": ["text"],
                "input_audio_format": "g711_ulaw",
                "output_audio_format": "pcm16",
                "voice": "marin",
                "turn_detection": None,
                "max_response_output_tokens": 5,
            },
        }
    )
    typed = ce.typed(event)
    assert isinstance(typed, ce.SessionUpdate)
    session = typed.session
    assert (session.output_modalities, session.max_output_tokens) == (("text",), 5)
    assert session.audio is not None
    assert session.audio.input == ce.AudioInput(format=ce.MulawFormat(), turn_detection=None)
    assert session.audio.output == ce.AudioOutput(format=ce.PcmFormat(), voice="marin")


@pytest.mark.parametrize(
    "event",
    [
        {"type": "session.update", "session": 7},
        {"type": "response.create", "response": {"colour": 1}},
        {"type": "conversation.item.create", "item": {"content": [7]}},
        {"type": "input_audio_buffer.append", "audio": ""},
    ],
)
def test_what_the_beta_does_not_know_stays_as_it_is(event: dict[str, Any]) -> None:
    assert ga_event(event) == event


def test_content_of_an_item_has_the_name_of_its_time_both_ways() -> None:
    item = {"content": [{"type": "text", "text": "One."}]}
    event = ga_event({"type": "conversation.item.create", "item": item})
    assert event["item"]["content"][0]["type"] == "output_text"
    back = beta_event({"type": "conversation.item.added", "item": event["item"]})
    assert back == {"type": "conversation.item.created", "item": item}


@pytest.mark.parametrize("kind", ["conversation.item.done", "input_audio_buffer.timeout_triggered"])
def test_the_beta_has_no_such_event(kind: str) -> None:
    assert beta_event({"type": kind}) is None


def test_session_and_response_are_shown_as_the_beta_has_them() -> None:
    created = se.SessionCreated(session=settings_shown(SETTINGS, OFFER))
    event = beta_event(msgspec.to_builtins(created))
    assert event is not None
    session = event["session"]
    assert (session["modalities"], session["input_audio_format"]) == (["audio", "text"], "pcm16")
    assert "audio" not in session
    (made,) = response(modality="text").created()
    event = beta_event(msgspec.to_builtins(made))
    assert event is not None
    assert (event["response"]["modalities"], event["response"]["voice"]) == (["text"], "tones")
