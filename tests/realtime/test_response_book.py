"""Responses from being asked for to being over: one at a time, and others beside it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from kit.realtime_parts import RATE_HZ, SECOND, SETTINGS, kinds
from kit.realtime_parts import book as new_book
from kit.realtime_scene import RealtimeScene, codes, one, types

from voice_avatar.conversation.out_of_band import OUT_OF_BAND_FROM
from voice_avatar.events.inputs import AudioSent, PlaybackReport, ReplyFailed, ReplyRequest
from voice_avatar.events.notices import (
    ErrorNotice,
    ReplyAudio,
    ReplyAudioDone,
    ReplyDone,
    ReplyStarted,
    ReplyText,
)
from voice_avatar.realtime import client_events as ce
from voice_avatar.realtime import server_events as se
from voice_avatar.realtime.refusals import Refusal
from voice_avatar.realtime.response_book import ResponseBook
from voice_avatar.realtime.responses import Response


def test_a_response_that_is_asked_for_while_one_is_written_is_refused() -> None:
    scene = RealtimeScene()
    scene.write("Hello.")
    scene.send("response.create")
    assert codes(scene.send("response.create")) == ["conversation_already_has_active_response"]


def test_who_asks_for_the_next_response_has_played_the_one_before() -> None:
    scene = RealtimeScene()
    scene.write("Hello.")
    scene.send("response.create")
    scene.answer("One two three four.", 4.0)
    scene.write("And?")
    assert "response.created" in types(scene.send("response.create"))
    assert scene.history == ["user: Hello.", "assistant: One two three four.", "user: And?"]


def test_a_response_that_has_no_more_tokens_is_incomplete() -> None:
    scene = RealtimeScene()
    scene.write("Hello.")
    scene.send("response.create", response={"max_output_tokens": 3})
    assert scene.live is not None
    assert scene.live.max_tokens == 3
    scene.text("One two three", 1.0)
    before = len(scene.told)
    scene.finish(is_cut=True)
    response = one(scene.told[before:], "response.done")["response"]
    assert response["status"] == "incomplete"
    assert response["status_details"] == {"type": "incomplete", "reason": "max_output_tokens"}
    assert response["usage"]["output_tokens"] == 3


@pytest.mark.parametrize("text", ["", "Well,"])
def test_a_response_that_fails_says_why_and_no_error_event_comes(text: str) -> None:
    scene = RealtimeScene()
    scene.write("Hello.")
    scene.send("response.create")
    if text:
        scene.text(text, 0.5)
    before = len(scene.told)
    scene.fail()
    scene.pass_time(2.0)
    response = one(scene.told[before:], "response.done")["response"]
    assert response["status"] == "failed"
    assert response["status_details"]["error"]["code"] == "llm_failed"
    assert codes(scene.told) == []
    scene.send("response.create")
    assert scene.live is not None


def test_a_response_beside_the_conversation_runs_while_another_one_is_written() -> None:
    scene = RealtimeScene()
    scene.write("Hello.")
    scene.send("response.create")
    told = scene.send("response.create", response={"conversation": "none"})
    assert types(told) == ["response.created", "rate_limits.updated"]
    assert scene.beside[0].reply_id == OUT_OF_BAND_FROM
    beside_id = told[0]["response"]["id"]
    done = one(scene.send("response.cancel", response_id=beside_id), "response.done")["response"]
    assert (done["status"], done["conversation_id"]) == ("cancelled", None)
    assert scene.cancelled == [OUT_OF_BAND_FROM]
    assert "response.done" in types(scene.answer())


def test_a_response_beside_the_conversation_that_has_not_begun_keeps_nobody_from_anything() -> None:
    scene = RealtimeScene()
    scene.write("Hello.")
    request = {"type": "response.create", "response": {"conversation": "none"}}
    (asked,) = scene.dialect.receive(json.dumps(request), scene.now_s)
    assert isinstance(asked, ReplyRequest)
    assert asked.is_out_of_band
    assert codes(scene.send("response.cancel")) == ["response_cancel_not_active"]
    assert types(scene.send("response.create"))[0] == "response.created"
    scene.give(asked)
    assert [start.reply_id for start in scene.beside] == [OUT_OF_BAND_FROM]


def test_a_response_beside_the_conversation_that_fails_says_so() -> None:
    scene = RealtimeScene()
    scene.write("Hello.")
    scene.send("response.create", response={"conversation": "none"})
    before = len(scene.told)
    scene.give(ReplyFailed(OUT_OF_BAND_FROM, "llm_failed", "It failed."))
    scene.give(AudioSent(OUT_OF_BAND_FROM, 0))
    response = one(scene.told[before:], "response.done")["response"]
    assert (response["status"], response["conversation_id"]) == ("failed", None)


def test_a_reply_that_is_taken_back_is_cancelled_by_the_turn() -> None:
    scene = RealtimeScene()
    scene.say("Hello.")
    done = one(scene.speak(0.3), "response.done")["response"]
    assert done["status_details"] == {"type": "cancelled", "reason": "turn_detected"}


def test_an_ear_that_fails_does_not_make_the_response_fail() -> None:
    scene = RealtimeScene()
    scene.write("Hello.")
    scene.send("response.create")
    scene._tell(ErrorNotice("vad_failed", "It failed."))
    before = len(scene.told)
    scene.answer()
    assert one(scene.told[before:], "response.done")["response"]["status"] == "completed"


# -- the book alone


def begun(book: ResponseBook) -> Response:
    """Asks for response 1, lets it begin, and returns it."""
    (asked,) = book.ask(ce.ResponseRequest(), SETTINGS)
    assert isinstance(asked, ReplyRequest)
    book.started(ReplyStarted(1, 0, RATE_HZ, asked.ask_id), SETTINGS)
    found = book.of(ReplyText(1, "", 0))
    assert found is not None
    return found


def sent(book: ResponseBook) -> list[str]:
    """Sends one second of response 1, and that is all."""
    written = begun(book)
    out = [*book.piece(ReplyAudio(1, 0, SECOND, True, True), written)]
    return kinds([*out, *book.piece(ReplyAudioDone(1, RATE_HZ), written)])


def test_a_response_is_live_from_its_start_until_it_was_played() -> None:
    book = new_book()
    assert book.is_quiet
    assert sent(book)[-1] == "response.done"
    assert (book.is_live(1), book.is_live_heard, book.is_quiet) == (True, True, False)
    assert book.over(ReplyDone(1, "completed", "", RATE_HZ)) == []
    assert (book.is_live(1), book.is_live_heard, book.is_quiet) == (False, False, True)


def test_who_asks_while_a_response_plays_on_has_played_it_before_the_request() -> None:
    book = new_book()
    sent(book)
    book.check(ce.ResponseRequest(), SETTINGS)
    played, asked = book.ask(ce.ResponseRequest(), SETTINGS)
    assert played == PlaybackReport(1, RATE_HZ, "finished")
    assert isinstance(asked, ReplyRequest)


def test_the_sessions_own_answer_is_made_as_the_settings_say() -> None:
    book = new_book()
    settings = replace(SETTINGS, modality="text")
    created, limits = book.started(ReplyStarted(7, 1, RATE_HZ), settings)
    assert isinstance(created, se.ResponseCreated)
    assert created.response.output_modalities == ("text",)
    assert created.response.conversation_id == "conv_1"
    assert limits == se.RateLimitsUpdated(rate_limits=())


def test_a_response_that_is_cancelled_before_it_begins_is_interrupted_as_it_does() -> None:
    book = new_book()
    (asked,) = book.ask(ce.ResponseRequest(), SETTINGS)
    assert isinstance(asked, ReplyRequest)
    assert book.cancel(None) == []
    steps = book.started(ReplyStarted(1, 0, RATE_HZ, asked.ask_id), SETTINGS)
    assert kinds(steps) == ["response.created", "rate_limits.updated", "InterruptRequest"]
    (done,) = book.interrupted(1, by_voice=True)
    assert isinstance(done, se.ResponseDone)
    details = se.StatusDetails(type="cancelled", reason="client_cancelled")
    assert done.response.status_details == details


def test_a_request_that_waits_is_taken_back_by_a_cancel() -> None:
    book = new_book()
    book.queue(ce.ResponseCreate())
    assert not book.is_quiet
    assert book.cancel(None) == []
    assert book.unqueue() is None
    assert book.is_quiet


def test_a_request_that_cannot_be_had_leaves_nothing_to_wait_for() -> None:
    book = new_book()
    request = ce.ResponseRequest(input=(ce.ReferenceItem(id="gone"),))
    for ask in (book.check, book.ask, book.ask_beside):
        with pytest.raises(Refusal):
            ask(request, SETTINGS)
    assert book.is_quiet


def test_a_request_that_the_session_does_not_take_makes_room_for_the_next() -> None:
    book = new_book()
    (asked,) = book.ask(ce.ResponseRequest(), SETTINGS)
    assert isinstance(asked, ReplyRequest)
    assert book.refused(asked.ask_id).code == "conversation_already_has_active_response"
    book.check(ce.ResponseRequest(), SETTINGS)


def test_the_active_response_is_named_to_who_asks_for_another() -> None:
    book = new_book()
    begun(book)
    with pytest.raises(Refusal, match="in progress: resp_1"):
        book.check(ce.ResponseRequest(), SETTINGS)


@pytest.mark.parametrize(
    ("code", "status"), [("tts_failed", "failed"), ("vad_failed", "completed")]
)
def test_only_what_a_reply_is_made_of_makes_it_fail(code: str, status: str) -> None:
    book = new_book()
    written = begun(book)
    book.trouble(code, "It failed.")
    book.piece(ReplyAudio(1, 0, SECOND, True, True), written)
    done = book.piece(ReplyAudioDone(1, RATE_HZ), written)[-1]
    assert isinstance(done, se.ResponseDone)
    assert done.response.status == status


def test_a_failure_before_a_response_begins_is_not_its_own() -> None:
    book = new_book()
    book.trouble("llm_failed", "It failed.")
    begun(book)
    (done,) = book.over(ReplyDone(1, "failed", "", 0))
    assert isinstance(done, se.ResponseDone)
    assert isinstance(done.response.status_details, se.StatusDetails)
    assert isinstance(done.response.status_details.error, se.StatusError)
    assert done.response.status_details.error.code == "server_error"


def test_a_cut_interrupts_the_session_and_ends_what_is_written() -> None:
    book = new_book()
    begun(book)
    assert kinds(book.cut(1)) == ["InterruptRequest", "response.done"]
    assert kinds(book.cut(1)) == ["InterruptRequest"]  # it is done, and may be played still
    book.over(ReplyDone(1, "interrupted", "", 0))
    assert book.cut(1) == []


def test_a_response_out_of_band_is_never_live_and_gone_once_it_is_done() -> None:
    book = new_book()
    asked = book.ask_beside(ce.ResponseRequest(conversation="none"), SETTINGS)
    assert isinstance(asked, ReplyRequest)
    assert book.is_quiet
    book.started(ReplyStarted(9, 0, RATE_HZ, asked.ask_id), SETTINGS)
    assert not book.is_live(9)
    assert kinds(book.cancel("resp_1")) == ["InterruptRequest", "response.done"]
    assert book.of(ReplyText(9, "", 0)) is None
