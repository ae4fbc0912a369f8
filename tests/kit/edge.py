"""A real server on loopback with scripted engines, and clients that misbehave."""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from kit.skipping_loop import breathe
from voice_avatar.config.load import Config, ServerOptions
from voice_avatar.conversation.options import SessionOptions
from voice_avatar.engines.scripted import (
    ScriptedLlm,
    ScriptedStt,
    ScriptedTts,
    ScriptedTurn,
    ScriptedVad,
)
from voice_avatar.server.port import AvatarServer
from voice_avatar.stages.engines import Engines
from voice_avatar.wire.fields import PATH
from voice_avatar.wire.frame_codec import AudioFrame, FrameFlag, FrameKind, pack_audio

QUIET = SessionOptions(idle_timeout_s=0.0)
"""Options of a session that has no end of its own."""

BRISK = 320
"""Samples per letter: a voice that speaks four times as fast as people do."""


@dataclass
class Running:
    """A server that takes sessions.

    Attributes:
        server: itself.
        url: for WebSocket clients.
        llm: its language model.
        engines: all of its engines.
        idle: names of the tasks that run when nobody is there.
    """

    server: AvatarServer
    url: str
    llm: ScriptedLlm
    engines: Engines
    idle: frozenset[asyncio.Task[Any]] = field(default=frozenset())

    @property
    def http(self) -> str:
        return self.url.replace("ws", "http", 1)

    async def settled(self, *, within_s: float = 60.0) -> None:
        """Waits until nothing of any session is left: no task and no request to the LLM."""
        async with asyncio.timeout(within_s):
            while self.server.sessions or self.llm.running or self._left():
                breathe()
                await asyncio.sleep(0.01)

    def _left(self) -> set[asyncio.Task[Any]]:
        return asyncio.all_tasks() - self.idle - {asyncio.current_task()}  # type: ignore[arg-type]


def engines(
    *replies: str,
    llm: ScriptedLlm | None = None,
    stt: Any = None,
    tts: Any = None,
    vad: Any = None,
    turn: Any = None,
) -> Engines:
    return Engines(
        vad or ScriptedVad(),
        turn or ScriptedTurn(),
        stt or ScriptedStt(),
        llm or ScriptedLlm(replies),
        tts or ScriptedTts(symbol_samples=BRISK),
    )


def quiet_config(config: Config | None = None, **server: Any) -> Config:
    """Returns a configuration for loopback, with a persona that says nothing by itself."""
    config = config or Config(session=QUIET)
    persona = str(Path(__file__).parents[1] / "data" / "quiet_persona.toml")
    options = {"host": "127.0.0.1", "port": 0, "persona": persona, "resume_ttl_s": 0.2, **server}
    return replace(config, server=replace(config.server or ServerOptions(), **options))


