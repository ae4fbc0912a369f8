"""The skeleton of the clips: its bones, and where a pose puts them."""

from __future__ import annotations

import pytest

from voice_avatar.acting.clips.rotations import add, length, less, mirror, turn
from voice_avatar.acting.clips.skeleton import (
    FINGERS,
    FOREARM_M,
    PALM_M,
    REQUIRED,
    SIDES,
    UPPER_ARM_M,
    Pose,
    finger_bones,
    palm,
    placed,
    skeleton,
    tip,
)


def test_every_bone_comes_after_its_parent_and_only_the_hips_have_none() -> None:
    seen: set[str] = set()
    for name, bone in skeleton().items():
        assert bone.name == name
        assert bone.parent in seen or (name == "hips" and not bone.parent)
        seen.add(name)
    assert seen >= REQUIRED


def test_the_right_side_is_the_left_one_in_a_mirror() -> None:
    bones = skeleton()
    lefts = [name for name in bones if name.startswith("left")]
    assert len(lefts) * 2 + 5 == len(bones)
    for name in lefts:
        left, right = bones[name], bones["right" + name[4:]]
        assert right.offset == mirror(left.offset)
        assert right.parent == left.parent.replace("left", "right")
        assert (right.tip is None) == (left.tip is None)


def test_a_finger_has_three_bones_in_a_row_and_a_tip_at_the_last() -> None:
    places = placed(Pose())
    for side in SIDES:
        for finger in FINGERS:
            first, second, third = finger_bones(side, finger)
            assert skeleton()[first].parent == f"{side}Hand"
            assert skeleton()[second].parent == first
            assert skeleton()[third].parent == second
            assert length(less(tip(places, third), places[third].at)) > 0.01
            with pytest.raises(KeyError):
                tip(places, second)


def test_in_the_t_pose_arms_are_stretched_sideways_at_one_height() -> None:
    places = placed(Pose())
    for side in SIDES:
        shoulder, hand = places[f"{side}UpperArm"].at, places[f"{side}Hand"].at
        assert length(less(hand, shoulder)) == pytest.approx(UPPER_ARM_M + FOREARM_M)
        assert hand[1] == pytest.approx(shoulder[1])
        assert length(less(palm(places, side), hand)) == pytest.approx(PALM_M)
    assert places["leftHand"].at[0] == pytest.approx(-places["rightHand"].at[0])


def test_a_shift_of_the_hips_takes_every_bone_along() -> None:
    shift = (0.1, -0.2, 0.3)
    still, moved = placed(Pose()), placed(Pose(shift=shift))
    for name, place in still.items():
        assert moved[name].at == pytest.approx(add(place.at, shift))
        assert moved[name].rotation == place.rotation


def test_a_turned_bone_takes_along_what_hangs_on_it_and_nothing_else() -> None:
    still = placed(Pose())
    moved = placed(Pose({"leftLowerArm": turn((0.0, 1.0, 0.0), 90.0)}))
    assert moved["leftLowerArm"].at == still["leftLowerArm"].at
    assert moved["rightHand"] == still["rightHand"]
    way = less(moved["leftHand"].at, moved["leftLowerArm"].at)
    assert length(way) == pytest.approx(FOREARM_M)
    assert way[0] == pytest.approx(0.0, abs=1e-9)
