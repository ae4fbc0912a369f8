"""The tables of a run's page: every figure, what it depends on, every item. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Final

from voice_avatar.bench.figures.results import Figure, Run
from voice_avatar.bench.report.svg import number, pretty, tag

MOST_ROWS: Final = 300
"""Items that a page lists; the JSON file has all."""


def table(head: Sequence[str], rows: Sequence[Sequence[str]], kind: str = "") -> str:
    """Returns a table of cells that are HTML already."""
    top = tag("thead", tag("tr", "".join(tag("th", cell) for cell in head))) if head else ""
    body = "".join(tag("tr", "".join(tag("td", cell) for cell in row)) for row in rows)
    return tag("div", tag("table", top + tag("tbody", body), class_=kind), class_="wide")


def figure_table(run: Run) -> str:
    """Returns all figures with all that is known of them."""
    rows = [_figure_row(figure) for figure in run.figures]
    head = ("figure", "n", "p50 or value", "95 % interval", "p90", "p95", "p99", "most", "unit")
    about = "Intervals are percentile bootstrap intervals of the median, with a fixed seed."
    return tag("section", tag("h2", "Every figure") + tag("p", about) + table(head, rows))


def _figure_row(figure: Figure) -> list[str]:
    arrow = {"lower": " ↓", "higher": " ↑", None: ""}[figure.better]
    note = tag("small", escape(pretty(figure.note))) if figure.note else ""
    name = escape(pretty(figure.title) + arrow) + note
    unit = "" if figure.unit == "1" else escape(figure.unit)
    s = figure.summary
    if s is None:
        value = "–" if figure.value is None else number(figure.value)
        return [name, "", value, "", "", "", "", "", unit]
    low, high = s.p50_ci
    rest = [number(value) for value in (s.p90, s.p95, s.p99, s.most)]
    return [name, str(s.count), number(s.p50), f"{number(low)} … {number(high)}", *rest, unit]


def terms(run: Run) -> str:
    """Returns how to repeat it and, folded, everything that it depends on."""
    facts = [
        *_flat("subject", run.subject),
        *_flat("machine", run.machine),
        *_flat("settings", {k: v for k, v in run.settings.items() if k != "points"}),
    ]
    rows = [[escape(name), escape(value)] for name, value in facts]
    command = tag("pre", escape(run.command))
    inside = tag("h2", "How to repeat it") + command
    under = tag("summary", "Everything that it depends on") + table((), rows, "terms")
    return tag("section", inside) + tag("details", under)


def _flat(name: str, value: object) -> Iterator[tuple[str, str]]:
    """Yields "settings.options.seed" -> "7"; lists are told in one line."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}", inner)
    elif isinstance(value, list | tuple):
        yield name, ", ".join(str(part) for part in value) or "none"
    elif value not in {"", None}:
        yield name, str(value)


def item_table(run: Run) -> str:
    """Returns the items, folded; "" where there are none."""
    if not run.items:
        return ""
    head = list(dict.fromkeys(key for item in run.items for key in item))
    rows = [[escape(_cell(item.get(key))) for key in head] for item in run.items[:MOST_ROWS]]
    of_all = f" (the first {MOST_ROWS}; the JSON file has all)" * (len(run.items) > MOST_ROWS)
    title = tag("summary", f"All {len(run.items)} items{of_all}")
    return tag("details", title + table([escape(key) for key in head], rows, "items"))


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return number(value)
    if isinstance(value, list) and len(value) > 12:
        return f"{len(value)} values"
    return value if isinstance(value, str) else json.dumps(_rounded(value), ensure_ascii=False)


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, Mapping):
        return {key: _rounded(inner) for key, inner in value.items()}
    return [_rounded(inner) for inner in value] if isinstance(value, list) else value
