"""The mouth of the face track: viseme poses as they come, then weights by frame. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from voice_avatar.acting.face.curves import Times
from voice_avatar.acting.face.tables import Curves
from voice_avatar.acting.mouth.viseme_tables import FF, PP, SIL, VISEMES
from voice_avatar.events.cues import VisemePose

REACHED: Final = 0.8
"""Lips that must meet, or meet the teeth, are reached in full from this weight on: f v need 0.8,
p b m need 0.9 (reference 3.7, rule 2)."""

_MUST: Final = [PP, FF]


class MouthFrames:
    """The viseme poses of one reply, piece by piece."""

    def __init__(self, rate_hz: int, hz: int) -> None:
        """`rate_hz` is that of the reply's samples, `hz` that of the frames."""
        self._rate_hz = rate_hz
        self._hz = hz
        self._samples = np.zeros(1, np.float64)
        self._weights = np.zeros((1, len(VISEMES)), np.float32)
        self._weights[0, SIL] = 1.0

    def add(self, poses: Sequence[VisemePose]) -> Iterator[float]:
        """Appends poses and yields the times at which the mouth comes to rest, seconds."""
        if not poses:
            return
        rows = np.zeros((len(poses), len(VISEMES)), np.float32)
        for row, pose in zip(rows, poses, strict=True):
            for viseme, weight in pose.weights:
                row[viseme] = weight
        was_rest = bool(self._weights[-1, SIL] > 0.99)
        samples = np.array([pose.sample for pose in poses], np.float64)
        self._samples = np.concatenate((self._samples, samples))
        self._weights = np.concatenate((self._weights, rows))
        for sample, row in zip(samples, rows, strict=True):
            is_rest = bool(row[SIL] > 0.99)
            if is_rest and not was_rest:
                yield float(sample) / self._rate_hz
            was_rest = is_rest

    def at(self, first: int, times: Times) -> Curves:
        """Returns the weights (frames, 15); what lies before is forgotten.

        Frames are samples of straight lines, and a closure may fall between two of them: the frame
        nearest to it takes its weights in full.

        Args:
            first: number of the first frame.
            times: of the frames, seconds.
        """
        samples = times * self._rate_hz
        self._forget(float(samples[0]) - self._rate_hz / self._hz)
        after = np.searchsorted(self._samples, samples, side="right")
        before = np.clip(after - 1, 0, None)
        after = np.minimum(after, self._samples.size - 1)
        width = np.maximum(self._samples[after] - self._samples[before], 1.0)
        share = np.clip((samples - self._samples[before]) / width, 0.0, 1.0)[:, None]
        from_, to = self._weights[before], self._weights[after]
        weights: Curves = from_ + share.astype(np.float32) * (to - from_)
        (reached,) = np.nonzero(self._weights[:, _MUST].max(axis=1) >= REACHED)
        frames = np.rint(self._samples[reached] * self._hz / self._rate_hz).astype(int) - first
        is_inside = (frames >= 0) & (frames < times.size)
        weights[frames[is_inside]] = self._weights[reached[is_inside]]
        return weights

    def _forget(self, sample: float) -> None:
        """Lets go of poses that lie wholly before `sample`."""
        keep = int(np.searchsorted(self._samples, sample, side="right")) - 1
        if keep > 0:
            self._samples = self._samples[keep:]
            self._weights = self._weights[keep:]
