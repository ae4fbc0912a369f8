"""Poses become weights at frames; closures are not lost between two frames."""

from __future__ import annotations

import numpy as np
import pytest

from voice_avatar.acting.face.mouth_frames import MouthFrames
from voice_avatar.acting.mouth.viseme_tables import AA, PP, SIL
from voice_avatar.events.cues import VisemePose

RATE_HZ = 22_050
REST = ((SIL, 1.0),)
TIMES = np.arange(60) / 60


def track(*poses: tuple[float, tuple[tuple[int, float], ...]], hz: int = 60) -> MouthFrames:
    """Returns a track of (seconds, weights)."""
    mouth = MouthFrames(RATE_HZ, hz)
    list(mouth.add([VisemePose(round(s * RATE_HZ), weights) for s, weights in poses]))
    return mouth


def test_weights_run_straight_between_poses_and_stay_after_the_last() -> None:
    weights = track((0.0, REST), (0.5, ((AA, 1.0),))).at(0, TIMES)
    assert weights[15, AA] == pytest.approx(0.5, abs=1e-3)
    assert weights[15, SIL] == pytest.approx(0.5, abs=1e-3)
    assert weights[-1, AA] == 1


@pytest.mark.parametrize("hz", [30, 60])
def test_a_closure_between_two_frames_is_reached_in_one(hz: int) -> None:
    closed_s = 12.5 / hz
    mouth = track(
        (closed_s - 0.01, ((AA, 1.0),)),
        (closed_s, ((PP, 0.95),)),
        (closed_s + 0.01, ((AA, 1.0),)),
        hz=hz,
    )
    assert mouth.at(0, np.arange(hz) / hz)[:, PP].max() == pytest.approx(0.95)


def test_the_ends_of_phrases_are_told_once() -> None:
    mouth = MouthFrames(RATE_HZ, 60)
    first = (VisemePose(0, REST), VisemePose(2205, ((AA, 1.0),)), VisemePose(4410, REST))
    second = (VisemePose(6615, REST), VisemePose(8820, ((AA, 1.0),)), VisemePose(11025, REST))
    assert [*mouth.add(first), *mouth.add(second)] == pytest.approx([0.2, 0.5])


def test_a_track_read_piece_by_piece_is_the_track_read_at_once() -> None:
    poses = [(n / 10, ((n % 15, 0.9),)) for n in range(10)]
    pieces = track(*poses)
    parts = [pieces.at(10 * n, times) for n, times in enumerate(np.split(TIMES, 6))]
    assert np.allclose(np.concatenate(parts), track(*poses).at(0, TIMES))
