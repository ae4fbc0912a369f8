"""A caller: one session of spoken turns with a server, in real time.

A frame of 20 ms goes out at each absolute deadline, never ahead, the silence between the turns
included. Jitter delays frames on their way; a lost frame costs what it costs on a stream: it and
all behind it come a retransmission later. The user said it when it was due all the same, so what
the network costs is part of the wait.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from voice_avatar.audio.pcm import BYTES_PER_SAMPLE, resample
from voice_avatar.bench.figures.clip import Clip
from voice_avatar.bench.figures.line_events import (
    AudioCame,
    LineEvent,
    ReplyEnded,
    ReplyPaused,
    ReplyResumed,
)
from voice_avatar.bench.figures.played import PlayedTrack
from voice_avatar.bench.figures.turns import TurnRecord, TurnResult, judge
from voice_avatar.bench.targets.target import Line, Target, TargetCapabilities
from voice_avatar.errors import ConnectionFailed
from voice_avatar.events.payloads import MIC_HZ
from voice_avatar.wire.frame_codec import FRAME_S

RETRANSMISSION_S: Final = 0.2
"""A lost TCP segment is sent again after at least 200 ms (Linux's least timeout)."""

AFTER_TALK_OVER_S: Final = 3.0
"""A reply that talks over the user may be the whole answer: so long after it another is awaited."""

SETTLED_S: Final = 3.0
"""A reply of which nothing more came so long after its end is over, also where nobody says so."""

LONGEST_REPLY_S: Final = 60.0
"""Afterwards the next question is asked whatever is said."""

REPORT_S: Final = 0.2
"""Time between two reports of what was played."""


@dataclass(frozen=True, slots=True)
class CallOptions:
    """How a caller behaves.

    Attributes:
        gap_s: quiet between a reply and the next question, seconds.
        timeout_s: time for a reply to be heard, seconds.
        jitter_s: mean of the exponential delay of a frame, seconds.
        loss: share of frames lost, 0..1.
        buffer_s: of the loudspeaker, seconds.
        seed: of jitter and loss.
    """

    gap_s: float = 0.8
    timeout_s: float = 10.0
    jitter_s: float = 0.0
    loss: float = 0.0
    buffer_s: float = 0.0
    seed: int = 7


def _nothing(_: TurnResult) -> None:
    """Tells nobody."""


async def hold_call(
    target: Target,
    clips: Sequence[Clip],
    options: CallOptions,
    told: Callable[[TurnResult], None] = _nothing,
) -> list[TurnResult]:
    """Says every clip in one session and waits for each answer to be over.

    Args:
        target: a server.
        clips: what is said, in order.
        options: how.
        told: is given every result as it comes.

    Raises:
        ConnectionFailed: the server cannot be reached, or ended the session.
    """
    async with target.dial() as line:
        caller = _Caller(line, options, target.capabilities)
        ears = asyncio.create_task(caller.listen())
        results: list[TurnResult] = []
        try:
            await caller.hush(options.gap_s)
            for number, clip in enumerate(clips):
                results.append(judge(await caller.turn(clip, number)))
                told(results[-1])
                if ears.done():
                    break
        finally:
            ears.cancel()
            await asyncio.gather(ears, return_exceptions=True)
        if not ears.cancelled():
            ears.result()
            if len(results) < len(clips):
                raise ConnectionFailed("The server ended the session.")
        return results


class _Caller:
    """A microphone and a loudspeaker on one line."""

    def __init__(self, line: Line, options: CallOptions, target: TargetCapabilities) -> None:
        self._line = line
        self._options = options
        self._reports = target.reports_playback
        self._mic_hz = target.mic_hz
        self._quiet = bytes(round(target.mic_hz * FRAME_S) * BYTES_PER_SAMPLE)
        self._track = PlayedTrack(options.buffer_s)
        self._events: list[LineEvent] = []
        self._ended: set[str] = set()
        self._chance = np.random.default_rng(options.seed)
        self._due_s = time.monotonic()
        self._network_free_s = 0.0
        self._sent_s: list[float] = []
        self._late_s = 0.0
        self._reported: tuple[str, int] = ("", 0)
        self._report_due_s = 0.0

    # -- ears

    async def listen(self) -> None:
        """Notes what comes, and plays it. Runs as a task."""
        async for event in self._line.events():
            self._events.append(event)
            match event:
                case AudioCame():
                    self._track.take(event)
                case ReplyPaused(at_s, reply):
                    self._track.pause(reply, at_s)
                case ReplyResumed(at_s, reply):
                    self._track.resume(reply, at_s)
                case ReplyEnded(at_s, reply, is_interrupted):
                    self._ended.add(reply)
                    if is_interrupted:
                        self._track.cut(reply, at_s)
                        await self._report_cut(reply)

    def _is_quiet(self, now_s: float) -> bool:
        return all(
            played.paused_s is None
            and now_s >= played.until_s + (0.0 if played.reply in self._ended else SETTLED_S)
            for played in self._track.replies.values()
        )

    # -- mouth

    async def hush(self, gap_s: float) -> None:
        """Says nothing until nothing has been heard for `gap_s`."""
        now_s = time.monotonic()
        quiet_s, end_s = now_s + gap_s, now_s + LONGEST_REPLY_S
        while now_s < min(quiet_s, end_s):
            await self._send(self._quiet)
            now_s = time.monotonic()
            if not self._is_quiet(now_s):
                quiet_s = now_s + gap_s

    async def turn(self, clip: Clip, number: int) -> TurnRecord:
        """Says a clip, and hears the answer out."""
        self._events, self._late_s = [], 0.0
        stale = frozenset(self._track.replies)
        first = len(self._sent_s)
        pcm, size = resample(clip.pcm, MIC_HZ, self._mic_hz), len(self._quiet)
        for at in range(0, len(pcm), size):
            frame = pcm[at : at + size]
            await self._send(frame + self._quiet[len(frame) :])
        record = TurnRecord(clip, number, first, self._sent_s, self._events, self._track, stale)
        until_s = record.end_s + self._options.timeout_s
        while time.monotonic() < until_s and record.answer() is None:
            if record.talk_overs_s():
                until_s = min(until_s, self._track.until_s + AFTER_TALK_OVER_S)
            await self._send(self._quiet)
        await self.hush(self._options.gap_s)
        return TurnRecord(
            clip, number, first, self._sent_s, self._events, self._track, stale, self._late_s
        )

    async def _send(self, frame: bytes) -> None:
        self._due_s += FRAME_S
        network_s = self._network_s()
        await asyncio.sleep(max(0.0, self._due_s + network_s - time.monotonic()))
        late_s = time.monotonic() - self._due_s - network_s
        self._late_s = max(self._late_s, late_s)
        await self._line.send(frame)
        self._sent_s.append(time.monotonic() - network_s)
        if self._reports:
            await self._report()

    def _network_s(self) -> float:
        """Returns the time that the next frame spends on the simulated network."""
        options, arrives_s = self._options, self._due_s
        if options.jitter_s:
            arrives_s += float(self._chance.exponential(options.jitter_s))
        if options.loss and self._chance.random() < options.loss:
            arrives_s += RETRANSMISSION_S
        # A stream keeps its order: nothing overtakes a frame that is late.
        self._network_free_s = max(arrives_s, self._network_free_s)
        return self._network_free_s - self._due_s

    async def _report(self) -> None:
        now_s = time.monotonic()
        if now_s < self._report_due_s or not self._track.replies:
            return
        self._report_due_s = now_s + REPORT_S
        played = next(reversed(self._track.replies.values()))
        report = (played.reply, played.played_samples(now_s))
        if report != self._reported:
            self._reported = report
            await self._line.played(*report)

    async def _report_cut(self, reply: str) -> None:
        played = self._track.replies.get(reply)
        if self._reports and played is not None:
            await self._line.played(reply, played.samples)
