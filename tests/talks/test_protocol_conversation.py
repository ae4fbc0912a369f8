"""The client and the server's edge in one conversation: the rules of PROTOCOL.md, section 6."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest
from kit.server_fakes import NoMeter
from websockets.asyncio.server import ServerConnection, serve

from voice_avatar.audio import opus
from voice_avatar.client.connection import AvatarConnection, Event, connect
from voice_avatar.client.playback import AudioReceived
from voice_avatar.conversation.setup import SessionSetup
from voice_avatar.engines.scripted import (
    ScriptedLlm,
    ScriptedStt,
    ScriptedTts,
    ScriptedTurn,
    ScriptedVad,
)
from voice_avatar.pipeline.conversation import Conversation
from voice_avatar.pipeline.workers import Workers
from voice_avatar.server.caller import Arrival, Caller
from voice_avatar.server.carrier import close
from voice_avatar.server.live_session import LiveSession
from voice_avatar.server.native.connection import NativeConnection
from voice_avatar.server.native.ready import Limits
from voice_avatar.server.sessions import Sessions
from voice_avatar.server.tenure import Tenure
from voice_avatar.stages.engines import Engines
from voice_avatar.vocabulary import vocabulary
from voice_avatar.wire import (
    client_messages,
    cue_messages,
    negotiation,
    server_messages,
    session_messages,
    turn_messages,
)

pytestmark = [pytest.mark.realtime, pytest.mark.virtual_time]

LONG = "This is a rather long answer that goes on, and on, and on, until somebody says stop."


@asynccontextmanager
async def server(*replies: str, stt: ScriptedStt | None = None) -> AsyncIterator[str]:
    """The server's edge with scripted engines."""
    llm = ScriptedLlm(replies)
    engines = Engines(ScriptedVad(), ScriptedTurn(), stt or ScriptedStt(), llm, ScriptedTts())
    workers = Workers(engines)
    words = vocabulary()
    offer = negotiation.ServerOffer(
        codecs=("pcm16", "opus") if opus.available() else ("pcm16",),
        gestures=words.gesture_names,
        expressions=words.expression_names,
    )

    sessions = Sessions(NoMeter())

    async def admit(tenure: Tenure, arrival: Arrival) -> LiveSession:
        agreed = negotiation.negotiate(arrival.hello, offer)
        rate_hz = agreed.audio_out.rate_hz
        setup = SessionSetup(rate_hz=rate_hz)
        conversation = Conversation(workers, setup, session_id="s1")
        caller = arrival.caller
        live = LiveSession("s1", conversation, agreed, caller=caller, frame_ms=20, ttl_s=0.0)
        await sessions.open(live)
        await live.attach(tenure)
        return live

    async def handle(socket: ServerConnection) -> None:
        limits = Limits(offer, session_messages.Models())
        connection = NativeConnection(socket, "s1", Caller(), limits, admit, NoMeter())
        try:
            await connection.run()
        except Exception as end:
            await close(connection, socket, end)
        finally:
            if connection.live is not None:
                await connection.live.finish()

    async with serve(handle, "127.0.0.1", 0, compression=None) as listening:
        yield f"ws://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    await sessions.aclose()
    workers.close()
    await llm.aclose()


async def heard_until_done(avatar: AvatarConnection, count: int = 1) -> list[Event]:
    seen: list[Event] = []
    async with asyncio.timeout(30):
        async for event in avatar:
            seen.append(event)
            count -= isinstance(event, turn_messages.ReplyDone)
            if count == 0:
                break
    return seen


def speech(seconds: float) -> bytes:
    t = np.arange(int(16_000 * seconds)) / 16_000
    return (8000 * np.sin(2 * np.pi * 200 * t)).astype("<i2").tobytes()


