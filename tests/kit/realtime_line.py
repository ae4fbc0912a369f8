"""A client of `/v1/realtime` that sends what it is told and keeps what comes."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

RATE_HZ = 24_000
Event = dict[str, Any]


class RealtimeLine:
    """One connection.

    Attributes:
        seen: all events, in order.
    """

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.seen: list[Event] = []

    async def send(self, kind: str, **fields: Any) -> None:
        await self.socket.send(json.dumps({"type": kind, **fields}))

    async def next(self) -> Event:
        data = await asyncio.wait_for(self.socket.recv(), 30)
        event: Event = json.loads(data)
        self.seen.append(event)
        return event

    async def until(self, kind: str) -> Event:
        """Reads up to an event of this type."""
        while (event := await self.next())["type"] != kind:
            pass
        return event

    async def closed(self) -> int | None:
        """Reads to the end and returns the close code."""
        try:
            while True:
                await self.next()
        except ConnectionClosed:
            return self.socket.close_code

    async def update(self, **session: Any) -> Event:
        await self.send("session.update", session={"type": "realtime", **session})
        return await self.until("session.updated")

    async def append(self, pcm: bytes) -> None:
        audio = base64.b64encode(pcm).decode()
        await self.send("input_audio_buffer.append", audio=audio)

    async def say(self, pcm: bytes, *, speed: float = 4.0, rate_hz: int = RATE_HZ) -> None:
        """Sends audio in packets of 20 ms, faster than real time."""
        step = rate_hz // 50 * 2
        for at in range(0, len(pcm), step):
            await self.append(pcm[at : at + step])
            await asyncio.sleep(0.02 / speed)

    async def write(self, text: str, **fields: Any) -> Event:
        """Adds a message of the user."""
        content = [{"type": "input_text", "text": text}]
        item = {"type": "message", "role": "user", "content": content, **fields}
        await self.send("conversation.item.create", item=item)
        return await self.until("conversation.item.done")

    async def ask(self, **response: Any) -> Event:
        """Asks for a response and returns it when it is done."""
        await self.send("response.create", response=response)
        done: Event = (await self.until("response.done"))["response"]
        return done

    def types(self, since: int = 0) -> list[str]:
        """Returns the types of all events; those that come many times in a row, once."""
        out: list[str] = []
        for event in self.seen[since:]:
            if not out or out[-1] != event["type"]:
                out.append(event["type"])
        return out

    def of(self, kind: str) -> list[Event]:
        return [event for event in self.seen if event["type"] == kind]

    def codes(self) -> list[str]:
        return [event["error"]["code"] for event in self.of("error")]

    def audio(self, response_id: str = "", kind: str = "response.output_audio.delta") -> bytes:
        return b"".join(
            base64.b64decode(event["delta"])
            for event in self.of(kind)
            if response_id in ("", event["response_id"])
        )


@asynccontextmanager
async def realtime(
    url: str, query: str = "", headers: dict[str, str] | None = None, **options: Any
) -> AsyncIterator[RealtimeLine]:
    """Connects and waits for `session.created`."""
    options = {"compression": None, "max_size": None, "max_queue": None, **options}
    where = f"{url}/v1/realtime{query}"
    async with connect(where, additional_headers=headers, **options) as socket:
        line = RealtimeLine(socket)
        await line.until("session.created")
        yield line
