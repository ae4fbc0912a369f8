"""What points, points at what is meant."""

from __future__ import annotations

from voice_avatar.acting.gesture.pointing import aimed
from voice_avatar.events.cues import GazeCue, GestureCue, HeadCue
from voice_avatar.events.notices import ReplyNotice


def gesture(lexeme: str) -> GestureCue:
    return GestureCue(1, "g1", lexeme, "deictic", "right", 0.6, 10, 20, 30, 40, 50, 60, "llm")


NOD = HeadCue(1, "nod", 0.5, 1, 0, 5, 9, "rule")


def test_a_hand_that_points_gets_the_object_and_the_gaze_goes_there_with_it() -> None:
    pointing = gesture("point_away")
    first, second, third = aimed([NOD, pointing], "vase")
    assert first is NOD
    assert isinstance(second, GestureCue)
    assert second.target == "vase"
    assert third == GazeCue(1, "vase", 10, 40, "llm")


def test_pointing_at_oneself_or_the_user_is_not_aimed_elsewhere() -> None:
    cues: list[ReplyNotice] = [gesture("point_self"), gesture("point_user"), gesture("wave")]
    assert aimed(cues, "vase") == cues


def test_without_an_object_nothing_changes() -> None:
    cues: list[ReplyNotice] = [gesture("point_here"), NOD]
    assert aimed(cues, "") == cues
