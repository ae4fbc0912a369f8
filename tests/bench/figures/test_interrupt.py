"""What interruptions come to."""

from __future__ import annotations

import pytest

from voice_avatar.bench.figures.cuts import Cut
from voice_avatar.bench.figures.interrupt import Held, Trial, figures


def test_what_pauses_cost_is_told() -> None:
    def held(kind: str, *pauses_s: float, is_cut: bool = False) -> Held:
        trial = Trial(kind, kind, b"", b"", 0, 0.0)
        paused_s = 0.1 if pauses_s else None
        cut = Cut("1", is_cut, paused_s, pauses_s, left_s=3.0, told_s=1.0 if is_cut else None)
        return Held(trial, cut, None, None, ())

    found = {f.name: f for f in figures([held("mhm", 0.4), held("cough", 0.2, 0.6), held("noise")])}
    assert found["false_interruptions"].value == 0
    assert found["pauses"].value == pytest.approx(100 * 2 / 3)
    assert found["pauses.length"].summary is not None
    assert found["pauses.length"].summary.p50 == pytest.approx(0.4)
    assert found["pauses.length"].summary.most == pytest.approx(0.6)
    assert found["pauses.gap"].value == 0
    assert not {"pauses", "pauses.gap"} & {f.name for f in figures([held("noise")])}
