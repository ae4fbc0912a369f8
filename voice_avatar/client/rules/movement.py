"""Hands, face and gaze at a time, from their cues. Pure. PROTOCOL.md, section 11."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from voice_avatar.client.rules.retraction import RETRACTION_MS
from voice_avatar.wire import cue_messages

Phase = Literal["rest", "preparation", "stroke", "hold", "retraction"]


@dataclass(frozen=True, slots=True)
class Moved:
    """Where a gesture stands.

    Attributes:
        phase: of BML 1.0.
        weight: 0 = at rest or given over to the next gesture, 1 = all of the gesture.
    """

    phase: Phase
    weight: float


_REST: Final = Moved("rest", 0.0)


def gesture_at(
    cue: cue_messages.Gesture, t_ms: float, following: cue_messages.Gesture | None = None
) -> Moved:
    """Returns where a gesture stands.

    The hand reaches the gesture linearly from `start_ms` to `stroke_start_ms` and leaves it
    linearly from `relax_ms` to `end_ms`; a client may smooth both.

    Args:
        cue: the gesture.
        t_ms: the time that is heard.
        following: the next gesture of the same hand. If it starts before `relax_ms`, the weight
            goes over to it while it is prepared.
    """
    if t_ms < cue.start_ms or t_ms >= cue.end_ms:
        return _REST
    if following is not None and cue.start_ms <= following.start_ms < cue.relax_ms:
        left = 1.0 - _share(t_ms, following.start_ms, following.stroke_start_ms)
        if t_ms >= following.start_ms and left <= 0.0:
            return _REST
    else:
        left = 1.0
    if t_ms < cue.stroke_start_ms:
        moved = Moved("preparation", _share(t_ms, cue.start_ms, cue.stroke_start_ms))
    elif t_ms < cue.stroke_end_ms:
        moved = Moved("stroke", 1.0)
    elif t_ms < cue.relax_ms:
        moved = Moved("hold", 1.0)
    else:
        moved = Moved("retraction", 1.0 - _share(t_ms, cue.relax_ms, cue.end_ms))
    return Moved(moved.phase, moved.weight * min(1.0, left))


def gesture_after_cut(
    cue: cue_messages.Gesture,
    t_ms: float,
    cut_ms: float,
    following: cue_messages.Gesture | None = None,
) -> Moved:
    """Returns where a gesture stands after an interruption at `cut_ms`.

    Whatever of it is shown at the cut goes back to rest within `RETRACTION_MS`, and not later than
    it would have without the cut; a gesture that has not started by then never does. The times
    are those of `retraction.py`; the weight goes on from where it was.
    """
    if t_ms <= cut_ms:
        return gesture_at(cue, t_ms, following)
    shown = gesture_at(cue, cut_ms, following)
    rest_ms = min(cue.end_ms, cut_ms + RETRACTION_MS)
    weight = shown.weight * (1.0 - _share(t_ms, cut_ms, rest_ms))
    return Moved("retraction", weight) if weight > 0.0 else _REST


def shares_hand(one: cue_messages.Gesture, other: cue_messages.Gesture) -> bool:
    """Returns whether two gestures need the same hand."""
    return one.mode == other.mode or "both" in (one.mode, other.mode)


def gestures_at(
    cues: Sequence[cue_messages.Gesture], t_ms: float, cut_ms: float | None = None
) -> list[tuple[str, Moved]]:
    """Returns the gestures that are shown at `t_ms`, as (id, where it stands), in time's order."""
    ordered = sorted(cues, key=lambda cue: cue.start_ms)
    shown = []
    for index, cue in enumerate(ordered):
        following = next((one for one in ordered[index + 1 :] if shares_hand(cue, one)), None)
        if cut_ms is None:
            moved = gesture_at(cue, t_ms, following)
        else:
            moved = gesture_after_cut(cue, t_ms, cut_ms, following)
        if moved.phase != "rest":
            shown.append((cue.id, moved))
    return shown


def face_at(cues: Sequence[cue_messages.Face], t_ms: float) -> dict[str, float]:
    """Returns the expressions above 0 at `t_ms`, by name.

    Each rises to its intensity in its `fade_ms`, keeps it for `hold_ms`, and falls in `fade_ms`
    again; the next one makes it fall within its own `fade_ms`. Of one name, the stronger counts.
    """
    ordered = sorted(cues, key=lambda cue: cue.t_ms)
    weights: dict[str, float] = {}
    for index, cue in enumerate(ordered):
        following = ordered[index + 1] if index + 1 < len(ordered) else None
        weight = _face_weight(cue, t_ms)
        if following is not None and t_ms >= following.t_ms:
            faded = _share(t_ms, following.t_ms, following.t_ms + following.fade_ms)
            weight = min(weight, _face_weight(cue, following.t_ms)) * (1.0 - faded)
        if weight > 0.0:
            weights[cue.expression] = max(weight, weights.get(cue.expression, 0.0))
    return weights


def _face_weight(cue: cue_messages.Face, t_ms: float) -> float:
    if t_ms < cue.t_ms:
        return 0.0
    weight = cue.intensity * _share(t_ms, cue.t_ms, cue.t_ms + cue.fade_ms)
    falls_ms = cue.t_ms + cue.fade_ms + cue.hold_ms
    if cue.hold_ms and t_ms > falls_ms:
        weight *= 1.0 - _share(t_ms, falls_ms, falls_ms + cue.fade_ms)
    return weight


def gaze_at(cues: Sequence[cue_messages.Gaze], t_ms: float) -> str:
    """Returns what the avatar looks at: the target of the gaze that began last, else "user"."""
    now = [cue for cue in cues if cue.start_ms <= t_ms < cue.end_ms]
    return max(now, key=lambda cue: cue.start_ms).target if now else "user"


def _share(t_ms: float, from_ms: float, to_ms: float) -> float:
    """Returns how much of a stretch has gone by, 0..1; of one without length, all."""
    if t_ms < from_ms:
        return 0.0
    return 1.0 if t_ms >= to_ms else (t_ms - from_ms) / (to_ms - from_ms)
