"""An innocent session beside others: types, listens, and pings once a second.

What it has to wait for is what the others do to everybody.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from voice_avatar.bench.callers.load_line import LoadLine
from voice_avatar.errors import ConnectionFailed
from voice_avatar.wire import client_messages
from voice_avatar.wire.fields import REPORT_INTERVAL_S
from voice_avatar.wire.text import encode_client

PING_S: Final = 1.0
ANSWER_S: Final = 15.0
"""Time for the whole answer to what was typed, seconds: beyond it, it counts as unanswered."""

_BREATH_S: Final = 1.0
_TICK_S: Final = 0.02
_BUFFER_S: Final = 0.04
_SAID: Final = "Hello number {}."


@dataclass(slots=True)
class Lateness:
    """What the neighbour waited for, in seconds.

    Attributes:
        pings: from each ping to its pong; one that never came, for as long as it was waited for.
        first_audio: from what was typed to the first frame of the answer.
        own: how late the neighbour's own loop woke up: what is not the server's.
        turns: typed.
        unanswered: of them, without a whole answer in time.
        underruns: times that its loudspeaker ran dry.
        cuts: times that the server closed its connection.
        codes: of the errors and closes that it got.
    """

    pings: list[float] = field(default_factory=list)
    first_audio: list[float] = field(default_factory=list)
    own: list[float] = field(default_factory=list)
    turns: int = 0
    unanswered: int = 0
    underruns: int = 0
    cuts: int = 0
    codes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Turn:
    """What was typed, and the answer as it comes."""

    typed_s: float
    reply_id: int | None = None
    rate_hz: int = 16_000
    first_s: float | None = None
    end_samples: int = 0
    is_complete: bool = False
    reported_s: float = 0.0

    def played_until_s(self) -> float:
        return (self.first_s or 0.0) + self.end_samples / self.rate_hz


class Neighbour:
    """One innocent user; `live` until cancelled.

    Attributes:
        lateness: what it waited for so far.
    """

    def __init__(self, url: str, token: str = "", *, ping_s: float = PING_S) -> None:
        self.lateness = Lateness()
        self._ping_s = ping_s
        self._url, self._token = url, token
        self._pinged: dict[int, float] = {}
        self._turn: _Turn | None = None
        self._is_ready = False

    async def live(self) -> None:
        """Talks until it is cancelled; comes again where the server hangs up."""
        while True:
            self._turn, self._is_ready = None, False
            try:
                line = await LoadLine.dial(self._url, self._token, self._take)
            except ConnectionFailed as error:
                self._trouble(error.code)
                await asyncio.sleep(PING_S)
                continue
            try:
                info = client_messages.ClientInfo(name="voice-avatar-neighbour")
                line.send_text(encode_client(client_messages.SessionHello(client=info)))
                await self._talk(line)
                self._trouble(f"closed {line.close_code}")
            finally:
                now_s = time.monotonic()
                self.lateness.pings += [now_s - at_s for at_s in self._pinged.values()]
                self._pinged.clear()
                line.hang_up()

    def _trouble(self, code: str) -> None:
        self.lateness.cuts += 1
        self.lateness.codes.append(code)

    async def _talk(self, line: LoadLine) -> None:
        ping_s = turn_s = time.monotonic() + _BREATH_S
        number = 0
        while line.close_code is None:
            before_s = time.monotonic()
            await asyncio.sleep(_TICK_S)
            now_s = time.monotonic()
            self.lateness.own.append(max(0.0, now_s - before_s - _TICK_S))
            if now_s >= ping_s:
                number += 1
                self._pinged[number] = now_s
                line.send_text(f'{{"type":"clock.ping","t0_ms":{number}}}')
                ping_s = max(ping_s + self._ping_s, now_s)
            if self._turn is None and self._is_ready and now_s >= turn_s:
                self.lateness.turns += 1
                self._turn = _Turn(now_s)
                said = _SAID.format(self.lateness.turns)
                line.send_text(encode_client(client_messages.InputText(text=said)))
            if self._turn is not None and self._is_over(line, self._turn, now_s):
                self._turn, turn_s = None, now_s + _BREATH_S

    def _is_over(self, line: LoadLine, turn: _Turn, now_s: float) -> bool:
        """Reports what was played; returns whether the turn is over, played or given up."""
        if turn.first_s is None or turn.reply_id is None:
            is_late = now_s - turn.typed_s > ANSWER_S
            self.lateness.unanswered += is_late
            return is_late
        is_played = turn.is_complete and now_s >= turn.played_until_s()
        if now_s - turn.reported_s >= REPORT_INTERVAL_S or is_played:
            turn.reported_s = now_s
            played = max(0, min(turn.end_samples, int((now_s - turn.first_s) * turn.rate_hz)))
            state = "finished" if is_played else "playing"
            line.send_text(
                f'{{"type":"playback.report","reply_id":{turn.reply_id},"state":"{state}",'
                f'"played_samples":{played}}}'
            )
        is_late = not is_played and now_s > max(turn.typed_s, turn.played_until_s()) + ANSWER_S
        self.lateness.unanswered += is_late
        return is_played or is_late

    # -- ears

    def _take(self, data: str | bytes) -> None:
        if isinstance(data, bytes):
            self._audio(data)
            return
        message: dict[str, Any] = msgspec.json.decode(data)
        turn = self._turn
        match message["type"]:
            case "clock.pong":
                if (at_s := self._pinged.pop(int(message["t0_ms"]), None)) is not None:
                    self.lateness.pings.append(time.monotonic() - at_s)
            case "session.ready":
                self._is_ready = True
            case "reply.started" if turn is not None and turn.reply_id is None:
                turn.reply_id, turn.rate_hz = message["reply_id"], message["rate_hz"]
            case "reply.done" if turn is not None and turn.reply_id == message["reply_id"]:
                turn.is_complete = True
            case "error":
                self.lateness.codes.append(message["code"])

    def _audio(self, data: bytes) -> None:
        turn = self._turn
        if turn is None or turn.reply_id is None or data[0] != 2:
            return
        now_s, pts = time.monotonic(), int.from_bytes(data[8:16], "little")
        if turn.first_s is None:
            self.lateness.first_audio.append(now_s - turn.typed_s)
            turn.first_s = now_s + _BUFFER_S
        elif (late_s := now_s - (turn.first_s + pts / turn.rate_hz)) > 0:
            self.lateness.underruns += 1
            turn.first_s += late_s
        turn.end_samples = max(turn.end_samples, pts + (len(data) - 16) // 2)
