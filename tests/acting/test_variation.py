"""Numbers that look like chance."""

from __future__ import annotations

from collections import Counter

import pytest

from voice_avatar.acting.variation import Draws


def test_the_same_seed_gives_the_same_numbers_and_another_one_others() -> None:
    one, same, other = Draws(5), Draws(5), Draws(6)
    numbers = [one.between(0, 1) for _ in range(10)]
    assert numbers == [same.between(0, 1) for _ in range(10)]
    assert numbers != [other.between(0, 1) for _ in range(10)]


@pytest.mark.parametrize("seed", [0, 7, 2**32 - 1])
def test_numbers_fill_their_range_evenly(seed: int) -> None:
    draws = Draws(seed)
    counts = Counter(int(draws.between(10, 20)) for _ in range(1000))
    assert set(counts) == set(range(10, 20))
    assert all(80 <= count <= 120 for count in counts.values())


def test_each_thing_is_as_likely_as_the_others() -> None:
    draws = Draws(3)
    counts = Counter(draws.one_of("abcd") for _ in range(400))
    assert all(90 <= counts[letter] <= 110 for letter in "abcd")
