"""A response as its events, from `response.created` to `response.done`."""

from __future__ import annotations

import base64

from kit.realtime_parts import SECOND, kinds, response

from voice_avatar.realtime import client_events as ce
from voice_avatar.realtime import server_events as se


def done(events: list[se.ServerEvent]) -> se.ResponseBody:
    assert isinstance(events[-1], se.ResponseDone)
    return events[-1].response


def test_a_response_of_text_from_its_start_to_its_end() -> None:
    written = response(modality="text")
    events = written.created() + written.text("One ") + written.text("two.")
    assert kinds(events + written.completed()) == [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]
    assert written.message is not None
    assert written.message.text == "One two."


def test_a_response_ends_once() -> None:
    written = response()
    assert done(written.cancelled(by_voice=True)).status == "cancelled"
    assert written.completed() == []


def test_out_of_band_no_item_is_in_the_conversation() -> None:
    written = response(conversation_id=None)
    events = kinds(written.text("One.") + written.completed())
    assert not [kind for kind in events if kind.startswith("conversation.")]


def test_a_failure_counts_more_than_a_limit() -> None:
    written = response()
    written.is_cut_short = True
    written.failure = se.StatusError(type="server_error", code="llm_failed", message="")
    assert done(written.completed()).status == "failed"


def test_tokens_are_the_usage_of_what_is_over() -> None:
    written = response()
    (created,) = written.created()
    assert isinstance(created, se.ResponseCreated)
    assert created.response.usage is None
    written.tokens = (12, 3)
    usage = done(written.completed()).usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (12, 3, 15)


def test_audio_comes_in_the_format_that_was_asked_for_and_is_counted_as_it_was_made() -> None:
    written = response(form=ce.MulawFormat())
    events = written.audio(SECOND) + written.audio(b"", is_last=True)
    deltas = [event.delta for event in events if isinstance(event, se.AudioDelta)]
    assert sum(len(base64.b64decode(delta)) for delta in deltas) == 8000
    assert written.message is not None
    assert written.message.audio == 24_000


def test_a_call_that_is_whole_at_once_begins_and_ends() -> None:
    written = response()
    assert kinds(written.call_made("c", "weather", "{}")) == [
        "response.output_item.added",
        "conversation.item.added",
        "response.function_call_arguments.done",
        "response.output_item.done",
        "conversation.item.done",
    ]
    assert written.call_written("other", "{}") == []


def test_a_call_that_is_never_whole_is_incomplete() -> None:
    written = response()
    written.call_began("c", "weather")
    assert done(written.cancelled(by_voice=False)).output[0].status == "incomplete"
