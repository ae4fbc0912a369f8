"""What a client asks of a response, in the session's words and in the protocol's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from kit.realtime_parts import SETTINGS, Ids

from voice_avatar.events.payloads import Message
from voice_avatar.realtime import client_events as ce
from voice_avatar.realtime.items import Item, Items
from voice_avatar.realtime.refusals import Refusal
from voice_avatar.realtime.requests import reply_request, response_terms


def test_what_the_client_does_not_say_the_session_knows() -> None:
    asked = reply_request(ce.ResponseRequest(), SETTINGS, Items(Ids()), "ask_1")
    assert (asked.ask_id, asked.instructions, asked.messages) == ("ask_1", None, None)
    assert (asked.max_tokens, asked.temperature, asked.tools) == (None, None, None)
    assert not asked.is_silent
    assert not asked.is_out_of_band


def test_a_response_is_silent_as_it_says_or_as_the_session_is() -> None:
    silent = replace(SETTINGS, modality="text")
    items = Items(Ids())
    assert reply_request(ce.ResponseRequest(), silent, items, "").is_silent
    spoken = ce.ResponseRequest(output_modalities=("audio",))
    assert not reply_request(spoken, silent, items, "").is_silent


def test_its_input_is_items_that_are_there_and_items_of_its_own() -> None:
    items = Items(Ids())
    items.append(Item("a", role="user", contents=[("input_text", "One.")]))
    own = ce.MessageItem(role="user", content=(ce.Content(type="input_text", text="Two."),))
    request = ce.ResponseRequest(input=(ce.ReferenceItem(id="a"), own))
    asked = reply_request(request, SETTINGS, items, "")
    assert asked.messages == (Message("user", "One."), Message("user", "Two."))
    assert [item.item_id for item in items] == ["a"]


def test_a_reference_to_nothing_is_refused() -> None:
    request = ce.ResponseRequest(input=(ce.ReferenceItem(id="gone"),))
    with pytest.raises(Refusal) as refused:
        reply_request(request, SETTINGS, Items(Ids()), "")
    assert refused.value.param == "response.input"


def test_a_response_chooses_from_its_own_functions_or_the_sessions() -> None:
    settings = replace(SETTINGS, tools=(ce.Function(name="weather"),))
    choice = ce.FunctionChoice(name="weather")
    request = ce.ResponseRequest(tool_choice=choice)
    assert reply_request(request, settings, Items(Ids()), "").tool_choice == "weather"
    own = msgspec.structs.replace(request, tools=())
    with pytest.raises(Refusal):
        reply_request(own, settings, Items(Ids()), "")


@pytest.mark.parametrize(("limit", "tokens"), [(None, 50), (7, 7), ("inf", None)])
def test_terms_are_the_requests_own_or_the_sessions(limit: Any, tokens: int | None) -> None:
    settings = replace(SETTINGS, max_tokens=50, speaks=ce.AlawFormat())
    output = ce.AudioOutput(format=ce.MulawFormat())
    request = ce.ResponseRequest(max_output_tokens=limit, metadata={"a": "b"})
    made = response_terms(request, settings, "tones", None)
    assert (made.max_tokens, made.form, made.voice) == (tokens, ce.AlawFormat(), "tones")
    assert (made.metadata, made.is_out_of_band) == ({"a": "b"}, True)
    request = ce.ResponseRequest(audio=ce.Audio(output=output))
    assert response_terms(request, settings, "tones", "conv_1").form == ce.MulawFormat()
