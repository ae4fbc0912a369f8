"""What a user hears: reply audio as it came -> the track as it is played. Pure.

The loudspeaker begins a reply when its first piece has waited for `buffer_s`, and goes on piece by
piece: each plays at the end of the one before. Where the next piece comes after that end it has run
dry, and begins anew. Speech begins at the first audible sample and not at the first sample: silence
at the start of a reply is part of the wait.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from voice_avatar.audio.pcm import AUDIBLE, sample_count
from voice_avatar.bench.figures.line_events import AudioCame

SLACK_S = 0.001
"""What comes so much late is not heard as a gap, and a clock is not read more exactly."""


@dataclass(slots=True)
class PlayedReply:
    """One reply as it was played.

    Attributes:
        reply: its id.
        rate_hz: of its samples.
        arrived_s: when its first audio came.
        onset_s: when its first audible sample was played; None = none so far.
        until_s: when what came of it will have been played.
        samples: how far it reaches, on its own clock.
        underruns: how often the loudspeaker ran dry within it.
        late_s: silence that this cost, seconds.
        lead_s: the least time by which a piece came before it was needed, seconds; negative = an
            underrun. Pieces that come together with the one before say nothing; None = all did.
        jitter_s: the most by which a piece came later after the one before than that one lasts:
            what a paced sender makes a buffer lose at once. Never negative: bursts are ahead.
        is_cut: nothing more of it is played.
        paused_s: since when it stands still; None = it does not. Times that lie after it grow by
            the length of the pause.
    """

    reply: str
    rate_hz: int
    arrived_s: float
    onset_s: float | None = None
    until_s: float = 0.0
    samples: int = 0
    underruns: int = 0
    late_s: float = 0.0
    lead_s: float | None = None
    jitter_s: float = 0.0
    is_cut: bool = False
    paused_s: float | None = None
    _piece_s: float = 0.0
    _came_s: float = 0.0

    def played_samples(self, now_s: float) -> int:
        """Returns how many of its samples have been played."""
        left = max(0.0, self.until_s - self._own_s(now_s)) * self.rate_hz
        return max(0, self.samples - round(left))

    def _own_s(self, now_s: float) -> float:
        """Returns the time that it is at: it does not go on while it is paused."""
        return now_s if self.paused_s is None else self.paused_s

    def _take(self, event: AudioCame, buffer_s: float) -> None:
        if self.samples:
            self._arrive(self._own_s(event.at_s), buffer_s)
        if event.start is not None and event.start > self.samples:
            # A gap on the reply's own clock is silence.
            self.until_s += (event.start - self.samples) / self.rate_hz
            self.samples = event.start
        if self.onset_s is None:
            level = np.abs(np.frombuffer(event.pcm, "<i2").astype(np.int32))
            heard = np.nonzero(level > AUDIBLE)[0]
            if heard.size:
                self.onset_s = self.until_s + int(heard[0]) / self.rate_hz
        self._came_s = self._own_s(event.at_s)
        self._piece_s = sample_count(event.pcm) / self.rate_hz
        self.samples += sample_count(event.pcm)
        self.until_s += self._piece_s

    def _go_on(self, stood_s: float) -> None:
        """Ends a pause of `stood_s`."""
        paused_s = self._own_s(0.0)
        self.paused_s = None
        self._came_s += stood_s
        if self.until_s > paused_s:
            self.until_s += stood_s
        if self.onset_s is not None and self.onset_s > paused_s:
            self.onset_s += stood_s

    def _arrive(self, at_s: float, buffer_s: float) -> None:
        lead_s = self.until_s - at_s
        if at_s - self._came_s > SLACK_S:
            self.lead_s = lead_s if self.lead_s is None else min(self.lead_s, lead_s)
        self.jitter_s = max(self.jitter_s, at_s - self._came_s - self._piece_s)
        if lead_s < -SLACK_S:
            self.underruns += 1
            self.late_s += buffer_s - lead_s
            self.until_s = at_s + buffer_s


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

    def take(self, event: AudioCame) -> None:
        """Plays a piece; a piece of a reply that was cut is dropped, and an empty one is none."""
        if not event.pcm:
            return
        played = self.replies.get(event.reply)
        if played is None:
            begins_s = max(event.at_s + self.buffer_s, self.until_s)
            played = PlayedReply(event.reply, event.rate_hz, event.at_s, until_s=begins_s)
            self.replies[event.reply] = played
        if not played.is_cut:
            played._take(event, self.buffer_s)

    def pause(self, reply: str, at_s: float) -> None:
        """A reply stands still."""
        played = self.replies.get(reply)
        if played is not None and played.paused_s is None:
            played.paused_s = at_s

    def resume(self, reply: str, at_s: float) -> None:
        """A reply goes on."""
        played = self.replies.get(reply)
        if played is not None and played.paused_s is not None:
            played._go_on(at_s - played.paused_s)

    def cut(self, reply: str, at_s: float) -> None:
        """Plays nothing more of a reply."""
        played = self.replies.get(reply)
        if played is None:
            return
        at_s = played._own_s(at_s)
        played.paused_s = None
        played.samples = played.played_samples(at_s)
        played.until_s = min(played.until_s, at_s)
        played.is_cut = True
        if played.onset_s is not None and played.onset_s > at_s:
            played.onset_s = None
