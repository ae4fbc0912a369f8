"""The line of a user under load."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.frames import CloseCode
from websockets.http11 import Request, Response

from voice_avatar.bench.callers.load_line import LoadLine
from voice_avatar.errors import ConnectionFailed
from voice_avatar.wire.frame_codec import AudioFrame, FrameFlag, FrameKind, pack_audio


class Callee:
    """A server for one line: what came, and what it says first."""

    def __init__(self, *says: str | bytes | list[str]) -> None:
        self._says = says
        self.heard: list[str | bytes] = []

    async def __call__(self, socket: ServerConnection) -> None:
        for said in self._says:
            await socket.send(said)
        async for message in socket:
            self.heard.append(message)


@asynccontextmanager
async def line_to(callee: Callee, heard: list[str | bytes]) -> AsyncIterator[LoadLine]:
    async with serve(callee, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        line = await LoadLine.dial(f"ws://127.0.0.1:{port}/", "", heard.append)
        yield line
        await line.close()


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_a_line_sends_audio_and_text_and_closes() -> None:
    callee = Callee()
    frame = AudioFrame(FrameKind.AUDIO_IN, 0, 7, 2240, bytes(range(256)) * 2, FrameFlag.START)
    async with line_to(callee, []) as line:
        line.send_audio(frame)
        line.send_text("é")
        assert line.close_code is None
    assert callee.heard == [pack_audio(frame), "é"]
    assert line.close_code == CloseCode.NORMAL_CLOSURE
    line.send_audio(frame)  # a closed line is deaf
    line.send_text("x")


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_a_line_hears_whole_messages() -> None:
    heard: list[str | bytes] = []
    async with line_to(Callee("one", b"two", ["th", "re", "e"], "four"), heard) as line:
        async with asyncio.timeout(5.0):
            while len(heard) < 4:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert line.close_code is None
    assert heard == ["one", b"two", "three", "four"]


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_a_line_carries_the_token_and_tells_of_a_refusal() -> None:
    seen: list[str | None] = []

    def refuse(socket: ServerConnection, request: Request) -> Response:
        seen.append(request.headers.get("Authorization"))
        return socket.respond(403, "no\n")

    async with serve(Callee(), "127.0.0.1", 0, process_request=refuse) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ConnectionFailed, match="refuses"):
            await LoadLine.dial(f"ws://127.0.0.1:{port}/", "secret", lambda _: None)
    assert seen == ["Bearer secret"]
