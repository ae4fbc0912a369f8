"""One trial: ask, let the reply begin, make a sound over it, and note all that happens.

The microphone is never silent in between: a frame of 20 ms goes out at each absolute deadline,
never ahead, with whatever the user says and whatever the loudspeaker lets back in.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from voice_avatar.audio.pcm import resample, sample_count, to_float, to_pcm
from voice_avatar.bench.callers.echo import EchoPath
from voice_avatar.bench.callers.scrape import Reading, scrape
from voice_avatar.bench.figures.cuts import GRACE_S, HeardAudio
from voice_avatar.bench.figures.interrupt import Trial
from voice_avatar.bench.figures.line_events import (
    AudioCame,
    LineEvent,
    ReplyEnded,
    ReplyPaused,
    ReplyResumed,
)
from voice_avatar.bench.targets.target import Line, Target
from voice_avatar.events.payloads import MIC_HZ
from voice_avatar.wire.fields import REPORT_INTERVAL_S
from voice_avatar.wire.frame_codec import FRAME_S

SETTLE_S: Final = 1.0
"""Quiet at the start of a session before the question, seconds: time for a greeting to begin."""

_LOOK_S: Final = 0.02
"""Time between two looks at the server's running requests: what they resolve."""


@dataclass(slots=True)
class Noted:
    """What happened. Times are on the monotonic clock, as those of the events.

    Attributes:
        events: what the server sent.
        onset_s: when the first sample of the sound that counts was spoken; None = the reply never
            began.
        until_s: when the trial ended.
        looks: the server's figures from the onset on, and when they were read.
    """

    events: list[LineEvent] = field(default_factory=list)
    onset_s: float | None = None
    until_s: float = 0.0
    looks: list[tuple[float, Reading]] = field(default_factory=list)


async def hold_trial(
    target: Target, trial: Trial, *, metrics: str, buffer_s: float, timeout_s: float
) -> Noted:
    """Holds a trial in a session of its own.

    Args:
        target: the server.
        trial: what to do.
        metrics: where the server tells its figures, "" = nowhere.
        buffer_s: of the loudspeaker, seconds.
        timeout_s: time for the reply to begin, seconds.

    Raises:
        ConnectionFailed: the server cannot be reached, or ended the session.
    """
    async with target.dial() as line:
        user = _User(line, target.capabilities.mic_hz, trial, buffer_s)
        user.reports = target.capabilities.reports_playback
        ears = asyncio.create_task(user.listen())
        looking: asyncio.Task[None] | None = None
        try:
            if await user.ask(timeout_s):
                if metrics:
                    looking = asyncio.create_task(_look(metrics, user.noted.looks))
                await user.disturb()
        finally:
            tasks = [ears] if looking is None else [ears, looking]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if ears.done() and not ears.cancelled():
            ears.result()
        user.noted.until_s = time.monotonic()
        return user.noted


async def _look(url: str, looks: list[tuple[float, Reading]]) -> None:
    """Looks at the server's figures until it is cancelled, or there are none."""
    while (reading := await scrape(url)) is not None:
        looks.append((time.monotonic(), reading))
        await asyncio.sleep(_LOOK_S)


