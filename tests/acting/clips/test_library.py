"""Clips: a movement for every lexeme, that a body could make."""

from __future__ import annotations

import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from kit.clip_body import arm_angles, collisions

from voice_avatar.acting.clips import library
from voice_avatar.acting.clips.motion import FRAME_S
from voice_avatar.acting.clips.poses import pose
from voice_avatar.acting.clips.rotations import IDENTITY, Vector, angle_deg, dot, length, less
from voice_avatar.acting.clips.skeleton import (
    FINGERS,
    SIDES,
    Pose,
    Side,
    finger_bones,
    palm,
    placed,
    tip,
)
from voice_avatar.vocabulary import vocabulary

NAMES = library.names()
GESTURES = tuple(vocabulary().gestures)
DOCS = Path(__file__).parents[3] / "docs" / "gestures"


def at_stroke(name: str) -> Pose:
    clip = library.clip(name)
    turns = clip.at(clip.sync_s["stroke"]).rotations
    return Pose({**library.rest().rotations, **turns})


def hand(name: str, side: Side = "right") -> Vector:
    """Where a palm is at the stroke: x outwards on its own side."""
    x, y, z = palm(placed(at_stroke(name)), side)
    return (x if side == "left" else -x, y, z)


def stretched(name: str) -> set[str]:
    """The fingers of the right hand whose tips are far from the wrist at the stroke."""
    places = placed(at_stroke(name))
    wrist = places["rightHand"].at
    return {
        finger
        for finger in FINGERS[1:]
        if length(less(tip(places, finger_bones("right", finger)[2]), wrist)) > 0.14
    }


# -- what there is


def test_every_gesture_and_head_movement_has_a_clip_and_no_clip_is_of_anything_else() -> None:
    rows = tomllib.loads(
        (Path(library.__file__).parents[2] / "data/clips/clips.toml").read_text("utf-8")
    )
    words = vocabulary()
    assert rows["gestures"].keys() == words.gestures.keys()
    assert rows["heads"].keys() == words.heads.keys()
    assert len(set(NAMES)) == len(NAMES)


def test_every_posture_that_the_server_asks_for_has_a_clip() -> None:
    text = (DOCS.parents[1] / "unity_client_protocol" / "PROTOCOL.md").read_text("utf-8")
    told = text.split("until the next `state`, a posture (")[1].split(")")[0]
    asked = set(told.replace("`", "").replace(",", " ").split())
    assert {"lean_in", "upright"} <= asked <= set(NAMES)


@pytest.mark.parametrize("name", GESTURES)
def test_a_gesture_has_the_phases_of_the_vocabulary_and_moves_its_own_hand(name: str) -> None:
    lexeme, clip = vocabulary().gestures[name], library.clip(name)
    points = list(clip.sync_s.values())
    assert points == sorted(points)
    assert clip.sync_s["stroke_start"] == pytest.approx(lexeme.preparation_ms / 1000)
    assert clip.sync_s["stroke_end"] - clip.sync_s["stroke_start"] == pytest.approx(
        lexeme.stroke_ms / 1000
    )
    assert clip.duration_s == pytest.approx(clip.sync_s["end"])
    moved = {side for side in SIDES if f"{side}Hand" in clip.tracks}
    assert moved == (set(SIDES) if lexeme.mode == "both" else {lexeme.mode})


@pytest.mark.parametrize("name", NAMES)
def test_a_clip_ends_where_it_began(name: str) -> None:
    clip = library.clip(name)
    for track in clip.tracks.values():
        assert angle_deg(track.rotations[0], track.rotations[-1]) < 0.01
    if clip.shifts:
        assert clip.shifts[0][1] == pytest.approx(clip.shifts[-1][1])


@pytest.mark.parametrize("name", GESTURES)
def test_a_gesture_begins_in_the_relaxed_stand(name: str) -> None:
    for bone, track in library.clip(name).tracks.items():
        rest = library.rest().rotations.get(bone, IDENTITY)
        assert angle_deg(track.rotations[0], rest) < 0.01


# -- what a body can do


@pytest.mark.parametrize("name", NAMES)
def test_no_joint_goes_beyond_its_limits_at_any_time(name: str) -> None:
    clip, limits = library.clip(name), library.joint_limits()
    for step in range(41):
        posed = clip.at(clip.duration_s * step / 40)
        for side in SIDES:
            if f"{side}Hand" not in clip.tracks:
                continue
            for joint, angle in arm_angles(posed, side).items():
                low, high = limits[joint]
                assert low <= angle <= high, f"{side} {joint} {angle:.0f} at {step}/40"


def test_hand_shapes_keep_to_the_limits() -> None:
    limits = library.joint_limits()
    for shape in library.hand_shapes().values():
        for knuckle, *outer in shape.bends.values():
            assert limits["knuckle"][0] <= knuckle <= limits["knuckle"][1]
            assert all(limits["finger"][0] <= bend <= limits["finger"][1] for bend in outer)
        assert all(limits["thumb"][0] <= angle <= limits["thumb"][1] for angle in shape.thumb)


