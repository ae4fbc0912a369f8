"""Raw PCM over a WebSocket: the "websocket" dialect of the `voicebench` package.

| direction | message | meaning |
|---|---|---|
| up | text, first, if `--hello` gives one | whatever the server wants to hear first |
| up | binary | 20 ms of microphone, PCM16 mono little-endian at 16 kHz |
| down | binary | PCM16 mono of the voice, at `--rate` (16 kHz) |
| down | `{"type": "clear"}` | drop what was not played yet: an interruption |
| down | `{"type": "transcript", "role": "user", "text": "…", "final": true}` | what was heard |

A role "agent" is what the voice says; other text is passed over. Which audio is which reply the
stream does not say: see `segments.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

import msgspec

from voice_avatar.bench.figures.line_events import LineEvent, Subject, Trouble, UserHeard
from voice_avatar.bench.targets.options import DialOptions
from voice_avatar.bench.targets.segments import Segmenter
from voice_avatar.bench.targets.target import TargetCapabilities
from voice_avatar.bench.targets.websocket_line import MALFORMED, Message, SocketTarget
from voice_avatar.events.payloads import MIC_HZ

CAPABILITIES: Final = TargetCapabilities(
    name="pcm",
    mic_hz=MIC_HZ,
    has_transcripts=True,
    has_reactions=False,
    has_marks=False,
    has_interruptions=True,
    reports_playback=False,
)

RATE_HZ: Final = 16_000
"""Of the voice, where `--rate` does not say."""


def target(url: str, options: DialOptions) -> SocketTarget:
    """Returns the server at `url`."""
    opened = partial(Pcm, options.rate_hz or RATE_HZ, options.hello)
    return SocketTarget(url, CAPABILITIES, opened, options.token)


class _Told(msgspec.Struct):
    """Any text message."""

    type: str = ""
    role: str = "user"
    text: str = ""
    final: bool = True


class Pcm:
    """A session; see `LineDialect`."""

    is_ready = True
    ready_within_s = 0.0
    subject = Subject()

    def __init__(self, rate_hz: int, hello: str = "") -> None:
        """`rate_hz` is that of the voice; `hello` is said first, unless it is ""."""
        self._rate_hz = rate_hz
        self._replies = Segmenter()
        self._pending: list[Message] = [hello] if hello else []

    def late(self) -> None:
        """See `LineDialect`; there is nothing to wait for."""

    def to_send(self) -> list[Message]:
        """See `LineDialect`."""
        pending, self._pending = self._pending, []
        return pending

    def read(self, message: Message, at_s: float) -> Sequence[LineEvent]:
        """See `LineDialect`."""
        if isinstance(message, bytes):
            if len(message) % 2:
                return [Trouble(at_s, MALFORMED)]
            return self._replies.push(message, self._rate_hz, at_s)
        try:
            told = msgspec.json.decode(message, type=_Told)
        except msgspec.DecodeError:
            return [Trouble(at_s, MALFORMED)]
        return self._told(told, at_s)

    def _told(self, told: _Told, at_s: float) -> Sequence[LineEvent]:
        if told.type == "clear":
            return self._replies.cut(at_s)
        if told.type == "transcript" and told.final and told.text:
            if told.role != "agent":
                return [UserHeard(at_s, told.text)]
            self._replies.say(told.text)
        return []

    def mic(self, pcm: bytes) -> Message:
        """See `LineDialect`."""
        self._replies.ask(pcm)
        return pcm

    def played(self, reply: str, samples: int) -> None:
        """See `LineDialect`; nobody wants to know."""
