"""What counts what passes through the server, as its parts see it (see `telemetry/metrics.py`)."""

from __future__ import annotations

from typing import Protocol

from voice_avatar.events.inputs import SessionInput
from voice_avatar.events.notices import Notice


class Meter(Protocol):
    """What counts what passes on a connection."""

    def note(self, notice: Notice) -> None:
        """A notice goes out."""

    def note_input(self, event: SessionInput) -> None:
        """A client's event comes in."""

    def note_bytes(self, received: int, sent: int) -> None:
        """Bytes of payload came in and went out."""

    def note_pacing(self, frames: int, late_s: float) -> None:
        """Frames of reply audio go out, so late against the playout schedule, seconds."""

    def note_resumed(self, *, is_lost: bool) -> None:
        """A session was resumed; `is_lost` tells whether the client misses some of it."""


class SessionMeter(Protocol):
    """What counts sessions."""

    def session_opened(self) -> None:
        """A session was opened."""

    def session_closed(self) -> None:
        """A session that was opened is over."""

    def session_left(self, why: str) -> None:
        """A session without a connection is over: "expired", "evicted", "failed" or "shutdown"."""
