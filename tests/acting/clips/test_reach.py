"""Arms and legs that get where they are sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.acting.clips import library
from voice_avatar.acting.clips.poses import pose
from voice_avatar.acting.clips.reach import HandGoal, arm, direction, squared
from voice_avatar.acting.clips.rotations import IDENTITY, angle_deg, length, less, rotated
from voice_avatar.acting.clips.skeleton import SIDES, Pose, Side, palm, placed


def test_feet_stay_where_they_are_when_the_hips_move() -> None:
    for name in ("weight_shift", "bow", "lean_in"):
        for key in library.clip(name).keys:
            if key.pose.shift != (0.0, 0.0, 0.0):
                places, standing = placed(key.pose), placed(Pose())
                for side in SIDES:
                    foot = f"{side}Foot"
                    assert length(less(places[foot].at, standing[foot].at)) < 1e-6
                    assert angle_deg(places[foot].rotation, IDENTITY) < 1e-3


@given(st.floats(0.05, 0.35), st.floats(1.1, 1.5), st.floats(0.2, 0.33), st.sampled_from(SIDES))
def test_a_hand_gets_where_its_goal_says_and_points_as_it_says(
    x: float, y: float, z: float, side: Side
) -> None:
    fingers = direction("forward+0.4up")
    goal = HandGoal((x, y, z), fingers, squared(fingers, direction("in")))
    chest = placed(Pose())["chest"]
    turns = {side + bone: one for bone, one in arm(goal, chest, side).rotations.items()}
    places = placed(Pose(turns))
    sign = 1 if side == "left" else -1
    assert palm(places, side) == pytest.approx((sign * x, y, z), abs=1e-6)
    pointing = rotated(places[f"{side}Hand"].rotation, (float(sign), 0.0, 0.0))
    assert pointing == pytest.approx(fingers, abs=1e-6)


def test_what_cannot_be_reached_or_is_no_word_is_an_error() -> None:
    chest = placed(Pose())["chest"]
    goal = HandGoal((1.5, 1.2, 0.2), direction("up"), direction("forward"))
    with pytest.raises(ValueError, match="out of reach"):
        arm(goal, chest, "left")
    for words in ("sideways", "", "up+", "3"):
        with pytest.raises(ValueError, match="no direction"):
            direction(words)
    with pytest.raises(ValueError, match="palm"):
        squared(direction("up"), direction("up"))
    with pytest.raises(ValueError, match="fields"):
        pose({"left": {"at": [0, 0, 0], "wrist": 3}}, library.hand_shapes())
    with pytest.raises(ValueError, match="trunk"):
        pose({"body": {"knee": {"bend": 3}}}, library.hand_shapes())
