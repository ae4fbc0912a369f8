"""What a body does by itself."""

from __future__ import annotations

from itertools import pairwise

import pytest

from voice_avatar.acting.presence.autonomic import autonomic


def test_the_middle_of_the_scale_has_the_figures_of_the_literature() -> None:
    usual = autonomic(0.5)
    assert (usual.blinks_at_rest_per_min, usual.blinks_talking_per_min) == (17.0, 26.0)
    assert 70 <= usual.blink_close_ms <= 100
    assert usual.breath_hz == 0.25
    assert usual.weight_shift_s == (6.0, 15.0)


def test_lively_bodies_breathe_faster_and_move_sooner() -> None:
    for calm, lively in pairwise(autonomic(energy) for energy in (0.0, 0.5, 1.0)):
        assert calm.breath_hz < lively.breath_hz
        assert calm.weight_shift_s > lively.weight_shift_s
        assert calm.gaze_shift_s > lively.gaze_shift_s


@pytest.mark.parametrize("energy", [0.0, 0.3, 1.0])
def test_spans_are_in_order_and_nobody_stares(energy: float) -> None:
    made = autonomic(energy)
    for least_s, most_s in (made.weight_shift_s, made.gaze_shift_s):
        assert 0 < least_s < most_s
    assert made.gaze_shift_s[1] <= 5.0
    assert made.energy == energy
