"""A connection of `voice-avatar.v1` over real sockets: from the hello to the close."""

from __future__ import annotations

import asyncio
import json
import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from kit.edge import QUIET, engines, get, hush, raw, running, tone

from voice_avatar.audio import opus
from voice_avatar.client.connection import connect
from voice_avatar.client.playback import AudioReceived, FacesReceived
from voice_avatar.config.load import Config
from voice_avatar.engines.scripted import ScriptedStt, ScriptedTts
from voice_avatar.server.rates import FRAME_BURST, HELLO_BYTES
from voice_avatar.stages.turn import TurnOptions
from voice_avatar.wire import client_messages, turn_messages
from voice_avatar.wire.frame_codec import AudioFrame, FrameFlag, FrameKind, pack_audio

pytestmark = [pytest.mark.realtime, pytest.mark.virtual_time]


async def test_a_client_without_a_hello_is_closed() -> None:
    async with running(hello_timeout_s=0.1) as run, raw(run.url) as client:
        await client.send({"type": "input.text", "text": "Too early."})
        assert await client.closed() == (4002, "hello_timeout")
        assert client.codes() == ["unexpected_message", "hello_timeout"]


async def test_a_client_that_asks_for_faces_gets_all_of_them_before_their_audio() -> None:
    hello = client_messages.SessionHello(capabilities=client_messages.Capabilities(face_hz=60))
    async with running() as server, connect(server.url, hello=hello) as avatar:
        assert avatar.ready.settings.face_hz == 60
        reply = await avatar.ask("Hello?")
        assert reply.faces[0].first == 0
        assert {faces.hz for faces in reply.faces} == {60}
        for before, after in pairwise(reply.faces):
            assert after.first == before.first + len(before.weights)
        count = reply.faces[-1].first + len(reply.faces[-1].weights)
        assert count == math.ceil(reply.audio_s * 60)
        assert np.concatenate([faces.weights for faces in reply.faces]).max() > 0

        seen_s, audible_s = 0.0, 0.0
        task = asyncio.create_task(avatar.ask("And again?"))
        async for event in avatar:
            if isinstance(event, FacesReceived) and event.reply_id != reply.reply_id:
                seen_s = (event.first + len(event.weights)) / event.hz
            elif isinstance(event, AudioReceived) and event.reply_id != reply.reply_id:
                audible_s = (event.pts + len(event.pcm) // 2) / reply.rate_hz
                assert seen_s >= audible_s - 1e-6
            elif isinstance(event, turn_messages.ReplyDone) and event.reply_id != reply.reply_id:
                break
        await task
        assert audible_s > 0


async def test_a_client_that_does_not_ask_for_faces_gets_none() -> None:
    async with running() as server, connect(server.url) as avatar:
        reply = await avatar.ask("Hello?")
        assert reply.faces == []


async def test_settings_change_while_a_session_runs() -> None:
    async with running() as run, raw(run.url) as client:
        await client.hello()
        await client.send(
            {"type": "session.update", "visemes": "vrm5", "captions": False, "voice": "other"}
        )
        updated = await client.until("session.updated")
        assert updated["settings"]["viseme_set"] == "vrm5"
        assert (await client.until("warning"))["code"] == "setting_unavailable"
        await client.send({"type": "input.text", "text": "Hello?"})
        await client.until("reply.done", status="completed")
        assert "reply.text" not in client.types()
        assert next(m for m in client.seen if m["type"] == "visemes")["set"] == "vrm5"


async def test_a_ping_of_the_clock_is_answered() -> None:
    async with running() as run, connect(run.url) as avatar:
        assert 0 <= await avatar.ping() < 1000


async def test_a_session_that_nobody_uses_is_closed() -> None:
    config = Config(session=replace(QUIET, idle_timeout_s=0.2))
    async with running(config=config) as run, raw(run.url) as client:
        assert (await client.hello())["limits"]["idle_ms"] == 200
        assert await client.closed() == (4008, "idle_timeout")


async def test_history_and_metrics_follow_what_the_client_says_it_played() -> None:
    said = "One two three four five six seven eight nine ten."
    async with running(engines(said, tts=ScriptedTts())) as run, raw(run.url) as client:
        await client.hello()
        await client.send({"type": "input.text", "text": "Count."})
        segment = await client.until("reply.segment")
        reply_id, third_end_ms = segment["reply_id"], segment["words"][2][2]
        await client.until("metrics")
        while len(client.audio) < 2 * 16 * (third_end_ms + 100):
            await client.next()
        for state, played_ms in (("started", 0), ("stalled", third_end_ms)):
            played = int(played_ms * 16) + 1
            report = {"reply_id": reply_id, "played_samples": played, "state": state}
            await client.send({"type": "playback.report", **report})
        await client.send({"type": "interrupt", "reply_id": reply_id})
        cut = await client.until("reply.interrupted")
        assert cut["spoken_text"] == "One two three"
        assert cut["at_ms"] == pytest.approx(third_end_ms, abs=1)
        await client.send({"type": "input.text", "text": "Go on."})
        await client.until("reply.segment")
        said_so_far = [m.content for m in run.llm.requests[-1].messages[1:]]
        assert said_so_far == ["Count.", "One two three", "Go on."]
        assert "voice_avatar_underruns_total 1.0" in (await get(f"{run.http}/metrics"))[2]


@pytest.mark.skipif(not opus.available(), reason="PyAV with libopus is not installed")
async def test_opus_is_spoken_both_ways_when_both_sides_list_it() -> None:
    wish = client_messages.AudioWish(codecs=("opus", "pcm16"))
    hello = client_messages.SessionHello(audio_in=wish, audio_out=wish)
    async with running(engines("A calm reply.")) as run:
        async with connect(run.url) as plain:
            assert plain.ready.audio_out.codec == "pcm16"
            pcm = await plain.ask("Hello?")
            _, pcm_bytes = await traffic(run.http)
        async with connect(run.url, hello=hello) as avatar:
            assert (avatar.ready.audio_in.codec, avatar.ready.audio_out.codec) == ("opus", "opus")
            microphone = asyncio.create_task(avatar.stream(tone(1.2), 16_000))
            reply = await avatar.next_reply()
            microphone.cancel()
            _, both_bytes = await traffic(run.http)
    assert reply.user_text == "One two three."
    assert (reply.status, reply.spoken_text) == ("completed", "A calm reply.")
    assert len(reply.audio) == len(pcm.audio)
    assert both_bytes - pcm_bytes < pcm_bytes


async def traffic(http: str) -> tuple[float, float]:
    """Returns the bytes of payload that came in and went out so far."""
    _, _, body = await get(f"{http}/metrics")
    figures = dict(line.rsplit(" ", 1) for line in body.splitlines() if line[:1] != "#")
    name = 'voice_avatar_bytes_total{{direction="{}"}}'
    return float(figures[name.format("in")]), float(figures[name.format("out")])


@pytest.mark.parametrize("can_pause", [True, False])
async def test_a_reply_pauses_only_for_a_client_that_says_that_it_can(can_pause: bool) -> None:
    voice = engines("A rather long answer to a short question.", tts=ScriptedTts())
    async with running(voice) as run, raw(run.url) as client:
        await client.hello(capabilities={"pause": can_pause})
        await client.send({"type": "input.text", "text": "Talk."})
        await client.until("reply.started")
        while len(client.audio) < 16_000:
            await client.next()
        await client.say(tone(1.2))
        await client.until("reply.interrupted")
        assert ("reply.paused" in client.types()) is can_pause


async def test_push_to_talk_takes_everything_until_the_release() -> None:
    config = Config(session=QUIET, turn=TurnOptions(max_silence_s=0.3))
    async with running(config=config) as run, raw(run.url) as client:
        await client.hello(endpointing="manual")
        await client.send({"type": "input.start", "mode": "ptt"})
        await client.say(tone(0.8) + hush(0.8) + tone(0.8))
        assert "turn.ended" not in client.types()
        await client.send({"type": "input.stop", "mode": "ptt"})
        assert (await client.until("turn.ended"))["reason"] == "ptt"
        final = next(m for m in client.seen if m["type"] == "transcript.final")
        assert final["text"] == "One two three four."


async def test_what_is_said_to_a_muted_microphone_is_not_heard() -> None:
    async with running() as run, raw(run.url) as client:
        await client.hello()
        await client.send({"type": "input.stop", "mode": "vad"})
        await client.until("warning", code="nothing_to_commit")
        await client.send({"type": "input.stop", "mode": "vad"})  # again, as after a resume
        await client.say(tone(1.2) + hush(1.0))
        await client.send({"type": "input.start", "mode": "vad"})
        await client.say(tone(1.2) + hush(1.0))
        started = await client.until("input.speech_started")
        assert started["t_ms"] == pytest.approx(2200, abs=150)
        assert (await client.until("turn.ended"))["turn_id"] == 1
        assert client.codes("warning") == ["nothing_to_commit"]


async def test_a_button_that_is_held_over_silence_ends_with_a_word() -> None:
    wordless = engines("Hello.", stt=ScriptedStt(lambda _: ""))
    async with running(wordless) as run, raw(run.url) as client:
        await client.hello(endpointing="manual")
        await client.send({"type": "input.start", "mode": "ptt"})
        await client.say(hush(0.6))
        await client.send({"type": "input.stop", "mode": "ptt"})
        dropped = await client.until("turn.dropped")
        assert (dropped["turn_id"], dropped["reason"]) == (1, "wordless")


async def test_microphone_frames_whose_pts_stands_still_are_a_warning_that_is_counted() -> None:
    async with running() as run, raw(run.url) as client:
        await client.hello()
        for seq in range(20):
            frame = AudioFrame(FrameKind.AUDIO_IN, 0, seq, 0, hush(0.02), FrameFlag.NONE)
            await client.send(pack_audio(frame))
        await client.until("warning", code="input_repeated")
        same = pack_audio(AudioFrame(FrameKind.AUDIO_IN, 0, 0, 0, hush(0.02), FrameFlag.NONE))
        await client.send(*[same] * 20)
        await client.until("warning", code="input_repeated")
        body = (await get(f"{run.http}/metrics"))[2]
        assert 'voice_avatar_warnings_total{code="input_repeated"} 2.0' in body


async def test_too_many_bytes_before_the_hello_close_the_connection() -> None:
    async with running() as run, raw(run.url) as client:
        text = json.dumps({"type": "input.text", "text": "x" * 8000})
        await client.send(*[text] * (HELLO_BYTES // len(text) + 1))
        assert await client.closed() == (4429, "rate_limited")


async def test_binary_frames_have_a_budget_whatever_is_in_them() -> None:
    async with running() as run, raw(run.url) as client:
        await client.hello()
        unknown = bytes((9,)) + bytes(15)
        await client.send(*[unknown] * int(FRAME_BURST + 50))
        assert await client.closed() == (4429, "rate_limited")


async def test_speech_that_a_stalled_line_held_back_is_all_heard() -> None:
    async with running() as run, raw(run.url) as client:
        await client.hello()
        await client.say(tone(1.0), speed=1.0)
        await asyncio.sleep(4.0)
        await client.say(tone(4.0), speed=1000.0)
        await client.say(hush(2.0), speed=1.0)
        texts: list[str] = []
        while sum(len(text.split()) for text in texts) < 12:
            final = await client.until("transcript.final")
            texts.append(final["text"])
        assert client.codes("warning") == []


async def test_who_repeats_the_avatar_over_its_reply_is_not_left_without_a_word() -> None:
    said = "One two three four five six seven eight nine ten."
    repeats = engines(said, tts=ScriptedTts(), stt=ScriptedStt(lambda _: "Four five six."))
    async with running(repeats) as run, raw(run.url) as client:
        await client.hello()
        await client.send({"type": "input.text", "text": "Count."})
        segment = await client.until("reply.segment")
        while len(client.audio) < 2 * 16 * segment["words"][3][1]:
            await client.next()
        await client.say(tone(0.4) + hush(1.5), speed=1.0)
        ends = {"turn.dropped", "turn.ended"}
        while (ended := await client.next())["type"] not in ends or ended["turn_id"] < 2:
            pass
        if ended["type"] == "turn.dropped":
            assert ended["reason"] == "echo"
            await client.until("warning", code="input_echo")
