"""The Realtime dialect: turns event by event, and what a client's event may be answered with."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from kit.realtime_scene import Event, RealtimeScene, codes, one, types

from voice_avatar.conversation.out_of_band import OUT_OF_BAND_FROM
from voice_avatar.events.inputs import AudioSent, ReplyFailed, ReplyRequest
from voice_avatar.events.notices import ErrorNotice, ReplyCallStarted
from voice_avatar.events.payloads import Message, ToolCall
from voice_avatar.realtime.refusals import CODES

GOLDEN = Path(__file__).parents[1] / "data" / "realtime"


def typed(scene: RealtimeScene) -> list[Event]:
    told = scene.write("What is two and two?")
    told += scene.send("response.create", response={"output_modalities": ["text"]})
    return told + scene.answer("Four.")


def spoken(scene: RealtimeScene) -> list[Event]:
    told = scene.update(audio={"input": {"transcription": {"model": "whisper-1"}}})
    return told + scene.say("What is two and two?") + scene.answer("It is four.", 1.0)


def interrupted(scene: RealtimeScene) -> list[Event]:
    scene.say("Tell me a story.")
    scene.text("Once upon a time there was a king.", 4.0)
    item_id = scene.last_item
    scene.hush(1.5)
    scene.words = "Stop, please stop."
    told = scene.speak(1.0)
    told += scene.send(
        "conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=1600
    )
    return told + scene.send("conversation.item.retrieve", item_id=item_id) + scene.hush(1.0)


def cancelled(scene: RealtimeScene) -> list[Event]:
    scene.write("Tell me a story.")
    told = scene.send("response.create")
    scene.text("Once upon a time there was a king.", 4.0)
    told += scene.send("response.cancel")
    return told + scene.send("response.cancel")


def cut_later(scene: RealtimeScene) -> list[Event]:
    """All was sent, the client plays it and is interrupted by a button of its own."""
    scene.write("Tell me a story.")
    scene.send("response.create")
    scene.answer("Once upon a time there was a king.", 4.0)
    scene.pass_time(1.0)
    item_id = scene.last_item
    told = scene.send(
        "conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=1100
    )
    return told + scene.send("conversation.item.retrieve", item_id=item_id)


def out_of_band(scene: RealtimeScene) -> list[Event]:
    scene.write("I am furious.")
    wish = {
        "conversation": "none",
        "output_modalities": ["text"],
        "instructions": "One word: the mood.",
        "metadata": {"topic": "mood"},
        "input": [{"type": "item_reference", "id": scene.last_item}],
    }
    return scene.send("response.create", response=wish)


def committed(scene: RealtimeScene) -> list[Event]:
    scene.update(audio={"input": {"turn_detection": None, "transcription": {"model": "whisper-1"}}})
    scene.words = "What is two and two?"
    told = scene.speak(0.96)
    told += scene.send("input_audio_buffer.commit")
    told += scene.send("response.create")
    return told + scene.answer("Four.", 0.5)


def idle(scene: RealtimeScene) -> list[Event]:
    scene.turns(type="server_vad", idle_timeout_ms=5000)
    scene.say("Hello.")
    scene.answer("Good day.", 1.0)
    return scene.hush(7.0)


WEATHER: Event = {
    "type": "function",
    "name": "weather",
    "description": "How the weather is.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


def called(scene: RealtimeScene) -> list[Event]:
    scene.update(tools=[WEATHER], tool_choice="auto")
    scene.write("How is the weather in Paris?")
    told = scene.send("response.create")
    before = len(scene.told)
    scene.text("Let me look.", 0.5)
    scene.call("weather", '{"city": ', '"Paris"}')
    scene.finish()
    told += scene.told[before:]
    output = {"type": "function_call_output", "call_id": "call_1_0", "output": '{"sky": "blue"}'}
    told += scene.send("conversation.item.create", item=output)
    told += scene.send("response.create")
    return told + scene.answer("It is sunny.", 0.5)


TALKS = {
    talk.__name__: talk
    for talk in (
        typed,
        spoken,
        interrupted,
        cancelled,
        cut_later,
        out_of_band,
        committed,
        idle,
        called,
    )
}


def golden(name: str, *, is_beta: bool) -> list[Event]:
    told = TALKS[name](RealtimeScene(is_beta=is_beta))
    return [shortened(event) for event in told]


def shortened(event: Event) -> Event:
    """Returns an event with its audio as a number of bytes."""
    if event["type"].endswith("audio.delta"):
        return event | {"delta": f"{len(base64.b64decode(event['delta']))} bytes"}
    return event


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


# -- turns


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


def test_one_start_and_one_stop_are_told_of_a_turn_with_pauses() -> None:
    scene = RealtimeScene()
    scene.turns(type="server_vad", silence_duration_ms=800)
    told = types(scene.speak(0.6) + scene.hush(0.4) + scene.speak(0.6) + scene.hush(1.2))
    assert told.count("input_audio_buffer.speech_started") == 1
    assert told.count("input_audio_buffer.speech_stopped") == 1
    assert told.count("input_audio_buffer.committed") == 1


def test_speech_without_words_ends_and_leaves_no_item() -> None:
    scene = RealtimeScene()
    scene.words = ""
    told = types(scene.speak(0.6) + scene.hush(1.5))
    assert told == ["input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped"]
    assert scene.history == []


def test_speech_that_cannot_be_recognised_is_told_as_such() -> None:
    scene = RealtimeScene()
    scene.update(audio={"input": {"transcription": {"model": "whisper-1"}}})
    scene.words = "?"
    told = types(scene.speak(0.6) + scene.hush(1.0))
    assert "conversation.item.input_audio_transcription.failed" in told
    assert "error" not in told


def test_places_in_the_audio_are_the_clients_own_after_commits_too() -> None:
    scene = RealtimeScene()
    scene.turns()
    for _ in range(4):
        scene.hush(0.5)
        scene.send("input_audio_buffer.commit")
    scene.turns(type="server_vad", silence_duration_ms=300)
    scene.hush(1.0)
    started = one(scene.speak(0.64), "input_audio_buffer.speech_started")
    assert started["audio_start_ms"] == pytest.approx(4 * 512 + 992 - 300, abs=64)


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


# -- responses


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
    wish = {"type": "response.create", "response": {"conversation": "none"}}
    (asked,) = scene.dialect.receive(json.dumps(wish), scene.now_s)
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


# -- functions


def test_what_a_function_gave_back_is_shown_to_the_model_with_its_call() -> None:
    scene = RealtimeScene()
    called(scene)
    assert scene.live is not None
    assert scene.live.tools[0].name == "weather"
    assert scene.live.messages[1:] == (
        Message("user", "How is the weather in Paris?"),
        Message(
            "assistant", "Let me look.", (ToolCall("call_1_0", "weather", '{"city": "Paris"}'),)
        ),
        Message("tool", '{"sky": "blue"}', call_id="call_1_0"),
    )


def test_a_response_of_calls_alone_is_complete_with_them() -> None:
    scene = RealtimeScene()
    scene.write("The weather, please.")
    wish = {"tools": [WEATHER], "tool_choice": {"type": "function", "name": "weather"}}
    scene.send("response.create", response=wish)
    assert scene.live is not None
    assert scene.live.tool_choice == "weather"
    scene.call("weather", "{}")
    before = len(scene.told)
    scene.finish()
    response = one(scene.told[before:], "response.done")["response"]
    assert response["status"] == "completed"
    assert [item["type"] for item in response["output"]] == ["function_call"]


def test_a_call_without_its_output_is_in_no_prompt() -> None:
    scene = RealtimeScene()
    scene.write("The weather, please.")
    scene.send("response.create", response={"tools": [WEATHER]})
    scene.call("weather", "{}")
    scene.finish()
    scene.write("Never mind.")
    assert scene.history == ["user: The weather, please. Never mind."]


def test_an_output_of_a_call_that_never_was_is_refused() -> None:
    scene = RealtimeScene()
    output = {"type": "function_call_output", "call_id": "call_9", "output": "1"}
    told = scene.send("conversation.item.create", item=output)
    assert codes(told) == ["item_create_invalid_call_id"]


def test_a_client_may_bring_calls_of_an_earlier_session() -> None:
    scene = RealtimeScene()
    scene.write("The weather?")
    call = {"type": "function_call", "call_id": "c", "name": "weather", "arguments": "{}"}
    scene.send("conversation.item.create", item=call)
    output = {"type": "function_call_output", "call_id": "c", "output": "Rain."}
    scene.send("conversation.item.create", item=output)
    assert scene.history == ["user: The weather?", "assistant: ", "tool: Rain."]


def test_a_call_that_is_interrupted_is_incomplete() -> None:
    scene = RealtimeScene()
    scene.write("The weather, please.")
    scene.send("response.create", response={"tools": [WEATHER]})
    assert scene.live is not None
    before = len(scene.told)
    scene._tell(ReplyCallStarted(scene.live.reply_id, "call_1_0", "weather"))
    scene.send("response.cancel")
    response = one(scene.told[before:], "response.done")["response"]
    assert response["output"][0]["status"] == "incomplete"
    assert "response.function_call_arguments.done" not in types(scene.told)


# -- items


def test_items_can_be_put_first_and_between_and_taken_out() -> None:
    scene = RealtimeScene()
    scene.write("Two.")
    two = scene.last_item
    scene.write("One.", previous_item_id="root")
    scene.send(
        "conversation.item.create",
        previous_item_id=two,
        item={
            "id": "three",
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Three."}],
        },
    )
    assert scene.history == ["user: One. Two.", "assistant: Three."]
    told = scene.send("conversation.item.delete", item_id=two)
    assert told == [{"type": "conversation.item.deleted", "item_id": two} | id_of(told[0])]
    assert scene.history == ["user: One.", "assistant: Three."]
    assert codes(scene.send("conversation.item.retrieve", item_id=two)) == [
        "item_retrieve_invalid_item_id"
    ]


def id_of(event: Event) -> Event:
    return {"event_id": event["event_id"]}


def test_a_response_that_is_deleted_while_it_is_written_is_not_remembered() -> None:
    scene = RealtimeScene()
    scene.write("Hello.")
    scene.send("response.create")
    scene.text("One two.", 1.0)
    scene.send("conversation.item.delete", item_id=scene.last_item)
    scene.finish()
    scene.pass_time(3.0)
    scene.write("New.")
    assert scene.history == ["user: Hello. New."]


def test_more_cannot_have_been_played_than_there_is() -> None:
    scene = RealtimeScene()
    scene.write("Hello.")
    scene.send("response.create")
    scene.answer("One two.", 1.0)
    cut = {"item_id": scene.last_item, "content_index": 0, "audio_end_ms": 1001}
    assert codes(scene.send("conversation.item.truncate", **cut)) == ["invalid_value"]
    assert codes(scene.send("conversation.item.truncate", **cut | {"audio_end_ms": 1000})) == []
    assert scene.history[-1] == "assistant: One two."


# -- settings


def test_settings_come_back_as_they_are_in_force() -> None:
    scene = RealtimeScene()
    session = one(
        scene.update(
            instructions="Be brief.",
            output_modalities=["text"],
            max_output_tokens=50,
            temperature=0.6,
            audio={
                "input": {
                    "format": {"type": "audio/pcmu"},
                    "turn_detection": {"type": "server_vad", "silence_duration_ms": 700},
                    "transcription": {"model": "whisper-1", "language": "en"},
                },
                "output": {"format": {"type": "audio/pcma"}, "voice": "marin"},
            },
        ),
        "session.updated",
    )["session"]
    assert session["instructions"] == "Be brief."
    assert session["output_modalities"] == ["text"]
    assert session["max_output_tokens"] == 50
    assert session["audio"]["input"]["format"] == {"type": "audio/pcmu"}
    assert session["audio"]["input"]["turn_detection"] == {
        "type": "server_vad",
        "threshold": 0.5,
        "prefix_padding_ms": 300,
        "silence_duration_ms": 700,
        "idle_timeout_ms": None,
        "create_response": True,
        "interrupt_response": True,
    }
    assert session["audio"]["output"]["format"] == {"type": "audio/pcma"}
    assert session["audio"]["output"]["voice"] == "tones"
    scene.write("Hello.")
    scene.send("response.create")
    assert scene.live is not None
    assert scene.live.messages[0] == Message("system", "Be brief.")
    assert (scene.live.max_tokens, scene.live.temperature, scene.live.is_silent) == (50, 0.6, True)


def test_what_is_left_out_stays_and_null_turns_off() -> None:
    scene = RealtimeScene()
    scene.update(audio={"input": {"transcription": {"model": "whisper-1"}}})
    session = one(scene.update(instructions="New."), "session.updated")["session"]
    assert session["audio"]["input"]["transcription"]["model"] == "whisper-1"
    told = scene.update(audio={"input": {"transcription": None}})
    assert one(told, "session.updated")["session"]["audio"]["input"]["transcription"] is None


REFUSED: list[tuple[str, dict[str, Any], str, str | None]] = [
    ("nonsense", {}, "invalid_value", "type"),
    ("session.update", {}, "missing_required_parameter", "session"),
    ("session.update", {"session": {"colour": 1}}, "unknown_parameter", "session.colour"),
    (
        "session.update",
        {"session": {"audio": {"input": {"turn_detection": {"type": "telepathy"}}}}},
        "invalid_value",
        "session.audio.input.turn_detection.type",
    ),
    (
        "session.update",
        {"session": {"audio": {"input": {"format": {"type": "audio/pcm", "rate": 16000}}}}},
        "invalid_value",
        "session.audio.input.format.rate",
    ),
    ("session.update", {"session": {"temperature": 7}}, "invalid_value", "session.temperature"),
    ("session.update", {"session": {"instructions": 7}}, "invalid_type", "session.instructions"),
    ("session.update", {"session": {"type": "transcription"}}, "unsupported", "session.type"),
    (
        "session.update",
        {"session": {"audio": {"input": {"transcription": {"language": "xx"}}}}},
        "invalid_value",
        "session.audio.input.transcription.language",
    ),
    (
        "session.update",
        {"session": {"x_avatar": {"events": ["tail"]}}},
        "invalid_value",
        "session.x_avatar.events",
    ),
    (
        "session.update",
        {"session": {"tool_choice": {"type": "function", "name": "f"}}},
        "invalid_value",
        "tool_choice",
    ),
    (
        "session.update",
        {"session": {"tools": [{"type": "function", "name": "auto"}]}},
        "invalid_value",
        "session.tools",
    ),
    (
        "session.update",
        {"session": {"tools": [{"type": "mcp", "server_label": "x"}]}},
        "invalid_value",
        "session.tools[0].type",
    ),
    (
        "response.create",
        {"response": {"tools": [], "tool_choice": {"type": "function", "name": "f"}}},
        "invalid_value",
        "tool_choice",
    ),
    ("input_audio_buffer.append", {"audio": "%"}, "invalid_value", "audio"),
    ("input_audio_buffer.commit", {}, "input_audio_buffer_commit_empty", None),
    ("output_audio_buffer.clear", {}, "unsupported", "type"),
    ("conversation.item.delete", {"item_id": "x"}, "item_delete_invalid_item_id", "item_id"),
    (
        "conversation.item.truncate",
        {"item_id": "x", "content_index": 0, "audio_end_ms": 0},
        "item_truncate_invalid_item_id",
        "item_id",
    ),
    (
        "conversation.item.create",
        {
            "previous_item_id": "x",
            "item": {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": "Hi"}],
            },
        },
        "item_create_invalid_previous_item_id",
        "previous_item_id",
    ),
    (
        "conversation.item.create",
        {
            "item": {
                "type": "message",
                "role": "system",
                "content": [{"type": "output_text", "text": "Hi"}],
            }
        },
        "invalid_value",
        "item.content",
    ),
    ("response.cancel", {}, "response_cancel_not_active", None),
    ("response.create", {"response": {"conversation": "b"}}, "invalid_value", None),
]


@pytest.mark.parametrize(("kind", "fields", "code", "param"), REFUSED)
def test_what_cannot_be_is_refused_with_its_code_and_the_clients_event_id(
    kind: str, fields: dict[str, Any], code: str, param: str | None
) -> None:
    scene = RealtimeScene()
    (event,) = scene.send(kind, event_id="mine", **fields)
    error = event["error"]
    assert (error["code"], error["event_id"]) == (code, "mine")
    assert error["type"] == "invalid_request_error"
    assert error["code"] in CODES
    if param is not None:
        assert error["param"] == param


@pytest.mark.parametrize("data", ["", "{", "[]", "7", '{"a": 1}', b"\xff", '{"type": 1}'])
def test_what_is_no_event_is_an_invalid_event(data: str | bytes) -> None:
    assert codes(RealtimeScene().raw(data)) == ["invalid_event"]


# -- formats


@pytest.mark.parametrize(("kind", "silence"), [("audio/pcmu", 0xFF), ("audio/pcma", 0xD5)])
def test_g711_goes_both_ways(kind: str, silence: int) -> None:
    scene = RealtimeScene()
    form = {"format": {"type": kind}}
    scene.update(audio={"input": form, "output": form})
    data = base64.b64encode(bytes((silence,)) * 8000).decode()
    scene.send("input_audio_buffer.append", audio=data)
    scene.write("Hello.")
    scene.send("response.create")
    told = scene.answer("One.", 1.0)
    deltas = [e["delta"] for e in told if e["type"] == "response.output_audio.delta"]
    audio = b"".join(base64.b64decode(delta) for delta in deltas)
    assert len(audio) == 8000
    assert set(audio) <= {silence, silence ^ 0x80}


def test_a_sample_may_be_cut_in_two() -> None:
    scene = RealtimeScene()
    scene.turns()
    for size in (4801, 4799):
        audio = base64.b64encode(bytes(size)).decode()
        assert scene.send("input_audio_buffer.append", audio=audio) == []
    assert codes(scene.send("input_audio_buffer.commit")) == []


# -- extension events


def test_extension_events_come_only_to_who_asks_for_them() -> None:
    plain = RealtimeScene()
    plain.say("Hello.")
    plain.answer()
    assert not [kind for kind in types(plain.told) if kind.startswith("avatar.")]
    scene = RealtimeScene()
    told = scene.update(x_avatar={"events": ["captions", "state"]})
    session = one(told, "session.updated")["session"]
    assert session["x_avatar"] == {"events": ["captions", "state"], "viseme_set": "ovr15"}
    scene.say("Hello.")
    told = scene.answer("Good day.", 1.0)
    caption = one(told, "avatar.caption")
    assert caption["text"] == "Good day."
    assert caption["words"][1] == ["day.", 500.0, 1000.0, 5]
    assert caption["item_id"] == scene.last_item
    assert caption["response_id"] == one(told, "response.done")["response"]["id"]
    assert "avatar.state" in types(scene.told)
    scene.update(x_avatar=None)
    scene.pass_time(30.0)
    assert "avatar.state" not in types(scene.told[-1:])


def test_an_idle_user_is_spoken_to_once_the_reply_was_played_and_not_while_he_speaks() -> None:
    scene = RealtimeScene()
    scene.turns(type="server_vad", idle_timeout_ms=3000)
    scene.say("Hello.")
    scene.answer("One two three four.", 4.0)
    assert "input_audio_buffer.timeout_triggered" not in types(scene.hush(6.0))
    scene.speak(1.0)
    assert "input_audio_buffer.timeout_triggered" not in types(scene.speak(3.0))


def test_an_ear_that_fails_does_not_make_the_response_fail() -> None:
    scene = RealtimeScene()
    scene.write("Hello.")
    scene.send("response.create")
    scene._tell(ErrorNotice("vad_failed", "It failed."))
    before = len(scene.told)
    scene.answer()
    assert one(scene.told[before:], "response.done")["response"]["status"] == "completed"


def test_a_response_that_waits_for_words_is_refused_if_what_it_refers_to_goes() -> None:
    scene = RealtimeScene()
    scene.turns()
    scene.write("Hello.")
    item_id = scene.last_item
    scene.hush(0.5)
    scene.words = "?"
    wish = {"input": [{"type": "item_reference", "id": item_id}]}
    scene.send("conversation.item.delete", item_id=item_id)
    told = scene.send("response.create", event_id="mine", response=wish)
    assert codes(told) == ["item_retrieve_invalid_item_id"]
