"""Which audio is which reply, where a dialect sends a stream that says nothing of it. Pure.

A reply begins with the first audible sample and is over after a second without one, or when the
server says so. Silence between replies belongs to none: a server that streams it all the time is
measured like one that does not. What of it was still to be played when speech came is played before
that speech: it is part of the wait.

So a hole of more than a second within a reply makes two of it, and audio that a server still sends
of a reply that it has cut is taken for the next one: of these dialects stale audio cannot be told.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from voice_avatar.audio.pcm import AUDIBLE, sample_count, silence
from voice_avatar.bench.figures.line_events import AudioCame, LineEvent, ReplyBegan, ReplyEnded

GAP_S: Final = 1.0
"""Longer than a voice pauses between sentences, shorter than it takes to ask and be answered."""


class Segmenter:
    """Takes the audio of a session as it comes and tells its replies apart."""

    def __init__(self) -> None:
        self._count = 0
        self._is_open = False
        self._is_asked = False
        self._until_s = 0.0  # everything that came
        self._told_until_s = 0.0  # what was told as audio of a reply
        self._audible_s = 0.0  # the last audible sample
        self._text = ""

    @property
    def reply(self) -> str:
        """Id of the reply that is open or was last, "" before the first."""
        return str(self._count) if self._count else ""

    def ask(self, pcm: bytes) -> None:
        """Notes microphone audio; what begins before any was audible is a greeting."""
        if not self._is_asked:
            self._is_asked = bool(_audible(pcm).size)

    def push(self, pcm: bytes, rate_hz: int, at_s: float) -> list[LineEvent]:
        """Takes a piece of audio.

        Args:
            pcm: whole samples, PCM16 mono.
            rate_hz: their rate, hertz.
            at_s: when they came, seconds.
        """
        audible = _audible(pcm)
        begins_s = max(self._until_s, at_s)
        first_s = begins_s + int(audible[0]) / rate_hz if audible.size else None
        ends_s = begins_s + sample_count(pcm) / rate_hz
        found: list[LineEvent] = []
        quiet_until_s = ends_s if first_s is None else first_s
        if self._is_open and quiet_until_s - self._audible_s >= GAP_S:
            found += self.end(at_s)
        if first_s is not None and not self._is_open:
            self._count, self._is_open = self._count + 1, True
            found.append(ReplyBegan(at_s, self.reply, is_filler=not self._is_asked))
            left_s = begins_s - max(at_s, self._told_until_s)
            pcm = silence(round(rate_hz * max(0.0, left_s))) + pcm
        if self._is_open:
            found.append(AudioCame(at_s, self.reply, pcm, rate_hz))
            self._told_until_s = ends_s
        if first_s is not None:
            self._audible_s = begins_s + int(audible[-1] + 1) / rate_hz
        self._until_s = ends_s
        return found

    def say(self, text: str) -> None:
        """Notes what is said, in the reply that is open or comes next."""
        self._text = f"{self._text} {text}".strip()

    def end(self, at_s: float) -> list[LineEvent]:
        """Ends the open reply by itself: nothing more of it comes."""
        return self._close(at_s, is_interrupted=False) if self._is_open else []

    def cut(self, at_s: float) -> list[LineEvent]:
        """Ends what is open, and what is still to be played of it, or of the last, is dropped."""
        is_playing = at_s < self._told_until_s
        self._until_s = min(self._until_s, at_s)
        self._told_until_s = min(self._told_until_s, at_s)
        if not is_playing:
            return self.end(at_s)
        return self._close(at_s, is_interrupted=True)

    def _close(self, at_s: float, *, is_interrupted: bool) -> list[LineEvent]:
        self._is_open = False
        text, self._text = self._text, ""
        return [ReplyEnded(at_s, self.reply, is_interrupted, text)]


def _audible(pcm: bytes) -> npt.NDArray[np.int64]:
    level = np.abs(np.frombuffer(pcm, "<i2").astype(np.int32))
    found: npt.NDArray[np.int64] = np.nonzero(level > AUDIBLE)[0]
    return found
