"""The edge of the benchmark: what a voice server looks like to it, whatever dialect it speaks.

A `Target` is a server that can be dialled; a `Line` is one session with it. Adapters are in
`targets/`, one file per dialect. A line sends exactly what it is given when it is given it: pacing,
jitter and loss are the caller's (`call.py`), and so is what is made of the events
of `line_events.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from voice_avatar.bench.figures.line_events import LineEvent, Subject


@dataclass(frozen=True, slots=True)
class TargetCapabilities:
    """What a dialect can tell.

    Attributes:
        name: of the dialect: "avatar", "realtime", "pipecat", "pcm".
        mic_hz: rate of the microphone audio that a line takes, hertz.
        has_transcripts: whether it tells what it heard.
        has_reactions: whether it tells of movements, states or other first signs of life.
        has_marks: whether it tells when its stages happened.
        has_interruptions: whether it says that a reply was cut.
        reports_playback: whether it wants to know what was played.
    """

    name: str
    mic_hz: int
    has_transcripts: bool
    has_reactions: bool
    has_marks: bool
    has_interruptions: bool
    reports_playback: bool


class Line(Protocol):
    """One session with a server."""

    @property
    def subject(self) -> Subject:
        """Who answers."""

    async def send(self, pcm: bytes) -> None:
        """Sends microphone audio, PCM16 mono at `mic_hz`, now.

        Raises:
            ConnectionFailed: the session has ended.
        """

    async def played(self, reply: str, samples: int) -> None:
        """Says that `samples` of a reply were played so far; nothing where no dialect has it.

        After a `ReplyEnded` that is an interruption it is said at once, and for the last time.
        """

    def events(self) -> AsyncIterator[LineEvent]:
        """Yields what the server sends, as it comes; ends when the session ends.

        Raises:
            ConnectionFailed: the session ended with an error.
        """


class Target(Protocol):
    """A server."""

    @property
    def capabilities(self) -> TargetCapabilities:
        """What its dialect can tell."""

    def dial(self) -> AbstractAsyncContextManager[Line]:
        """Opens a session; leaving the block closes it.

        Raises:
            ConnectionFailed: the server cannot be reached, or does not speak the dialect.
        """
