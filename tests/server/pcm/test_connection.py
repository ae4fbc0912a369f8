"""`/v1/pcm`: plain audio both ways, for benchmarks."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import numpy as np
import pytest
from kit.edge import engines, hush, running, tone
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from voice_avatar.server.rates import MESSAGE_BURST

pytestmark = [pytest.mark.realtime, pytest.mark.virtual_time]


class Listener:
    """Keeps what comes: audio by the time of its coming, and text."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.audio = bytearray()
        self.texts: list[dict[str, Any]] = []

    async def until(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Reads up to a text message of this type with these fields, and returns it."""
        while True:
            data = await asyncio.wait_for(self.socket.recv(), 30)
            if isinstance(data, bytes):
                self.audio += data
                continue
            self.texts.append(json.loads(data))
            if self.texts[-1]["type"] == kind and fields.items() <= self.texts[-1].items():
                return self.texts[-1]

    async def until_audio(self, seconds: float) -> None:
        while len(self.audio) < seconds * 32_000:
            data = await asyncio.wait_for(self.socket.recv(), 30)
            if isinstance(data, bytes):
                self.audio += data
            else:
                self.texts.append(json.loads(data))

    async def say(self, pcm: bytes) -> None:
        for at in range(0, len(pcm), 640):
            await self.socket.send(pcm[at : at + 640])
            await asyncio.sleep(0.02 / 1.9)


async def test_a_question_is_answered_and_both_are_told() -> None:
    async with running(engines("Good day.")) as server, connect(f"{server.url}/v1/pcm") as socket:
        line = Listener(socket)
        await line.socket.send("hello")  # passed over
        await line.say(hush(0.3) + tone(1.0) + hush(1.0))
        assert (await line.until("transcript", role="user", final=True))["text"] == "One two three."
        assert (await line.until("transcript", role="agent"))["text"] == "Good day."
        await line.until_audio(0.1)
        assert np.abs(np.frombuffer(bytes(line.audio), "<i2")).max() > 1000


async def test_an_interruption_clears_what_was_not_played() -> None:
    text = "Apples, pears, plums, figs and grapes grow here in the garden. " * 8
    async with running(engines(text)) as server, connect(f"{server.url}/v1/pcm") as socket:
        line = Listener(socket)
        await line.say(hush(0.3) + tone(1.0) + hush(1.0))
        await line.until_audio(0.5)
        talking = asyncio.create_task(line.say(tone(2.0) + hush(0.5)))
        await line.until("clear")
        await talking


async def test_half_a_sample_waits_for_its_other_half() -> None:
    async with running(engines("Good day.")) as server, connect(f"{server.url}/v1/pcm") as socket:
        line = Listener(socket)
        pcm = hush(0.3) + tone(1.0) + hush(1.0)
        for at in range(0, len(pcm), 641):
            await socket.send(pcm[at : at + 641])
            await asyncio.sleep(0.01)
        assert (await line.until("transcript", role="user", final=True))["text"]


async def test_without_the_key_nobody_comes_in() -> None:
    async with running(engines("Hi."), tokens=("Sesame-0123456789-opens",)) as server:
        with pytest.raises(InvalidStatus) as refused:
            async with connect(f"{server.url}/v1/pcm"):
                pass
        assert refused.value.response.status_code == 401
        async with connect(f"{server.url}/v1/pcm?token=Sesame-0123456789-opens") as socket:
            await socket.send(hush(0.1))


async def test_text_that_means_nothing_has_a_budget_all_the_same() -> None:
    async with running() as server, connect(f"{server.url}/v1/pcm") as socket:
        with pytest.raises(ConnectionClosed):  # noqa: PT012 - at any of them
            for _ in range(int(MESSAGE_BURST) + 200):
                await socket.send("")
            await asyncio.wait_for(socket.recv(), 30)
        assert socket.close_code == 4429
