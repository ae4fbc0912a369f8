"""Many users of a server of ours in one process, each as cheap as a user can be.

What a loudspeaker, a renderer or our own Python client would do with a reply is left out: frames
of audio are only looked at, messages are recognised by their first letters. So one process holds a
hundred users while it pays attention to every frame: 20 ms of microphone at its own absolute
deadline, each user at its own phase, a playback report every 200 ms of a reply.

`talk_all` is made to be run in a process of its own; `Spec` and `LoadTurn` go there and back.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec
import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from voice_avatar import protocol, wire
from voice_avatar.bench.utterances import Utterance
from voice_avatar.client import AUDIBLE
from voice_avatar.events import MIC_HZ
from voice_avatar.frames import FRAME_S, HEADER_BYTES, AudioFrame, FrameFlag, FrameKind, pack_audio
from voice_avatar.protocol import REPORT_INTERVAL_S

FRAME_BYTES: Final = 2 * int(MIC_HZ * FRAME_S)
_HUSH: Final = bytes(FRAME_BYTES)
_OPEN_TIMEOUT_S: Final = 60.0
_BREATH_S: Final = 0.5
"""From the end of a reply to the next question, seconds; each time up to a second more."""


@dataclass(frozen=True, slots=True)
class Spec:
    """What the users of one process do.

    Attributes:
        url: of the server, with the protocol's path.
        token: bearer token, "" = none.
        users: numbers of the users; each is seeded by its own.
        sessions: users of all processes together: they come one after the other within `rise_s`.
        turns: questions of each.
        utterances: what they ask, each beginning at another one.
        rise_s: time over which the users come, seconds.
        buffer_s: what a loudspeaker waits for before it begins a reply, seconds.
        timeout_s: time for a reply to begin, seconds.
        seed: of phases and pauses.
    """

    url: str
    token: str
    users: tuple[int, ...]
    sessions: int
    turns: int
    utterances: tuple[Utterance, ...]
    rise_s: float
    buffer_s: float
    timeout_s: float
    seed: int


@dataclass(slots=True)
class LoadTurn:
    """A turn under load.

    Attributes:
        user: whose.
        turn: which, from 0.
        utterance: what was asked.
        v2v_s: from the last sample of speech sent to the first audible one played; None = no reply.
        underruns: times that the loudspeaker ran dry within the reply.
        audio_s: length of the reply's audio that came, seconds.
        mic_late_s: how late the latest microphone frame went out: a client that is itself
            overloaded measures itself.
        trouble: code of an error, "" = none.
    """

    user: int
    turn: int
    utterance: str
    v2v_s: float | None = None
    underruns: int = 0
    audio_s: float = 0.0
    mic_late_s: float = 0.0
    trouble: str = ""


def talk_all(spec: Spec) -> list[LoadTurn]:
    """Runs the users of a process to their end and returns all their turns."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(_talk_all(spec))
    turns: list[LoadTurn] = uvloop.run(_talk_all(spec))
    return turns


async def _talk_all(spec: Spec) -> list[LoadTurn]:
    users = [User(spec, number) for number in spec.users]
    await asyncio.gather(*(user.run() for user in users))
    return [turn for user in users for turn in user.turns]


@dataclass(slots=True)
class _Heard:
    """A reply as it comes."""

    reply_id: int
    rate_hz: int
    first_s: float | None = None
    audible_s: float | None = None
    end_samples: int = 0
    is_complete: bool = False
    underruns: int = 0
    reported_s: float = 0.0

    def played_until_s(self) -> float:
        """When everything that came will have been played."""
        return (self.first_s or 0.0) + self.end_samples / self.rate_hz


