"""The face track: nothing jumps, closures are reached, moods come and go, and no seam shows."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.acting.face.render import Face, released, rest_face, steps_over
from voice_avatar.acting.face.tables import Curves, face_tables
from voice_avatar.acting.mouth.viseme_sets import ARKIT
from voice_avatar.acting.mouth.viseme_tables import AA, FF, OU, PP, SIL
from voice_avatar.events.cues import FaceCue, GazeCue, VisemePose, VisemeTrack

RATE_HZ = 22_050
TABLES = face_tables()
REST = ((SIL, 1.0),)
LIDS = np.array([name.startswith("eyeBlink") for name in ARKIT])
CLOSED = TABLES.visemes[PP]
HAPPY = FaceCue(1, 0, "happy", 1.0, 0.8, 0.5, 250, 0, "llm")
ANGRY = replace(HAPPY, expression="angry")

Weights = tuple[tuple[int, float], ...]


def said(*poses: tuple[float, Weights], until_s: float | None = None) -> VisemeTrack:
    """Returns a track of (seconds, weights)."""
    end_s = poses[-1][0] if until_s is None else until_s
    placed = tuple(VisemePose(round(s * RATE_HZ), weights) for s, weights in poses)
    return VisemeTrack(1, placed, round(end_s * RATE_HZ))


def babble(words: Sequence[tuple[int, int]], step_s: float = 0.06) -> VisemeTrack:
    """Returns closures and vowels in turn, each as (closure, vowel), `step_s` apart."""
    poses: list[tuple[float, Weights]] = [(0.0, REST)]
    for closure, vowel in words:
        poses.append((poses[-1][0] + step_s, ((closure, 1.0),)))
        poses.append((poses[-1][0] + step_s, ((vowel, 1.0),)))
    return said(*poses, (poses[-1][0] + 0.12, REST))


def face(seed: int = 1, hz: int = 60, rest: Curves | None = None) -> Face:
    made = Face(random.Random(seed), hz, rest)
    made.begin(RATE_HZ)
    return made


def curve(weights: Curves, shape: str) -> Curves:
    return weights[:, ARKIT.index(shape)]


def up_to(made: Face, seconds: float) -> Curves:
    return made.render(round(seconds * RATE_HZ)).weights


BABBLE = babble([(PP, AA), (PP, OU), (FF, AA), (PP, AA)] * 5)


# -- nothing jumps


@given(
    st.lists(st.tuples(st.sampled_from([PP, FF, 4, 7]), st.sampled_from([AA, 11, 12, 13, OU]))),
    st.floats(0.02, 0.2),
    st.lists(st.tuples(st.floats(0, 3), st.sampled_from(sorted(TABLES.expressions)))),
    st.sampled_from([30, 60]),
)
def test_no_shape_changes_faster_than_its_limit(
    words: list[tuple[int, int]], step_s: float, moods: list[tuple[float, str]], hz: int
) -> None:
    made = face(hz=hz)
    made.add(babble(words, step_s))
    for at_s, name in sorted(moods):
        made.add(replace(HAPPY, sample=round(at_s * RATE_HZ), expression=name, fade_ms=100))
    made.add(GazeCue(1, "away_up", 1000, 20_000, "rule"))
    assert steps_over(up_to(made, 4.0), hz) == 0


@pytest.mark.parametrize("hz", [30, 60])
def test_frames_asked_for_bit_by_bit_are_the_frames_asked_for_at_once(hz: int) -> None:
    whole, parts = face(hz=hz), face(hz=hz)
    for made in (whole, parts):
        made.add(BABBLE)
        made.add(ANGRY)
        made.add(GazeCue(1, "down", 1000, 20_000, "rule"))
    expected = up_to(whole, 3.0)
    got = [parts.render(round(s * RATE_HZ)) for s in np.arange(0.1, 3.05, 0.1)]
    assert np.allclose(np.concatenate([f.weights for f in got]), expected, atol=1e-5)
    assert [f.first for f in got[:3]] == [0, hz // 10, hz // 5]


def test_a_frame_goes_out_once_and_only_when_it_is_due() -> None:
    made = face()
    assert len(made.render(0).weights) == 0
    assert len(made.render(1).weights) == 1  # frame 0 stands at sample 0
    assert len(made.render(1).weights) == 0
    assert made.render(RATE_HZ).first == 1


@pytest.mark.parametrize("rest_s", [0.0, 0.05, 0.5, 5.0])
@pytest.mark.parametrize("played_s", [0.31, 1.0])
def test_the_first_frame_after_an_interruption_is_what_the_client_shows(
    rest_s: float, played_s: float
) -> None:
    made = face()
    made.add(BABBLE)
    made.add(HAPPY)
    before = up_to(made, 2.0)
    made.cut(round(played_s * RATE_HZ))
    made.begin(RATE_HZ, rest_s)
    made.add(BABBLE)
    after = up_to(made, 1.0)
    last = before[int(played_s * 60)]
    shown = released(last, rest_s, rest_face())
    assert steps_over(np.vstack((shown[None], after)), 60) == 0


def test_a_cut_mouth_is_at_rest_in_80_ms_and_the_mood_fades_more_slowly() -> None:
    made = face()
    made.add(BABBLE)
    made.add(HAPPY)
    last = up_to(made, 0.95)[-1]
    assert curve(last[None], "cheekSquintLeft") > 0.4
    soon = released(last, 0.08, rest_face())
    assert np.abs(soon[TABLES.mouth]).max() < 1e-6
    assert soon[ARKIT.index("cheekSquintLeft")] > 0.3
    assert np.abs(released(last, 0.8, rest_face())).max() < 1e-6


# -- the mouth


@pytest.mark.parametrize("hz", [30, 60])
@pytest.mark.parametrize("mood", sorted(TABLES.expressions))
def test_no_expression_opens_a_closed_mouth(mood: str, hz: int) -> None:
    made = face(hz=hz)
    made.add(BABBLE)
    made.add(replace(HAPPY, expression=mood))
    weights = up_to(made, BABBLE.until / RATE_HZ)
    closures = [p for p in BABBLE.poses if dict(p.weights).get(PP) == 1.0]
    assert len(closures) == 15
    for pose in closures:
        frame = weights[round(pose.sample * hz / RATE_HZ)]
        closing = CLOSED > 0
        assert (frame[closing] >= 0.9 * CLOSED[closing]).all()
        opening = ("jawOpen", "mouthFunnel", "mouthUpperUpLeft", "mouthLowerDownLeft")
        assert max(frame[ARKIT.index(name)] for name in opening) < 0.03


def test_an_expression_keeps_four_tenths_of_its_mouth_in_speech_and_all_of_it_after() -> None:
    made = face()
    vowel = said((0.0, REST), (0.2, ((AA, 1.0),)), (2.0, ((AA, 1.0),)), (2.1, REST), until_s=4.0)
    made.add(vowel)
    made.add(HAPPY)
    smile = curve(up_to(made, 4.0), "mouthSmileLeft")
    full = TABLES.shapes[TABLES.expressions.index("happy"), ARKIT.index("mouthSmileLeft")]
    assert smile[60] == pytest.approx(0.4 * full, abs=1e-3)
    assert smile[-1] == pytest.approx(full, abs=1e-3)


# -- moods, gaze and lids


def test_a_mood_fades_in_is_held_and_decays_to_the_baseline() -> None:
    made = face(rest=rest_face("relaxed", 0.5))
    made.add(replace(HAPPY, expression="sad", fade_ms=500, hold_ms=1000))
    weights = up_to(made, 5.0)
    brow = curve(weights, "browInnerUp")
    full = TABLES.shapes[TABLES.expressions.index("sad"), ARKIT.index("browInnerUp")]
    assert brow[0] == 0
    assert brow[30] == pytest.approx(full, abs=1e-3)
    assert brow[89] == pytest.approx(full, abs=1e-3)
    assert brow[-1] == pytest.approx(0, abs=1e-3)
    assert curve(weights, "mouthSmileLeft")[60] == pytest.approx(0, abs=1e-3)
    assert weights[-1, ~LIDS] == pytest.approx(rest_face("relaxed", 0.5)[~LIDS], abs=1e-3)


def test_a_reply_begins_at_zero_and_comes_to_the_baseline_of_the_persona() -> None:
    rest = rest_face("relaxed", 0.7)
    made = face(rest=rest)
    weights = up_to(made, 1.0)
    shown = np.vstack((rest_face()[None], weights))
    assert steps_over(shown, 60) == 0
    assert weights[-1, ~LIDS] == pytest.approx(rest[~LIDS], abs=1e-3)


def test_a_brow_flash_comes_on_top_of_the_mood_and_goes() -> None:
    made = face()
    made.add(HAPPY)
    flash = replace(HAPPY, expression="brow_raise", sample=RATE_HZ, fade_ms=100, hold_ms=300)
    made.add(flash)
    weights = up_to(made, 3.0)
    assert curve(weights, "browInnerUp")[66:84].min() > 0.69
    assert curve(weights, "browInnerUp")[-1] == 0
    assert curve(weights, "cheekSquintLeft")[60:].min() > 0.5


def test_an_expression_that_is_not_known_changes_nothing() -> None:
    made, plain = face(), face()
    made.add(replace(HAPPY, expression="smug"))
    assert np.array_equal(up_to(made, 1.0), up_to(plain, 1.0))


def test_eyes_jump_to_a_target_and_back_to_the_user() -> None:
    made = face()
    made.add(GazeCue(1, "away_up", RATE_HZ, 2 * RATE_HZ, "rule"))
    weights = up_to(made, 3.0)
    up, out = curve(weights, "eyeLookUpLeft"), curve(weights, "eyeLookOutLeft")
    assert up[60] == 0
    assert up[66] == pytest.approx(14 / 35, abs=1e-3)  # 17 degrees take 59 ms
    assert out[66] == curve(weights, "eyeLookInRight")[66] == pytest.approx(10 / 35, abs=1e-3)
    assert up[127] == 0
    assert curve(weights, "eyeLookDownLeft").max() == 0


def test_shut_lids_are_not_wide_open() -> None:
    made = face()
    made.add(replace(HAPPY, expression="surprised"))
    weights = up_to(made, 20.0)
    shut = curve(weights, "eyeBlinkLeft") == 1
    assert shut.any()
    assert curve(weights, "eyeWideLeft")[shut].max() < 0.01


def test_the_same_seed_gives_the_same_face() -> None:
    assert np.array_equal(up_to(face(3), 20.0), up_to(face(3), 20.0))
    assert not np.array_equal(up_to(face(3), 20.0), up_to(face(4), 20.0))
