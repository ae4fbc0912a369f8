"""A session survives the loss of its connection: over real sockets, cut without a word."""

from __future__ import annotations

import asyncio
import json
import random
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from kit.edge import QUIET, Running, engines, eventually, hush, raw, running, tone
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed

from voice_avatar.config.load import Config
from voice_avatar.conversation.playout import PlayoutOptions
from voice_avatar.engines.scripted import ScriptedLlm, ScriptedTts
from voice_avatar.server.live_session import LiveSession
from voice_avatar.wire.fields import PATH, ServerMessage

pytestmark = [pytest.mark.realtime, pytest.mark.virtual_time]

LONG = " ".join(["This reply goes on and on."] * 6)
SHORT = Config(session=QUIET, playout=PlayoutOptions(max_ahead_s=0.5))
"""A small window: a reply is not sent whole at once."""

_HEADER = struct.Struct("<BBHIQ")


@dataclass
class Played:
    """What came of one reply: its samples by index, and how often one came that was there."""

    audio: bytearray = field(default_factory=bytearray)
    next_seq: int = 0


class Client:
    """A client by the letter of PROTOCOL.md, that can be cut off and comes back.

    It reports what it has received as played, so that replies go as fast as they are made.
    """

    def __init__(self, url: str) -> None:
        self.url = url + PATH
        self.events: list[dict[str, Any]] = []
        self.notices: list[dict[str, Any]] = []
        self.replies: dict[int, Played] = {}
        self.last_seq = -1
        self.session_id = self.token = ""
        self.socket: ClientConnection | None = None
        self.repeats = 0
        self.late = 0
        self._cut_id = 0
        self._live: int | None = None
        self._is_whole = False

    async def open(self, **hello: Any) -> dict[str, Any]:
        """Connects, says hello, and returns the answer."""
        self.socket = await open_socket(self.url, compression=None, max_size=None)
        if self.session_id:
            hello["resume"] = {
                "session_id": self.session_id,
                "token": self.token,
                "last_seq": self.last_seq,
            }
        await self.send(type="session.hello", **hello)
        return await self.answer()

    async def answer(self) -> dict[str, Any]:
        """Reads the answer to the hello."""
        assert self.socket is not None
        message: dict[str, Any] = json.loads(await asyncio.wait_for(self.socket.recv(), 10))
        if message["type"] == "session.ready":
            self.session_id, self.last_seq = message["session_id"], message["seq"]
            self.events = []
        else:
            assert message["type"] == "session.resumed"
            assert message["seq"] == self.last_seq
            self.notices.append(message)
        self.token = message["resume"]["token"]
        return message

    async def send(self, **message: Any) -> None:
        assert self.socket is not None
        await self.socket.send(json.dumps(message))

    async def report(self) -> None:
        """Reports the live reply; what was received counts as played."""
        if self._live is None or self._live not in self.replies:
            return
        played = len(self.replies[self._live].audio) // 2
        state = "finished" if self._is_whole else "playing"
        await self.send(
            type="playback.report", reply_id=self._live, state=state, played_samples=played
        )

    def cut(self) -> None:
        """Cuts the wire: no close frame, no goodbye."""
        assert self.socket is not None
        self.socket.transport.abort()

    async def read(self, until: Callable[[dict[str, Any]], bool]) -> None:
        """Reads up to an event; raises ConnectionClosed where the wire is cut."""
        assert self.socket is not None
        while True:
            data = await asyncio.wait_for(self.socket.recv(), 15)
            if isinstance(data, bytes):
                await self._audio(data)
                continue
            message = json.loads(data)
            if message["seq"] <= self.last_seq:
                self.repeats += 1
                continue
            assert message["seq"] == self.last_seq + 1, "an event is missing"
            self.last_seq = message["seq"]
            self.events.append(message)
            match message["type"]:
                case "reply.started":
                    self._live, self._is_whole = message["reply_id"], False
                case "reply.audio_done":
                    self._is_whole = True
                    await self.report()
                case "reply.interrupted":
                    self._cut_id = message["reply_id"]
                case "reply.done":
                    self._live = None
            if until(message):
                return

    async def _audio(self, data: bytes) -> None:
        kind, _, reply_id, seq, pts = _HEADER.unpack_from(data)
        assert kind == 2
        self.late += reply_id <= self._cut_id
        reply = self.replies.setdefault(reply_id, Played())
        if seq < reply.next_seq:
            self.repeats += 1
            return
        assert seq == reply.next_seq, "a frame is missing"
        assert pts * 2 == len(reply.audio), "a hole in the audio"
        reply.next_seq += 1
        reply.audio += data[_HEADER.size :]
        if seq % 5 == 0:
            await self.report()


