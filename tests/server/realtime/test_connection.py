"""`/v1/realtime` on real sockets: a server with scripted engines, clients that say what they want.

What the events are, `tests/realtime/` says; here is what needs a server.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import numpy as np
import pytest
from kit.edge import engines, eventually, hush, quiet_config, running, tone
from kit.realtime_line import RATE_HZ, realtime
from websockets.asyncio.client import connect

from voice_avatar.config.load import Config, RealtimeOptions
from voice_avatar.conversation.options import SessionOptions
from voice_avatar.engines.scripted import ScriptedLlm

pytestmark = [pytest.mark.realtime, pytest.mark.virtual_time]

TURN = hush(0.3, RATE_HZ) + tone(1.0, RATE_HZ) + hush(1.5, RATE_HZ)
LONG = "Apples, pears, plums, figs and grapes grow here in the garden. " * 8


async def test_a_typed_message_is_answered_in_text() -> None:
    async with running(engines("Four.")) as server, realtime(server.url) as line:
        await line.write("What is two and two?")
        response = await line.ask(output_modalities=["text"])
        assert response["status"] == "completed"
        assert response["output"][0]["content"] == [{"type": "output_text", "text": "Four."}]
        assert line.audio() == b""
        assert server.llm.requests[-1].messages[-1].content == "What is two and two?"


async def test_speech_is_answered_in_speech_with_its_transcript() -> None:
    async with running(engines("It is four.")) as server, realtime(server.url) as line:
        await line.update(audio={"input": {"transcription": {"model": "whisper-1"}}})
        since = len(line.seen)
        await line.say(TURN)
        done = await line.until("response.done")
        told = line.types(since)
        assert told[:8] == [
            "input_audio_buffer.speech_started",
            "input_audio_buffer.speech_stopped",
            "input_audio_buffer.committed",
            "conversation.item.added",
            "conversation.item.input_audio_transcription.delta",
            "conversation.item.input_audio_transcription.completed",
            "conversation.item.done",
            "response.created",
        ]
        assert told[-7:] == [
            "response.output_audio.delta",
            "response.output_audio.done",
            "response.output_audio_transcript.done",
            "response.content_part.done",
            "response.output_item.done",
            "conversation.item.done",
            "response.done",
        ]
        said = done["response"]["output"][0]["content"][0]["transcript"]
        assert said == "It is four."
        samples = np.frombuffer(line.audio(), "<i2")
        assert 0.1 < len(samples) / RATE_HZ < 1.5
        assert np.abs(samples).max() > 1000
        assert done["response"]["usage"]["output_tokens"] == 3


async def test_a_voice_ends_the_response_and_history_keeps_what_truncate_says() -> None:
    llm = ScriptedLlm((LONG,))
    async with running(engines(llm=llm)) as server, realtime(server.url) as line:
        await line.write("Count.")
        await line.send("response.create")
        item = (await line.until("response.output_item.added"))["item"]
        await line.until("response.output_audio.delta")
        talking = asyncio.create_task(line.say(TURN, speed=1.9))
        await line.until("input_audio_buffer.speech_started")
        await line.send(
            "conversation.item.truncate", item_id=item["id"], content_index=0, audio_end_ms=300
        )
        await line.until("conversation.item.truncated")
        await talking
        await line.until("response.created")
        await eventually(lambda: len(llm.requests) >= 3)  # one of them was the warm-up
        heard = [m.content for m in llm.requests[-1].messages if m.role == "assistant"]
        assert LONG.startswith("".join(heard))
        assert len("".join(heard)) < 40


async def test_a_file_may_be_sent_at_once_and_committed() -> None:
    async with running(engines("Fine.")) as server, realtime(server.url) as line:
        await line.update(
            audio={"input": {"turn_detection": None, "transcription": {"model": "whisper-1"}}}
        )
        await line.append(tone(20.0, RATE_HZ))
        await line.send("input_audio_buffer.commit")
        response = await line.ask()
        (words,) = line.of("conversation.item.input_audio_transcription.completed")
        assert len(words["transcript"].split()) == pytest.approx(50, abs=3)
        assert response["status"] == "completed"
        assert line.codes() == []


async def test_commits_that_follow_at_once_are_turns_of_their_own() -> None:
    async with running(engines("Fine.")) as server, realtime(server.url) as line:
        await line.update(
            audio={"input": {"turn_detection": None, "transcription": {"model": "whisper-1"}}}
        )
        for seconds in (0.8, 1.6):
            await line.append(tone(seconds, RATE_HZ))
            await line.send("input_audio_buffer.commit")
        await line.ask(output_modalities=["text"])
        words = line.of("conversation.item.input_audio_transcription.completed")
        assert [len(one["transcript"].split()) for one in words] == [2, 4]


async def test_a_response_beside_the_conversation_leaves_no_trace_in_it() -> None:
    llm = ScriptedLlm(("Angry.",))
    async with running(engines(llm=llm)) as server, realtime(server.url) as line:
        await line.write("I am furious.")
        response = await line.ask(
            conversation="none",
            output_modalities=["text"],
            instructions="Name the mood.",
            metadata={"topic": "mood"},
        )
        assert response["conversation_id"] is None
        assert response["metadata"] == {"topic": "mood"}
        assert response["output"][0]["content"][0]["text"] == "Angry."
        assert llm.requests[-1].messages[0].content == "Name the mood."
        await line.ask(output_modalities=["text"])
        assert [m.content for m in llm.requests[-1].messages[1:]] == ["I am furious."]


async def test_speech_beside_the_conversation_is_sent_too() -> None:
    async with running(engines("One two.")) as server, realtime(server.url) as line:
        await line.write("Hello.")
        response = await line.ask(conversation="none")
        assert response["output"][0]["content"][0]["transcript"] == "One two."
        assert len(line.audio(response["id"])) > 0.05 * RATE_HZ * 2


async def test_text_of_a_response_is_what_the_model_wrote_to_the_letter() -> None:
    text = '{"mood": "**angry**", "why": [1, 2]}'
    async with running(engines(text)) as server, realtime(server.url) as line:
        await line.write("Classify.")
        response = await line.ask(output_modalities=["text"])
        assert response["output"][0]["content"][0]["text"] == text


async def test_a_function_is_called_and_its_output_used() -> None:
    async with running(engines()) as server, realtime(server.url) as line:
        tool = {"type": "function", "name": "look_up", "parameters": {"type": "object"}}
        await line.update(tools=[tool], output_modalities=["text"])
        await line.write("Please look up the capital of France.")
        response = await line.ask()
        message, call = response["output"]
        assert message["content"][0]["text"].strip() == "Let me look."
        assert json.loads(call["arguments"]) == {"text": "Please look up the capital of France."}
        deltas = line.of("response.function_call_arguments.delta")
        assert "".join(delta["delta"] for delta in deltas) == call["arguments"]
        output = {"type": "function_call_output", "call_id": call["call_id"], "output": "Paris"}
        await line.send("conversation.item.create", item=output)
        answer = await line.ask()
        assert answer["output"][0]["content"][0]["text"] == "The result is: Paris"
        assert line.codes() == []


async def test_a_response_that_is_cancelled_stops_the_model() -> None:
    llm = ScriptedLlm((LONG,), token_s=0.05)
    async with running(engines(llm=llm)) as server, realtime(server.url) as line:
        await line.write("Count.")
        await line.send("response.create", response={"output_modalities": ["text"]})
        await line.until("response.output_text.delta")
        await line.send("response.cancel")
        response = (await line.until("response.done"))["response"]
        assert response["status"] == "cancelled"
        await eventually(lambda: llm.running == 0)
        assert llm.aborted == 1


async def test_what_is_sent_before_it_is_played_is_done_before_it_is_played() -> None:
    async with running(engines(LONG)) as server, realtime(server.url) as line:
        await line.write("Count.")
        await line.ask()
        audio_s = len(line.audio()) / 2 / RATE_HZ
        assert audio_s > 2.0
        assert server.server.sessions[0].is_speaking  # of that the session knows


async def test_a_model_that_fails_ends_the_response_and_nothing_else() -> None:
    llm = ScriptedLlm(("One two three.",))
    async with running(engines(llm=llm)) as server, realtime(server.url) as line:
        llm._fails_after = 1
        await line.write("Hello.")
        response = await line.ask()
        assert response["status"] == "failed"
        assert response["status_details"]["error"]["code"] == "llm_failed"
        await line.write("Are you there?")
        assert (await line.ask())["status"] == "failed"
        assert line.codes() == []


async def test_an_event_that_is_refused_disturbs_nothing() -> None:
    async with running(engines("Four.")) as server, realtime(server.url) as line:
        await line.socket.send("{")
        await line.socket.send(b"\xff\x00")
        await line.send("session.update", session={"colour": "red"})
        await line.write("Hello.")
        assert (await line.ask())["status"] == "completed"
        assert line.codes() == ["invalid_event", "invalid_event", "unknown_parameter"]


async def test_beta_clients_are_told_in_their_names() -> None:
    headers = {"OpenAI-Beta": "realtime=v1"}
    async with running(engines("Four.")) as server, realtime(server.url, "", headers) as line:
        assert line.seen[0]["session"]["input_audio_format"] == "pcm16"
        await line.send(
            "session.update",
            session={
                "modalities": ["text", "audio"],
                "voice": "alloy",
                "input_audio_format": "g711_ulaw",
                "output_audio_format": "g711_ulaw",
                "input_audio_transcription": {"model": "whisper-1"},
                "turn_detection": {"type": "server_vad", "silence_duration_ms": 400},
                "max_response_output_tokens": "inf",
            },
        )
        session = (await line.until("session.updated"))["session"]
        assert session["output_audio_format"] == "g711_ulaw"
        content = [{"type": "input_text", "text": "Hi."}]
        item = {"type": "message", "role": "user", "content": content}
        await line.send("conversation.item.create", item=item)
        await line.until("conversation.item.created")
        await line.ask()
        assert len(line.audio(kind="response.audio.delta")) > 400
        assert "response.audio_transcript.done" in line.types()


async def test_mouth_and_gestures_come_to_who_asks_in_the_address() -> None:
    text = "Hello there, how wonderful to see you!"
    query = "?avatar=visemes,gestures,expressions,captions,nonsense&viseme_set=arkit52"
    async with running(engines(text)) as server, realtime(server.url, query) as line:
        await line.write("Hello.")
        response = await line.ask()
        keys = [key for event in line.of("avatar.visemes") for key in event["keys"]]
        assert keys
        assert {event["set"] for event in line.of("avatar.visemes")} == {"arkit52"}
        assert line.of("avatar.caption")[0]["response_id"] == response["id"]
        assert line.types().index("avatar.visemes") < line.types().index(
            "response.output_audio.delta"
        )


# -- the end, and who is here


async def test_sessions_of_both_protocols_count_together() -> None:
    async with (
        running(engines("Hi."), max_sessions=1) as server,
        realtime(server.url) as first,
        connect(f"{server.url}/v1/realtime") as second,
    ):
        error: dict[str, Any] = json.loads(await asyncio.wait_for(second.recv(), 15))
        assert error["error"]["code"] == "server_overloaded"
        await asyncio.wait_for(second.wait_closed(), 15)
        assert second.close_code == 1013
        await first.write("Hello.")
        assert (await first.ask())["status"] == "completed"


async def test_a_session_ends_with_its_connection() -> None:
    async with running(engines("Hi.")) as server:
        async with realtime(server.url) as line:
            await line.write("Hello.")
            await line.send("response.create")
        await server.settled()


async def test_a_session_in_which_nothing_is_said_expires() -> None:
    config = Config(session=SessionOptions(idle_timeout_s=0.3))
    async with running(engines("Hi."), config) as server, realtime(server.url) as line:
        assert await line.closed() == 1001
        assert line.codes() == ["session_expired"]


async def test_a_server_that_stops_says_so_and_lets_the_response_finish() -> None:
    config = quiet_config(Config(realtime=RealtimeOptions(max_ahead_s=0.2)))
    async with running(engines("One two three."), config) as server, realtime(server.url) as line:
        await line.write("Hello.")
        await line.send("response.create")
        await line.until("response.output_audio.delta")
        server.server.stop()
        assert await line.closed() == 1001
        assert line.codes() == ["server_shutting_down"]
        assert line.of("response.done")[-1]["response"]["status"] == "completed"


async def test_nothing_is_said_that_nobody_asked_for() -> None:
    config = Config(session=SessionOptions(greeting="Welcome!", idle_timeout_s=0.0))
    async with running(engines("Hi."), config) as server, realtime(server.url) as line:
        await line.update(instructions="x")
        assert "response.created" not in line.types()


async def test_an_event_over_1_mib_that_is_no_audio_is_closed_with_1009() -> None:
    async with running() as server, realtime(server.url) as line:
        await line.send("session.update", session={"instructions": "a" * 1_100_000})
        assert await line.closed() == 1009


async def test_a_file_of_many_megabytes_at_once_is_heard_and_all_its_bytes_are_let_go() -> None:
    async with running(engines("Four.")) as server, realtime(server.url) as line:
        await line.append(hush(120.0, RATE_HZ))
        await line.append(TURN)
        await line.until("response.done")
        flight = next(iter(server.server._carriers))._socket._flight  # type: ignore[attr-defined]
        await eventually(lambda: flight.total == 0)


async def test_items_are_limited_in_number_and_size() -> None:
    async with running() as server, realtime(server.url) as line:
        for _ in range(6):
            content = [{"type": "input_text", "text": "a" * 900_000}]
            item = {"type": "message", "role": "user", "content": content}
            await line.send("conversation.item.create", item=item)
        await line.until("error")
        assert line.codes() == ["invalid_value"]


async def test_who_holds_too_much_waits_and_whoever_speaks_does_not() -> None:
    async with running(engines("Four.")) as server, realtime(server.url) as line:
        flight = next(iter(server.server._carriers))._socket._flight  # type: ignore[attr-defined]
        flight.total += 100_000_000
        await line.append(hush(90.0, RATE_HZ))  # 5.8 MB
        async with realtime(server.url) as other:
            await other.say(TURN)
            await other.until("response.done")
        assert not line.of("input_audio_buffer.speech_started")
        flight.total -= 100_000_000
        await line.append(TURN)
        await line.until("response.done")
