"""Where the user is and looks."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.acting.presence.whereabouts import (
    AVATAR,
    ELSEWHERE,
    Space,
    Whereabouts,
    Zone,
    angle_deg,
)
from voice_avatar.events.inputs import HeadPose, UserGaze

AT = (0.0, 1.6, 0.0)


def head(from_m: float, yaw_deg: float = 0.0) -> HeadPose:
    """A head in front of the avatar (which is at `AT`), turned to its left."""
    half = math.radians(yaw_deg) / 2
    return HeadPose((0.0, 1.6, from_m), (0.0, math.sin(half), 0.0, math.cos(half)))


def presence(*gazes: UserGaze) -> Whereabouts:
    seen = Whereabouts(Space())
    for gaze in gazes:
        seen.see(gaze)
    return seen


@pytest.mark.parametrize("yaw_deg", [0.0, 30.0, -75.0, 120.0, 180.0])
def test_the_angle_is_that_by_which_the_head_is_turned(yaw_deg: float) -> None:
    assert angle_deg(head(2.0, yaw_deg), AT) == pytest.approx(abs(yaw_deg), abs=1e-4)


def test_a_head_that_looks_up_points_above_what_is_ahead() -> None:
    half = math.radians(90) / 2
    up = HeadPose((0.0, 0.0, 0.0), (math.sin(half), 0.0, 0.0, math.cos(half)))
    assert angle_deg(up, (0.0, 5.0, 0.0)) == pytest.approx(0.0, abs=1e-4)


def test_two_heads_in_one_place_have_no_angle() -> None:
    assert angle_deg(HeadPose(AT, (0.0, 0.0, 0.0, 1.0)), AT) == 0.0


def test_what_the_client_says_is_looked_at_goes_over_the_pose() -> None:
    assert presence(UserGaze("vase", head(1.0), AT)).looks_at == "vase"
    assert presence(UserGaze("", head(1.0), AT)).looks_at == ELSEWHERE
    assert presence(UserGaze("avatar", head(1.0, 90.0), AT)).looks_at == AVATAR


def test_a_head_that_faces_the_avatar_looks_at_it() -> None:
    assert presence(UserGaze(None, head(1.0, 15.0), AT)).looks_at == AVATAR
    assert presence(UserGaze(None, head(1.0, 25.0), AT)).looks_at == ELSEWHERE


def test_it_looks_until_it_has_turned_further_than_it_takes_to_begin() -> None:
    facing = UserGaze(None, head(1.0), AT)
    assert presence(facing, UserGaze(None, head(1.0, 25.0), AT)).looks_at == AVATAR
    assert presence(facing, UserGaze(None, head(1.0, 35.0), AT)).looks_at == ELSEWHERE


def test_where_the_head_is_not_tracked_nothing_is_known() -> None:
    lost = presence(UserGaze("avatar", head(1.0), AT), UserGaze())
    assert (lost.looks_at, lost.zone) == (None, Zone.UNKNOWN)


def test_where_the_avatar_is_not_told_only_a_target_says_that_it_is_looked_at() -> None:
    assert presence(UserGaze(None, head(1.0))).looks_at == ELSEWHERE
    assert presence(UserGaze("avatar", head(1.0))).looks_at == AVATAR
    assert presence(UserGaze("avatar", head(1.0))).zone is Zone.UNKNOWN


@pytest.mark.parametrize(
    ("from_m", "zone"), [(0.3, Zone.CLOSE), (0.6, Zone.NEAR), (3.5, Zone.NEAR), (5.0, Zone.FAR)]
)
def test_zones_are_told_by_distance(from_m: float, zone: Zone) -> None:
    assert presence(UserGaze(None, head(from_m), AT)).zone is zone


def test_a_zone_is_left_further_out_than_it_was_entered() -> None:
    close, far = UserGaze(None, head(0.45), AT), UserGaze(None, head(4.1), AT)
    assert presence(close, UserGaze(None, head(0.55), AT)).zone is Zone.CLOSE
    assert presence(close, UserGaze(None, head(0.65), AT)).zone is Zone.NEAR
    assert presence(far, UserGaze(None, head(3.6), AT)).zone is Zone.FAR
    assert presence(far, UserGaze(None, head(3.2), AT)).zone is Zone.NEAR


def test_a_hand_that_reaches_for_the_face_is_too_near() -> None:
    reaching = UserGaze(None, head(0.8), AT, hands=((0.3, 1.0, 0.7), (0.0, 1.6, 0.25)))
    assert presence(reaching).zone is Zone.CLOSE
    resting = UserGaze(None, head(0.8), AT, hands=((0.3, 1.0, 0.7),))
    assert presence(resting).zone is Zone.NEAR


NUMBER = st.floats(-1e4, 1e4)
PLACE = st.tuples(NUMBER, NUMBER, NUMBER)
UNIT = st.floats(-1.0, 1.0)
POSE = st.builds(HeadPose, PLACE, st.tuples(UNIT, UNIT, UNIT, UNIT))
GAZE = st.builds(
    UserGaze,
    st.none() | st.text(max_size=64),
    st.none() | POSE,
    st.none() | PLACE,
    st.lists(PLACE, max_size=2).map(tuple),
)


@given(st.lists(GAZE, max_size=10))
def test_whatever_comes_is_taken(gazes: list[UserGaze]) -> None:
    seen = presence(*gazes)
    assert isinstance(seen.zone, Zone)
    if gazes and gazes[-1].target is not None:
        assert seen.looks_at == gazes[-1].target