def is_done(message: dict[str, Any]) -> bool:
    return bool(message["type"] == "reply.done")


def told(events: list[dict[str, Any]]) -> dict[tuple[str, int], list[dict[str, Any]]]:
    """Events by type and reply, without what depends on the clock and on who heard what when.

    Text and movements of a reply come from two tasks: how they mix is open, and so is into how many
    messages the mouth is cut.
    """
    of: dict[tuple[str, int], list[dict[str, Any]]] = {}
    free = {"seq", "ts_ms", "played_samples", "at_ms", "silence_ms"}
    for event in events:
        if event["type"] in ("metrics", "state", "body", "head", "face", "gaze", "gesture"):
            continue
        rest = {name: value for name, value in event.items() if name not in free}
        found = of.setdefault((event["type"], event.get("reply_id", 0)), [])
        if event["type"] == "visemes":
            found[:] = [{"until_ms": event["until_ms"]}]
        else:
            found.append(rest)
    return of


async def closed(socket: ClientConnection) -> int | None:
    """Reads to the end and returns the code of the close."""
    with suppress(ConnectionClosed):
        while True:
            await asyncio.wait_for(socket.recv(), 5)
    return socket.close_code


async def ask(client: Client, text: str) -> None:
    await client.send(type="input.text", text=text)


# -- the answer to a hello that resumes


async def test_a_new_session_tells_how_to_come_back() -> None:
    async with running(resume_ttl_s=30.0) as run:
        ready = await Client(run.url).open()
        assert ready["resume"]["ttl_s"] == 30.0
        assert len(ready["resume"]["token"]) >= 32


async def test_a_server_that_keeps_no_sessions_says_so_and_keeps_none() -> None:
    async with running(resume_ttl_s=0.0) as run:
        async with raw(run.url) as client:
            assert (await client.hello())["resume"] is None
            client.socket.transport.abort()
        await run.settled()


async def test_a_cut_client_gets_what_it_missed_once_and_a_new_token() -> None:
    async with running(engines("Fine, thank you."), resume_ttl_s=30.0) as run:
        client = Client(run.url)
        await client.open()
        first = client.token
        client.cut()
        await eventually(lambda: run.server.sessions[0].lost_s is not None)
        resumed = await client.open()
        assert resumed["lost"] is False
        assert client.token != first
        await ask(client, "How are you?")
        await client.read(is_done)
        assert client.events[-1]["status"] == "completed"
        assert client.events[-1]["spoken_text"] == "Fine, thank you."
        assert len(run.server.sessions) == 1


@pytest.mark.parametrize("wrong", ["token", "session_id"])
async def test_a_wrong_token_or_an_unknown_session_gives_a_new_one_and_a_warning(
    wrong: str,
) -> None:
    async with running(resume_ttl_s=30.0) as run:
        client = Client(run.url)
        await client.open()
        mine = client.session_id
        setattr(client, wrong, "guessed")
        thief = await client.open()
        assert thief["type"] == "session.ready"
        assert thief["session_id"] != mine
        await client.read(lambda message: message.get("code") == "resume_failed")
        await ask(client, "Hello?")
        await client.read(is_done)


