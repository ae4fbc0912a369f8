"""The result of a measurement: one shape for every bench, as JSON on disk.

A `Run` holds the figures, everything that they depend on, and every single item (turn, clip,
sentence), so that any figure can be computed again from the file.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

FORMAT = 1
"""Version of the JSON shape; grows when a reader of old files has to know."""

Unit = Literal["s", "ms", "%", "x", "1", "MB", "samples", "tokens/s", "1/s", "B/s", "MB/h"]


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A distribution in numbers, in the figure's unit.

    Attributes:
        count: values.
        mean: of them.
        p50: median. Percentiles interpolate linearly between order statistics.
        p90: percentile.
        p95: percentile.
        p99: percentile.
        least: smallest value.
        most: largest value.
        p50_ci: 95 % confidence interval of the median, percentile bootstrap with a fixed seed.
        p95_ci: likewise of the 95th percentile.
    """

    count: int
    mean: float
    p50: float
    p90: float
    p95: float
    p99: float
    least: float
    most: float
    p50_ci: tuple[float, float]
    p95_ci: tuple[float, float]


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One measured figure.

    Attributes:
        name: dotted, e.g. "v2v", "v2v.first_turn", "stage.stt", "false_cutoffs", "wer".
        title: for a person, a few words.
        unit: of all its numbers.
        better: which direction is an improvement; None = neither.
        value: a single number, or None.
        summary: a distribution, or None.
        note: what it is exactly, and what it leaves out.
    """

    name: str
    title: str
    unit: Unit
    better: Literal["lower", "higher"] | None = None
    value: float | None = None
    summary: Summary | None = None
    note: str = ""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement.

    Attributes:
        kind: "v2v", "interrupt", "load", "lipsync", "gestures", "stt", "tts", "llm", "fuzz",
            "soak", "attacks".
        started: ISO 8601 with offset.
        command: the command line that repeats it (no machine path: folders by their variable or
            last name).
        subject: what was measured: {"name", "version", "models": {stage: {"name", "sha256"}}}.
        machine: {"cpu", "cores", "memory_mb", "os", "python", "packages": {...}}.
        revision: git revision of the checkout, with "+" when changed since; "" unknown.
        settings: options of the bench, and the server's configuration where it is known.
        figures: what came out.
        items: every turn, clip or sentence, with what was measured of it.
        format: `FORMAT`.
    """

    kind: str
    started: str
    command: str
    subject: dict[str, Any]
    machine: dict[str, Any]
    revision: str
    settings: dict[str, Any]
    figures: list[Figure]
    items: list[dict[str, Any]]
    format: int = FORMAT