class _User:
    """A microphone and a loudspeaker on one line."""

    def __init__(self, line: Line, mic_hz: int, trial: Trial, buffer_s: float) -> None:
        self.noted = Noted()
        self.reports = False
        self._line = line
        self._trial = trial
        self._mic_hz = mic_hz
        self._frame = int(mic_hz * FRAME_S)
        self._speaker = HeardAudio(buffer_s)
        self._echo = None if trial.echo_db is None else EchoPath(mic_hz, trial.echo_db)
        self._due_s = time.monotonic()
        self._began_s: float | None = None
        self._reported_s = 0.0
        self._cut_s: float | None = None

    # -- ears

    async def listen(self) -> None:
        """Notes what comes, and plays it. Runs as a task."""
        async for event in self._line.events():
            self.noted.events.append(event)
            match event:
                case AudioCame():
                    start_s = self._speaker.take(event)
                    if self._echo is not None:
                        self._echo.play(start_s, event.pcm, event.rate_hz)
                    if self._began_s is None:
                        self._began_s = start_s
                case ReplyPaused(at_s=at_s):
                    self._speaker.obey(event)
                    if self._echo is not None:
                        self._echo.pause(at_s)
                case ReplyResumed(at_s=at_s):
                    self._speaker.obey(event)
                    if self._echo is not None:
                        self._echo.resume(at_s)
                case ReplyEnded(is_interrupted=True, at_s=at_s, reply=reply):
                    self._speaker.flush(at_s)
                    if self.reports and reply == self._speaker.reply:
                        await self._line.played(reply, self._speaker.played(at_s))
                    if self._echo is not None:
                        self._echo.cut(at_s)
                    if self.noted.onset_s is not None and self._cut_s is None:
                        self._cut_s = at_s
                case _:
                    pass

    @property
    def _is_quiet(self) -> bool:
        now_s = time.monotonic()
        return now_s >= self._speaker.until_s(now_s)

    # -- mouth

    async def ask(self, timeout_s: float) -> bool:
        """Asks once a greeting is over; returns whether a reply has played for `after_s`."""
        settled_s = time.monotonic() + SETTLE_S
        while time.monotonic() < settled_s or not self._is_quiet:
            await self._hush()
        self._began_s = None
        await self._say(resample(self._trial.question, MIC_HZ, self._mic_hz))
        until_s = time.monotonic() + timeout_s
        while time.monotonic() < until_s:
            if (
                self._began_s is not None
                and time.monotonic() >= self._began_s + self._trial.after_s
            ):
                return True
            await self._hush()
        return False

    async def disturb(self) -> None:
        """Makes the sound, and stays quiet until what it does must have happened."""
        pcm = resample(self._trial.sound, MIC_HZ, self._mic_hz)
        start = self._trial.sound_start * self._mic_hz // MIC_HZ
        # The first frame goes out a frame's length after its first sample was spoken.
        self.noted.onset_s = self._due_s + start / self._mic_hz
        await self._say(pcm)
        until_s = time.monotonic() + GRACE_S
        while time.monotonic() < until_s:
            await self._hush()

    async def _hush(self) -> None:
        await self._say(bytes(2 * self._frame))

    async def _say(self, pcm: bytes) -> None:
        size = 2 * self._frame
        for at in range(0, len(pcm), size):
            frame = pcm[at : at + size]
            await self._send(frame + bytes(size - len(frame)))

    async def _send(self, frame: bytes) -> None:
        spoken_s = self._due_s
        self._due_s += FRAME_S
        await asyncio.sleep(max(0.0, self._due_s - time.monotonic()))
        if self._echo is not None:
            frame = to_pcm(to_float(frame) + self._echo.heard(spoken_s, sample_count(frame)))
        await self._line.send(frame)
        await self._report()

    async def _report(self) -> None:
        now_s = time.monotonic()
        if self.reports and self._speaker.reply and now_s - self._reported_s >= REPORT_INTERVAL_S:
            self._reported_s = now_s
            await self._line.played(self._speaker.reply, self._speaker.played(now_s))


def dropped_s(
    running: Sequence[tuple[float, float | None]], onset_s: float, since_s: float
) -> float | None:
    """Returns when what ran at the cut was no longer under way. Pure.

    Args:
        running: how much ran, and when that was seen, from the onset on.
        onset_s: the onset.
        since_s: when the word of the interruption came: what ended before was over by itself.

    Returns:
        Seconds after the onset, as late as the look that showed it; None = nothing ran all the
        time until then, or it was not seen to end. Where the next generation begins between the
        same two looks, what is seen to end is that one: too late, never too early.
    """
    cut_s = since_s - 2 * _LOOK_S  # the word needs time, too
    before = [count for at_s, count in running if at_s < cut_s]
    # What began after the onset belongs to the answer to the interruption.
    if not before or not all(before):
        return None
    for at_s, count in running:
        if at_s >= cut_s and (count or 0) < (before[-1] or 0):
            return at_s - onset_s
    return None
