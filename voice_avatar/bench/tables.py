"""Runs as tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from voice_avatar.bench.compare import Pair, differences
from voice_avatar.bench.results import Figure, Run


def show(run: Run, console: Console | None = None) -> None:
    """Prints a run: what was measured, and every figure."""
    console = console or Console()
    name = run.subject.get("name") or run.subject.get("dialect") or ""
    machine = f"{run.machine.get('cores')} cores, {run.machine.get('cpu')}"
    told = f"{run.kind}  {name}  {run.revision}  {machine}"
    console.print(told, style="bold", highlight=False, markup=False)
    table = Table(box=None, pad_edge=False)
    table.add_column("figure", no_wrap=True)
    for column in ("n", "p50", "95 % interval", "p90", "p95", "p99", "unit"):
        table.add_column(column, justify="left" if column == "unit" else "right")
    for figure in run.figures:
        table.add_row(*_row(figure))
    console.print(table)
    for figure in run.figures:
        if figure.note:
            said = f"{figure.title}: {figure.note}"
            console.print(said, style="dim", highlight=False, markup=False)


def show_pairs(
    before: Run, after: Run, found: Sequence[Pair], console: Console | None = None
) -> None:
    """Prints two runs side by side."""
    console = console or Console()
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
