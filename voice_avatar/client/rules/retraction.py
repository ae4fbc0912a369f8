"""What becomes of a movement when its reply is interrupted, as any client shows it. Pure.

When speech stops, gesture stops (Graziano & Gullberg): strokes that have not begun are left out,
and whatever is under way goes back to rest within `RETRACTION_MS`. PROTOCOL.md says the same, and
`unity_client_protocol/vectors/retraction.json` holds cases for clients in other languages. A pause
needs no rule of its own: the reply's clock stands still, and every movement with it.
"""

from __future__ import annotations

from typing import Final

import msgspec

from voice_avatar.wire import cue_messages

RETRACTION_MS: Final = 300.0
"""Within so long everything of an interrupted reply is at rest (reference 4.2)."""

Movement = cue_messages.Gesture | cue_messages.Head | cue_messages.Gaze | cue_messages.Face
"""A movement on the reply's clock."""


def retracted(movement: Movement, at_ms: float) -> Movement | None:
    """Returns a movement as it ends when its reply is cut at `at_ms`; None = it is not shown.

    The sync points that lie behind `at_ms` stay as they were. A hand on its way to a stroke turns
    round: its stroke is gone, `stroke_ms` = `at_ms`. An expression keeps its time: a face is slower
    than a hand, and what it felt is not unfelt.

    Args:
        movement: as it was sent.
        at_ms: `reply.interrupted.at_ms`, or where the client's own clock stopped.
    """
    if isinstance(movement, cue_messages.Face):
        return movement if movement.t_ms < at_ms else None
    if movement.start_ms >= at_ms:
        return None
    if movement.end_ms <= at_ms:
        return movement
    rest_ms = 0.0 if isinstance(movement, cue_messages.Gaze) else RETRACTION_MS
    cut = {
        name: min(getattr(movement, name), at_ms)
        for name in ("stroke_start_ms", "stroke_ms", "stroke_end_ms", "relax_ms")
        if name in movement.__struct_fields__
    }
    return msgspec.structs.replace(movement, **cut, end_ms=min(movement.end_ms, at_ms + rest_ms))
