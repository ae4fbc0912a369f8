"""One WebSocket of plain PCM, as the package `voicebench` speaks it: for benchmarks and toys.

Up: binary frames, PCM16 mono at 16 kHz. Down: the same of the avatar's voice, and text:
`{"type": "clear"}` when the user interrupts, `{"type": "transcript", "role": "user", "text": "…",
"final": true}`, or "agent" for what the avatar says. Text that comes up is passed over.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import msgspec
from websockets.asyncio.server import ServerConnection

from voice_avatar.audio.pcm import sample_count, whole_samples
from voice_avatar.events.cues import ReplySegment
from voice_avatar.events.notices import (
    Notice,
    ReplyAudio,
    ReplyInterrupted,
    TranscriptFinal,
    TranscriptInterim,
)
from voice_avatar.events.payloads import MIC_HZ
from voice_avatar.server.caller import Arrival, Caller
from voice_avatar.server.carrier import Admit
from voice_avatar.server.closing import Closing
from voice_avatar.server.live_session import LiveSession
from voice_avatar.server.meter import Meter
from voice_avatar.server.outgoing import Outgoing
from voice_avatar.server.rates import FrameBudget
from voice_avatar.server.tenure import Tenure
from voice_avatar.wire import client_messages
from voice_avatar.wire.codes import CloseCode
from voice_avatar.wire.frame_codec import MicBudget

PATH: Final = "/v1/pcm"
"""Path of the WebSocket."""

RATE_HZ: Final = MIC_HZ
"""Of both directions."""

MAX_AHEAD_S: Final = 0.2
"""Reply audio sent before it is played, seconds: these clients play what comes as it comes."""


class PcmConnection:
    """One client's connection; `run` serves it to its close.

    Attributes:
        live: the session that it carries, None at first.
        tenure: its time with the session.
    """

    def __init__(
        self,
        socket: ServerConnection,
        session_id: str,
        caller: Caller,
        admit: Admit,
        meter: Meter,
        *,
        slow_consumer_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Makes the connection.

        Args:
            socket: to the client.
            session_id: for its session.
            caller: who it is.
            admit: lets it carry a session.
            meter: counts what passes.
            slow_consumer_s: time that one frame may wait to be read, seconds.
            clock: tells the time, seconds.
        """
        self._socket = socket
        hello = client_messages.SessionHello(audio_out=client_messages.AudioWish(rate_hz=RATE_HZ))
        self._arrival = Arrival(session_id, caller, hello)
        self._admit = admit
        self._meter = meter
        self._clock = clock
        self._outgoing = Outgoing(socket, slow_consumer_s, meter.note_bytes)
        self._frames = FrameBudget(clock())
        self._budget = MicBudget(clock())
        self._odd = b""
        self.live: LiveSession | None = None
        self.tenure = Tenure(socket)

    async def run(self) -> None:
        """Serves the connection until it closes.

        Raises:
            Closing: it has to be closed, with this code.
            ConnectionClosed: the client closed it, or it is lost.
        """
        with self.tenure:
            self.live = live = await self._admit(self.tenure, self._arrival)
            await self.tenure.carry(self._read(live), self._write(live))

    async def goodbye(self, reconnect_ms: float) -> None:
        """The server is about to stop: this protocol has no word for it."""

    async def explain(self, end: Closing) -> None:
        """The close code says it all."""

    async def _read(self, live: LiveSession) -> None:
        async for data in self._socket:
            self._meter.note_bytes(len(data), 0)
            now_s = self._clock()
            if not self._frames.take(data, now_s):
                raise Closing(CloseCode.RATE_LIMIT, "rate_limited", "Too many messages.")
            if isinstance(data, str):
                continue
            pcm, self._odd = whole_samples(self._odd + data)
            if self._budget.take(sample_count(pcm) / RATE_HZ, now_s):
                live.conversation.hear(pcm, RATE_HZ)
            elif self._budget.is_exhausted(now_s):
                raise Closing(CloseCode.RATE_LIMIT, "rate_limited", "Audio comes too fast.")

    async def _write(self, live: LiveSession) -> None:
        async for notice in live.conversation.notices():
            self._meter.note(notice)
            self._outgoing.put(_frames(notice))
            await self._outgoing.flush()
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