async def test_a_token_is_good_once() -> None:
    async with running(resume_ttl_s=30.0) as run:
        client = Client(run.url)
        await client.open()
        spent = client.token
        client.cut()
        await client.open()
        await client.send(type="clock.ping", t0_ms=0.0)
        await client.read(lambda message: message["type"] == "clock.pong")
        client.cut()
        client.token = spent
        assert (await client.open())["type"] == "session.ready"


async def test_a_client_cut_before_the_answer_comes_again_with_the_same_token() -> None:
    async with running(resume_ttl_s=30.0) as run:
        client = Client(run.url)
        await client.open()
        client.cut()
        for _ in range(3):
            client.socket = await open_socket(client.url, compression=None)
            resume = {"session_id": client.session_id, "token": client.token, "last_seq": 0}
            await client.send(type="session.hello", resume=resume)
            await asyncio.sleep(0.02)
            client.cut()  # whatever was answered is not read
        assert (await client.open())["type"] == "session.resumed"


async def test_a_session_that_nobody_comes_back_to_is_over() -> None:
    llm = ScriptedLlm([LONG])
    async with running(engines(llm=llm), SHORT, resume_ttl_s=0.3) as run:
        client = Client(run.url)
        await client.open()
        await ask(client, "Talk.")
        await client.read(lambda message: message["type"] == "reply.started")
        client.cut()
        await run.settled()
        assert llm.running == 0
        assert (await client.open())["type"] == "session.ready"


@pytest.mark.parametrize("leave", ["message", "close"])
async def test_a_client_that_leaves_does_not_come_back(leave: str) -> None:
    async with running(resume_ttl_s=30.0) as run:
        client = Client(run.url)
        await client.open()
        assert client.socket is not None
        if leave == "message":
            await client.send(type="session.close")
            with pytest.raises(ConnectionClosed):
                await client.read(lambda _: False)
        else:
            await client.socket.close()
        await run.settled()
        assert (await client.open())["type"] == "session.ready"


# -- two connections


async def test_the_newer_of_two_connections_wins_and_the_older_is_told() -> None:
    async with running(engines(LONG), SHORT, resume_ttl_s=30.0) as run:
        client = Client(run.url)
        await client.open()
        old = client.socket
        await ask(client, "Talk.")
        await client.read(lambda message: message["type"] == "reply.segment")
        assert (await client.open())["type"] == "session.resumed"
        assert old is not None
        assert await closed(old) == 4009
        await client.read(is_done)
        assert client.events[-1]["status"] == "completed"
        assert len(run.server.sessions) == 1


async def test_a_connection_that_is_dead_and_not_known_to_be_gives_way_at_once() -> None:
    async with running(engines(LONG), SHORT, resume_ttl_s=30.0) as run:
        client = Client(run.url)
        await client.open()
        assert client.socket is not None
        client.socket.transport.pause_reading()  # half-open: it reads and answers nothing
        old = client.socket
        started_s = asyncio.get_running_loop().time()
        assert (await client.open())["type"] == "session.resumed"
        assert asyncio.get_running_loop().time() - started_s < 1.0
        old.transport.abort()


# -- while nobody is connected


async def test_a_reply_rests_at_the_window_and_goes_on_where_it_stopped() -> None:
    config = Config(session=QUIET, playout=PlayoutOptions(max_ahead_s=0.5))
    async with running(engines(LONG), config, resume_ttl_s=30.0) as run:
        client = Client(run.url)
        await client.open()
        await ask(client, "Talk.")
        await client.read(lambda message: message["type"] == "reply.segment")
        client.cut()
        served = run.server.sessions[0]
        await eventually(lambda: served.lost_s is not None)
        await asyncio.sleep(0.6)  # longer than the window
        live = served.conversation.session._replies.live
        assert live is not None
        parked = live.playout.sent
        await asyncio.sleep(0.3)
        assert live.playout.sent == parked
        await client.open()
        await client.report()
        await client.read(is_done)
        assert client.events[-1]["status"] == "completed"
        assert client.events[-1]["spoken_text"] == LONG


