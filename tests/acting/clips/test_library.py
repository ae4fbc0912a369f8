"""Clips: a movement for every lexeme, that a body could make, in files that players can read."""

from __future__ import annotations

import json
import math
import struct
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.clip_body import arm_angles, collisions

from voice_avatar.acting.clips import figure, library, vrma
from voice_avatar.acting.clips.motion import FRAME_S, TOLERANCE_DEG, between, eased
from voice_avatar.acting.clips.poses import merged, pose
from voice_avatar.acting.clips.reach import HandGoal, arm, direction, squared
from voice_avatar.acting.clips.rotations import (
    IDENTITY,
    Vector,
    angle_deg,
    dot,
    length,
    less,
    rotated,
    slerp,
    turn,
)
from voice_avatar.acting.clips.skeleton import (
    FINGERS,
    REQUIRED,
    SIDES,
    Pose,
    Side,
    finger_bones,
    palm,
    placed,
    skeleton,
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


def content(data: bytes) -> tuple[dict, bytes]:
    """The JSON and the binary part of a binary glTF."""
    magic, version, size = struct.unpack_from("<III", data)
    assert (magic, version, size) == (0x46546C67, 2, len(data))
    text_size, text_kind = struct.unpack_from("<II", data, 12)
    assert text_kind == 0x4E4F534A
    at = 20 + text_size
    body_size, body_kind = struct.unpack_from("<II", data, at)
    assert body_kind == 0x004E4942
    assert at + 8 + body_size == len(data)
    return json.loads(data[20:at]), data[at + 8 :]


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


def test_feet_stay_where_they_are_when_the_hips_move() -> None:
    for name in ("weight_shift", "bow", "lean_in"):
        for key in library.clip(name).keys:
            if key.pose.shift != (0.0, 0.0, 0.0):
                places, standing = placed(key.pose), placed(Pose())
                for side in SIDES:
                    foot = f"{side}Foot"
                    assert length(less(places[foot].at, standing[foot].at)) < 1e-6
                    assert angle_deg(places[foot].rotation, IDENTITY) < 1e-3


# -- how it is made


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


def test_a_key_takes_what_it_leaves_out_from_the_one_before() -> None:
    before = {"right": {"at": [1, 2, 3], "palm": "up"}, "body": {"head": {"turn": 4}}}
    assert merged(before, {"right": {"palm": "in"}}) == {
        "right": {"at": [1, 2, 3], "palm": "in"},
        "body": {"head": {"turn": 4}},
    }


def test_movements_start_and_end_softly() -> None:
    assert (eased(0.0), eased(0.5), eased(1.0)) == (0.0, 0.5, 1.0)
    assert eased(0.05) < 0.01


@pytest.mark.parametrize("name", ["wave", "clap", "shrug"])
def test_thinned_tracks_stay_close_to_the_movement(name: str) -> None:
    clip = library.clip(name)
    for step in range(101):
        time_s = clip.duration_s * step / 100
        exact = between(clip.keys, time_s)
        for bone in ("rightUpperArm", "rightLowerArm", "rightHand"):
            off = angle_deg(exact.rotations[bone], clip.tracks[bone].at(time_s))
            assert off < 5 * TOLERANCE_DEG


@given(st.floats(0, 1), st.floats(-170, 170), st.floats(-170, 170))
def test_slerp_runs_evenly_on_the_shortest_way(share: float, first: float, second: float) -> None:
    a, b = turn((0.0, 1.0, 0.0), first), turn((0.0, 1.0, 0.0), second)
    between_deg = angle_deg(a, slerp(a, b, share))
    assert between_deg == pytest.approx(share * angle_deg(a, b), abs=0.1)


# -- the files


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_a_whole_vrm_animation(name: str) -> None:
    clip = library.clip(name)
    document, data = content(vrma.vrma(clip))
    bones = document["extensions"]["VRMC_vrm_animation"]["humanoid"]["humanBones"]
    assert document["extensions"]["VRMC_vrm_animation"]["specVersion"] == "1.0"
    assert bones.keys() >= REQUIRED
    for bone, found in bones.items():
        node = document["nodes"][found["node"]]
        assert node["name"] == bone
        assert "rotation" not in node
        children = [document["nodes"][child]["name"] for child in node.get("children", [])]
        assert all(skeleton()[child].parent == bone for child in children)
    (animation,) = document["animations"]
    turned = {}
    for channel in animation["channels"]:
        sampler = animation["samplers"][channel["sampler"]]
        at, out = (document["accessors"][sampler[key]] for key in ("input", "output"))
        assert at["count"] == out["count"]
        times_s = struct.unpack_from(f"<{at['count']}f", data, at["byteOffset"])
        assert (at["min"], at["max"]) == ([times_s[0]], [times_s[-1]])
        assert list(times_s) == sorted(set(times_s))
        if channel["target"]["path"] == "rotation":
            values = struct.unpack_from(f"<{4 * out['count']}f", data, out["byteOffset"])
            rows = [values[place : place + 4] for place in range(0, len(values), 4)]
            assert all(math.isclose(math.hypot(*row), 1, abs_tol=1e-5) for row in rows)
            turned[document["nodes"][channel["target"]["node"]]["name"]] = rows
    assert turned.keys() == clip.tracks.keys()
    assert animation["extras"]["voice_avatar"] == vrma.described(clip)


def test_hips_move_about_the_height_that_they_have_in_the_file() -> None:
    document, data = content(vrma.vrma(library.clip("weight_shift")))
    animation = document["animations"][0]
    (channel,) = (c for c in animation["channels"] if c["target"]["path"] == "translation")
    out = document["accessors"][animation["samplers"][channel["sampler"]]["output"]]
    first = struct.unpack_from("<3f", data, out["byteOffset"])
    assert first == pytest.approx(document["nodes"][0]["translation"])


# -- the pictures


def test_the_pictures_are_those_of_the_clips() -> None:
    made = figure.sheets()
    assert {path.name for path in DOCS.glob("*.svg")} == made.keys()
    for name, text in made.items():
        assert (DOCS / name).read_text("utf-8") == text, (
            "run python -m voice_avatar.acting.clips.figure"
        )
    for name in NAMES:
        assert any(f">{name}</text>" in text for text in made.values())


def test_a_picture_shows_a_raised_hand_higher_than_a_resting_one() -> None:
    def top(posed: Pose) -> float:
        return min(figure._seen(palm(placed(posed), side))[1] for side in SIDES)

    assert top(at_stroke("raise_hand")) < top(library.rest()) - 100
