"""How much the avatar moves."""

from __future__ import annotations

from itertools import pairwise

import pytest
from kit.values import assert_explained, assert_plain

from voice_avatar.acting.gesture.options import GestureOptions, vigour


def test_every_field_is_explained_and_none_can_be_changed() -> None:
    assert_plain(GestureOptions)
    assert_explained(GestureOptions)


def test_the_calmest_can_be_seen_and_the_liveliest_has_all_of_a_movement() -> None:
    assert vigour(0.0) > 0.3
    assert vigour(1.0) == pytest.approx(1.0)
    energies = [step / 10 for step in range(11)]
    assert all(vigour(one) < vigour(other) for one, other in pairwise(energies))
    assert GestureOptions(energy=0.7).vigour == vigour(0.7)
