"""When a listener nods, by how the speaker sounds. Pure.

The rule is Ward and Tsukahara's ("Prosodic features which cue back-channel responses in English and
Japanese", 2000): a stretch of low pitch, in a voice that has been speaking for a while, invites a
sign of attention a moment later. Low is what the same voice seldom goes below, so the range of the
voice is learned as it speaks, and forgotten as slowly.
"""

from __future__ import annotations

import math
from typing import Final

from voice_avatar.events.inputs import VadFrame
from voice_avatar.events.payloads import IS_SPEECH, MIC_HZ, WINDOW_SAMPLES

_WINDOW_S: Final = WINDOW_SAMPLES / MIC_HZ

LOW_SHARE: Final = 0.26
"""Share of the voiced windows that are low (the rule's percentile for English)."""

LOW_S: Final = 0.11
"""How long pitch has to stay low, seconds."""

SPEECH_S: Final = 0.7
"""How long the speech has to last before, seconds."""

DELAY_S: Final = 0.7
"""Time from the low stretch to the answer, seconds."""

GAP_S: Final = 0.8
"""Least time from one answer to the next, seconds."""


_BREAK_S: Final = 0.3  # a pause as long as this begins the speech anew
_LEARNED_WINDOWS: Final = 40.0  # voiced windows after which the range of a voice is known: 1.3 s
_KEPT: Final = 1.0 - _WINDOW_S / 30.0  # per voiced window: half forgotten after 21 s of voice
_STEPS_PER_OCTAVE: Final = 24
_LOWEST_HZ: Final = 50.0
_STEPS: Final = 4 * _STEPS_PER_OCTAVE


class PitchRange:
    """Where one person's voice lies: a histogram in quarter tones that forgets slowly."""

    def __init__(self) -> None:
        self._counts = [0.0] * _STEPS
        self._total = 0.0
        self._weight = 1.0

    def add(self, f0_hz: float) -> None:
        """Learns the pitch of a voiced window, hertz."""
        # Newer windows weigh more, which is the same as that older ones fade, and cheaper.
        self._weight /= _KEPT
        self._counts[_step(f0_hz)] += self._weight
        self._total += self._weight
        if self._weight > 1e6:
            self._counts = [count / self._weight for count in self._counts]
            self._total, self._weight = self._total / self._weight, 1.0

    @property
    def is_known(self) -> bool:
        """Whether enough was heard to tell low from high."""
        return self._total / self._weight >= _LEARNED_WINDOWS

    def is_low(self, f0_hz: float) -> bool:
        """Returns whether a pitch is below the `LOW_SHARE` quantile."""
        step = _step(f0_hz)
        below = sum(self._counts[:step]) + 0.5 * self._counts[step]
        return below < LOW_SHARE * self._total


def _step(f0_hz: float) -> int:
    step = int(math.log2(max(f0_hz, _LOWEST_HZ) / _LOWEST_HZ) * _STEPS_PER_OCTAVE)
    return min(step, _STEPS - 1)


class BackchannelCues:
    """Finds the moments at which one speaker invites a sign of attention."""

    def __init__(self) -> None:
        self._range = PitchRange()
        self._low_s = 0.0
        self._is_unvoiced = False
        self._speech_s = 0.0
        self._silence_s = 0.0
        self._due: int | None = None
        self._last = -MIC_HZ

    @property
    def is_due(self) -> bool:
        """Whether a sign is invited and will be due soon."""
        return self._due is not None

    def step(self, frame: VadFrame) -> bool:
        """Takes the next window of a user who has the floor; returns whether to give a sign now."""
        self._count(frame)
        now = frame.start + WINDOW_SAMPLES
        if self._is_low(frame.f0_hz) and self._due is None and now - self._last >= GAP_S * MIC_HZ:
            self._due = now + int(DELAY_S * MIC_HZ)
        if self._due is None or now < self._due:
            return False
        self.answered(now)
        return True

    def answered(self, sample: int) -> None:
        """A sign was given at microphone sample `sample`, for whatever reason."""
        self._due, self._last, self._low_s = None, sample, 0.0

    def leave(self) -> None:
        """The user has lost the floor: what was invited is void. The voice stays known."""
        self._due = None
        self._low_s = self._speech_s = self._silence_s = 0.0

    def _count(self, frame: VadFrame) -> None:
        if frame.probability >= IS_SPEECH:
            self._speech_s += _WINDOW_S
            self._silence_s = 0.0
            return
        self._silence_s += _WINDOW_S
        if self._silence_s >= _BREAK_S:
            self._speech_s = 0.0

    def _is_low(self, f0_hz: float) -> bool:
        """Whether pitch has been low for long enough. One window without a voice may be in it."""
        if f0_hz <= 0:
            if self._is_unvoiced:
                self._low_s = 0.0
            self._is_unvoiced = True
            return False
        self._is_unvoiced = False
        is_low = self._range.is_known and self._range.is_low(f0_hz)
        self._range.add(f0_hz)
        self._low_s = self._low_s + _WINDOW_S if is_low else 0.0
        return self._low_s >= LOW_S and self._speech_s >= SPEECH_S
