"""Whether a microphone can be understood, by what its samples look like. Pure.

A device or a driver that is broken, and a client that sends something else than it says, give
samples in which nobody can hear anything, and a user who is not answered cannot know why. Here is
what can be told of the samples alone, a second at a time: fifty small looks cost many times as
much. What a client or a device does all the time is told once; silence again when there was sound
meanwhile, and clipping every second.
"""

from __future__ import annotations

from collections import Counter
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from voice_avatar.audio.pcm import sample_count

Fault = Literal["input_silent", "input_clipping", "input_offset", "input_stereo", "input_noise"]

FAULTS: Final[dict[Fault, str]] = {
    "input_silent": "Nothing but digital silence comes from the microphone: it is muted or dead.",
    "input_clipping": "The microphone is too loud: its audio is clipped.",
    "input_offset": "The microphone's audio is shifted by a constant, which is taken away.",
    "input_stereo": "Two channels seem to be sent as one: send one, or average them.",
    "input_noise": "What the microphone sends is noise: send 16-bit little-endian samples.",
}
"""What a person is told."""

_PATIENCE_S: Final[dict[Fault, int]] = {
    "input_silent": 5,
    "input_clipping": 1,
    "input_offset": 1,
    "input_stereo": 2,
    "input_noise": 3,
}
"""Seconds in a row after which a fault is told."""

_LASTING: Final[frozenset[Fault]] = frozenset({"input_offset", "input_stereo", "input_noise"})
"""What does not come and go, but for the pauses of speech, in which it cannot be seen."""

_SILENT_SPAN: Final = 4
"""Steps of the converter between the lowest sample and the highest of digital silence."""

_FULL: Final = 32_760
_FLAT_SPAN: Final = 8_000
"""Clipped is what stands at full scale, or, of something loud, at its own top and bottom: a device
may clip and then turn down."""

_SQUARE: Final = 0.97
"""So much of what is loud at its top and bottom is no speech, but the square wave of a device."""

_OFFSET: Final = 650.0
"""2 % of full scale: less harms nobody."""

_AUDIBLE_RMS: Final = 150.0
"""-47 dBFS: below, rounding and hum look like anything."""

_PARITY: Final = 0.7
"""Of one channel, even and odd samples are alike: neighbours differ as much from even to odd as
from odd to even (real speech: within 3 %), and both are as loud."""

_SAME_CHANNEL: Final = 0.5
"""Likeness of next but one neighbours, where neighbours are unlike: channels of opposite sign."""

_NOISE_RMS: Final = 3_000.0
_NOISE_LIKENESS: Final = 0.2
"""So loud, and each sample as good as independent of the one before: no sound of a room."""


class Condition:
    """Watches the samples of one stream.

    Made of its rate, and of the share of samples that may be clipped (`CaptureOptions`).
    """

    def __init__(self, rate_hz: int, clipping_share: float) -> None:
        self._rate_hz = rate_hz
        self._clipping_share = clipping_share
        self._second: list[bytes] = []
        self._counted = 0
        self._lasted_s: Counter[Fault] = Counter()
        self._told: set[Fault] = set()

    def note(self, pcm: bytes) -> tuple[Fault, ...]:
        """Takes a packet; returns what there is to tell."""
        self._second.append(pcm)
        self._counted += sample_count(pcm)
        if self._counted < self._rate_hz:
            return ()
        samples = np.frombuffer(b"".join(self._second), dtype="<i2")
        self._second.clear()
        self._counted = 0
        found = self._faults(samples)
        told = []
        for fault in FAULTS:
            self._lasted_s[fault] = self._lasted_s[fault] + 1 if fault in found else 0
            lasted_s, least_s = self._lasted_s[fault], _PATIENCE_S[fault]
            is_due = lasted_s == least_s and fault not in self._told
            if is_due or (fault == "input_clipping" and lasted_s > least_s):
                told.append(fault)
        self._told.update(fault for fault in told if fault in _LASTING)
        return tuple(told)

    def _faults(self, samples: npt.NDArray[np.int16]) -> set[Fault]:
        low, high = int(samples.min()), int(samples.max())
        if high - low <= _SILENT_SPAN:
            return {"input_silent"}
        found: set[Fault] = set()
        clipped = int(np.count_nonzero((samples >= _FULL) | (samples <= -_FULL)))
        if high - low >= _FLAT_SPAN:
            ends = (samples == high) | (samples == low)
            flat = int(np.count_nonzero(ends[1:] & (samples[1:] == samples[:-1])))
            loud = np.count_nonzero((samples > high // 2) | (samples < low // 2))
            clipped = max(clipped, flat if flat < _SQUARE * loud else 0)
        if clipped >= self._clipping_share * samples.size:
            found.add("input_clipping")
        centred = samples.astype(np.float32)
        mean = float(centred.mean())
        if abs(mean) >= _OFFSET:
            found.add("input_offset")
        centred -= mean
        if (fault := _layout(centred)) is not None:
            found.add(fault)
        return found


def _layout(samples: npt.NDArray[np.float32]) -> Fault | None:
    """Returns what is wrong with the order of samples (without offset); None = nothing."""
    power = float(np.mean(np.square(samples)))
    if power < _AUDIBLE_RMS**2:
        return None
    pairs = samples[: samples.size // 2 * 2].reshape(-1, 2)
    steps = np.square(np.diff(samples))
    within, between = float(steps[0::2].mean()), float(steps[1::2].mean())
    even, odd = (float(each) for each in np.mean(np.square(pairs), axis=0))
    if _is_unlike(within, between) or _is_unlike(even, odd):
        return "input_stereo"
    likeness = 1.0 - float(steps.mean()) / (2.0 * power)  # of neighbours: 1 = the same
    next_likeness = float(np.mean(samples[2:] * samples[:-2])) / power
    if likeness < 0.0 and next_likeness > _SAME_CHANNEL:
        return "input_stereo"
    if power >= _NOISE_RMS**2 and abs(likeness) <= _NOISE_LIKENESS:
        return "input_noise"
    return None


def _is_unlike(first: float, second: float) -> bool:
    return min(first, second) < _PARITY * max(first, second)
