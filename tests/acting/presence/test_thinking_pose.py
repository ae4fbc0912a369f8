"""The pose of somebody who thinks: when it begins and when it is over."""

from __future__ import annotations

import pytest

from voice_avatar.acting.presence.options import BodyOptions
from voice_avatar.acting.presence.thinking_pose import ThinkingPose
from voice_avatar.events.cues import BodyCue

GLANCE = BodyCue("gaze", "away_up", 0.5, 0)
POSE = BodyCue("gesture", "think", 0.5, 0)


def test_the_eyes_go_first_and_the_hand_follows_if_it_takes_longer() -> None:
    pose = ThinkingPose(BodyOptions())
    pose.begin(10.0, 0.3)
    assert pose.deadline_s == pytest.approx(10.3)
    assert pose.tick(10.2) == []
    assert pose.tick(10.3) == [GLANCE]
    assert pose.deadline_s == pytest.approx(10.7)
    assert pose.tick(10.6) == []
    assert pose.tick(10.7) == [POSE]
    assert pose.deadline_s is None
    assert pose.tick(99.0) == []


def test_nothing_comes_once_the_reply_can_be_heard() -> None:
    pose = ThinkingPose(BodyOptions())
    pose.begin(10.0, 0.3)
    pose.tick(10.3)
    pose.end()
    assert pose.deadline_s is None
    assert pose.tick(99.0) == []


def test_a_glance_that_comes_late_does_without() -> None:
    pose = ThinkingPose(BodyOptions(pose_after_s=0.2))
    pose.begin(10.0, 0.3)
    assert pose.tick(10.3) == [POSE]
    assert pose.deadline_s is None


def test_a_reply_that_was_never_promised_needs_no_pose() -> None:
    assert ThinkingPose(BodyOptions()).tick(1e9) == []
