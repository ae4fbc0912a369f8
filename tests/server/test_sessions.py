"""The sessions of a server: counted once, found by their token, ended by whatever ends them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from kit.server_fakes import FakeConversation, FakeSocket, NoMeter, live_session

from voice_avatar.server.live_session import LiveSession
from voice_avatar.server.sessions import Sessions
from voice_avatar.server.tenure import Tenure
from voice_avatar.wire import client_messages

pytestmark = pytest.mark.virtual_time


class Counts(NoMeter):
    """Keeps what is counted, in order."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def session_opened(self) -> None:
        self.seen.append("opened")

    def session_closed(self) -> None:
        self.seen.append("closed")

    def session_left(self, why: str) -> None:
        self.seen.append(why)


async def carried(sessions: Sessions, session: LiveSession) -> LiveSession:
    """Opens a session that a connection carries."""
    socket: Any = FakeSocket()
    tenure = Tenure(socket)
    await sessions.open(session)
    await session.attach(tenure)
    with tenure:  # whoever takes over need not wait
        return session


async def test_a_session_is_there_while_its_conversation_runs() -> None:
    counts = Counts()
    sessions = Sessions(counts)
    conversation = FakeConversation()
    session = await carried(sessions, live_session(conversation=conversation))
    assert conversation.runs
    assert (tuple(sessions), len(sessions), sessions.waiting) == ((session,), 1, 0)
    assert sessions.lost_s == {"s1": None}
    await session.finish()
    await sessions.aclose()
    assert not conversation.runs
    assert (len(sessions), counts.seen) == (0, ["opened", "closed"])


async def test_only_the_token_of_a_session_finds_it() -> None:
    sessions = Sessions(NoMeter())
    session = await carried(sessions, live_session(ttl_s=60.0))
    session.key.offer("sesame")
    assert (
        sessions.find(client_messages.Resume(session_id="s1", token="sesame", last_seq=0))
        is session
    )
    assert sessions.find(client_messages.Resume(session_id="s1", token="other", last_seq=0)) is None
    assert (
        sessions.find(client_messages.Resume(session_id="s2", token="sesame", last_seq=0)) is None
    )
    await sessions.aclose()


async def test_a_session_that_nobody_comes_back_to_has_expired() -> None:
    counts = Counts()
    sessions = Sessions(counts)
    session = await carried(sessions, live_session(ttl_s=5.0))
    session.lose()
    assert sessions.waiting == 1
    await asyncio.sleep(4.9)
    assert len(sessions) == 1
    await asyncio.sleep(0.2)
    assert counts.seen == ["opened", "closed", "expired"]
    assert len(sessions) == 0


async def test_the_place_of_one_that_is_evicted_is_free_at_once_and_counted_once() -> None:
    counts = Counts()
    sessions = Sessions(counts)
    session = await carried(sessions, live_session(ttl_s=60.0))
    session.lose()
    sessions.evict("s1")
    assert (len(sessions), session.is_over) == (0, True)
    await sessions.aclose()
    assert counts.seen == ["opened", "closed", "evicted"]


async def test_those_who_wait_are_dismissed_and_those_who_are_here_stay() -> None:
    counts = Counts()
    sessions = Sessions(counts)
    away = await carried(sessions, live_session("away", ttl_s=60.0))
    here = await carried(sessions, live_session("here", ttl_s=60.0))
    away.lose()
    sessions.dismiss_waiting()
    assert tuple(sessions) == (here,)
    await sessions.aclose()
    assert here.is_over
    assert counts.seen == ["opened", "opened", "closed", "shutdown", "closed"]


async def test_a_conversation_that_fails_at_its_start_does_not_keep_its_place() -> None:
    sessions = Sessions(NoMeter())
    session = live_session(conversation=FakeConversation(fails=RuntimeError("no engine")))
    await sessions.open(session)  # it returns: nobody waits for what will not come
    await asyncio.sleep(0)
    assert (session.is_over, len(sessions)) == (True, 0)
