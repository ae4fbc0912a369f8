"""What the parts of a conversation may ask of it: the session's step, its tasks, its end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Protocol

from voice_avatar.events.inputs import SessionInput


class ConversationOwner(Protocol):
    """The conversation that ears, answers, alarm and replies belong to."""

    @property
    def has_ended(self) -> bool:
        """Whether it is over: by itself, or because something of it failed."""

    def step(self, event: SessionInput) -> None:
        """Gives the session an event and carries out what it says."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Runs a task that lives no longer than the conversation and fails it if it fails."""

    def fail(self, error: Exception) -> None:
        """Ends the conversation for what happened where no task of it ran: in the event loop."""
