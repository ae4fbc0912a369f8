"""What waits to be sent to one client: in order, bounded, and free of interrupted replies."""

from __future__ import annotations

import asyncio
from collections import deque

from voice_avatar.events.notices import (
    Notice,
    ReplyDone,
    ReplyInterrupted,
    ReplyNotice,
    ReplyStarted,
    StageMarks,
    StateChanged,
    TranscriptInterim,
)

_SURVIVORS = (ReplyStarted, ReplyInterrupted, ReplyDone, StageMarks)
"""What is still told about a reply that was cut: that it began, even if that still waited."""


class Outbox:
    """A queue of notices with one reader.

    Whoever has audio waits for room before it is put; the rest is few and is never refused. A newer
    interim transcript or state replaces an older one that still waits. Once a reply is cut, `get`
    skips what is left of it and of all before it: nobody has to search the queue.
    """

    def __init__(self, limit: int) -> None:
        """`limit` is how many notices may wait before audio has to."""
        self._limit = limit
        self._items: deque[Notice] = deque()
        self._arrived = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._cut_id = 0
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._items)

    def put(self, notice: Notice) -> None:
        """Appends a notice."""
        if isinstance(notice, ReplyInterrupted):
            # What of the reply stands in front of this in the queue is void from now on, not only
            # once this is read: a client that reads slowly must not be sent what it is about to
            # hear is cut.
            self._cut_id = max(self._cut_id, notice.reply_id)
        # Only its neighbour: further in front, something in between would be overtaken.
        if self._items and self._supersedes(notice, self._items[-1]):
            self._items.pop()
        self._items.append(notice)
        self._arrived.set()
        if len(self._items) >= self._limit:
            self._has_room.clear()

    @staticmethod
    def _supersedes(new: Notice, old: Notice) -> bool:
        if isinstance(new, TranscriptInterim) and isinstance(old, TranscriptInterim):
            return new.turn_id == old.turn_id
        return isinstance(new, StateChanged) and isinstance(old, StateChanged)

    async def has_room(self) -> None:
        """Waits until there is room for audio."""
        await self._has_room.wait()

    async def get(self) -> Notice | None:
        """Returns the next notice, None once the outbox is closed and empty."""
        while True:
            while self._items:
                notice = self._items.popleft()
                # Before it is looked at: what is skipped makes room too, and the next reply need
                # not wait for what is left of the one that was cut.
                if len(self._items) < self._limit:
                    self._has_room.set()
                if not self._is_cut(notice):
                    return notice
            # Only when nothing waits: what was put before the end is still sent.
            if self._is_closed:
                return None
            # Nothing is awaited since the queue was found empty: nothing can have come unseen.
            self._arrived.clear()
            await self._arrived.wait()

    def _is_cut(self, notice: Notice) -> bool:
        if isinstance(notice, _SURVIVORS) or not isinstance(notice, ReplyNotice):
            return False
        return notice.reply_id <= self._cut_id

    def close(self) -> None:
        """Lets `get` end once everything that waits was taken."""
        self._is_closed = True
        self._arrived.set()
