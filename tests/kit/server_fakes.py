"""Stand-ins for what is around the parts of the server: socket, meter, conversation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from voice_avatar.events.inputs import SessionInput
from voice_avatar.events.notices import Notice
from voice_avatar.server.caller import Caller
from voice_avatar.server.live_session import LiveSession
from voice_avatar.wire import client_messages
from voice_avatar.wire.negotiation import ServerOffer, negotiate


class FakeSocket:
    """A socket that keeps what is sent, and whose client may be made to stop reading.

    Attributes:
        sent: what was sent.
        closed: code and reason of its close, None while it is open.
        is_cut: whether it was aborted.
        reads: set while its client reads.
        waiting_bytes: what waits for the system to take it.
    """

    def __init__(self) -> None:
        self.sent: list[str | bytes] = []
        self.closed: tuple[int, str] | None = None
        self.is_cut = False
        self.waiting_bytes = 0
        self.reads = asyncio.Event()
        self.reads.set()
        self.transport = self

    def get_write_buffer_size(self) -> int:
        return self.waiting_bytes

    def abort(self) -> None:
        self.is_cut = True

    def is_closing(self) -> bool:
        return self.is_cut

    async def send(self, data: str | bytes) -> None:
        await self.reads.wait()
        self.sent.append(data)

    async def close(self, code: int, reason: str = "") -> None:
        await self.reads.wait()
        self.closed = (int(code), reason)


class NoMeter:
    """Counts nothing."""

    def note(self, notice: Notice) -> None: ...

    def note_input(self, event: SessionInput) -> None: ...

    def note_bytes(self, received: int, sent: int) -> None: ...

    def note_pacing(self, frames: int, late_s: float) -> None: ...

    def note_resumed(self, *, is_lost: bool) -> None: ...

    def session_opened(self) -> None: ...

    def session_closed(self) -> None: ...

    def session_left(self, why: str) -> None: ...


class FakeConversation:
    """A conversation in which nothing happens but what a test says.

    Attributes:
        taken: what was submitted.
        is_over: whether it has ended by itself.
        is_speaking: whether a reply is spoken.
        runs: whether it is between its begin and its end.
    """

    def __init__(self, fails: Exception | None = None) -> None:
        self._fails = fails
        self._on_over: Callable[[], None] = lambda: None
        self.taken: list[SessionInput] = []
        self.is_over = False
        self.is_speaking = False
        self.runs = False

    async def __aenter__(self) -> FakeConversation:
        if self._fails is not None:
            raise self._fails
        self.runs = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self.runs = False

    def when_over(self, act: Callable[[], None]) -> None:
        self._on_over = act

    def submit(self, event: SessionInput) -> None:
        self.taken.append(event)

    def end_by_itself(self) -> None:
        self.is_over = True
        self._on_over()


def live_session(
    session_id: str = "s1",
    conversation: Any = None,
    *,
    hello: client_messages.SessionHello | None = None,
    ttl_s: float = 0.0,
    clock: Callable[[], float] | None = None,
) -> LiveSession:
    """Returns a session of which nothing runs yet."""
    agreed = negotiate(hello or client_messages.SessionHello(), ServerOffer(rates_hz=(16_000,)))
    return LiveSession(
        session_id,
        FakeConversation() if conversation is None else conversation,
        agreed,
        caller=Caller("192.0.2.7"),
        frame_ms=20,
        ttl_s=ttl_s,
        clock=clock or asyncio.get_running_loop().time,
    )
