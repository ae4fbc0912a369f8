"""Runs as tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from voice_avatar.bench.figures.compare import Pair, differences
from voice_avatar.bench.figures.results import Figure, Run

FILE_WIDTH: Final = 120
"""Columns of a table that goes to a file or another program."""

TITLE_WIDTH: Final = 40
"""Columns for which a longer title makes room before a number goes."""

COLUMNS: Final = ("figure", "n", "p50", "95 % interval", "p90", "p95", "p99", "unit")

FIRST_TO_GO: Final = ("p99", "p90", "n", "95 % interval")
"""Columns that are left out, in this order, where there is no room for all."""


def show(run: Run, console: Console | None = None) -> None:
    """Prints a run: what was measured, and every figure."""
    console = console or _console()
    name = run.subject.get("name") or run.subject.get("dialect") or ""
    machine = f"{run.machine.get('cores')} cores, {run.machine.get('cpu')}"
    told = f"{run.kind}  {name}  {run.revision}  {machine}"
    console.print(told, style="bold", highlight=False, markup=False)
    rows = [dict(zip(COLUMNS, _row(figure), strict=True)) for figure in run.figures]
    columns = _fitting(rows, console.width)
    table = Table(box=None, pad_edge=False)
    for column in columns:
        is_text = column in {"figure", "unit"}
        table.add_column(column, justify="left" if is_text else "right", no_wrap=column != "figure")
    for row in rows:
        table.add_row(*(Text(row[column]) for column in columns))
    console.print(table, highlight=False)
    for figure in run.figures:
        if figure.note:
            said = f"{figure.title}: {figure.note}"
            console.print(said, style="dim", highlight=False, markup=False)


def show_pairs(
    before: Run, after: Run, found: Sequence[Pair], console: Console | None = None
) -> None:
    """Prints two runs side by side."""
    console = console or _console()
    title = (
        f"{before.kind}: {before.revision or before.started} → {after.revision or after.started}"
    )
    table = Table(box=None, pad_edge=False, title=title, title_justify="left")
    table.add_column("figure")
    for column in ("before", "after", "ratio"):
        table.add_column(column, justify="right")
    table.add_column("unit")
    table.add_column("verdict")
    for pair in found:
        ratio = "" if pair.ratio is None else f"{pair.ratio:.2f}"
        table.add_row(
            pair.figure.title, _told(pair.before), _told(pair.after), ratio, pair.figure.unit,
            pair.verdict,
        )  # fmt: skip
    console.print(table)
    if any("?" in pair.verdict for pair in found):
        console.print("[dim]?: without an interval; it can be chance[/dim]", highlight=False)
    for difference in differences(before, after):
        # Markup off: "[" in a setting is no style.
        console.print(f"differs: {difference}", highlight=False, markup=False)


def _console() -> Console:
    """Returns the terminal, or a page wide enough for everything."""
    console = Console()
    return console if console.is_terminal else Console(width=FILE_WIDTH)


def _fitting(rows: Sequence[dict[str, str]], width: int) -> list[str]:
    """Returns the columns for which there is room, and those that are never left out."""
    columns = list(COLUMNS)
    # Titles may fold, numbers may not.
    taken = {name: max([len(name), *(len(row[name]) for row in rows)]) for name in columns}
    taken["figure"] = min(taken["figure"], TITLE_WIDTH)
    for name in FIRST_TO_GO:
        if sum(taken[column] for column in columns) + len(columns) - 1 > width:
            columns.remove(name)
    return columns


def _row(figure: Figure) -> tuple[str, ...]:
    summary = figure.summary
    if summary is None:
        value = "" if figure.value is None else _told(figure.value)
        return (figure.title, "", value, "", "", "", "", figure.unit)
    low, high = summary.p50_ci
    return (
        figure.title,
        str(summary.count),
        _told(summary.p50),
        f"{_told(low)} … {_told(high)}",
        _told(summary.p90),
        _told(summary.p95),
        _told(summary.p99),
        figure.unit,
    )


def _told(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
