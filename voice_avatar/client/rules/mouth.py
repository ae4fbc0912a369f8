"""The mouth at a time, from the keys of `visemes` messages. Pure. PROTOCOL.md, section 10."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

Key = tuple[float, int, float]

CLOSE_MS: Final = 80.0
"""Time in which the mouth closes after an interruption (PROTOCOL.md, section 6, rule 6)."""


@dataclass(frozen=True, slots=True)
class MouthPose:
    """Weights at one time of a reply.

    Attributes:
        t_ms: when, on the reply's clock.
        weights: viseme -> weight 0..1; what is absent has weight 0.
    """

    t_ms: float
    weights: dict[int, float]


class MouthTrack:
    """The mouth of one reply.

    Attributes:
        until_ms: up to where the mouth is known; 0 before the first message.
    """

    def __init__(self) -> None:
        self.until_ms = 0.0
        self._poses: list[MouthPose] = []
        self._cut_ms: float | None = None

    def add(self, keys: Sequence[Key], until_ms: float) -> None:
        """Takes a `visemes` message. Keys of one message and one time are one pose."""
        poses: list[MouthPose] = []
        for t_ms, viseme, weight in keys:
            if not poses or poses[-1].t_ms != t_ms:
                poses.append(MouthPose(t_ms, {}))
            poses[-1].weights[viseme] = weight
        self._poses += poses
        self.until_ms = max(self.until_ms, until_ms)

    def cut(self, t_ms: float) -> None:
        """The reply was interrupted when `t_ms` of it was heard: the mouth closes."""
        self._cut_ms = t_ms

    def at(self, t_ms: float) -> dict[int, float] | None:
        """Returns the weights above 0 at `t_ms`; None where the mouth is not known.

        After a cut, `t_ms` goes on counting from the cut as if the reply went on.
        """
        shown_ms = t_ms if self._cut_ms is None else min(t_ms, self._cut_ms)
        if not self._poses or shown_ms > self.until_ms:
            return None
        open_share = 1.0
        if self._cut_ms is not None:
            open_share = max(0.0, 1.0 - max(0.0, t_ms - self._cut_ms) / CLOSE_MS)
        weights = {v: w * open_share for v, w in self._pose(shown_ms).items()}
        return {viseme: weight for viseme, weight in sorted(weights.items()) if weight > 0.0}

    def _pose(self, t_ms: float) -> dict[int, float]:
        after = bisect_right(self._poses, t_ms, key=lambda pose: pose.t_ms)
        if after == 0:
            return self._poses[0].weights
        old = self._poses[after - 1]
        if after == len(self._poses):
            return old.weights
        new = self._poses[after]
        share = (t_ms - old.t_ms) / (new.t_ms - old.t_ms)
        return {
            viseme: old.weights.get(viseme, 0.0) * (1.0 - share)
            + new.weights.get(viseme, 0.0) * share
            for viseme in old.weights | new.weights
        }
