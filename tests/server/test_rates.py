"""How many reports are taken, and when it is told that some are not."""

from __future__ import annotations

from voice_avatar.server.rates import TURNS_DROPPED, ReportBudget, TurnBudget


def test_ten_reports_a_second_are_taken() -> None:
    budget = ReportBudget(10.0, 0.0)
    assert all(budget.take(tenth / 10) for tenth in range(300))


def test_reports_that_come_faster_are_taken_ten_a_second_and_that_is_told_once() -> None:
    budget = ReportBudget(10.0, 0.0)
    taken, told = 0, 0
    for hundredth in range(1000):
        if budget.take(hundredth / 100):
            taken += 1
        else:
            told += budget.begins_excess()
    assert 100 <= taken <= 111
    assert told == 1


def test_a_second_flood_is_told_again() -> None:
    budget = ReportBudget(10.0, 0.0)
    told = 0
    for start_s in (0.0, 100.0):
        told += sum(not budget.take(start_s) and budget.begins_excess() for _ in range(50))
    assert told == 2


def test_five_typed_turns_at_once_and_one_a_second_are_taken() -> None:
    budget = TurnBudget(0.0)
    assert [budget.take(100, 0.0) for _ in range(6)] == [True] * 5 + [False]
    assert [budget.take(100, 1.0 + number) for number in range(600)] == [True] * 600


def test_long_turns_are_taken_up_to_64_kb_a_minute() -> None:
    budget = TurnBudget(0.0)
    taken = sum(budget.take(8192, 5.0 * number) for number in range(60))  # 5 minutes
    assert 8 + 5 * 8 - 2 <= taken <= 8 + 5 * 8


def test_who_goes_on_typing_too_fast_is_over_it_for_good_and_told_once() -> None:
    budget, told = TurnBudget(0.0), 0
    for number in range(1000):
        if not budget.take(10, number / 10):
            told += budget.begins_excess
        if budget.is_exhausted:
            break
    assert told == 1
    assert number < 5 + 1.2 * TURNS_DROPPED + 5


def test_who_slows_down_is_forgiven() -> None:
    budget = TurnBudget(0.0)
    for start_s in (0.0, 100.0, 200.0):
        for _ in range(15):
            budget.take(10, start_s)
        assert not budget.is_exhausted
