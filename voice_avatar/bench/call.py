"""A caller: one session of spoken turns with a server, in real time, and what came of each.

A frame of 20 ms goes out at each absolute deadline, never ahead, the silence between the turns
included. Jitter delays frames; a lost frame costs what it costs on a stream: it and all behind it
come a retransmission later.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from voice_avatar.bench.clips import Clip
from voice_avatar.bench.played import PlayedReply, PlayedTrack
from voice_avatar.bench.target import (
    AudioCame,
    Line,
    LineEvent,
    Reacted,
    ReplyBegan,
    ReplyEnded,
    SpeechNoticed,
    StagesTold,
    Target,
    Trouble,
    UserHeard,
)
from voice_avatar.bench.waterfall import Waterfall, waterfall
from voice_avatar.errors import ConnectionFailed
from voice_avatar.events import MIC_HZ
from voice_avatar.frames import FRAME_S

RETRANSMISSION_S: Final = 0.2
"""A lost TCP segment is sent again after at least 200 ms (Linux's least timeout)."""

_FRAME: Final = int(MIC_HZ * FRAME_S)
_REPORT_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class CallOptions:
    """How a caller behaves.

    Attributes:
        gap_s: quiet between a reply and the next question, seconds.
        timeout_s: time for a reply to begin, seconds.
        jitter_s: mean of the exponential delay of a frame, seconds.
        loss: share of frames lost.
        buffer_s: of the loudspeaker, seconds.
        seed: of jitter and loss.
    """

    gap_s: float = 0.8
    timeout_s: float = 10.0
    jitter_s: float = 0.0
    loss: float = 0.0
    buffer_s: float = 0.0
    seed: int = 7


@dataclass(frozen=True, slots=True)
class TurnResult:
    """What came of a turn. Times are seconds after the last sample of speech was sent.

    Attributes:
        clip: what was said.
        number: of the turn in its session, from 0.
        v2v_s: when speech of the answer was heard; None = it never was.
        cut_offs_s: onsets of replies that began while the user still spoke (negative).
        reaction_s: first sign of life after the server noticed the end of speech.
        heard: what the server understood.
        reply: what it said.
        waterfall: where the wait went; None = the server does not tell.
        is_speculative: whether the answer was begun before the turn was over.
        underruns: of the answer.
        late_s: silence within the answer that they cost, seconds.
        mic_late_s: by how much our own frames were late at worst, seconds.
        trouble: codes of warnings and errors.
    """

    clip: Clip
    number: int
    v2v_s: float | None
    cut_offs_s: tuple[float, ...]
    reaction_s: float | None
    heard: str
    reply: str
    waterfall: Waterfall | None
    is_speculative: bool
    underruns: int
    late_s: float
    mic_late_s: float
    trouble: tuple[str, ...]


async def hold_call(
    target: Target, clips: Sequence[Clip], options: CallOptions
) -> list[TurnResult]:
    """Says every clip in one session and waits for each answer to be over.

    Raises:
        ConnectionFailed: the server cannot be reached, or ended the session.
    """
    async with target.dial() as line:
        caller = _Caller(line, options, reports=target.capabilities.reports_playback)
        ears = asyncio.create_task(caller.listen())
        try:
            await caller.hush_until_quiet(options.gap_s)
            turns = []
            for number, clip in enumerate(clips):
                turns.append(await caller.turn(clip, number))
                if ears.done():
                    break
        finally:
            ears.cancel()
            await asyncio.gather(ears, return_exceptions=True)
        if not ears.cancelled() and (error := ears.exception()) is not None:
            raise error
        if len(turns) < len(clips):
            raise ConnectionFailed("The server ended the session.")
        return turns


@dataclass(slots=True)
class _Heard:
    """What came since the turn began."""

    events: list[LineEvent] = field(default_factory=list)
    answers: list[PlayedReply] = field(default_factory=list)
    fillers: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)


