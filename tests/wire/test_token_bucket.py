"""A bucket that is refilled as time passes."""

from __future__ import annotations

from voice_avatar.wire.token_bucket import TokenBucket


def test_so_much_may_come_at_once_and_no_more() -> None:
    budget = TokenBucket(3.0, 1.0, 0.0)
    assert [budget.take(0.0) for _ in range(4)] == [True, True, True, False]


def test_what_was_taken_flows_back_with_time_up_to_the_brim() -> None:
    budget = TokenBucket(2.0, 4.0, 0.0)
    assert budget.take(0.0, 2.0)
    assert not budget.take(0.2)
    assert budget.take(0.25)
    assert budget.take(100.0, 2.0)
    assert budget.left == 0.0


def test_what_is_too_much_takes_nothing() -> None:
    budget = TokenBucket(2.0, 0.0, 0.0)
    assert not budget.take(0.0, 2.5)
    assert budget.left == 2.0
