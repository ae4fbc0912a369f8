"""Rotations: the few that clips need."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.acting.clips.rotations import angle_deg, slerp, turn


@given(st.floats(0, 1), st.floats(-170, 170), st.floats(-170, 170))
def test_slerp_runs_evenly_on_the_shortest_way(share: float, first: float, second: float) -> None:
    a, b = turn((0.0, 1.0, 0.0), first), turn((0.0, 1.0, 0.0), second)
    between_deg = angle_deg(a, slerp(a, b, share))
    assert between_deg == pytest.approx(share * angle_deg(a, b), abs=0.1)
