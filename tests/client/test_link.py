"""The client comes back to its session by itself; the program sees one stream and a notice."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import suppress

import msgspec
import pytest
from kit.edge import QUIET, engines, eventually, running, tone

from voice_avatar.client import link
from voice_avatar.client.connection import AvatarConnection, Event, connect
from voice_avatar.client.playback import AudioReceived
from voice_avatar.config.load import Config
from voice_avatar.conversation.playout import PlayoutOptions
from voice_avatar.engines.scripted import ScriptedTts
from voice_avatar.errors import ConnectionFailed
from voice_avatar.wire import client_messages, session_messages

pytestmark = [pytest.mark.realtime, pytest.mark.virtual_time]

LONG = " ".join(["This reply goes on and on."] * 8)
VOICE = ScriptedTts(symbol_samples=480)
WINDOW = Config(session=QUIET, playout=PlayoutOptions(max_ahead_s=2.0))


def cut(avatar: AvatarConnection) -> None:
    avatar._socket.transport.abort()


async def collect(avatar: AvatarConnection, seen: list[Event]) -> None:
    async for event in avatar:
        seen.append(event)  # noqa: PERF401 - what has come is looked at when this is cancelled


async def test_a_cut_in_the_middle_of_a_reply_is_a_notice_and_nothing_else() -> None:
    async with (
        running(
            engines(LONG, tts=ScriptedTts(symbol_samples=480)), WINDOW, resume_ttl_s=20.0
        ) as run,
        connect(run.url) as avatar,
    ):
        seen: list[Event] = []
        reading = asyncio.create_task(collect(avatar, seen))
        asking = asyncio.create_task(avatar.ask("Talk."))
        for _ in range(3):
            await asyncio.sleep(0.4)
            cut(avatar)
        reply = await asyncio.wait_for(asking, 20)
        assert (reply.status, reply.text, reply.spoken_text) == ("completed", LONG, LONG)
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading
        notices = [event for event in seen if isinstance(event, session_messages.SessionResumed)]
        assert len(notices) == 3
        assert not any(notice.lost for notice in notices)
        events = [
            e for e in seen if not isinstance(e, AudioReceived | session_messages.SessionResumed)
        ]
        numbers = [event.seq for event in events]  # type: ignore[union-attr]
        assert all(b == a + 1 for a, b in itertools.pairwise(numbers))
        heard = [event for event in seen if isinstance(event, AudioReceived)]
        assert all(a.pts + len(a.pcm) // 2 == b.pts for a, b in itertools.pairwise(heard))
        assert b"".join(event.pcm for event in heard) == bytes(reply.audio)


async def test_what_is_said_during_the_loss_is_heard_afterwards() -> None:
    async with (
        running(engines("Fine."), resume_ttl_s=20.0) as run,
        connect(run.url) as avatar,
    ):
        microphone = asyncio.create_task(avatar.stream(tone(1.2), 16_000))
        await asyncio.sleep(0.3)
        cut(avatar)
        reply = await asyncio.wait_for(avatar.next_reply(), 20)
        assert reply.user_text
        microphone.cancel()
        with suppress(asyncio.CancelledError):
            await microphone


async def test_a_message_waits_until_the_client_is_back() -> None:
    async with running(engines("Fine."), resume_ttl_s=20.0) as run, connect(run.url) as avatar:
        cut(avatar)
        await eventually(lambda: not avatar._is_here.is_set() or avatar._inbox._known_seq >= 0)
        assert (await asyncio.wait_for(avatar.ask("Hello?"), 10)).text == "Fine."


async def test_a_client_that_is_not_to_come_back_says_that_the_connection_is_lost() -> None:
    async with (
        running(resume_ttl_s=20.0) as run,
        connect(run.url, resume=False) as avatar,
    ):
        cut(avatar)
        with pytest.raises(ConnectionFailed, match="lost"):
            await avatar.next_reply()


async def test_a_session_that_is_gone_ends_the_stream_with_an_error() -> None:
    async with running(resume_ttl_s=20.0) as run, connect(run.url) as avatar:
        avatar.ready = wire_ready(avatar.ready)
        cut(avatar)
        with pytest.raises(ConnectionFailed, match="gone"):
            await asyncio.wait_for(avatar.next_reply(), 10)
        with pytest.raises(ConnectionFailed, match="gone"):
            await avatar.send_text("Hello?")


def wire_ready(ready: session_messages.SessionReady) -> session_messages.SessionReady:
    return msgspec.structs.replace(ready, session_id="gone")


async def test_a_server_that_stays_away_is_given_up_when_the_session_must_be_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits: list[float] = []

    def wait_ms(code: int, failures: int, **_: object) -> float:
        waits.append(float(failures))
        return 50.0

    async with running(resume_ttl_s=0.4) as run, connect(run.url) as avatar:
        monkeypatch.setattr(link, "wait_ms", wait_ms)
        avatar._line = link.Link("ws://127.0.0.1:1", None, None, avatar._line.hello, 5.0)
        cut(avatar)
        with pytest.raises(ConnectionFailed, match=r"within 0\.4 s"):
            await asyncio.wait_for(avatar.next_reply(), 10)
    assert waits[:3] == [0.0, 1.0, 2.0]


async def test_nobody_comes_back_to_a_server_that_said_goodbye() -> None:
    brain = engines(LONG, tts=VOICE)
    async with (
        running(brain, Config(session=QUIET), resume_ttl_s=20.0, drain_s=20.0) as run,
        connect(run.url) as avatar,
    ):
        await avatar.send_text("Talk.")
        await eventually(lambda: run.server.sessions[0].is_speaking)
        run.server.stop()
        await eventually(lambda: avatar.goaway)
        cut(avatar)
        with pytest.raises(ConnectionFailed, match="lost"):
            await asyncio.wait_for(avatar.next_reply(), 10)


async def test_a_newer_connection_ends_the_older_for_good() -> None:
    async with running(resume_ttl_s=20.0) as run, connect(run.url) as avatar:
        assert avatar._offer is not None
        resume = client_messages.Resume(
            session_id=avatar.ready.session_id, token=avatar._offer.token, last_seq=0
        )
        socket, _ = await avatar._line.come_back(resume, 5.0)
        with pytest.raises(ConnectionFailed, match="4009"):
            await asyncio.wait_for(avatar.next_reply(), 10)
        await socket.close()
