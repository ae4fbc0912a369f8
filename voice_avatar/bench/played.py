"""What a user hears: reply audio as it came -> the track as it is played. Pure.

The loudspeaker plays a piece at max(arrival + buffer, end of the piece before); a reply whose next
piece comes too late has an underrun. Speech begins at the first audible sample, not at the first
sample: silence at the start of a reply is part of the wait.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from voice_avatar.audio import sample_count
from voice_avatar.bench.target import AudioCame
from voice_avatar.client import AUDIBLE

_SLACK_S = 0.001


@dataclass(slots=True)
class PlayedReply:
    """One reply as it was played.

    Attributes:
        reply: its id.
        arrived_s: when its first audio came.
        onset_s: when its first audible sample was played; None = none so far.
        until_s: when what came of it will have been played.
        samples: how many came.
        underruns: how often the next piece was late.
        late_s: silence that this cost, seconds.
    """

    reply: str
    arrived_s: float
    onset_s: float | None = None
    until_s: float = 0.0
    samples: int = 0
    underruns: int = 0
    late_s: float = 0.0


@dataclass(slots=True)
class PlayedTrack:
    """All replies of a session, in the order in which they came.

    Attributes:
        buffer_s: how long the first piece of a reply waits for the next, seconds.
        replies: by id.
    """

    buffer_s: float = 0.0
    replies: dict[str, PlayedReply] = field(default_factory=dict)

    @property
    def until_s(self) -> float:
        """When all that came will have been played."""
        return max((reply.until_s for reply in self.replies.values()), default=0.0)

    def take(self, event: AudioCame) -> PlayedReply:
        """Plays a piece."""
        played = self.replies.get(event.reply)
        if played is None:
            begun_s = max(event.at_s + self.buffer_s, self.until_s)
            played = PlayedReply(event.reply, event.at_s, until_s=begun_s)
            self.replies[event.reply] = played
        elif event.pcm and event.at_s > played.until_s + _SLACK_S:
            played.underruns += 1
            played.late_s += event.at_s - played.until_s
            played.until_s = event.at_s
        if played.onset_s is None:
            samples = np.abs(np.frombuffer(event.pcm, "<i2").astype(np.int32))
            heard = np.nonzero(samples > AUDIBLE)[0]
            if heard.size:
                played.onset_s = played.until_s + int(heard[0]) / event.rate_hz
        played.samples += sample_count(event.pcm)
        played.until_s += sample_count(event.pcm) / event.rate_hz
        return played

    def cut(self, reply: str, at_s: float) -> None:
        """Plays nothing more of a reply."""
        played = self.replies.get(reply)
        if played is not None:
            played.until_s = min(played.until_s, at_s)
            if played.onset_s is not None and played.onset_s > at_s:
                played.onset_s = None
