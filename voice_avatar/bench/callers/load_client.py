"""Many users of a server of ours in one process, each as cheap as a user can be.

What a loudspeaker, a renderer or our own Python client would do with a reply is left out: frames
of audio are only looked at, messages are recognised by their first letters. A user has no task and
no timer of its own: its microphone is a generator of frames, and one metronome for all users of
the process sends each at its own absolute deadline, every user at its own phase, and a playback
report every 200 ms of a reply. So one process holds hundreds of users, and says how late it was
itself: a run whose users were late does not measure the server alone.

`talk_all` is made to be run in a process of its own; `Spec` and `Talked` go there and back.
"""

from __future__ import annotations

import asyncio
import heapq
import math
import time
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec
import numpy as np

from voice_avatar.audio.pcm import AUDIBLE
from voice_avatar.bench.callers.load_line import LoadLine
from voice_avatar.bench.figures.line_events import Subject
from voice_avatar.bench.figures.load import LoadTurn
from voice_avatar.bench.material.utterances import Utterance
from voice_avatar.bench.targets.options import DialOptions
from voice_avatar.errors import ConnectionFailed
from voice_avatar.events.payloads import MIC_HZ
from voice_avatar.wire import client_messages
from voice_avatar.wire.fields import REPORT_INTERVAL_S
from voice_avatar.wire.frame_codec import FRAME_S, HEADER_BYTES, AudioFrame, FrameFlag, FrameKind
from voice_avatar.wire.text import encode_client

FRAME_BYTES: Final = 2 * int(MIC_HZ * FRAME_S)
_HUSH: Final = bytes(FRAME_BYTES)
_BREATH_S: Final = 0.5
"""From the end of a reply to the next question, seconds; each time up to a second more."""
_TICK_S: Final = 0.001
"""Least time between two looks at the clock: what timers of event loops resolve."""


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
        dialect: what the server speaks.
        dial: how it is dialled in that dialect.
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
    dialect: str = "avatar"
    dial: DialOptions = field(default_factory=DialOptions)


@dataclass(frozen=True, slots=True)
class Talked:
    """What came of the users of one process.

    Attributes:
        turns: all turns of all users.
        late_p99_s: 99th percentile of how late microphone frames went out, seconds; of users that
            do not count them all, the latest.
        since_s: when all of them were there, on the monotonic clock; 0 = not noted.
        until_s: when the first of them went.
        subject: who answered, where the users noted it.
    """

    turns: tuple[LoadTurn, ...]
    late_p99_s: float
    since_s: float = 0.0
    until_s: float = math.inf
    subject: Subject = field(default_factory=Subject)


def talk_all(spec: Spec) -> Talked:
    """Runs the users of a process to their end."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(_talk_all(spec))
    talked: Talked = uvloop.run(_talk_all(spec))
    return talked


async def _talk_all(spec: Spec) -> Talked:
    metronome = Metronome()
    users = [User(spec, number, metronome) for number in spec.users]
    beating = asyncio.create_task(metronome.run())
    try:
        await asyncio.gather(*(user.run() for user in users))
    finally:
        beating.cancel()
        await asyncio.wait([beating])
    return Talked(tuple(turn for user in users for turn in user.turns), metronome.late_p99_s)


class Metronome:
    """Calls every user each `FRAME_S`, at absolute deadlines of its own."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, User]] = []
        self._late_s = array("f")

    def add(self, user: User) -> None:
        """Begins to call a user, for as long as it wants to speak."""
        heapq.heappush(self._due, (time.monotonic() + FRAME_S, user.number, user))

    @property
    def late_p99_s(self) -> float:
        """99th percentile of how late the calls came, seconds."""
        return float(np.quantile(self._late_s, 0.99)) if self._late_s else 0.0

    async def run(self) -> None:
        """Calls until it is cancelled."""
        while True:
            now_s = time.monotonic()
            while self._due and self._due[0][0] <= now_s:
                due_s, number, user = heapq.heappop(self._due)
                self._late_s.append(now_s - due_s)
                if user.speak(now_s, due_s):
                    heapq.heappush(self._due, (due_s + FRAME_S, number, user))
                now_s = time.monotonic()
            next_s = self._due[0][0] if self._due else now_s + FRAME_S
            await asyncio.sleep(max(_TICK_S, next_s - now_s))


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
    is_reported: bool = False

    def played_until_s(self) -> float:
        """When everything that came will have been played."""
        return (self.first_s or 0.0) + self.end_samples / self.rate_hz