async def test_a_turn_is_not_ended_by_the_silence_of_a_lost_connection() -> None:
    async with running(engines("Fine."), resume_ttl_s=30.0) as run, raw(run.url) as first:
        ready = await first.hello()
        await first.say(tone(0.6))
        started = await first.until("input.speech_started")
        seqs = [message["seq"] for message in first.seen]
        first.socket.transport.abort()
        served = run.server.sessions[0]
        await eventually(lambda: served.lost_s is not None)
        await asyncio.sleep(2.0)
        assert served.conversation.session._listener.is_active
        async with raw(run.url) as second:
            second._seq, second._pts = first._seq, first._pts
            resume = {"session_id": ready["session_id"], "token": ready["resume"]["token"]}
            await second.send(
                {"type": "session.hello", "resume": {**resume, "last_seq": max(seqs)}}
            )
            await second.until("session.resumed")
            await second.say(tone(0.6) + hush(1.0))
            await second.until("turn.ended")
            finals = [m for m in second.seen if m["type"] == "transcript.final"]
            assert len(finals) == 1
        assert started["seq"] <= max(seqs)


async def test_a_new_client_takes_the_place_of_one_that_is_away() -> None:
    async with running(max_sessions=2, resume_ttl_s=30.0) as run:
        away, here, new = Client(run.url), Client(run.url), Client(run.url)
        await away.open()
        await here.open()
        away.cut()
        await eventually(lambda: any(s.lost_s is not None for s in run.server.sessions))
        await new.open()
        assert len(run.server.sessions) == 2
        with pytest.raises(AssertionError):  # it is answered by an error
            await away.open()
        assert away.socket is not None
        assert await closed(away.socket) == 1013


async def test_a_client_comes_back_to_a_full_server() -> None:
    async with running(max_sessions=1, resume_ttl_s=30.0) as run:
        client = Client(run.url)
        await client.open()
        client.cut()
        assert (await client.open())["type"] == "session.resumed"


async def test_a_server_that_stops_waits_for_nobody_who_is_away() -> None:
    async with asyncio.timeout(5):
        async with running(engines(LONG), SHORT, resume_ttl_s=30.0, drain_s=30.0) as run:
            client = Client(run.url)
            await client.open()
            await ask(client, "Talk.")
            await client.read(lambda message: message["type"] == "reply.segment")
            client.cut()
            await eventually(lambda: run.server.sessions[0].lost_s is not None)


async def test_metrics_tell_who_is_awaited_and_who_came_back() -> None:
    async with running(resume_ttl_s=0.5) as run:
        client = Client(run.url)
        await client.open()
        client.cut()
        await eventually(lambda: run.server.sessions[0].lost_s is not None)
        await client.open()
        client.cut()
        await run.settled()
        figures = run.server.metrics.exposition()[0].decode()
        assert 'voice_avatar_session_resumes_total{outcome="whole"} 1.0' in figures
        assert 'voice_avatar_sessions_left_total{why="expired"} 1.0' in figures
        assert "voice_avatar_sessions 0.0" in figures


# -- nothing lost, nothing repeated


