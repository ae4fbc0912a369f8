"""Tags, text rules and stress -> gestures, head, gaze and face on the reply's clock. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from voice_avatar.events import FaceCue, GazeCue, GestureCue, HeadCue, SpeakableChunk, SpeechPlan


@dataclass(frozen=True, slots=True)
class GestureOptions:
    """How much the avatar moves.

    Attributes:
        energy: 0..1.
    """

    energy: float = 0.5


class GesturePlanner:
    """Plans the movements of one reply.

    Attributes:
        number: number of the next gesture.
    """

    def __init__(
        self,
        options: GestureOptions,
        language: str,
        reply_id: int,
        rate_hz: int,
        first_number: int,
        vocabulary: frozenset[str] | None = None,
    ) -> None:
        self.number = first_number

    def plan(
        self, chunk: SpeakableChunk, plan: SpeechPlan, *, offset: int, is_last: bool
    ) -> tuple[GestureCue | HeadCue | GazeCue | FaceCue, ...]:
        """Plans one chunk."""
        return ()
