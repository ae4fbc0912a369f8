"""The socket of the dialects of others: set-up, refusals, ends."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from kit.foreign import serving
from websockets.asyncio.server import ServerConnection

from voice_avatar.bench.figures.line_events import LineEvent, Subject, Trouble
from voice_avatar.bench.targets.target import TargetCapabilities
from voice_avatar.bench.targets.websocket_line import Message, SocketTarget
from voice_avatar.errors import ConnectionFailed

CAPABILITIES = TargetCapabilities("polite", 16_000, False, False, False, False, True)


class Polite:
    """A dialect in which both say "hello" first; every word is an event."""

    subject = Subject("polite")

    def __init__(self, *, waits: bool = True) -> None:
        self.is_ready = not waits
        self._pending: list[Message] = ["hello"]

    ready_within_s = 0.3

    def late(self) -> None:
        raise ConnectionFailed("Too late.")

    def to_send(self) -> list[Message]:
        pending, self._pending = self._pending, []
        return pending

    def read(self, message: Message, at_s: float) -> list[LineEvent]:
        if message == "go away":
            raise ConnectionFailed("It says so.")
        self.is_ready = self.is_ready or message == "hello"
        return [Trouble(at_s, str(message))]

    def mic(self, pcm: bytes) -> Message:
        return pcm

    def played(self, reply: str, samples: int) -> None:
        self._pending.append(f"played {reply} {samples}")


def polite(url: str, *, waits: bool = True, token: str = "") -> SocketTarget:
    return SocketTarget(url, CAPABILITIES, partial(Polite, waits=waits), token)


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_a_session_is_set_up_before_it_is_given_and_nothing_of_that_is_lost() -> None:
    said: list[Message] = []

    async def converse(socket: ServerConnection) -> None:
        said.append(await socket.recv())
        await socket.send("wait")
        await socket.send("hello")
        said.extend([await socket.recv(), await socket.recv()])
        await socket.send("bye")

    async with serving(converse) as url, polite(url, token="abc").dial() as line:
        await line.send(b"\1\0")
        await line.played("7", 480)
        codes = [event.code async for event in line.events() if isinstance(event, Trouble)]
        assert line.subject == Subject("polite")
    assert said == ["hello", b"\1\0", "played 7 480"]
    assert codes == ["wait", "hello", "bye"]


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_the_token_is_a_bearer_token() -> None:
    seen: list[str | None] = []

    async def converse(socket: ServerConnection) -> None:
        assert socket.request is not None
        await socket.recv()
        seen.append(socket.request.headers.get("Authorization"))

    async with serving(converse) as url:
        for token in ("abc", ""):
            async with polite(url, waits=False, token=token).dial() as line:
                assert [event async for event in line.events()] == []
    assert seen == ["Bearer abc", None]


@pytest.mark.realtime
@pytest.mark.parametrize("said", ["go away", "", "nothing"])
async def test_a_session_that_is_not_set_up_is_told(said: str) -> None:
    async def converse(socket: ServerConnection) -> None:
        if said == "nothing":
            await asyncio.sleep(1.0)
        elif said:
            await socket.send(said)

    async with serving(converse) as url:
        with pytest.raises(ConnectionFailed):
            async with polite(url).dial():
                raise AssertionError


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_a_session_that_breaks_is_an_error_and_one_that_ends_is_none() -> None:
    async def breaks(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.close(1011)

    async with serving(breaks) as url, polite(url, waits=False).dial() as line:
        with pytest.raises(ConnectionFailed):
            _ = [event async for event in line.events()]
        with pytest.raises(ConnectionFailed):
            await line.send(b"\0\0")


@pytest.mark.parametrize("url", ["ws://127.0.0.1:9", "http://127.0.0.1:9", "nonsense"])
async def test_a_server_that_is_not_there_is_told(url: str) -> None:
    with pytest.raises(ConnectionFailed):
        async with polite(url).dial():
            raise AssertionError
