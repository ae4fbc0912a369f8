"""Who is let in, and who makes room."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from kit.edge import engines, raw, running
from kit.server_fakes import FakeSocket
from websockets.datastructures import Headers
from websockets.http11 import Request

from voice_avatar.config.load import Config, ServerOptions
from voice_avatar.errors import Unauthorized
from voice_avatar.personas.persona import Persona
from voice_avatar.pipeline.workers import Workers
from voice_avatar.server.admission import Admission, Place, place_for_one_more
from voice_avatar.server.caller import Arrival, Caller
from voice_avatar.server.casting import Casting
from voice_avatar.server.closing import Closing
from voice_avatar.server.entrance.doorstep import Doorstep
from voice_avatar.server.entrance.token_gate import TokenGate
from voice_avatar.server.native.connection import NativeConnection
from voice_avatar.server.native.ready import limits_of
from voice_avatar.server.pcm.connection import PcmConnection
from voice_avatar.server.realtime.connection import RealtimeConnection
from voice_avatar.server.sessions import Sessions
from voice_avatar.server.tenure import Tenure
from voice_avatar.telemetry.metrics import Metrics
from voice_avatar.wire import client_messages, server_messages
from voice_avatar.wire.codes import CloseCode

BO = Persona("Bo", "You are Bo.", greeting="Bread?")


class House:
    """Admission with what is behind it, and no port before it."""

    def __init__(self, **options: Any) -> None:
        config = Config(server=ServerOptions(persona="bo.toml", **options))
        loaded = engines()
        metrics = Metrics()
        self.workers = Workers(loaded)
        self.sessions = Sessions(metrics)
        casting = Casting(config, self.workers, BO)
        limits = limits_of(config, loaded, casting.personas, casting.language)
        gate = TokenGate(config.server.tokens, metrics.note_refused_token)
        self.doorstep = Doorstep(
            config.server, metrics.note_sent_away, metrics.note_refused_connection
        )
        self.admission = Admission(
            config, limits, casting, self.sessions, metrics, gate, self.doorstep
        )
        self.count = 0

    def arrival(self, *tokens: str, first_seq: int = 0, **hello: Any) -> Arrival:
        self.count += 1
        caller = Caller("192.0.2.7", tokens)
        return Arrival(f"s{self.count}", caller, client_messages.SessionHello(**hello), first_seq)


def tenure() -> Tenure:
    socket: Any = FakeSocket()
    made = Tenure(socket)
    with made:  # whoever takes over need not wait
        return made


@asynccontextmanager
async def house(**options: Any) -> AsyncIterator[House]:
    made = House(**options)
    try:
        yield made
    finally:
        await made.sessions.aclose()
        await made.workers.engines.llm.aclose()
        made.workers.close()


@pytest.mark.virtual_time
async def test_a_caller_that_is_let_in_carries_a_session_of_its_own() -> None:
    async with house() as here:
        arrival, mine = here.arrival(first_seq=3), tenure()
        live = await here.admission.admit(mine, arrival)
        assert live.is_held_by(mine)
        assert (live.session_id, live.caller) == ("s1", arrival.caller)
        assert tuple(here.sessions) == (live,)
        assert '"seq":3,' in live.frame(server_messages.WarningMessage(code="a", message="b"))
        assert live.ttl_s == ServerOptions().resume_ttl_s


@pytest.mark.virtual_time
@pytest.mark.parametrize("kind", ["admit", "admit_quiet"])
async def test_who_shows_no_token_takes_no_place(kind: str) -> None:
    async with house(tokens=("sesame",)) as here:
        admit: Any = getattr(here.admission, kind)
        admit = partial(admit, max_ahead_s=1.0) if kind == "admit_quiet" else admit
        with pytest.raises(Unauthorized):
            await admit(tenure(), here.arrival("open"))
        assert len(here.sessions) == 0
        await admit(tenure(), here.arrival("open", "sesame"))
        assert len(here.sessions) == 1


@pytest.mark.virtual_time
async def test_a_session_that_is_resumed_is_the_same_and_needs_no_place() -> None:
    async with house(max_sessions=1) as here:
        live = await here.admission.admit(tenure(), here.arrival())
        await live.begin()
        live.key.offer("ticket")
        live.lose()
        resume = client_messages.Resume(session_id="s1", token="ticket", last_seq=0)
        newer = tenure()
        assert await here.admission.admit(newer, here.arrival(resume=resume)) is live
        assert live.is_held_by(newer)
        assert len(here.sessions) == 1


@pytest.mark.virtual_time
async def test_whoever_is_away_makes_room_and_whoever_is_here_does_not() -> None:
    async with house(max_sessions=1) as here:
        away = await here.admission.admit(tenure(), here.arrival())
        await away.begin()
        away.lose()
        there = await here.admission.admit(tenure(), here.arrival())
        assert away.is_over
        with pytest.raises(Closing) as end:
            await here.admission.admit(tenure(), here.arrival())
        assert end.value.code is CloseCode.OVERLOADED
        assert tuple(here.sessions) == (there,)


@pytest.mark.virtual_time
async def test_a_quiet_session_does_not_greet_and_ends_with_its_connection() -> None:
    async with house() as here:
        hello = client_messages.AudioWish(rate_hz=24_000)
        mine = here.arrival(audio_out=hello)
        live = await here.admission.admit_quiet(tenure(), mine, max_ahead_s=9.0)
        assert live.ttl_s == 0.0
        assert live.conversation.rate_hz == 24_000
        assert live.conversation._setup.session.greeting == ""
        assert live.conversation._setup.playout.max_ahead_s == 9.0
        loud = await here.admission.admit(tenure(), here.arrival())
        assert loud.conversation._setup.session.greeting == "Bread?"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/v1/avatar", NativeConnection),
        ("/v1/realtime?model=x", RealtimeConnection),
        ("/v1/pcm", PcmConnection),
    ],
)
async def test_the_path_chooses_the_connection(path: str, kind: type) -> None:
    async with house(max_sessions=2) as here:
        socket: Any = FakeSocket()
        socket.request = Request(path, Headers())
        socket.remote_address = ("192.0.2.7", 50_000)
        carrier = here.admission.open(socket, "s1")
        assert type(carrier) is kind
        assert carrier.live is None


def place(limit: int, *unused: str, now_s: float = 50.0, **lost_s: float | None) -> Place:
    return place_for_one_more(limit, lost_s, unused, now_s)


def test_a_session_that_waits_keeps_its_place_while_there_is_another() -> None:
    assert place(3, a=None, b=5.0) == Place()


def test_the_session_that_has_waited_for_longest_makes_room() -> None:
    assert place(3, a=None, b=5.0, c=3.0) == Place(leaver="c")


def test_who_was_lost_just_now_makes_room_for_nobody() -> None:
    assert place(2, a=None, b=20.1) == Place(is_none=True)
    assert place(2, a=None, b=20.0) == Place(leaver="b")


def test_who_only_said_hello_makes_room_at_once_and_the_last_of_them_first() -> None:
    assert place(3, "b", "c", a=48.0, b=46.0, c=47.0) == Place(leaver="c")
    assert place(2, "a", a=None, b=48.0) == Place(is_none=True)


def test_nobody_who_is_here_makes_room() -> None:
    assert place(2, a=None, b=None) == Place(is_none=True)


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_a_token_is_taken_from_header_hello_or_query() -> None:
    async with running(tokens=("Older-0123456789-abcdef", "S3cret-0123456789-abcde")) as run:
        async with raw(
            run.url, additional_headers={"Authorization": "Bearer S3cret-0123456789-abcde"}
        ) as client:
            await client.hello()
        async with raw(run.url) as client:
            await client.hello(auth={"token": "Older-0123456789-abcdef"})
        async with raw(run.url, path="/v1/avatar?token=S3cret-0123456789-abcde") as client:
            await client.hello()


@pytest.mark.realtime
@pytest.mark.virtual_time
@pytest.mark.parametrize(
    "token",
    [
        None,
        "",
        "S3cret-0123456789-abcd",
        "S3cret-0123456789-abcdee",
        "Bearer S3cret-0123456789-abcde",
        "S3cret-0123456789-abcde ",
    ],
)
async def test_without_a_valid_token_nobody_comes_in(token: str | None) -> None:
    async with running(tokens=("S3cret-0123456789-abcde",)) as run, raw(run.url) as client:
        fields = {} if token is None else {"auth": {"token": token}}
        await client.send({"type": "session.hello", **fields})
        assert await client.closed() == (4001, "unauthorized")
        assert client.codes() == ["unauthorized"]
        assert run.llm.running == 0


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_one_session_too_many_is_told_to_try_again() -> None:
    async with running(max_sessions=2) as run:
        async with raw(run.url) as first, raw(run.url) as second:
            await first.hello()
            await second.hello()
            async with raw(run.url) as third:
                await third.send({"type": "session.hello"})
                assert await third.closed() == (1013, "retry-after=5")
        await run.settled()
        async with raw(run.url) as fourth:
            await fourth.hello()


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_a_session_that_is_not_there_is_followed_by_a_new_one_and_a_warning() -> None:
    async with running() as run, raw(run.url) as client:
        gone = {"session_id": "gone", "token": "none", "last_seq": 7}
        ready = await client.hello(resume=gone)
        assert ready["seq"] == 0
        assert ready["session_id"] != "gone"
        await client.until("warning", code="resume_failed")
        await client.until("state", state="idle")
