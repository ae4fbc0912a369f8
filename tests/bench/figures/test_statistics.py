"""Summaries and their intervals."""

from __future__ import annotations

import numpy as np
import pytest

from voice_avatar.bench.figures.statistics import summary, wilson


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"), [(0, 20, 0.0, 0.161), (1, 20, 0.009, 0.236), (5, 5, 0.566, 1)]
)
def test_few_turns_give_a_wide_interval(part: int, whole: int, low: float, high: float) -> None:
    assert wilson(part, whole) == pytest.approx((low, high), abs=1e-3)


def test_a_summary_has_the_percentiles_of_its_values() -> None:
    found = summary([float(value) for value in range(101)])
    assert (found.count, found.mean, found.least, found.most) == (101, 50, 0, 100)
    assert (found.p50, found.p90, found.p95, found.p99) == (50, 90, 95, 99)


def test_an_interval_is_the_same_whenever_it_is_asked_for() -> None:
    values = list(np.random.default_rng(1).normal(500, 50, 40))
    assert summary(values) == summary(values)
    assert summary(values).p50_ci != summary(values, seed=1).p50_ci


def test_the_interval_of_a_median_holds_it_in_about_95_of_100_samples() -> None:
    chance = np.random.default_rng(7)
    held = 0
    for _ in range(100):
        low, high = summary(list(chance.exponential(1.0, 40))).p50_ci
        held += low <= np.log(2) <= high
    # 95 expected; 3.5 standard deviations of a binomial are 8.
    assert 87 <= held <= 100


def test_one_value_is_its_own_summary() -> None:
    found = summary([3.0])
    assert (found.p50, found.p99, found.p50_ci, found.p95_ci) == (3, 3, (3, 3), (3, 3))


def test_nothing_cannot_be_summarised() -> None:
    with pytest.raises(ValueError, match="nothing"):
        summary([])
