"""The sessions of a server by id, those that wait for their client as well."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

from voice_avatar.server.live_session import LiveSession
from voice_avatar.server.meter import SessionMeter
from voice_avatar.telemetry.logs import SessionLog
from voice_avatar.wire import client_messages

_log = logging.getLogger(__name__)


class Sessions:
    """All sessions that are not over. A session keeps its place while its client is away."""

    def __init__(self, meter: SessionMeter) -> None:
        self._meter = meter
        self._sessions: dict[str, LiveSession] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def __iter__(self) -> Iterator[LiveSession]:
        return iter(tuple(self._sessions.values()))

    def __len__(self) -> int:
        return len(self._sessions)

    @property
    def lost_s(self) -> dict[str, float | None]:
        """For each session since when nobody is connected to it, seconds; None = somebody is."""
        return {session_id: session.lost_s for session_id, session in self._sessions.items()}

    @property
    def unused(self) -> frozenset[str]:
        """Sessions whose client has said nothing but hello."""
        return frozenset(s.session_id for s in self if not s.key.is_used)

    @property
    def waiting(self) -> int:
        """Sessions that wait for their client."""
        return sum(session.lost_s is not None for session in self._sessions.values())

    def find(self, resume: client_messages.Resume) -> LiveSession | None:
        """Returns the session that a client comes back to, if it shows the token of it."""
        session = self._sessions.get(resume.session_id)
        return session if session is not None and session.key.accepts(resume.token) else None

    async def open(self, session: LiveSession) -> None:
        """Takes in a session, and returns once its conversation runs."""
        self.take_in(session)
        await session.opened.wait()

    def take_in(self, session: LiveSession) -> None:
        """Takes in a session; its conversation runs when it may."""
        self._sessions[session.session_id] = session
        self._meter.session_opened()
        task = asyncio.create_task(self._keep(session), name=f"session {session.session_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep(self, session: LiveSession) -> None:
        log = SessionLog(_log, session.session_id)
        why = "expired"
        try:
            await session.run()
        except Exception:  # the task boundary of a session: a connection tells of it itself
            why = "failed"
            if session.lost_s is not None:
                log.exception("session failed")
        if self._sessions.pop(session.session_id, None) is None:
            return  # it was dismissed
        self._meter.session_closed()
        if session.lost_s is not None:
            self._meter.session_left(why)
            log.info("session closed", extra={"why": why})

    def evict(self, session_id: str) -> None:
        """Ends a session that waits for its client; its place is free at once."""
        self._dismiss(self._sessions[session_id], "evicted")

    def _dismiss(self, session: LiveSession, why: str) -> None:
        # It is taken out here and not when its task has ended: whoever comes in its place is let
        # in at once. Its task finds it gone and counts nothing again.
        del self._sessions[session.session_id]
        session.end()
        self._meter.session_closed()
        self._meter.session_left(why)
        SessionLog(_log, session.session_id).info("session closed", extra={"why": why})

    def dismiss_waiting(self) -> None:
        """Ends all sessions that wait for their client: nobody can come back any more."""
        for session in self:
            if session.lost_s is not None:
                self._dismiss(session, "shutdown")

    async def aclose(self) -> None:
        """Ends all sessions and waits until nothing of them runs."""
        self.dismiss_waiting()
        for session in self:
            session.end()
        if self._tasks:
            await asyncio.wait(self._tasks)
