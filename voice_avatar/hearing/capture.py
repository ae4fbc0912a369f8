"""Capture: what a client's microphone sends -> 16 kHz windows on one gapless sample clock. Pure.

Packets may be of any size and of any rate from 8 to 96 kHz. A packet carries the index of its
first sample on the client's clock (`pts`); a jump forward is a loss: a short one is filled with
silence, over a longer one the clock goes on alone, and hearing begins anew after it, so that no
`pts` costs more work than it brings audio. A small jump backward is a repeat and is dropped, a
large one, either way, means that the client's clock began anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from voice_avatar.audio.pcm import (
    BYTES_PER_SAMPLE,
    Reframer,
    StreamResampler,
    sample_count,
    scaled,
    silence,
)
from voice_avatar.errors import AudioInvalid
from voice_avatar.events.payloads import MIC_HZ, WINDOW_SAMPLES, AudioWindow
from voice_avatar.hearing.condition import Condition, Fault
from voice_avatar.hearing.repeats import Repeats


@dataclass(frozen=True, slots=True)
class CaptureOptions:
    """How microphone audio is taken in.

    Attributes:
        max_gap_s: longest loss filled with silence, seconds: over a longer one the clock goes on,
            and what is heard after it begins anew.
        max_repeat_s: longest repeat, seconds.
        max_jump_s: longest loss that the clock follows, seconds: after a longer one the client's
            clock has begun anew.
        clipping_share: share of full-scale samples in a second that is reported as clipping.
    """

    max_gap_s: float = 0.2
    max_repeat_s: float = 2.0
    max_jump_s: float = 600.0
    clipping_share: float = 0.02


_EDGE_S: Final = 0.1
"""Of a longer loss, what is heard as silence, seconds: enough to hear that speech has stopped."""


@dataclass(frozen=True, slots=True)
class Captured:
    """What a packet gave.

    Attributes:
        windows: complete 16 kHz windows.
        lost: samples (client's rate) that are missing before this packet.
        repeated: samples of this packet that had come before and were dropped.
        faults: what is wrong with the samples of late.
        is_standing: whether so much came again that the client's clock must stand still (once).
    """

    windows: tuple[AudioWindow, ...]
    lost: int = 0
    repeated: int = 0
    faults: tuple[Fault, ...] = ()
    is_standing: bool = False


class Capture:
    """Capture of one microphone stream at one client rate.

    Raises:
        AudioUnsupported: the rate is out of range.
    """

    def __init__(self, options: CaptureOptions, rate_hz: int, *, start: int = 0) -> None:
        """`start` is the microphone sample index at which the stream begins."""
        self._options = options
        self.rate_hz = rate_hz
        self._resampler = StreamResampler(rate_hz, MIC_HZ, is_prompt=True)
        self._reframer = Reframer(WINDOW_SAMPLES)
        self._expected: int | None = None
        self._next_window = start
        self._origin = start
        self._taken = 0
        self._is_rest_gap = False
        self._condition = Condition(rate_hz, options.clipping_share)
        self._repeats = Repeats()

    @property
    def next_window(self) -> int:
        """Microphone sample index of the next window."""
        return self._next_window

    def push(self, pcm: bytes, pts: int | None = None) -> Captured:
        """Takes a packet.

        Args:
            pcm: samples at the client's rate.
            pts: index of its first sample on the client's clock; None = it follows on.

        Raises:
            AudioInvalid: an odd number of bytes.
        """
        if len(pcm) % BYTES_PER_SAMPLE:
            raise AudioInvalid("Audio must hold whole 16-bit samples.")
        count = sample_count(pcm)
        expected = self._expected
        if pts is None:
            pts = expected or 0
        ahead = 0 if expected is None else pts - expected
        if ahead < -int(self._options.max_repeat_s * self.rate_hz):
            ahead = 0
        lost, repeated = max(0, ahead), min(count, max(0, -ahead))
        self._expected = max(pts + count, pts - ahead)
        pcm = pcm[repeated * BYTES_PER_SAMPLE :]
        windows = self._lost(lost) if lost else []
        windows += self._windows(pcm, is_gap=False)
        is_standing = self._repeats.note(pts, 0.0 if pcm else repeated / self.rate_hz)
        return Captured(tuple(windows), lost, repeated, self._condition.note(pcm), is_standing)

    def _lost(self, lost: int) -> list[AudioWindow]:
        """Returns the silence that stands for a loss, and takes the clock to its end."""
        if lost <= int(self._options.max_gap_s * self.rate_hz):
            return self._windows(silence(lost), is_gap=True)
        edge = min(lost, int(_EDGE_S * self.rate_hz))
        windows = self._windows(silence(edge), is_gap=True)
        if lost <= int(self._options.max_jump_s * self.rate_hz):
            self._taken += lost - edge
        # Windows keep to one grid. What was left of one before the loss goes with it; the first
        # after it begins on the grid, with silence up to the sample that came.
        due = self._origin + scaled(self._taken, self.rate_hz, MIC_HZ) - self._next_window
        skipped = max(0, due) // WINDOW_SAMPLES * WINDOW_SAMPLES
        if skipped:
            self._next_window += skipped
            due -= skipped
        self._resampler = StreamResampler(self.rate_hz, MIC_HZ, is_prompt=True)
        self._reframer = Reframer(WINDOW_SAMPLES)
        self._reframer.push(silence(max(0, due)))
        self._is_rest_gap = due > 0
        return windows

    def _windows(self, pcm: bytes, *, is_gap: bool) -> list[AudioWindow]:
        windows = []
        self._taken += sample_count(pcm)
        has_gap = self._is_rest_gap or is_gap
        for frame in self._reframer.push(self._resampler.push(pcm)):
            windows.append(AudioWindow(self._next_window, frame, has_gap))
            self._next_window += WINDOW_SAMPLES
            has_gap = is_gap
        self._is_rest_gap = has_gap and self._reframer.waiting > 0
        return windows