class _Caller:
    """A microphone and a loudspeaker on one line."""

    def __init__(self, line: Line, options: CallOptions, *, reports: bool) -> None:
        self._line = line
        self._options = options
        self._reports = reports
        self._track = PlayedTrack(options.buffer_s)
        self._heard = _Heard()
        self._chance = np.random.default_rng(options.seed)
        self._due_s = time.monotonic()
        self._free_s = 0.0
        self._sent_s: list[float] = []
        self._late_s = 0.0
        self._reported_s = 0.0

    # -- ears

    async def listen(self) -> None:
        """Notes what comes, and plays it. Runs as a task."""
        async for event in self._line.events():
            heard = self._heard
            heard.events.append(event)
            match event:
                case ReplyBegan(reply=reply, is_filler=True):
                    heard.fillers.add(reply)
                case AudioCame():
                    played = self._track.take(event)
                    if event.reply not in heard.fillers and played not in heard.answers:
                        heard.answers.append(played)
                case ReplyEnded(at_s, reply, is_interrupted):
                    heard.ended.add(reply)
                    if is_interrupted:
                        self._track.cut(reply, at_s)

    def _is_quiet(self, now_s: float) -> bool:
        return now_s >= self._track.until_s and all(
            played.reply in self._heard.ended for played in self._heard.answers
        )

    # -- mouth

    async def hush_until_quiet(self, gap_s: float) -> None:
        """Waits until nothing has been played for `gap_s`."""
        quiet_s = time.monotonic() + gap_s
        end_s = time.monotonic() + 60.0
        while (now_s := time.monotonic()) < quiet_s and now_s < end_s:
            await self._say(bytes(2 * _FRAME))
            if not self._is_quiet(time.monotonic()):
                quiet_s = time.monotonic() + gap_s

    async def turn(self, clip: Clip, number: int) -> TurnResult:
        """Says a clip and waits for the answer."""
        self._heard, self._late_s = _Heard(), 0.0
        first = len(self._sent_s)
        await self._say(clip.pcm)
        last = first + (clip.end - 1) // _FRAME
        while len(self._sent_s) <= last:
            await self._say(bytes(2 * _FRAME))
        end_s = self._sent_s[last]
        until_s = time.monotonic() + self._options.timeout_s
        while time.monotonic() < until_s and self._answer(end_s) is None:
            await self._say(bytes(2 * _FRAME))
        await self.hush_until_quiet(self._options.gap_s)
        return self._result(clip, number, first, end_s)

    def _answer(self, end_s: float) -> PlayedReply | None:
        """Returns the first reply that was heard after the end of speech."""
        onsets = (a for a in self._heard.answers if a.onset_s is not None and a.onset_s >= end_s)
        return next(onsets, None)

    async def _say(self, pcm: bytes) -> None:
        size = 2 * _FRAME
        for at in range(0, len(pcm), size):
            frame = pcm[at : at + size]
            await self._send(frame + bytes(size - len(frame)))

    async def _send(self, frame: bytes) -> None:
        options = self._options
        self._due_s += FRAME_S
        due_s = self._due_s
        if options.jitter_s:
            due_s += float(self._chance.exponential(options.jitter_s))
        if options.loss and self._chance.random() < options.loss:
            due_s += RETRANSMISSION_S
        self._free_s = due_s = max(due_s, self._free_s)
        await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        self._late_s = max(self._late_s, time.monotonic() - due_s)
        await self._line.send(frame)
        self._sent_s.append(time.monotonic())
        await self._report()

    async def _report(self) -> None:
        now_s = time.monotonic()
        if not self._reports or not self._heard.answers or now_s - self._reported_s < _REPORT_S:
            return
        self._reported_s = now_s
        played = self._heard.answers[-1]
        left_s = max(0.0, played.until_s - now_s)
        share = 1.0 - left_s / max(left_s, played.until_s - played.arrived_s, 1e-9)
        await self._line.played(played.reply, int(played.samples * share))

    # -- what came of it

    def _result(self, clip: Clip, number: int, first: int, end_s: float) -> TurnResult:
        events = self._heard.events
        answer = self._answer(end_s)
        onsets_s = [a.onset_s - end_s for a in self._heard.answers if a.onset_s is not None]
        stages = _last(StagesTold, events, answer.reply if answer else None)
        notices = [e for e in events if isinstance(e, SpeechNoticed) and e.is_end]
        replied_s = answer.arrived_s if answer else float("inf")
        zero = next((e for e in reversed(notices) if e.at_s <= replied_s), None)
        fall = None
        if answer and answer.onset_s and stages and zero and zero.sample is not None:
            frame = min(max(0, (zero.sample - 1) // _FRAME), len(self._sent_s) - 1)
            fall = waterfall(
                stages.marks_s,
                zero_s=self._sent_s[frame] - end_s,
                arrived_s=answer.arrived_s - end_s,
                onset_s=answer.onset_s - end_s,
            )
        return TurnResult(
            clip,
            number,
            answer.onset_s - end_s if answer and answer.onset_s else None,
            tuple(onset_s for onset_s in onsets_s if onset_s < 0),
            _reaction_s(events, end_s),
            " ".join(e.text for e in events if isinstance(e, UserHeard) and e.text),
            " ".join(e.text for e in events if isinstance(e, ReplyEnded) and e.text),
            fall,
            stages.is_speculative if stages else False,
            answer.underruns if answer else 0,
            answer.late_s if answer else 0.0,
            self._late_s,
            tuple(e.code for e in events if isinstance(e, Trouble)),
        )


def _last(
    kind: type[StagesTold], events: Sequence[LineEvent], reply: str | None
) -> StagesTold | None:
    return next((e for e in reversed(events) if isinstance(e, kind) and e.reply == reply), None)


def _reaction_s(events: Sequence[LineEvent], end_s: float) -> float | None:
    """Returns when the first sign of life after the end of speech came.

    Signs that answer an earlier pause lie before it and do not count.
    """
    kinds = ("head:", "gaze:away", "gesture:", "state:thinking")
    signs = (
        e.at_s - end_s
        for e in events
        if isinstance(e, Reacted) and e.kind.startswith(kinds) and e.at_s >= end_s
    )
    return next(signs, None)