@dataclass(slots=True)
class User:
    """One user: asks, listens to the end, breathes, asks again.

    Attributes:
        spec: what it does.
        number: which user it is.
        turns: what came of it so far.
    """

    spec: Spec
    number: int
    turns: list[LoadTurn] = field(default_factory=list)
    _heard: _Heard | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _trouble: str = ""
    _seq: int = 0
    _due_s: float = 0.0
    _late_s: float = 0.0

    async def run(self) -> None:
        """Comes when it is its time, and talks."""
        spec = self.spec
        rng = np.random.default_rng((spec.seed, self.number))
        # Spread evenly, plus a phase within the frame: users do not speak in chorus.
        await asyncio.sleep(spec.rise_s * self.number / spec.sessions + rng.uniform(0, FRAME_S))
        try:
            async with connect(
                spec.url,
                compression=None,
                max_size=protocol.MAX_TEXT_BYTES,
                open_timeout=_OPEN_TIMEOUT_S,
                additional_headers={"Authorization": f"Bearer {spec.token}"} if spec.token else {},
            ) as socket:
                await self._converse(socket, rng)
        except (WebSocketException, OSError, TimeoutError) as error:
            self._trouble = self._trouble or type(error).__name__
        for turn in range(len(self.turns), spec.turns):
            self.turns.append(
                LoadTurn(self.number, turn, self._utterance(turn).name, trouble=self._trouble)
            )

    def _utterance(self, turn: int) -> Utterance:
        said = self.spec.utterances
        return said[(self.number + turn) % len(said)]

    async def _converse(self, socket: ClientConnection, rng: np.random.Generator) -> None:
        hello = wire.SessionHello(
            client=wire.ClientInfo(name="voice-avatar-bench", platform="python")
        )
        await socket.send(protocol.encode_client(hello))
        reader = asyncio.create_task(self._read(socket))
        try:
            self._due_s = time.monotonic()
            while len(self.turns) < self.spec.turns and not self._trouble:
                await self._quiet(socket, _BREATH_S + float(rng.uniform(0.0, 1.0)))
                self.turns.append(await self._ask(socket, len(self.turns)))
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    # -- mouth

    async def _ask(self, socket: ClientConnection, number: int) -> LoadTurn:
        said = self._utterance(number)
        turn = LoadTurn(self.number, number, said.name)
        self._heard, self._late_s = None, 0.0
        last_frame = (2 * said.end - 1) // FRAME_BYTES
        speech_end_s = 0.0
        for frame in range(-(-len(said.pcm) // FRAME_BYTES)):
            pcm = said.pcm[frame * FRAME_BYTES : (frame + 1) * FRAME_BYTES]
            await self._send_frame(socket, pcm + _HUSH[len(pcm) :])
            if frame == last_frame:
                speech_end_s = time.monotonic()
        until_s = speech_end_s + self.spec.timeout_s
        while not self._is_over() and time.monotonic() < until_s and not self._trouble:
            await self._send_frame(socket, _HUSH)
            if self._heard is not None:
                until_s = max(until_s, self._heard.played_until_s() + self.spec.timeout_s)
        heard = self._heard
        turn.mic_late_s, turn.trouble = self._late_s, self._trouble
        if heard is not None:
            turn.underruns = heard.underruns
            turn.audio_s = heard.end_samples / heard.rate_hz
            if heard.audible_s is not None:
                turn.v2v_s = heard.audible_s - speech_end_s
        return turn

    async def _quiet(self, socket: ClientConnection, seconds: float) -> None:
        for _ in range(int(seconds / FRAME_S)):
            await self._send_frame(socket, _HUSH)

    async def _send_frame(self, socket: ClientConnection, pcm: bytes) -> None:
        """Sends a frame at its deadline, and the playback report that is due."""
        self._due_s += FRAME_S
        await asyncio.sleep(max(0.0, self._due_s - time.monotonic()))
        self._late_s = max(self._late_s, time.monotonic() - self._due_s)
        flags = FrameFlag.NONE if self._seq else FrameFlag.START
        pts = self._seq * FRAME_BYTES // 2
        await socket.send(pack_audio(AudioFrame(FrameKind.AUDIO_IN, 0, self._seq, pts, pcm, flags)))
        self._seq += 1
        await self._report(socket)

    async def _report(self, socket: ClientConnection) -> None:
        heard, now_s = self._heard, time.monotonic()
        if heard is None or heard.first_s is None or now_s < heard.first_s:
            return
        is_over = heard.is_complete and now_s >= heard.played_until_s()
        if now_s - heard.reported_s < REPORT_INTERVAL_S and not is_over:
            return
        played = min(heard.end_samples, int((now_s - heard.first_s) * heard.rate_hz))
        state = "finished" if is_over else "playing" if heard.reported_s else "started"
        heard.reported_s = now_s
        await socket.send(
            f'{{"type":"playback.report","reply_id":{heard.reply_id},"state":"{state}",'
            f'"played_samples":{played}}}'
        )

    def _is_over(self) -> bool:
        heard = self._heard
        return heard is not None and heard.is_complete and time.monotonic() > heard.played_until_s()

    # -- ears

    async def _read(self, socket: ClientConnection) -> None:
        """Takes what comes until the end. Runs as a task."""
        with contextlib.suppress(WebSocketException):
            async for data in socket:
                if isinstance(data, bytes):
                    self._audio(data)
                elif data.startswith('{"type":"reply.'):
                    self._told(data)
                elif data.startswith('{"type":"error"'):
                    self._trouble = str(msgspec.json.decode(data)["code"])
        self._trouble = self._trouble or f"closed {socket.close_code}"

    def _told(self, data: str) -> None:
        if data.startswith('{"type":"reply.started"'):
            started = msgspec.json.decode(data, type=_Started)
            self._heard = _Heard(started.reply_id, started.rate_hz)
        elif self._heard is not None and data.startswith(
            ('{"type":"reply.audio_done"', '{"type":"reply.interrupted"', '{"type":"reply.done"')
        ):
            self._heard.is_complete = True

    def _audio(self, data: bytes) -> None:
        heard = self._heard
        if heard is None or int.from_bytes(data[2:4], "little") != heard.reply_id & 0xFFFF:
            return
        now_s = time.monotonic()
        pts = int.from_bytes(data[8:16], "little")
        if heard.first_s is None:
            heard.first_s = now_s + self.spec.buffer_s
        elif (late_s := now_s - (heard.first_s + pts / heard.rate_hz)) > 0:
            heard.underruns += 1
            heard.first_s += late_s
        if heard.audible_s is None:
            samples = np.frombuffer(data, "<i2", offset=HEADER_BYTES)
            loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > AUDIBLE)
            if loud.size:
                heard.audible_s = heard.first_s + (pts + int(loud[0])) / heard.rate_hz
        heard.end_samples = max(heard.end_samples, pts + (len(data) - HEADER_BYTES) // 2)


class _Started(msgspec.Struct):
    """What is needed of `reply.started`."""

    reply_id: int
    rate_hz: int


def tone_utterances(count: int = 4, *, seed: int = 7) -> tuple[Utterance, ...]:
    """Returns "speech" for a server that only hears loudness: tones of 1.2 to 2.4 s."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        seconds = 1.2 + 1.2 * number / max(1, count - 1)
        time_s = np.arange(int(seconds * MIC_HZ)) / MIC_HZ
        pitch_hz = rng.uniform(120.0, 220.0)
        pcm = (8000 * np.sin(2 * np.pi * pitch_hz * time_s)).astype("<i2").tobytes()
        made.append(Utterance(f"tone {seconds:.1f} s", pcm, len(pcm) // 2))
    return tuple(made)


def shares(users: int, processes: int) -> Sequence[tuple[int, ...]]:
    """Returns which users each process has: as many as every other, or one more."""
    dealt = [tuple(range(first, users, processes)) for first in range(processes)]
    return [numbers for numbers in dealt if numbers]
