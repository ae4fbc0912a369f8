"""What the dialect has done, besides events for the client and inputs of the session. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from voice_avatar.events.inputs import SessionInput
from voice_avatar.realtime.server_events import ServerEvent


@dataclass(frozen=True, slots=True)
class Hear:
    """Microphone audio for the session. What follows it waits until it was heard."""

    pcm: bytes
    rate_hz: int


Step = ServerEvent | SessionInput | Hear
"""One thing to do, in order: send an event, give the session an input, or the above."""