def check_order(seen: list[Event]) -> None:
    """Rules 1 to 10 of section 6."""
    messages = [event for event in seen if not isinstance(event, AudioReceived)]
    numbers = [message.seq for message in messages]
    assert all(b - a == 1 for a, b in itertools.pairwise(numbers))
    live: int | None = None
    cut: int | None = None
    done: set[int] = set()
    covered_ms = spoken_ms = 0.0
    rate_hz = 0
    for event in seen:
        reply_id = getattr(event, "reply_id", None)
        if reply_id is None:
            continue
        match event:
            case turn_messages.ReplyStarted():
                assert live is None
                assert all(reply_id > old for old in done)
                live, rate_hz, covered_ms, spoken_ms = reply_id, event.rate_hz, 0.0, 0.0
            case server_messages.Metrics():
                assert reply_id == live or reply_id in done
            case turn_messages.ReplyDone():
                assert reply_id == live
                live = None
                done.add(reply_id)
            case _:
                assert reply_id == live
                assert reply_id != cut
        match event:
            case turn_messages.ReplyInterrupted():
                cut = reply_id
            case cue_messages.Visemes():
                assert all(0 <= t <= event.until_ms + 0.1 for t, _, _ in event.keys)
                assert event.until_ms >= covered_ms
                covered_ms = event.until_ms
            case turn_messages.ReplySegment():
                assert event.start_ms >= spoken_ms - 0.1
                spoken_ms = event.end_ms
            case AudioReceived():
                end_ms = (event.pts + len(event.pcm) // 2) * 1000 / rate_hz
                assert end_ms <= spoken_ms + 20
                assert event.pts * 1000 / rate_hz <= covered_ms
            case cue_messages.Gesture():
                assert (
                    event.start_ms
                    <= event.stroke_start_ms
                    <= event.stroke_ms
                    <= event.stroke_end_ms
                    <= event.relax_ms
                    <= event.end_ms
                )
            case _:
                pass


async def test_a_typed_turn_follows_the_rules_of_order() -> None:
    text = "[face:happy] Hello, [gesture:wave] my friend. Really good."
    async with server(text) as url, connect(url) as avatar:
        await avatar.send_text("Hello?")
        seen = await heard_until_done(avatar)
        reply = await avatar.next_reply()
    check_order(seen)
    assert reply.status == "completed"
    assert reply.spoken_text == "Hello, my friend. Really good."
    assert reply.text == reply.spoken_text
    assert "wave" in [gesture.lexeme for gesture in reply.gestures]
    done = next(event for event in seen if isinstance(event, turn_messages.ReplyAudioDone))
    assert len(reply.audio) == 2 * done.sample_count
    assert reply.visemes[-1][0] <= done.sample_count * 1000 / reply.rate_hz + 0.1
    turn = [type(event) for event in seen]
    assert turn.index(turn_messages.TranscriptFinal) < turn.index(turn_messages.TurnEnded)
    assert turn.index(turn_messages.TurnEnded) < turn.index(turn_messages.ReplyStarted)


async def test_a_spoken_turn_follows_the_rules_of_order() -> None:
    async with server("Good to hear.") as url, connect(url) as avatar:
        microphone = asyncio.create_task(avatar.stream(speech(1.2), 16_000))
        seen = await heard_until_done(avatar)
        reply = await avatar.next_reply()
        microphone.cancel()
    check_order(seen)
    assert reply.user_text == "One two three."
    assert reply.v2v_ms is not None
    assert 0 < reply.v2v_ms < 3000
    started = next(event for event in seen if isinstance(event, turn_messages.InputSpeechStarted))
    stopped = next(event for event in seen if isinstance(event, turn_messages.InputSpeechStopped))
    assert started.t_ms < 200
    assert stopped.t_ms == pytest.approx(1200, abs=150)


async def test_after_an_interruption_nothing_of_the_reply_is_heard_but_its_end() -> None:
    async with server(LONG, "Fine.") as url, connect(url) as avatar:
        await avatar.send_text("Talk.")
        seen: list[Event] = []
        async for event in avatar:
            seen.append(event)
            if isinstance(event, AudioReceived) and event.pts > 12_000:
                break
        await avatar.interrupt()
        seen += await heard_until_done(avatar)
        reply = await avatar.next_reply()
        assert (await avatar.ask("Again.")).reply_id > reply.reply_id
    check_order(seen)
    interrupted = next(event for event in seen if isinstance(event, turn_messages.ReplyInterrupted))
    after = seen[seen.index(interrupted) + 1 :]
    assert not [event for event in after if isinstance(event, AudioReceived)]
    assert reply.status == "interrupted"
    assert LONG.startswith(reply.spoken_text)
    assert reply.spoken_text != LONG


async def say_over(avatar: AvatarConnection, pcm: bytes) -> list[Event]:
    """Speaks once half a second of the reply has come, and returns all that was told and heard."""
    seen: list[Event] = []
    microphone: asyncio.Task[None] | None = None
    async with asyncio.timeout(30):
        async for event in avatar:
            seen.append(event)
            if microphone is None and isinstance(event, AudioReceived) and event.pts > 8_000:
                microphone = asyncio.create_task(avatar.stream(pcm, 16_000))
            if isinstance(event, turn_messages.ReplyDone):
                break
    assert microphone is not None
    microphone.cancel()
    return seen


async def test_a_hum_pauses_the_reply_for_a_moment_and_nothing_of_it_is_lost() -> None:
    text = "This answer is not very long, and nobody objects."
    async with server(text, stt=ScriptedStt(lambda _: "Mhm.")) as url, connect(url) as avatar:
        await avatar.send_text("Talk.")
        whole = await avatar.next_reply()
        async for event in avatar:
            if isinstance(event, turn_messages.ReplyDone):
                break
        await avatar.send_text("Talk.")
        seen = await say_over(avatar, speech(0.2))
        reply = await avatar.next_reply()
    check_order(seen)
    paused = next(event for event in seen if isinstance(event, turn_messages.ReplyPaused))
    resumed = next(event for event in seen if isinstance(event, turn_messages.ReplyResumed))
    between = seen[seen.index(paused) + 1 : seen.index(resumed)]
    assert not [event for event in between if isinstance(event, AudioReceived)]
    assert resumed.ts_ms - paused.ts_ms < 500
    assert resumed.from_ms == pytest.approx(paused.at_ms, abs=100)  # it may know better by then
    assert reply.status == "completed"
    assert reply.spoken_text == text
    assert reply.audio == whole.audio


async def test_a_word_interrupts_the_reply_where_the_voice_paused_it() -> None:
    async with server(LONG, "Fine.") as url, connect(url) as avatar:
        await avatar.send_text("Talk.")
        seen = await say_over(avatar, speech(1.2))
    check_order(seen)
    paused = next(event for event in seen if isinstance(event, turn_messages.ReplyPaused))
    cut = next(event for event in seen if isinstance(event, turn_messages.ReplyInterrupted))
    assert cut.reason == "voice"
    assert cut.at_ms == pytest.approx(paused.at_ms, abs=100)
    assert not [event for event in seen if isinstance(event, turn_messages.ReplyResumed)]
    assert not [event for event in seen[seen.index(paused) :] if isinstance(event, AudioReceived)]


async def test_opus_gives_the_same_reply_and_hears_the_same_turn() -> None:
    if not opus.available():
        pytest.skip("PyAV with libopus is not installed")
    wish = client_messages.AudioWish(codecs=("opus",))
    hello = client_messages.SessionHello(audio_in=wish, audio_out=wish)
    async with server("Good to hear.") as url:
        async with connect(url) as plain:
            pcm = await plain.ask("Hello?")
        async with connect(url, hello=hello) as avatar:
            microphone = asyncio.create_task(avatar.stream(speech(1.2), 16_000))
            coded = await avatar.next_reply()
            microphone.cancel()
    assert coded.user_text == "One two three."
    assert coded.status == "completed"
    assert len(coded.audio) == len(pcm.audio)
    x, y = (np.frombuffer(reply.audio, "<i2").astype(float) for reply in (pcm, coded))
    assert np.corrcoef(x, y)[0, 1] > 0.9


async def test_settings_change_in_a_running_session() -> None:
    async with server("Hello.") as url, connect(url) as avatar:
        await avatar.send(client_messages.SessionUpdate(visemes="vrm5", voice="nobody"))
        async for event in avatar:
            if isinstance(event, server_messages.WarningMessage):
                assert event.code == "setting_unavailable"
                break
            if isinstance(event, session_messages.SessionUpdated):
                assert event.settings.visemes == ("aa", "ih", "ou", "ee", "oh")
        reply = await avatar.ask("Hello?")
        assert all(viseme < 5 for _, viseme, _ in reply.visemes)
