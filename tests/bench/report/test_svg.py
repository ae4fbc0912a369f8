"""Numbers, axes and words of a drawing."""

from __future__ import annotations

import pytest

from voice_avatar.bench.report.svg import Axis, axis, fitting, folded, number, pretty


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (0.004, "0.004"),
        (0.5, "0.5"),
        (3.14159, "3.14"),
        (12.34, "12.3"),
        (120.0, "120"),
        (100, "100"),
        (1234.5, "1\u202f234"),
        (-3.29, "−3.29"),
    ],
)
def test_numbers_are_told_with_the_digits_that_count(value: float, told: str) -> None:
    assert number(value) == told


@pytest.mark.parametrize(
    ("values", "ends"),
    [([3, 97], (0, 100)), ([-190, 320], (-200, 400)), ([], (0, 1)), ([0], (0, 1))],
)
def test_an_axis_has_round_ends_and_holds_all(values: list[float], ends: tuple[int, int]) -> None:
    scale = axis(values, 0, 500)
    assert (scale.low, scale.high) == pytest.approx(ends)
    assert 2 <= len(scale.ticks()) <= 8
    assert scale.ticks()[-1] == pytest.approx(scale.high)


@pytest.mark.parametrize("digit", [1, 3, 7])
@pytest.mark.parametrize("power", range(-6, 7))
def test_an_axis_of_any_size_has_a_few_ticks(power: int, digit: int) -> None:
    span = digit * 10.0**power
    scale = axis([span], 0, 500)
    assert 3 <= len(scale.ticks()) <= 8
    assert scale.low <= 0 < span <= scale.high * (1 + 1e-9)


def test_an_axis_of_ratios_puts_equal_ratios_equally_far_apart() -> None:
    scale = axis([2.0, 700.0], 0, 300, is_log=True)
    assert scale.ticks() == pytest.approx([1, 10, 100, 1000])
    assert [scale.at(tick) for tick in scale.ticks()] == pytest.approx([0, 100, 200, 300])


def test_what_lies_beyond_an_axis_is_put_at_its_end() -> None:
    assert Axis(0, 10, 100, 200).at(99) == 200


def test_words_are_cut_to_what_fits() -> None:
    assert fitting("short", 200) == "short"
    assert fitting("a rather long name", 60).endswith("…")
    assert folded("short", 200) == ["short"]
    assert folded("one two three four", 60) == ["one two", "three fo…"]
    assert folded("onetwothreefour", 60) == ["onetwoth…"]
    assert pretty("a -> b <= c >= d") == "a → b ≤ c ≥ d"
