"""From keys to frames: softly, and thinned without harm."""

from __future__ import annotations

import pytest

from voice_avatar.acting.clips import library
from voice_avatar.acting.clips.motion import TOLERANCE_DEG, between, eased
from voice_avatar.acting.clips.rotations import angle_deg


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
