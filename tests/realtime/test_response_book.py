"""Responses from being asked for to being over: one at a time, and others beside it."""

from __future__ import annotations

import json

import pytest
from kit.realtime_scene import RealtimeScene, codes, one, types

from voice_avatar.conversation.out_of_band import OUT_OF_BAND_FROM
from voice_avatar.events.inputs import AudioSent, ReplyFailed, ReplyRequest
from voice_avatar.events.notices import ErrorNotice


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
