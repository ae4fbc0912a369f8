"""The Realtime dialect: turns event by event, and where user, avatar and items meet."""

from __future__ import annotations

import base64
import json

import pytest
from kit.realtime_golden import GOLDEN, TALKS, committed, golden
from kit.realtime_parts import OFFER, RATE_HZ, SETTINGS, Ids, kinds
from kit.realtime_scene import RealtimeScene, codes, types

from voice_avatar.events.inputs import CommitInput, ReplyRequest
from voice_avatar.events.notices import TranscriptFinal, TurnEnded
from voice_avatar.events.payloads import Message
from voice_avatar.realtime import server_events as se
from voice_avatar.realtime.dialect import Dialect
from voice_avatar.realtime.steps import Hear, Step


def test_who_ends_his_turns_himself_is_told_nothing_of_speech() -> None:
    kinds = [event["type"] for event in committed(RealtimeScene())]
    assert not [kind for kind in kinds if "speech" in kind]


@pytest.mark.parametrize("is_beta", [False, True], ids=["ga", "beta"])
@pytest.mark.parametrize("name", TALKS)
def test_a_talk_is_told_event_by_event_as_it_was_agreed(name: str, is_beta: bool) -> None:
    path = GOLDEN / f"{name}{'-beta' if is_beta else ''}.json"
    if is_beta and not path.exists():
        pytest.skip("told in today's names only")
    assert golden(name, is_beta=is_beta) == json.loads(path.read_text())


def test_a_cough_over_a_response_is_not_told_and_stops_nobody() -> None:
    scene = RealtimeScene()
    scene.say("Hello.")
    scene.text("One two three four five six.", 6.0)
    scene.hush(1.0)
    scene.words = "Mhm."
    assert scene.speak(0.3) + scene.hush(1.0) == []
    assert scene.live is not None


def test_speech_over_a_response_that_nobody_may_interrupt_is_told_at_once() -> None:
    scene = RealtimeScene()
    scene.turns(type="server_vad", interrupt_response=False)
    scene.say("Hello.")
    scene.text("One two three four five six.", 6.0)
    scene.hush(1.0)
    assert types(scene.speak(2.0)) == ["input_audio_buffer.speech_started"]
    assert scene.live is not None
    scene.hush(1.0)
    scene.finish()
    told = types(scene.hush(5.0))
    assert "input_audio_buffer.committed" in told
    assert told[-2:] == ["response.created", "rate_limits.updated"]


def test_where_no_response_is_to_be_created_the_client_asks_for_it() -> None:
    scene = RealtimeScene()
    scene.turns(type="semantic_vad", create_response=False)
    told = types(scene.say("Hello."))
    assert told[-1] == "conversation.item.done"
    assert "response.created" not in told
    assert "response.created" in types(scene.send("response.create"))
    assert scene.live is not None
    assert scene.live.messages[-1] == Message("user", "Hello.")


def test_a_voice_during_a_response_that_plays_on_is_an_interruption_still() -> None:
    scene = RealtimeScene()
    scene.say("Hello.")
    scene.answer("One two three four five six.", 6.0)
    scene.hush(2.0)
    scene.words = "Stop it, please."
    assert types(scene.speak(1.0)) == ["input_audio_buffer.speech_started"]
    assert not scene.session.is_speaking


def test_audio_that_is_cleared_is_no_turn() -> None:
    scene = RealtimeScene()
    scene.speak(0.6)
    told = types(scene.send("input_audio_buffer.clear"))
    assert "input_audio_buffer.cleared" in told
    assert "input_audio_buffer.speech_stopped" in told
    assert "input_audio_buffer.committed" not in types(scene.hush(1.0))


def test_two_commits_in_a_row_are_two_turns_and_one_response_answers_both() -> None:
    scene = RealtimeScene()
    scene.turns()
    for words in ("First.", "Second."):
        scene.words = words
        scene.speak(0.5)
        scene.send("input_audio_buffer.commit")
    scene.send("response.create")
    assert scene.live is not None
    assert scene.live.messages[-1] == Message("user", "First. Second.")


def test_an_idle_user_is_spoken_to_once_the_reply_was_played_and_not_while_he_speaks() -> None:
    scene = RealtimeScene()
    scene.turns(type="server_vad", idle_timeout_ms=3000)
    scene.say("Hello.")
    scene.answer("One two three four.", 4.0)
    assert "input_audio_buffer.timeout_triggered" not in types(scene.hush(6.0))
    scene.speak(1.0)
    assert "input_audio_buffer.timeout_triggered" not in types(scene.speak(3.0))


def test_a_response_that_waits_for_words_is_refused_if_what_it_refers_to_goes() -> None:
    scene = RealtimeScene()
    scene.turns()
    scene.write("Hello.")
    item_id = scene.last_item
    scene.hush(0.5)
    scene.words = "?"
    request = {"input": [{"type": "item_reference", "id": item_id}]}
    scene.send("conversation.item.delete", item_id=item_id)
    told = scene.send("response.create", event_id="mine", response=request)
    assert codes(told) == ["item_retrieve_invalid_item_id"]


# -- the dialect without a session


def waiting() -> tuple[Dialect, list[Step]]:
    """A commit and a request, and then an item that the request refers to: what came of both."""
    dialect = Dialect(OFFER, SETTINGS, reply_hz=RATE_HZ, new_id=Ids())
    content = [{"type": "input_text", "text": "Hello."}]
    item = {"id": "mine", "type": "message", "role": "user", "content": content}
    give(dialect, "conversation.item.create", item=item)
    give(dialect, "input_audio_buffer.append", audio=base64.b64encode(bytes(48_000)).decode())
    steps = give(dialect, "input_audio_buffer.commit")
    request = {"input": [{"type": "item_reference", "id": "mine"}]}
    assert give(dialect, "response.create", event_id="event_a", response=request) == []
    return dialect, steps


def give(dialect: Dialect, kind: str, **fields: object) -> list[Step]:
    return dialect.receive(json.dumps({"type": kind, **fields}), 0.0)


def turn_ends(dialect: Dialect) -> list[Step]:
    assert dialect.notice(TranscriptFinal(1, "Hello.", "en"), 0.0) == []
    return dialect.notice(TurnEnded(1, "client", 0.0), 0.0)


def test_a_commit_hears_its_silence_before_the_turn_ends_where_it_began() -> None:
    _, steps = waiting()
    assert kinds(steps)[:2] == ["input_audio_buffer.committed", "conversation.item.added"]
    hear, commit = steps[2:]
    assert isinstance(hear, Hear)
    assert commit == CommitInput(0)


def test_a_response_is_asked_for_when_the_words_are_known_that_it_answers() -> None:
    dialect, _ = waiting()
    assert codes_of(give(dialect, "response.create")) == [
        "conversation_already_has_active_response"
    ]
    item_done, asked = turn_ends(dialect)
    assert isinstance(item_done, se.ItemDone)
    assert isinstance(asked, ReplyRequest)


def test_a_request_whose_item_goes_while_it_waits_is_answered_by_an_error() -> None:
    dialect, _ = waiting()
    give(dialect, "conversation.item.delete", item_id="mine")
    error = turn_ends(dialect)[-1]
    assert isinstance(error, se.ErrorEvent)
    assert (error.error.code, error.error.event_id) == ("item_retrieve_invalid_item_id", "event_a")


def codes_of(steps: list[Step]) -> list[str]:
    return [step.error.code for step in steps if isinstance(step, se.ErrorEvent)]