class User:
    """One user: asks, listens to the end, breathes, asks again.

    Attributes:
        number: which user it is.
        turns: what came of it so far.
    """

    def __init__(self, spec: Spec, number: int, metronome: Metronome) -> None:
        self.number = number
        self.turns: list[LoadTurn] = []
        self._spec = spec
        self._metronome = metronome
        self._chance = np.random.default_rng((spec.seed, number))
        self._heard: _Heard | None = None
        self._line: LoadLine | None = None
        self._is_done = asyncio.Event()
        self._trouble = ""
        self._microphone = self._talk()
        self._seq = 0
        self._sent_s = 0.0
        self._late_s = 0.0

    async def run(self) -> None:
        """Comes when it is its time, and talks."""
        spec = self._spec
        # Spread evenly, plus a phase within the frame: users do not speak in chorus.
        phase_s = self._chance.uniform(0, FRAME_S)
        await asyncio.sleep(spec.rise_s * self.number / spec.sessions + phase_s)
        try:
            self._line = await LoadLine.dial(spec.url, spec.token, self._take)
            hello = client_messages.SessionHello(
                client=client_messages.ClientInfo(name="voice-avatar-bench", platform="python")
            )
            self._line.send_text(encode_client(hello))
            self._metronome.add(self)
            await self._is_done.wait()
            await self._line.close()
        except ConnectionFailed as error:
            self._trouble = error.code
        for turn in range(len(self.turns), spec.turns):
            self.turns.append(
                LoadTurn(self.number, turn, self._utterance(turn).name, trouble=self._trouble)
            )

    def _utterance(self, turn: int) -> Utterance:
        said = self._spec.utterances
        return said[(self.number + turn) % len(said)]

    # -- mouth

    def speak(self, now_s: float, due_s: float) -> bool:
        """Sends the frame that was due, and the playback report; returns whether it goes on."""
        assert self._line is not None
        if (code := self._line.close_code) is not None:
            self._trouble = self._trouble or f"closed {code}"
        pcm = next(self._microphone, None)
        if pcm is None:
            self._is_done.set()
            return False
        flags = FrameFlag.NONE if self._seq else FrameFlag.START
        pts = self._seq * FRAME_BYTES // 2
        self._line.send_audio(AudioFrame(FrameKind.AUDIO_IN, 0, self._seq, pts, pcm, flags))
        self._seq += 1
        self._sent_s = now_s
        self._late_s = max(self._late_s, now_s - due_s)
        self._report(self._line, now_s)
        return True

    def _talk(self) -> Iterator[bytes]:
        """Yields what the microphone hears, frame by frame, until all is said."""
        while len(self.turns) < self._spec.turns and not self._trouble:
            breath_s = _BREATH_S + float(self._chance.uniform(0.0, 1.0))
            for _ in range(int(breath_s / FRAME_S)):
                yield _HUSH
            yield from self._ask()

    def _ask(self) -> Iterator[bytes]:
        number = len(self.turns)
        said = self._utterance(number)
        self._heard, self._late_s = None, 0.0
        last_frame = (2 * said.end - 1) // FRAME_BYTES
        speech_end_s = 0.0
        for frame in range(-(-len(said.pcm) // FRAME_BYTES)):
            pcm = said.pcm[frame * FRAME_BYTES : (frame + 1) * FRAME_BYTES]
            yield pcm + _HUSH[len(pcm) :]
            if frame == last_frame:
                speech_end_s = self._sent_s
        until_s = speech_end_s + self._spec.timeout_s
        while not self._is_over() and self._sent_s < until_s and not self._trouble:
            yield _HUSH
            if self._heard is not None:
                until_s = max(until_s, self._heard.played_until_s() + self._spec.timeout_s)
        self.turns.append(self._turn(number, said, speech_end_s))

    def _turn(self, number: int, said: Utterance, speech_end_s: float) -> LoadTurn:
        turn = LoadTurn(self.number, number, said.name)
        turn.mic_late_s, turn.trouble = self._late_s, self._trouble
        if (heard := self._heard) is not None:
            turn.underruns = heard.underruns
            turn.audio_s = heard.end_samples / heard.rate_hz
            if heard.audible_s is not None:
                turn.v2v_s = heard.audible_s - speech_end_s
        return turn

    def _report(self, line: LoadLine, now_s: float) -> None:
        heard = self._heard
        if heard is None or heard.first_s is None or now_s < heard.first_s or heard.is_reported:
            return
        is_over = heard.is_complete and now_s >= heard.played_until_s()
        if now_s - heard.reported_s < REPORT_INTERVAL_S and not is_over:
            return
        played = min(heard.end_samples, int((now_s - heard.first_s) * heard.rate_hz))
        state = "finished" if is_over else "playing" if heard.reported_s else "started"
        heard.reported_s, heard.is_reported = now_s, is_over
        line.send_text(
            f'{{"type":"playback.report","reply_id":{heard.reply_id},"state":"{state}",'
            f'"played_samples":{played}}}'
        )

    def _is_over(self) -> bool:
        heard = self._heard
        return heard is not None and heard.is_complete and self._sent_s > heard.played_until_s()

    # -- ears

    def _take(self, data: str | bytes) -> None:
        """Takes a message of the server."""
        if isinstance(data, bytes):
            self._audio(data)
        elif data.startswith('{"type":"reply.'):
            self._told(data)
        elif data.startswith('{"type":"error"'):
            self._trouble = str(msgspec.json.decode(data)["code"])

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
            heard.first_s = now_s + self._spec.buffer_s
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