@asynccontextmanager
async def running(
    loaded: Engines | None = None, config: Config | None = None, **server: Any
) -> AsyncIterator[Running]:
    """Runs a server; at the end nothing of it may be left, neither task nor thread."""
    before = frozenset(asyncio.all_tasks())
    threads = set(threading.enumerate())
    loaded = loaded or engines("Hello.")
    avatar = AvatarServer(quiet_config(config, **server), lambda: loaded)
    ready = asyncio.Event()
    serving = asyncio.create_task(avatar.serve(lambda _: ready.set()))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait((serving, waiting), return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        waiting.cancel()
        serving.result()
    scheme = "wss" if avatar._config.server.tls_cert else "ws"
    assert isinstance(loaded.llm, ScriptedLlm)
    run = Running(avatar, f"{scheme}://127.0.0.1:{avatar.port}", loaded.llm, loaded)
    run.idle = frozenset(asyncio.all_tasks())
    try:
        yield run
    finally:
        avatar.stop()
        await serving
    assert asyncio.all_tasks() <= before
    assert loaded.llm.running == 0
    # The event loop keeps the thread in which the engines were loaded.
    left = {t for t in threading.enumerate() if not t.name.startswith("asyncio_")} - threads
    for thread in left:  # one that waited for a subprocess may be about to end
        thread.join(5)
    assert not [thread for thread in left if thread.is_alive()]


# -- a client without manners


class Raw:
    """A WebSocket client that sends what it is told, byte for byte."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.seen: list[dict[str, Any]] = []
        self.audio = bytearray()
        self._seq = 0
        self._pts = 0

    async def send(self, *messages: dict[str, Any] | str | bytes) -> None:
        for message in messages:
            await self.socket.send(json.dumps(message) if isinstance(message, dict) else message)

    async def hello(self, **fields: Any) -> dict[str, Any]:
        """Opens the session and returns `session.ready`."""
        await self.send({"type": "session.hello", **fields})
        return await self.until("session.ready")

    async def next(self) -> dict[str, Any]:
        """Returns the next message; audio is kept aside. Refuses NaN and Infinity."""
        while True:
            data = await asyncio.wait_for(self.socket.recv(), 60)
            if isinstance(data, bytes):
                self.audio += data[16:]
                continue
            message: dict[str, Any] = json.loads(data, parse_constant=_no_constant)
            self.seen.append(message)
            return message

    async def until(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Reads up to a message of this type with these fields, and returns it."""
        while True:
            message = await self.next()
            if message["type"] == kind and fields.items() <= message.items():
                return message

    async def closed(self) -> tuple[int | None, str]:
        """Reads to the end and returns code and reason of the close."""
        try:
            while True:
                await self.next()
        except ConnectionClosed:
            return self.socket.close_code, self.socket.close_reason or ""

    def types(self) -> list[str]:
        return [message["type"] for message in self.seen]

    def codes(self, kind: str = "error") -> list[str]:
        return [message["code"] for message in self.seen if message["type"] == kind]

    def frame(self, pcm: bytes, *, skip: int = 0) -> bytes:
        """Returns the next microphone frame, `skip` samples after the one before."""
        self._pts += skip
        flags = FrameFlag.NONE if self._seq else FrameFlag.START
        frame = AudioFrame(FrameKind.AUDIO_IN, 0, self._seq, self._pts, pcm, flags)
        self._seq += 1
        self._pts += len(pcm) // 2
        return pack_audio(frame)

    async def say(self, pcm: bytes, rate_hz: int = 16_000, *, speed: float = 1.9) -> None:
        """Sends microphone audio in frames of 20 ms, faster than real time but within limits."""
        step = rate_hz // 50 * 2
        for at in range(0, len(pcm), step):
            await self.send(self.frame(pcm[at : at + step]))
            await asyncio.sleep(0.02 / speed)


def _no_constant(name: str) -> Any:
    raise AssertionError(f"{name} is not JSON")


@asynccontextmanager
async def raw(url: str, **options: Any) -> AsyncIterator[Raw]:
    path = options.pop("path", PATH)
    options = {"compression": None, "max_size": None, "max_queue": None, **options}
    async with connect(url + path, **options) as socket:
        yield Raw(socket)


def tone(seconds: float, rate_hz: int = 16_000, *, level: float = 0.25) -> bytes:
    t = np.arange(int(rate_hz * seconds)) / rate_hz
    return (level * 32767 * np.sin(2 * np.pi * 200 * t)).astype("<i2").tobytes()


def hush(seconds: float, rate_hz: int = 16_000) -> bytes:
    return bytes(2 * int(seconds * rate_hz))


async def eventually(is_true: Callable[[], object], *, within_s: float = 60.0) -> None:
    async with asyncio.timeout(within_s):
        while not is_true():
            breathe()
            await asyncio.sleep(0.01)


async def get(url: str, **headers: str) -> tuple[int, str, str]:
    """Returns status, content type and body of an HTTP GET."""

    def fetch() -> tuple[int, str, str]:
        request = urllib.request.Request(url, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return (
                    answer.status,
                    answer.headers["Content-Type"],
                    answer.read().decode(errors="replace"),
                )
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.headers["Content-Type"], refused.read().decode()

    return await asyncio.to_thread(fetch)
