"""How far ahead of the listener's ear to send, and what that ear has heard. Pure.

The truth is what the client reports as played. Between two reports, and with a client that never
reports, playback is taken to run in real time from the first sample sent, and never beyond what
was sent. What is played is heard a little later, by the latency that the client reports: pacing
goes by what is played, history and interruptions by what is heard. While a reply is paused its time
stands still: nothing is played and nothing may be sent. While nobody is connected its time stands
still as well, and it may be sent up to the window: what the client plays meanwhile, of what it has,
is known with its next report.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from voice_avatar.events.cues import TimedWord
from voice_avatar.events.inputs import PlaybackState


@dataclass(frozen=True, slots=True)
class PlayoutOptions:
    """How reply audio is paced.

    Attributes:
        max_ahead_s: audio sent but not yet played, seconds, at most.
        frame_ms: length of an audio frame, milliseconds (20: what browsers and headsets use).
        burst_ms: audio that goes out together where `max_ahead_s` is the limit, milliseconds: the
            server wakes a third as often as for single frames of 20 ms, and the client has up to
            40 ms less ahead; at most half of `max_ahead_s`.
        assumed_latency_s: delay from sending to hearing while the client has not reported,
            seconds.
        heard_tolerance_s: a word counts as heard when it is cut off by less than this, seconds.
        stall_limit_s: silence of the client's reports, while audio is outstanding, after which
            playback is taken to run in real time again, seconds.
    """

    max_ahead_s: float = 2.0
    frame_ms: int = 20
    burst_ms: int = 60
    assumed_latency_s: float = 0.08
    heard_tolerance_s: float = 0.05
    stall_limit_s: float = 5.0


_MOST_LATENCY_S: Final = 2.0
"""Longest delay from playing to hearing that is believed, seconds: Bluetooth has 0.15 to 0.5."""


class Playout:
    """Playback of one reply as the server knows it.

    Attributes:
        rate_hz: its clock.
        sent: samples that went out.
        is_paused: whether it stands still because of a voice over it.
    """

    def __init__(self, options: PlayoutOptions, rate_hz: int) -> None:
        self._options = options
        self.rate_hz = rate_hz
        self.sent = 0
        self._base = 0
        self._base_s: float | None = None
        self._latency_s = options.assumed_latency_s
        self._device_s = 0.0
        self._heard_before = 0
        self._is_moving = True
        self._known_s = 0.0
        self._stopped_s: float | None = None
        self._is_alone = False
        self.is_paused = False

    def pause(self, now_s: float) -> None:
        """Stops its time; nothing more of it may be sent."""
        self.is_paused = True
        self._stop(now_s)

    def resume(self, now_s: float) -> None:
        """Lets its time go on from where it stopped."""
        self.is_paused = False
        self._go(now_s)

    def leave_alone(self, now_s: float) -> None:
        """Stops its time, as nobody is connected; as much as the window holds may be sent."""
        self._is_alone = True
        self._stop(now_s)

    def rejoin(self, now_s: float) -> None:
        """Lets its time go on from where it stopped: the client is back."""
        self._is_alone = False
        self._go(now_s)

    def _stop(self, now_s: float) -> None:
        if self._stopped_s is None:
            self._stopped_s = now_s

    def _go(self, now_s: float) -> None:
        if self.is_paused or self._is_alone or self._stopped_s is None:
            return
        if self._base_s is not None:
            self._heard_before = self.heard(now_s)
            self._base_s += now_s - self._stopped_s
            self._known_s = now_s
        self._stopped_s = None

    def audio_sent(self, until: int, now_s: float) -> None:
        """Audio up to reply sample `until` went out."""
        has_run_dry = self.played(now_s) >= self.sent
        if has_run_dry and self._is_moving:
            self._base, self._base_s = self.sent, self._own_s(now_s) + self._latency_s
            self._known_s = now_s
        self.sent = max(self.sent, until)

    def reported(
        self, played: int, state: PlaybackState, now_s: float, latency_s: float = 0.0
    ) -> None:
        """The client says that it has played `played` samples and what it does now.

        They are heard `latency_s` later.

        Of a paused reply only the number counts: a client that stands still because it was told to
        goes on when it is told to, and one that has not heard of the pause yet soon will.
        """
        rested = not self._is_moving or self._stopped_s is not None
        heard = self.heard(now_s) if rested else 0
        self._base = min(max(played, 0), self.sent)
        self._heard_before = min(heard, self._base)
        self._device_s = believed(latency_s)
        self._base_s = self._known_s = now_s
        self._latency_s = 0.0
        self._is_moving = state in ("started", "playing") or (state == "paused" and self.is_paused)
        if self._stopped_s is not None:
            self._stopped_s = now_s

    def played(self, now_s: float) -> int:
        """Returns the samples heard by now."""
        if self._base_s is None:
            return 0
        elapsed_s = self._own_s(now_s) - self._base_s
        if not self._is_moving:
            elapsed_s -= self._options.stall_limit_s
        return min(self.sent, self._base + max(0, int(elapsed_s * self.rate_hz)))

    def heard(self, now_s: float) -> int:
        """Returns the samples that have left the loudspeaker by now.

        A device that gets nothing more plays out what it has, whatever the reply's time does.
        """
        if self._base_s is None:
            return 0
        since_s = now_s - self._base_s - self._device_s
        heard = self._base + int(since_s * self.rate_hz)
        return min(self.played(now_s), max(heard, self._heard_before))

    def _own_s(self, now_s: float) -> float:
        """Returns the time that the reply is at: it does not go on while it is stopped."""
        return now_s if self._stopped_s is None else self._stopped_s

    def allowance(self, now_s: float) -> int:
        """Returns the samples that may be sent now."""
        if self.is_paused:
            return 0
        ahead = self.sent - self.played(now_s)
        return max(0, self._max_ahead - ahead)

    def due_s(self, until: int) -> float | None:
        """Returns since when audio up to reply sample `until` may be sent; None = all along.

        A report that moves the schedule makes nothing late: what it allows was due with it.
        """
        at_s = self.reaches_s(until - self._max_ahead)
        return None if at_s is None else max(at_s, self._known_s)

    @property
    def _max_ahead(self) -> int:
        return int(self._options.max_ahead_s * self.rate_hz)

    def reaches_s(self, sample: int) -> float | None:
        """Returns when `sample` will have been played if nothing changes.

        None before any audio, and while the reply's time stands still.
        """
        if self._base_s is None or self._stopped_s is not None:
            return None
        pause_s = 0.0 if self._is_moving else self._options.stall_limit_s
        return self._base_s + pause_s + (sample - self._base) / self.rate_hz


def believed(latency_s: float) -> float:
    """Returns a latency that a client reports, within what can be, seconds."""
    return min(max(0.0, latency_s), _MOST_LATENCY_S)


def heard_text(text: str, words: Sequence[TimedWord], played: int, tolerance: int) -> str:
    """Returns the beginning of `text` that was heard.

    Args:
        text: the reply's whole text.
        words: its timed words, in order.
        played: reply samples played.
        tolerance: a word that lacks at most so many samples counts as heard.
    """
    end = 0
    for word in words:
        if word.end - tolerance > played:
            break
        end = word.char + len(word.text)
    while end and end < len(text) and text[end] in ".,!?;:…。，！？；：、\"'”’)":
        end += 1
    return text[:end]
