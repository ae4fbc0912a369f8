"""What came of a sound over a reply: was the reply cut, when, and what came after. Pure.

The loudspeaker that counts plays each piece at max(arrival + buffer, end of the piece before), and
is emptied the moment the word of an interruption comes, as every client is told to. It stands still
from the word of a pause on, and goes on with the very next sample at the word that ends it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from voice_avatar.audio.pcm import sample_count
from voice_avatar.bench.figures.line_events import (
    AudioCame,
    LineEvent,
    ReplyBegan,
    ReplyEnded,
    ReplyPaused,
    ReplyResumed,
    SpeechNoticed,
)

BY_ITSELF_S: Final = 1.0
"""A reply that was not cut and had less than this left to say at the onset was simply over."""

GRACE_S: Final = 1.5
"""How long after the end of a sound an interruption still counts as caused by it."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What a sound over a reply did. All times are seconds after the onset of the sound.

    Attributes:
        reply: the reply that was playing, "" for none.
        is_cut: whether it was interrupted, or paused and not resumed: it never came back.
        paused_s: when the first word of a pause came; None = it did not.
        pauses_s: how long each pause lasted after which it went on.
        gap_samples: samples of it that were left out or sent twice; what is not numbered has none.
        noticed_s: when the server said that it hears a voice; None = it did not.
        told_s: when the word of the interruption came; None = it did not.
        last_sent_s: when the last audio of the reply came; None = it was all there before the
            onset, so that there was nothing left to stop sending.
        last_played_s: when the last sample of the reply left the loudspeaker. Where a pause ended
            with the interruption, that was when it began.
        stale_frames: pieces of its audio that came after the word of the interruption.
        left_s: reply that a client had not yet played at the onset, and got, seconds.
        is_answered: whether another reply began within the time that was watched.
    """

    reply: str = ""
    is_cut: bool = False
    paused_s: float | None = None
    pauses_s: tuple[float, ...] = ()
    gap_samples: int = 0
    noticed_s: float | None = None
    told_s: float | None = None
    last_sent_s: float | None = None
    last_played_s: float = 0.0
    stale_frames: int = 0
    left_s: float = 0.0
    is_answered: bool = False

    @property
    def is_void(self) -> bool:
        """Whether nothing was there to interrupt: no reply, or one that was over by itself."""
        return not self.reply or (not self.is_cut and self.left_s < BY_ITSELF_S)


class HeardAudio:
    """When what came is played.

    Attributes:
        reply: the reply that plays or played last, "" for none.
        paused_s: since when it stands still, None = it does not.
    """

    def __init__(self, buffer_s: float) -> None:
        """`buffer_s` is how long the first piece of a reply waits for the next ones, seconds."""
        self._buffer_s = buffer_s
        self.reply = ""
        self.paused_s: float | None = None
        self._until_s = 0.0
        self._rate_hz = 1
        self._samples = 0

    def _own_s(self, at_s: float) -> float:
        return at_s if self.paused_s is None else self.paused_s

    def until_s(self, at_s: float) -> float:
        """Returns when what came so far will have been played, if a pause ended at `at_s`."""
        is_playing = self._until_s > self._own_s(at_s)
        return self._until_s + (at_s - self._own_s(at_s) if is_playing else 0.0)

    def take(self, event: AudioCame) -> float:
        """Takes audio and returns when its first sample is played, seconds."""
        at_s = self._own_s(event.at_s)
        is_running = event.reply == self.reply and self._until_s > at_s
        start_s = self._until_s if is_running else at_s + self._buffer_s
        if event.reply != self.reply:
            start_s = max(start_s, self._until_s)
            self._samples = 0
        self.reply, self._rate_hz = event.reply, event.rate_hz
        self._samples += sample_count(event.pcm)
        self._until_s = start_s + sample_count(event.pcm) / event.rate_hz
        return start_s

    def played(self, at_s: float) -> int:
        """Returns how many samples of `reply` were played by `at_s`."""
        left = int(max(0.0, self._until_s - self._own_s(at_s)) * self._rate_hz)
        return max(0, self._samples - left)

    def pause(self, at_s: float) -> None:
        """Stands still."""
        self.paused_s = self._own_s(at_s)

    def resume(self, at_s: float) -> None:
        """Goes on."""
        self._until_s = self.until_s(at_s)
        self.paused_s = None

    def flush(self, at_s: float) -> None:
        """Plays nothing after `at_s` of what it has."""
        self._samples = self.played(at_s)
        self._until_s = min(self._until_s, self._own_s(at_s))
        self.paused_s = None

    def obey(self, event: LineEvent) -> None:
        """Does what an event says that is about the reply it plays."""
        if getattr(event, "reply", None) != self.reply:
            return
        match event:
            case ReplyPaused(at_s=at_s):
                self.pause(at_s)
            case ReplyResumed(at_s=at_s):
                self.resume(at_s)
            case ReplyEnded(is_interrupted=True, at_s=at_s):
                self.flush(at_s)
            case ReplyEnded(at_s=at_s):
                self.resume(at_s)
            case _:
                pass


def playing_at(events: Iterable[LineEvent], at_s: float, *, buffer_s: float) -> str:
    """Returns the reply that is playing at `at_s`, "" for none; a filler or greeting counts too."""
    speaker = HeardAudio(buffer_s)
    for event in events:
        if event.at_s > at_s:
            break
        if isinstance(event, AudioCame):
            speaker.take(event)
        else:
            speaker.obey(event)
    return speaker.reply if speaker.until_s(at_s) > at_s else ""


@dataclass(slots=True)
class _Pauses:
    """The pauses of one reply after the onset. All times are seconds after it."""

    first_s: float | None = None
    since_s: float | None = None
    ended_s: list[float] = field(default_factory=list)

    def begin(self, after_s: float) -> None:
        self.since_s = after_s
        if self.first_s is None:
            self.first_s = after_s

    def stood_s(self, after_s: float) -> float:
        """Returns how long it has stood still so far."""
        now_s = 0.0 if self.since_s is None else after_s - self.since_s
        return sum(self.ended_s) + now_s

    def end(self, after_s: float) -> None:
        if self.since_s is not None:
            self.ended_s.append(after_s - self.since_s)
        self.since_s = None


def cut_of(events: Sequence[LineEvent], onset_s: float, until_s: float, *, buffer_s: float) -> Cut:
    """Returns what a sound did to the reply that was playing.

    Args:
        events: all of a session, in order.
        onset_s: when the first sample of the sound was sent, on the line's clock.
        until_s: what is told later was not caused by it.
        buffer_s: of the loudspeaker, seconds.
    """
    reply = playing_at(events, onset_s, buffer_s=buffer_s)
    if not reply:
        return Cut()
    speaker, pauses = HeardAudio(buffer_s), _Pauses()
    noticed_s = told_s = last_sent_s = None
    stale, left_s, is_answered = 0, 0.0, False
    for event in events:
        if event.at_s > until_s:
            break
        after_s = event.at_s - onset_s
        match event:
            case AudioCame(reply=name) if name == reply and told_s is not None:
                stale += 1
                last_sent_s = after_s
            case AudioCame(reply=name) if name == reply:
                speaker.take(event)
                last_sent_s = after_s
                left_s = speaker.until_s(event.at_s) - onset_s - pauses.stood_s(after_s)
            case ReplyPaused(reply=name) if name == reply and after_s >= 0:
                pauses.begin(after_s)
                speaker.obey(event)
            case ReplyResumed(reply=name) if name == reply and after_s >= 0:
                pauses.end(after_s)
                speaker.obey(event)
            case ReplyEnded(reply=name, is_interrupted=True) if name == reply and after_s >= 0:
                told_s = after_s if told_s is None else told_s
                pauses.since_s = None
                speaker.obey(event)
            case ReplyEnded(reply=name) if name == reply and after_s >= 0:
                pauses.end(after_s)
                speaker.obey(event)
            case SpeechNoticed(is_end=False) if after_s >= 0 and noticed_s is None:
                noticed_s = after_s
            case ReplyBegan(reply=name, is_filler=False) if name != reply and after_s >= 0:
                is_answered = True
            case _:
                pass
    if pauses.since_s is not None:
        speaker.flush(until_s)  # it stands still for good
    return Cut(
        reply=reply,
        is_cut=told_s is not None or pauses.since_s is not None,
        paused_s=pauses.first_s,
        pauses_s=tuple(pauses.ended_s),
        gap_samples=_gap_samples(events, reply),
        noticed_s=noticed_s,
        told_s=told_s,
        last_sent_s=None if last_sent_s is None or last_sent_s < 0 else last_sent_s,
        last_played_s=speaker.until_s(until_s) - onset_s,
        stale_frames=stale,
        left_s=left_s,
        is_answered=is_answered,
    )


def _gap_samples(events: Iterable[LineEvent], reply: str) -> int:
    """Returns how many samples of a reply are missing in what came, or came twice."""
    gap = until = 0
    for event in events:
        if isinstance(event, AudioCame) and event.reply == reply and event.start is not None:
            gap += abs(event.start - until)
            until = event.start + sample_count(event.pcm)
    return gap
