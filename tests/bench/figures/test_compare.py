"""Two runs beside each other."""

from __future__ import annotations

import pytest
from kit.bench_results import measured, number, waits

from voice_avatar.bench.figures.compare import LEAST_COUNT, differences, pairs
from voice_avatar.bench.figures.results import Figure


def verdict(before: Figure, after: Figure) -> str:
    (pair,) = pairs(measured(before), measured(after))
    return pair.verdict


def test_medians_whose_intervals_are_apart_differ() -> None:
    slow, fast = waits(*range(500, 520)), waits(*range(300, 320))
    assert verdict(slow, fast) == "better"
    assert verdict(fast, slow) == "worse"
    (pair,) = pairs(measured(slow), measured(fast))
    assert (pair.before, pair.after, pair.ratio) == (509.5, 309.5, pytest.approx(0.607, abs=0.001))


def test_medians_whose_intervals_overlap_are_taken_to_be_the_same() -> None:
    assert verdict(waits(*range(500, 520)), waits(*range(495, 515))) == "same"


def test_where_more_is_better_more_is_better() -> None:
    few, many = (waits(*range(n, n + 10), better="higher") for n in (10, 50))
    assert verdict(few, many) == "better"


def test_a_difference_without_a_sound_interval_is_put_as_a_question() -> None:
    assert verdict(number(10), number(5)) == "better?"
    assert verdict(number(5), number(10)) == "worse?"
    assert verdict(number(5), number(5)) == "same"
    few = LEAST_COUNT - 1
    assert verdict(waits(*[500.0] * few), waits(*[300.0] * few)) == "better?"


def test_a_figure_without_a_better_direction_has_no_verdict() -> None:
    assert verdict(number(1, better=None), number(2, better=None)) == ""


def test_only_figures_that_both_runs_have_in_the_same_unit_are_compared() -> None:
    before = measured(number(1, name="a"), number(1, name="b", unit="s"), number(1, name="c"))
    after = measured(number(2, name="c"), number(2, name="b", unit="ms"), number(2, name="d"))
    assert [pair.figure.name for pair in pairs(before, after)] == ["c"]


def test_a_ratio_to_nothing_is_none() -> None:
    (pair,) = pairs(measured(number(0)), measured(number(2)))
    assert pair.ratio is None


def test_what_else_differs_between_two_runs_is_told() -> None:
    before = measured(options={"seed": 7, "loss": 0.0}, points=[1])
    after = measured(options={"seed": 8, "loss": 0.0, "new": 1}, points=[2])
    assert differences(before, after) == [
        "settings.options.seed: 7 -> 8",
        "settings.options.new: – -> 1",
    ]
