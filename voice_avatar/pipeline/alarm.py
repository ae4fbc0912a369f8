"""The session's deadline as a timer of the event loop.

The session says when it wants to be asked again at the latest (`Session.deadline_s`); it does so
after every step, about thirty times a second for each user who is here. Nearly all those deadlines
are moved away before they come, so the timer is not moved with them: it rings at the earliest one
that it was ever wound up to, finds that there is nothing to do, and is wound up again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from voice_avatar.conversation.session import Session
from voice_avatar.events.inputs import Tick
from voice_avatar.pipeline.owner import ConversationOwner

_LEAST_WAIT_S = 0.001
"""A deadline that has come already rings so much later, seconds: the loop has its turn first."""


class Alarm:
    """Rings when the session's deadline comes. Lives in one event loop."""

    def __init__(
        self, session: Session, owner: ConversationOwner, clock: Callable[[], float]
    ) -> None:
        """Makes an alarm that is not wound up.

        Args:
            session: whose deadline it is.
            owner: gives the session its tick.
            clock: the conversation's, seconds.
        """
        self._session = session
        self._owner = owner
        self._clock = clock
        self._timer: asyncio.TimerHandle | None = None
        self._rings_s = 0.0

    def wind_up(self, now_s: float) -> None:
        """Has the timer ring when the session's deadline comes, at the latest.

        Deadlines mostly move away: a timer that rings too early and is wound up again costs less
        than one that is set anew at each of them.
        """
        deadline_s = self._session.deadline_s
        if deadline_s is None or (self._timer is not None and self._rings_s <= deadline_s):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._rings_s = max(now_s + _LEAST_WAIT_S, deadline_s)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._rings_s - now_s, self._ring)

    def stop(self) -> None:
        """The conversation is over: does not ring any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _ring(self) -> None:
        """Gives the session a tick if its deadline has come. Called by the event loop."""
        self._timer = None
        if self._owner.has_ended:
            return
        try:
            # The deadline is asked for now, not when the timer was set: it may have moved since.
            now_s, deadline_s = self._clock(), self._session.deadline_s
            if deadline_s is not None and now_s >= deadline_s:
                self._owner.step(Tick())
            self.wind_up(now_s)
        except Exception as error:  # the boundary of a conversation
            self._owner.fail(error)
