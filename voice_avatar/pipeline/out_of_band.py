"""A reply beside the conversation: made and sent like any other, and heard by nobody's history.

It has no turn, no gate and no playout schedule: what is made goes out as it comes. The session does
not know of it.
"""

from __future__ import annotations

from collections.abc import Callable

from voice_avatar.events import (
    Notice,
    ReplyDone,
    ReplyFailed,
    ReplyGenerated,
    ReplyStatus,
    ReplyTextAdded,
    SessionInput,
    ToolCalled,
    ToolCallMade,
)

UNLIMITED = 1 << 40
"""Samples: more than any reply has."""


class OutOfBandOwner:
    """What such a reply has instead of a conversation (`reply_run.ReplyOwner`)."""

    def __init__(self, reply_id: int, tell: Callable[[Notice], None]) -> None:
        """`tell` sends a notice."""
        self._reply_id = reply_id
        self._tell = tell
        self._text = ""
        self._is_failed = False
        self._samples = 0

    def step(self, event: SessionInput) -> None:
        """See `ReplyOwner`."""
        match event:
            case ReplyTextAdded(_, text):
                self._text += text
            case ToolCallMade(reply_id, call):
                self._tell(ToolCalled(reply_id, call.call_id, call.name, call.arguments))
            case ReplyFailed():
                self._is_failed = True
            case ReplyGenerated(_, count):
                self._samples = count
            case _:
                pass

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
        """All of it was sent."""
        status: ReplyStatus = "failed" if self._is_failed else "completed"
        self._tell(ReplyDone(self._reply_id, status, self._text, self._samples))
