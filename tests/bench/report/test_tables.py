"""Results as tables."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from kit.bench_results import measured, number, waits
from rich.console import Console

from voice_avatar.bench.figures.compare import pairs
from voice_avatar.bench.figures.results import Figure
from voice_avatar.bench.figures.statistics import summary
from voice_avatar.bench.report import tables


def shown(print_it: Any, *arguments: Any) -> str:
    out = StringIO()
    print_it(*arguments, Console(file=out, width=200))
    return out.getvalue()


def test_a_table_has_every_figure_and_its_note() -> None:
    figure = Figure(name="x", title="turns [red]cut[/red]", unit="%", value=6.25, note="[1] of 16")
    out = shown(tables.show, measured(waits(*range(100, 120)), figure))
    assert "109" in out or "110" in out
    assert "6.25" in out
    assert "[1] of 16" in out


@pytest.mark.parametrize(
    ("width", "left_out"),
    [(120, set()), (84, {"p99"}), (78, {"p99", "p90"}), (60, {"p99", "p90", "n", "interval"})],
)
def test_a_narrow_terminal_gets_fewer_columns_and_whole_numbers(
    width: int, left_out: set[str]
) -> None:
    figure = Figure(
        name="x",
        title="a title that is so long that it has to fold where there is no room",
        unit="ms",
        summary=summary(list(range(11_000, 12_000))),
    )
    out = StringIO()
    tables.show(measured(figure), Console(file=out, width=width))
    shown = out.getvalue()
    header = next(line.split() for line in shown.splitlines() if "p50" in line)
    columns = {"n", "p50", "interval", "p90", "p95", "p99", "unit"}
    assert columns & set(header) == columns - left_out
    assert {"11500", "11949"} <= set(shown.split())
    assert ("11899" in shown.split()) == ("p90" not in left_out)


def test_a_comparison_says_what_may_be_chance_and_what_else_differs() -> None:
    before, after = measured(number(10), seed=7), measured(number(5), seed="[b]8")
    out = shown(tables.show_pairs, before, after, pairs(before, after))
    assert "better?" in out
    assert "it can be chance" in out
    assert "settings.seed: 7 -> [b]8" in out
