"""Whom the user talks to, and what about, by where the user looks. Pure.

A glance is no look: what is looked at counts after a moment. A look stays good for a while after
it has moved on, since people look away while they think and speak. Where nothing is known of the
eyes, whatever is said is meant for the avatar.
"""

from __future__ import annotations

from typing import Final

from voice_avatar.acting.presence.whereabouts import AVATAR

STALE_S: Final = 3.0
"""After so long without news nothing is known of the eyes, seconds."""

LOOK_S: Final = 0.2
"""A look lasts for so long at least, seconds (a fixation; shorter ones pass over things)."""

MEANT_S: Final = 4.0
"""How long after a look at an object "that" still means it, seconds."""


class Addressee:
    """Follows one user's eyes."""

    def __init__(self, grace_s: float) -> None:
        """`grace_s` is how long after a look at the avatar what is said is still meant for it."""
        self._grace_s = grace_s
        self._noted_s: float | None = None
        self._looks_at: str | None = None
        self._since_s = 0.0
        self._on_avatar_s: float | None = None
        self._object = ""
        self._on_object_s = 0.0

    def note(self, looks_at: str | None, now_s: float) -> None:
        """Takes what the user looks at now (see `Whereabouts.looks_at`)."""
        if self._noted_s is None or now_s - self._noted_s >= STALE_S:
            self._looks_at = None
        self._settle(now_s)
        self._noted_s = now_s
        if looks_at != self._looks_at:
            self._looks_at, self._since_s = looks_at, now_s

    def _settle(self, now_s: float) -> None:
        """Counts what is looked at, once it has been for long enough."""
        if now_s - self._since_s < LOOK_S:
            return
        if self._looks_at == AVATAR:
            self._on_avatar_s = now_s
        elif self._looks_at:
            self._object, self._on_object_s = self._looks_at, now_s

    def is_known(self, now_s: float) -> bool:
        """Whether it is known where the user looks."""
        is_noted = self._noted_s is not None and now_s - self._noted_s < STALE_S
        return is_noted and self._looks_at is not None

    def is_on_avatar(self, now_s: float) -> bool:
        """Whether what the user says now is meant for the avatar."""
        if not self.is_known(now_s):
            return True
        self._settle(now_s)
        return self._on_avatar_s is not None and now_s - self._on_avatar_s < self._grace_s

    def meant(self, now_s: float) -> str:
        """Returns the object that the user means by "that"; "" for none."""
        if self.is_known(now_s):
            self._settle(now_s)
        return self._object if self._object and now_s - self._on_object_s < MEANT_S else ""
