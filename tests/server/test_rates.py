"""How many reports are taken, and when it is told that some are not."""

from __future__ import annotations

from voice_avatar.server.rates import ReportBudget


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
