"""What shows that a reply is on its way while nothing of it can be heard yet. Pure.

The eyes go away first, and if that takes longer the hand goes to the chin. Both last until the next
`state`, so that they are over when the first sound comes.
"""

from __future__ import annotations

from voice_avatar.acting.presence.options import BodyOptions
from voice_avatar.events.cues import BodyCue


class ThinkingPose:
    """The pose of one avatar.

    Attributes:
        deadline_s: when `tick` is due, None = never.
    """

    def __init__(self, options: BodyOptions) -> None:
        self._options = options
        self._pose_s: float | None = None
        self.deadline_s: float | None = None

    def begin(self, now_s: float, glance_after_s: float) -> None:
        """A reply was promised at `now_s`; the eyes go away after `glance_after_s`."""
        self.deadline_s = now_s + glance_after_s
        self._pose_s = now_s + max(glance_after_s, self._options.pose_after_s)

    def end(self) -> None:
        """It can be heard, or will not come."""
        self.deadline_s = self._pose_s = None

    def tick(self, now_s: float) -> list[BodyCue]:
        """Does what is due."""
        if self.deadline_s is None or self._pose_s is None or now_s < self.deadline_s:
            return []
        if self.deadline_s < self._pose_s:
            self.deadline_s = self._pose_s
            return [BodyCue("gaze", "away_up", 0.5, 0)]
        self.end()
        return [BodyCue("gesture", "think", self._options.scaled(0.5), 0)]
