"""What an address may ask for as time passes, and that remembering it has an end."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.server.entrance.address_budgets import ConnectBudget, Sayings

EACH = 2
BURST, PER_S = 32.0, 4.0
"""What two that may wait come to."""

comings = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.floats(0.0, 2.0), st.integers(1, 40)), max_size=40
)
"""Address, seconds since those before, how many come at once."""


@given(comings)
def test_an_address_is_taken_within_its_budget_whatever_others_do(
    come: list[tuple[str, float, int]],
) -> None:
    budget, now_s = ConnectBudget(EACH), 0.0
    alone = {address: ConnectBudget(EACH) for address in "abcdefgh"}
    taken: dict[str, list[float]] = {}
    for address, later_s, count in come:
        now_s += later_s
        for _ in range(count):
            is_taken = budget.take(address, now_s)
            assert is_taken == alone[address].take(address, now_s)
            if is_taken:
                taken.setdefault(address, []).append(now_s)
    for times_s in taken.values():
        for first, from_s in enumerate(times_s):
            for last, to_s in enumerate(times_s[first:], first):
                assert last - first + 1 <= BURST + PER_S * (to_s - from_s) + 1e-6


@given(comings, st.integers(1, 5))
def test_what_is_remembered_is_bounded_and_the_oldest_is_forgotten(
    come: list[tuple[str, float, int]], most: int
) -> None:
    budget, sayings, now_s = ConnectBudget(EACH, most), Sayings(most=most), 0.0
    last: dict[str, None] = {}
    for address, later_s, count in come:
        now_s += later_s
        for _ in range(count):
            budget.take(address, now_s)
            sayings.about(address, now_s)
        last.pop(address, None)
        last[address] = None
        assert list(budget._left) == list(sayings._said) == list(last)[-most:]
        assert len(budget) == len(sayings) <= most


def test_no_bound() -> None:
    budget = ConnectBudget(0)
    assert all(budget.take("a", 0.0) for _ in range(10_000))
    assert len(budget) == 0


@given(st.lists(st.floats(0.0, 40.0), max_size=60))
def test_a_line_a_minute_says_how_often_it_has_happened(later_s: list[float]) -> None:
    sayings, now_s, told = Sayings(), 0.0, 0
    said_s: list[float] = []
    for happened, step_s in enumerate(later_s, 1):
        now_s += step_s
        if (count := sayings.about("a", now_s)) is not None:
            said_s.append(now_s)
            told += count
            assert told == happened
    assert all(b - a >= 60.0 for a, b in pairwise(said_s))
