"""What a reply out of band has instead of the conversation's pace. Pure.

It has no turn, no gate and no playout schedule: what is made goes out as it comes. The session has
asked for it like for any other and is told what becomes of it (`conversation/out_of_band.py`), but
not how far it has gone out: only, at last, that all of it has.
"""

from __future__ import annotations

from collections.abc import Callable

from voice_avatar.events.inputs import AudioSent, SessionInput

UNLIMITED = 1 << 40
"""Samples: more than any reply has."""


class OutOfBandOwner:
    """What such a reply has instead of a conversation (`reply_run.ReplyOwner`)."""

    def __init__(self, reply_id: int, step: Callable[[SessionInput], None]) -> None:
        """`step` gives the session an event."""
        self._reply_id = reply_id
        self._step = step
        self._sent = 0

    def step(self, event: SessionInput) -> None:
        """See `ReplyOwner`."""
        if isinstance(event, AudioSent):
            self._sent = event.until
        else:
            self._step(event)

    def allowance(self, reply_id: int) -> int:
        """See `ReplyOwner`."""
        return UNLIMITED

    def take_waste(self) -> int:
        """See `ReplyOwner`."""
        return 0

    def due_s(self, reply_id: int, until: int) -> float | None:
        """See `ReplyOwner`."""
        return None

    def over(self) -> None:
        """All of it was sent, and told: nothing of it comes after this."""
        self._step(AudioSent(self._reply_id, self._sent))