@pytest.mark.parametrize("name", NAMES)
def test_no_arm_goes_through_the_trunk_or_the_head(name: str) -> None:
    clip = library.clip(name)
    sides: tuple[Side, ...] = tuple(side for side in SIDES if f"{side}Hand" in clip.tracks)
    for step in range(41):
        posed = clip.at(clip.duration_s * step / 40)
        whole = Pose({**library.rest().rotations, **posed.rotations}, posed.shift)
        assert not collisions(whole, sides), f"at {step}/40"


def test_the_check_of_collisions_finds_a_hand_in_the_belly_and_one_in_the_head() -> None:
    rest = {"fingers": "in", "palm": "back", "shape": "flat"}
    for at in ([0.02, 1.15, 0.02], [0.0, 1.58, 0.03]):
        assert collisions(pose({"right": {"at": at, **rest}}, library.hand_shapes()))


@pytest.mark.parametrize("name", NAMES)
def test_no_bone_turns_faster_than_an_arm_can(name: str) -> None:
    clip = library.clip(name)
    samples = [clip.at(step * FRAME_S) for step in range(int(clip.duration_s / FRAME_S) + 1)]
    for before, after in pairwise(samples):
        for bone in after.rotations:
            if not any(finger in bone for finger in FINGERS):
                speed = angle_deg(before.rotations[bone], after.rotations[bone]) / FRAME_S
                assert speed < 1300, f"{bone}: {speed:.0f} degrees a second"


# -- that it is the gesture that its name says


@pytest.mark.parametrize("name", ["beat_right", "beat_both"])
def test_beats_fall_in_front_of_the_belly(name: str) -> None:
    x, y, z = hand(name)
    assert 0.05 < x < 0.3
    assert 0.95 < y < 1.2
    assert z > 0.2


def test_a_wave_swings_from_side_to_side_beside_the_head() -> None:
    clip = library.clip("wave")
    begin, end = clip.sync_s["stroke_start"], clip.sync_s["stroke_end"]
    path = [
        palm(placed(clip.at(begin + (end - begin) * step / 60)), "right")[0] for step in range(61)
    ]
    turns = sum((b - a) * (c - b) < 0 for a, b, c in zip(path, path[1:], path[2:], strict=False))
    assert turns >= 4
    assert hand("wave")[1] > 1.5
    assert max(path) - min(path) > 0.08


def test_contacts_are_where_they_should_be() -> None:
    assert hand("hand_on_heart") == pytest.approx((-0.04, 1.25, 0.145), abs=0.03)
    x, y, z = hand("facepalm")
    assert abs(x) < 0.08
    assert y > 1.48
    assert z > 0.1
    index = tip(placed(at_stroke("think")), "rightIndexDistal")
    assert length(less(index, (0.0, 1.5, 0.11))) < 0.12
    clip = library.clip("clap")
    struck = placed(clip.at(clip.sync_s["stroke"]))
    assert length(less(palm(struck, "left"), palm(struck, "right"))) < 0.05


def test_pointing_fingers_point_there() -> None:
    for name, where in (
        ("point_user", (0.0, 0.0, 1.0)),
        ("point_here", (0.0, -1.0, 0.5)),
        ("point_away", (-1.0, 0.0, 0.6)),
    ):
        places = placed(at_stroke(name))
        finger = less(tip(places, "rightIndexDistal"), places["rightIndexProximal"].at)
        cosine = dot(finger, where) / length(finger) / length(where)
        assert cosine > 0.9, name
    assert stretched("point_user") == {"Index"}


def test_a_count_stretches_as_many_fingers() -> None:
    counts = ["count_one", "count_two", "count_three", "count_four", "count_five"]
    assert [len(stretched(name)) for name in counts] == [1, 2, 3, 4, 4]


def test_thumbs_point_up_and_down_from_a_fist_in_front() -> None:
    for name, sign in (("thumbs_up", 1), ("thumbs_down", -1)):
        places = placed(at_stroke(name))
        thumb = less(tip(places, "rightThumbDistal"), places["rightThumbMetacarpal"].at)
        assert sign * thumb[1] / length(thumb) > 0.8
        assert stretched(name) == set()
        assert hand(name)[2] > 0.2


def test_the_ring_of_ok_is_closed() -> None:
    places = placed(at_stroke("ok"))
    gap = less(tip(places, "rightThumbDistal"), tip(places, "rightIndexDistal"))
    assert length(gap) < 0.03
    assert {"Middle", "Ring", "Little"} <= stretched("ok")


def test_sizes_and_heights_differ_as_they_say() -> None:
    assert hand("big")[0] > 0.45
    assert hand("high")[1] > hand("low")[1] + 0.5
    places = placed(at_stroke("small"))
    gap = less(tip(places, "rightThumbDistal"), tip(places, "rightIndexDistal"))
    assert 0.01 < length(gap) < 0.07
