"""Blinks: as many as people make, as fast, and at the moments at which people blink."""

from __future__ import annotations

import random

import numpy as np
import pytest

from voice_avatar.acting.face.blinks import Blinks
from voice_avatar.acting.face.tables import face_tables

TABLE = face_tables().blink
HOUR_S = 3600.0


def starts(blinks: Blinks, end_s: float, *, talking: bool = True) -> list[float]:
    """Returns when lids begin to fall."""
    found: list[float] = []
    for from_s in np.arange(0.0, end_s, 10.0):
        found += read(blinks, from_s, from_s + 10.0, talking=talking)
    return found


def read(blinks: Blinks, from_s: float, end_s: float, *, talking: bool = True) -> list[float]:
    blinks.until(end_s, lambda _: talking)
    times = np.arange(from_s - 0.01, end_s, 0.01)
    shut = blinks.at(times)
    begun: list[float] = times[1:][(shut[1:] > 0) & (shut[:-1] == 0)].tolist()
    return begun


@pytest.mark.parametrize(("talking", "per_min"), [(True, 26), (False, 17)])
def test_an_hour_has_as_many_blinks_as_people_make(talking: bool, per_min: float) -> None:
    found = len(starts(Blinks(TABLE, random.Random(4)), HOUR_S, talking=talking)) / 60
    assert found == pytest.approx(per_min, rel=0.08)


def test_invitations_move_blinks_and_make_no_more_of_them() -> None:
    blinks = Blinks(TABLE, random.Random(4))
    invited = [float(t) for t in range(2, int(HOUR_S), 4)]
    found: list[float] = []
    for at_s in invited:
        blinks.invite(at_s)
        found += read(blinks, at_s, at_s + 4.0)
    assert len(found) / 60 == pytest.approx(26, rel=0.08)
    at_one = sum(any(abs(t - at_s) < 0.02 for at_s in invited) for t in found)
    assert at_one / len(invited) > 0.3


def test_blinks_are_apart_and_fast() -> None:
    blinks = Blinks(TABLE, random.Random(1))
    found = starts(blinks, 600.0)
    assert min(np.diff(found)) >= TABLE.gap_s - 0.011
    blinks = Blinks(TABLE, random.Random(1))
    blinks.until(found[0] + 0.1, lambda _: True)
    times = np.arange(found[0] - 0.1, found[0] + 0.5, 0.001)
    moving = blinks.at(times) > 0
    assert 0.2 < moving.sum() * 0.001 < 0.3


def test_every_blink_shuts_the_lids_in_some_frame_of_the_slowest_track() -> None:
    blinks = Blinks(TABLE, random.Random(2))
    blinks.until(120.0, lambda _: True)
    shut = blinks.at(np.arange(0, 120, 1 / 30))
    count = ((shut[1:] > 0) & (shut[:-1] == 0)).sum()
    closed = ((shut[1:] == 1) & (shut[:-1] < 1)).sum()
    assert count == closed > 30


def test_the_same_seed_gives_the_same_blinks() -> None:
    first, second = (starts(Blinks(TABLE, random.Random(7)), 300.0) for _ in range(2))
    assert first == second
