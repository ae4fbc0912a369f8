"""What a planner makes of a chunk, sorted by kind."""

from __future__ import annotations

from kit.acting_examples import RATE_HZ, spoken
from voice_avatar.acting.gesture.options import GestureOptions
from voice_avatar.acting.gesture.planner import BodyMove, GesturePlanner
from voice_avatar.events.cues import FaceCue, GazeCue, GestureCue, HeadCue
from voice_avatar.events.payloads import SpeakableChunk

STILL = GestureOptions(energy=0.0, has_rules=False)


def planner(
    options: GestureOptions = STILL,
    language: str = "en",
    allowed: frozenset[str] | None = None,
    reply_id: int = 1,
) -> GesturePlanner:
    return GesturePlanner(options, language, reply_id, RATE_HZ, 1, allowed)


def plan(
    text: SpeakableChunk,
    *,
    options: GestureOptions = STILL,
    language: str = "en",
    offset: int = 0,
    unstressed: tuple[int, ...] = (),
) -> tuple[BodyMove, ...]:
    speech = spoken(text, unstressed)
    return planner(options, language).plan(text, speech, offset=offset)


def gestures(moves: tuple[BodyMove, ...]) -> list[GestureCue]:
    return [move for move in moves if isinstance(move, GestureCue)]


def heads(moves: tuple[BodyMove, ...]) -> list[HeadCue]:
    return [move for move in moves if isinstance(move, HeadCue)]


def gazes(moves: tuple[BodyMove, ...]) -> list[GazeCue]:
    return [move for move in moves if isinstance(move, GazeCue)]


def faces(moves: tuple[BodyMove, ...]) -> list[FaceCue]:
    return [move for move in moves if isinstance(move, FaceCue)]
