"""Pointing at what the user means. Pure.

A gesture that points away from speaker and listener gets the object that the user looked at a
moment ago as its target, and the gaze goes there before the hand does (gaze leads pointing by some
200 ms) and comes back to the user.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from voice_avatar.events.cues import GazeCue, GestureCue
from voice_avatar.events.notices import ReplyNotice

_AIMED = frozenset({"point_here", "point_away"})


def aimed(notices: Iterable[ReplyNotice], target: str) -> list[ReplyNotice]:
    """Aims what points.

    Args:
        notices: planned cues of a reply.
        target: id of the object that is meant; "" = none, and nothing changes.
    """
    out: list[ReplyNotice] = []
    for notice in notices:
        if target and isinstance(notice, GestureCue) and notice.lexeme in _AIMED:
            out.append(replace(notice, target=target))
            until = max(notice.start, notice.stroke_end)
            out.append(GazeCue(notice.reply_id, target, notice.start, until, notice.source))
        else:
            out.append(notice)
    return out