async def whole(run: Running, chance: random.Random | None, *, cuts_in: bool) -> Client:
    """Has three turns, in which the wire is cut at any moment if there is a chance.

    With `cuts_in` the user cuts in on the replies, once some of them was heard.
    """
    client = Client(run.url)
    await client.open()

    async def until(is_there: Callable[[dict[str, Any]], bool]) -> None:
        while not any(map(is_there, client.events)):
            bomb = None
            if chance is not None and len(client.notices) < 12:
                delay_s = chance.choice([0.0, 0.002, 0.01, 0.05, 0.2])
                bomb = asyncio.get_running_loop().call_later(delay_s, client.cut)
            try:
                await client.read(is_there)
            except ConnectionClosed:
                await back(client, chance)
            finally:
                if bomb is not None:
                    bomb.cancel()

    async def insist(message: dict[str, Any], answer: Callable[[dict[str, Any]], bool]) -> None:
        """Sends a message, again if it was sent in vain."""
        while not any(map(answer, client.events)):
            try:
                await client.send(**message)
                async with asyncio.timeout(1.0):
                    await client.read(answer)
            except (ConnectionClosed, TimeoutError):
                await back(client, chance)

    for number, text in enumerate(("one", "two", "three"), start=1):
        await insist({"type": "input.text", "text": text}, of("turn.ended", turn_id=number))
        if chance is not None and not client.notices:
            client.cut()
        if cuts_in:
            await until(of("reply.segment", reply_id=number))
            over = of("reply.done", reply_id=number)
            await insist({"type": "interrupt", "reply_id": number}, over)
        await until(of("reply.done", reply_id=number))
    return client


def of(kind: str, **fields: Any) -> Callable[[dict[str, Any]], bool]:
    """Returns what tells whether an event is of this type with these fields."""
    return lambda event: event["type"] == kind and fields.items() <= event.items()


async def back(client: Client, chance: random.Random | None) -> None:
    """Comes back, cut in the middle of that as well now and then."""
    while True:
        if chance is not None:
            await asyncio.sleep(chance.choice([0.0, 0.01, 0.1]))
        try:
            bomb = None
            if chance is not None and chance.random() < 0.3:
                delay_s = chance.choice([0.0, 0.001, 0.003])
                loop = asyncio.get_running_loop()
                bomb = loop.call_later(delay_s, lambda: client.socket and client.cut())
            answer = await client.open()
            if bomb is not None:
                bomb.cancel()
            assert answer["type"] == "session.resumed"
            assert not answer["lost"]
            await client.report()
            return
        except (ConnectionClosed, OSError):
            continue


REPLIES = ("First of all, hello to you. How are you?", LONG, "That is the end. Goodbye, my friend.")


@dataclass
class Sent:
    """What a server has sent, and what one of its clients got."""

    texts: list[dict[str, Any]]
    client: Client


async def conversation(
    seed: int | None, monkeypatch: pytest.MonkeyPatch, *, cuts_in: bool = False
) -> Sent:
    texts: list[dict[str, Any]] = []
    frame = LiveSession.frame

    def noted(self: LiveSession, message: ServerMessage) -> str:
        text = frame(self, message)
        texts.append(json.loads(text))
        return text

    with monkeypatch.context() as patch:
        patch.setattr(LiveSession, "frame", noted)
        tts = ScriptedTts(symbol_samples=160)
        async with running(engines(*REPLIES, tts=tts), SHORT, resume_ttl_s=30.0) as run:
            chance = None if seed is None else random.Random(seed)
            client = await whole(run, chance, cuts_in=cuts_in)
            sent = Sent(texts[1 : 1 + len(client.events)], client)  # without session.ready
    return sent


@pytest.mark.parametrize("seed", range(8))
async def test_with_cuts_anywhere_every_event_comes_once_and_the_audio_has_no_hole(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    uncut, cut = await conversation(None, monkeypatch), await conversation(seed, monkeypatch)
    assert cut.client.notices, "nothing was cut"
    assert cut.client.events == cut.texts
    assert told(cut.client.events) == told(uncut.client.events)
    assert {number: bytes(reply.audio) for number, reply in cut.client.replies.items()} == {
        number: bytes(reply.audio) for number, reply in uncut.client.replies.items()
    }


@pytest.mark.parametrize("seed", range(6))
async def test_with_cuts_around_interruptions_every_event_comes_once_and_nothing_is_heard_after(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = await conversation(seed, monkeypatch, cuts_in=True)
    assert cut.client.notices, "nothing was cut"
    assert cut.client.events == cut.texts
    assert cut.client.late == 0
    done = [event["status"] for event in cut.texts if event["type"] == "reply.done"]
    assert len(done) == 3
    assert "interrupted" in done
