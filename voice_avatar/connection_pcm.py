"""One WebSocket of plain PCM, as the package `voicebench` speaks it: for benchmarks and toys.

Up: binary frames, PCM16 mono at 16 kHz. Down: the same of the avatar's voice, and text:
`{"type": "clear"}` when the user interrupts, `{"type": "transcript", "role": "user", "text": "…",
"final": true}`, or "agent" for what the avatar says. Text that comes up is passed over.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from websockets.asyncio.server import ServerConnection

from voice_avatar.audio import sample_count, whole_samples
from voice_avatar.closing import Closing, shut
from voice_avatar.codes import CloseCode
from voice_avatar.connection import Meter
from voice_avatar.events import (
    MIC_HZ,
    Notice,
    ReplyAudio,
    ReplyInterrupted,
    ReplySegment,
    TranscriptFinal,
    TranscriptInterim,
)
from voice_avatar.frames import MicBudget
from voice_avatar.line import Line, until_first
from voice_avatar.served import ServedSession

RATE_HZ: Final = MIC_HZ
"""Of both directions."""

MAX_AHEAD_S: Final = 0.2
"""Reply audio sent before it is played, seconds: these clients play what comes as it comes."""

Admit = Callable[["PcmConnection", int, float], Awaitable[ServedSession]]
"""Opens a session for a connection: rate of its replies, audio ahead."""


class PcmConnection:
    """One client's connection; `run` serves it to its close.

    Attributes:
        session_id: id of its session.
        served: the session that it carries, None at first.
    """

    def __init__(
        self,
        socket: ServerConnection,
        session_id: str,
        admit: Admit,
        meter: Meter,
        *,
        slow_consumer_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._socket = socket
        self.session_id = session_id
        self._admit = admit
        self._meter = meter
        self._clock = clock
        self._line = Line(socket, slow_consumer_s, meter.note_bytes)
        self._budget = MicBudget(clock())
        self._odd = b""
        self.served: ServedSession | None = None
        self._is_done = asyncio.Event()

    async def run(self) -> None:
        """Serves the connection until it closes.

        Raises:
            Closing: it has to be closed, with this code.
            ConnectionClosed: the client closed it, or it is lost.
        """
        try:
            self.served = served = await self._admit(self, RATE_HZ, MAX_AHEAD_S)
            await until_first(self._read(served), self._write(served))
        finally:
            self._is_done.set()

    async def give_way(self) -> None:
        """See `Holder`: nobody can take over a session of this protocol."""
        await self._is_done.wait()

    async def leave(self, code: CloseCode) -> None:
        """Closes the connection from the server's side."""
        await shut(self._socket, code)

    async def goodbye(self, reconnect_ms: float) -> None:
        """The server is about to stop: this protocol has no word for it."""

    async def explain(self, end: Closing) -> None:
        """The close code says it all."""

    async def _read(self, served: ServedSession) -> None:
        async for data in self._socket:
            self._meter.note_bytes(len(data), 0)
            if isinstance(data, str):
                continue
            pcm, self._odd = whole_samples(self._odd + data)
            now_s = self._clock()
            if self._budget.take(sample_count(pcm) / RATE_HZ, now_s):
                served.conversation.hear(pcm, RATE_HZ)
            elif self._budget.is_exhausted(now_s):
                raise Closing(CloseCode.RATE_LIMIT, "rate_limited", "Audio comes too fast.")

    async def _write(self, served: ServedSession) -> None:
        async for notice in served.conversation.notices():
            self._meter.note(notice)
            self._line.put(_frames(notice))
            await self._line.flush()
        raise Closing(CloseCode.GOING_AWAY, "idle_timeout", "Nothing was said for too long.")


def _frames(notice: Notice) -> list[str | bytes]:
    match notice:
        case ReplyAudio(pcm=pcm) if pcm:
            return [pcm]
        case ReplyInterrupted():
            return [_text({"type": "clear"})]
        case TranscriptInterim(text=text):
            return [_transcript("user", text, is_final=False)]
        case TranscriptFinal(text=text) if text:
            return [_transcript("user", text, is_final=True)]
        case ReplySegment(text=text):
            return [_transcript("agent", text, is_final=True)]
        case _:
            return []


def _transcript(role: str, text: str, *, is_final: bool) -> str:
    return _text({"type": "transcript", "role": role, "text": text, "final": is_final})


def _text(body: object) -> str:
    return msgspec.json.encode(body).decode()
