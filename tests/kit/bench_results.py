"""Results of made-up runs."""

from __future__ import annotations

from typing import Any

from voice_avatar.bench.figures.results import Figure, Run, Unit
from voice_avatar.bench.figures.statistics import summary
from voice_avatar.bench.report.machine import results_of


def waits(*values: float, better: Any = "lower") -> Figure:
    return Figure(name="wait", title="wait", unit="ms", better=better, summary=summary(values))


def number(value: float, *, name: str = "share", unit: Unit = "%", better: Any = "lower") -> Figure:
    return Figure(name=name, title=name, unit=unit, better=better, value=value)


def measured(*figures: Figure, kind: str = "v2v", **settings: Any) -> Run:
    return results_of(
        kind,
        figures,
        [{"clip": "one", "v2v_s": 0.5}],
        subject={"name": "a server"},
        settings=settings,
        started="2026-11-23T10:00:00+00:00",
    )
