"""Plots of what is compared: loads, settings, kinds of sounds, engines, mouth shapes. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, Final

from voice_avatar.bench.figures.capacity import LATE_S, SLOWDOWN
from voice_avatar.bench.figures.results import Figure
from voice_avatar.bench.figures.statistics import wilson
from voice_avatar.bench.report import svg
from voice_avatar.bench.report.svg import (
    WIDTH,
    Axis,
    bar,
    dot,
    fitting,
    folded,
    label,
    line,
    number,
    path,
)

_LEFT: Final = 310
_RIGHT: Final = WIDTH - 90
_LOG_FROM: Final = 50
"""Largest over smallest value from which an axis is logarithmic: else the small ones vanish."""

_COUNTED: Final = re.compile(r"(\d+) of (\d+)\b")
"""How the note of a share begins: what it is a share of."""


def load_curves(points: Sequence[Mapping[str, Any]], held: float | None) -> str:
    """Returns what a server does with more and more sessions: four small plots.

    Args:
        points: of a load run, as `settings["points"]` has them.
        held: sessions that it holds; None = not known.
    """
    ordered = sorted(points, key=lambda point: point["sessions"])
    first_s = ordered[0].get("p95_s")
    panels = [
        _panel(
            ordered,
            "voice to voice, ms",
            {"p50": ("p50_s", 1000), "p95": ("p95_s", 1000)},
            limit=None if first_s is None else 1000 * SLOWDOWN * first_s,
            limit_words=f"{SLOWDOWN:g} × p95 of the smallest load",
            held=held,
        ),
        _panel(ordered, "processor, % of one core", {"": ("cpu_percent", 1)}, held=held),
        _panel(ordered, "resident memory, MB", {"": ("rss_mb", 1)}, held=held),
        _panel(
            ordered,
            "lateness, p99, ms",
            {"pacing": ("pacing_p99_s", 1000), "loop": ("loop_p99_s", 1000)},
            limit=1000 * LATE_S,
            limit_words=f"{1000 * LATE_S:g} ms",
            held=held,
        ),
    ]
    width, height = WIDTH / 2, 250
    placed = [
        svg.tag(
            "g", panel, transform=f"translate({width * (place % 2):g} {height * (place // 2):g})"
        )
        for place, panel in enumerate(panels)
    ]
    counts = ", ".join(str(point["sessions"]) for point in ordered)
    return svg.drawing(2 * height, placed, alt=f"Latency, processor, memory at {counts} sessions")


def _panel(
    points: Sequence[Mapping[str, Any]],
    title: str,
    series: Mapping[str, tuple[str, float]],
    *,
    limit: float | None = None,
    limit_words: str = "",
    held: float | None,
) -> str:
    left, right, top, bottom = 62.0, WIDTH / 2 - 34, 36.0, 196.0
    lines = {
        name: [(p["sessions"], factor * p[key]) for p in points if p.get(key) is not None]
        for name, (key, factor) in series.items()
    }
    lines = {name: line_ for name, line_ in lines.items() if line_}
    values = [value for line_ in lines.values() for _, value in line_]
    if not values:
        return label(left, top, f"{title}: not told by the server", kind="words faint")
    across = svg.axis([point["sessions"] for point in points], left, right)
    shown = [*values, *([] if limit is None else [limit])]
    is_log = min(values) > 0 and max(values) > _LOG_FROM * min(values)
    up = svg.axis(shown, bottom, top, is_log=is_log)
    scale_words = f"{title} (logarithmic)" if is_log else title
    parts = [svg.beside(up, left, right), label(left, 18, scale_words, kind="strong")]
    ticks = {x: across.at(x) for x in (point["sessions"] for point in points)}
    parts += _session_ticks(ticks, bottom)
    if limit is not None:
        parts.append(line(left, up.at(limit), right, up.at(limit), "limit"))
    if held:
        x = across.at(held)
        parts.append(line(x, top, x, bottom, "event"))
    for (name, line_), kind in zip(lines.items(), ("one", "two"), strict=False):
        places = [(across.at(x), up.at(y)) for x, y in line_]
        parts.append(path(places, f"curve {kind}"))
        for (x, y), (count, value) in zip(places, line_, strict=True):
            parts.append(dot(x, y, f"point {kind}", f"{count} sessions: {name} {number(value)}"))
        if name and places:
            x, y = places[-1]
            parts.append(label(x + 8, y + 4, name, kind="strong"))
    if limit is not None:  # last: no curve runs through its words
        parts.append(label(left + 6, up.at(limit) - 5, limit_words, kind="tick"))
    return "".join(parts)


def _session_ticks(ticks: Mapping[int, float], bottom: float) -> list[str]:
    parts, last = [], -100.0
    for count, x in ticks.items():
        if x - last >= 22:  # those of 1, 2 and 4 of 200 sessions would lie on one another
            parts.append(label(x, bottom + 17, str(count), kind="tick", anchor="middle"))
            last = x
    middle = sum(ticks.values()) / len(ticks)
    return [*parts, label(middle, bottom + 34, "sessions", kind="tick", anchor="middle")]


def trade_off(points: Sequence[tuple[str, Figure, Figure]], *, is_curve: bool = True) -> str:
    """Returns cut-offs against latency, a point for each setting.

    Args:
        points: name of a setting, its latency with a summary, its share of turns cut off.
        is_curve: whether they are settings of one thing, and so joined.
    """
    ordered = sorted(points, key=lambda point: point[1].summary.p50 if point[1].summary else 0.0)
    left, right, top, bottom = 70.0, WIDTH - 130, 40.0, 270.0
    known = [(name, lat.summary, cut.value, _doubt(cut)) for name, lat, cut in ordered]
    told = [(n, s, value, doubt) for n, s, value, doubt in known if s and value is not None]
    across = svg.axis([x for _, s, *_ in told for x in s.p50_ci], left, right)
    up = svg.axis([5.0, *(x for *_, v, doubt in told for x in (v, *(doubt or ())))], bottom, top)
    unit = ordered[0][1].unit
    parts = [
        svg.beside(up, left, right),
        svg.below(across, top, bottom, f"voice to voice, median with its 95 % interval, {unit}"),
        label(left, 14, "turns cut off, %", kind="strong"),
    ]
    if is_curve:
        places = [(across.at(s.p50), up.at(value)) for _, s, value, _ in told]
        parts.append(path(places, "curve one"))
    taken: list[tuple[float, float, float]] = []
    names = []
    for name, s, value, doubt in told:
        x, y, words = across.at(s.p50), up.at(value), fitting(name, 240)
        if doubt:
            parts.append(line(x, up.at(doubt[0]), x, up.at(doubt[1]), "doubt"))
        parts.append(line(across.at(s.p50_ci[0]), y, across.at(s.p50_ci[1]), y, "whisker"))
        hint = f"{name}: {number(s.p50)} {unit}, {number(value)} % cut off"
        parts.append(dot(x, y, "point one", hint))
        at = _free(x + 9, y - 9, svg.width_of(words), taken)
        names.append(label(x + 9, at, words, kind="strong"))
    return svg.drawing(
        bottom + 42, [*parts, *names], alt="Turns cut off against voice-to-voice latency"
    )


def _free(x: float, y: float, width: float, taken: list[tuple[float, float, float]]) -> float:
    """Returns how high a label is put so that it lies on no other, and notes that it is there."""
    while any(x < end and start < x + width and abs(y - other) < 15 for start, end, other in taken):
        y -= 15
    taken.append((x, x + width, y))
    return y


def _doubt(share: Figure) -> tuple[float, float] | None:
    """Returns the 95 % interval of a share, %; None where it is not told of how many it is."""
    counted = _COUNTED.match(share.note)
    if counted is None or not int(counted[2]):
        return None
    low, high = wilson(int(counted[1]), int(counted[2]))
    return 100 * low, 100 * high


def shares(figures: Sequence[Figure]) -> str:
    """Returns shares as bars from 0 to 100 %, with what they are shares of."""
    across = Axis(0, 100, _LEFT, _LEFT + 260)
    height = 30
    bottom = 8 + height * len(figures)
    parts = [svg.below(across, 8, bottom, "%")]
    for row, figure in enumerate(figures):
        y, value = 8 + height * row, figure.value or 0.0
        parts.append(_title(figure.title, y + 19))
        hint = f"{figure.title}: {number(value)} %"
        parts.append(bar(across.at(0), y + 6, across.at(value) - across.at(0), 17, "value", hint))
        if doubt := _doubt(figure):
            middle = y + 14.5
            parts.append(line(across.at(doubt[0]), middle, across.at(doubt[1]), middle, "doubt"))
        said = figure.note.partition(";")[0]
        words = f"{number(value)} %" + (f" · {said}" if said else "")
        room = WIDTH - across.end - 20
        parts.append(label(across.end + 14, y + 19, fitting(words, room), kind="tick"))
    return svg.drawing(bottom + 40, parts, alt="Shares: " + ", ".join(f.title for f in figures))


def spans(figures: Sequence[Figure]) -> str:
    """Returns distributions of one unit under one another: median, its interval, range.

    Args:
        figures: with summaries, all in one unit.
    """
    rows = [(figure, figure.summary) for figure in figures if figure.summary is not None]
    values = [x for _, s in rows for x in (s.least, s.p95)]
    is_log = min(values) > 0 and max(values) > _LOG_FROM * min(values)
    across = svg.axis(values, _LEFT, _RIGHT, is_log=is_log)
    height = 30
    bottom = 8 + height * len(rows)
    unit = rows[0][0].unit
    parts = [svg.below(across, 8, bottom, unit + (", logarithmic" if is_log else ""))]
    for row, (figure, s) in enumerate(rows):
        y = 23 + height * row
        hint = (
            f"{figure.title}: p50 {number(s.p50)}, p95 {number(s.p95)}, from {number(s.least)}"
            f" to {number(s.most)} {unit}, n = {s.count}"
        )
        parts.append(_title(figure.title, y + 4))
        parts.append(line(across.at(s.least), y, across.at(s.p95), y, "range"))
        low, high = s.p50_ci
        wide = across.at(high) - across.at(low)
        parts.append(bar(across.at(low), y - 5, wide, 10, "interval"))
        parts.append(line(across.at(s.p95), y - 6, across.at(s.p95), y + 6, "cap"))
        parts.append(dot(across.at(s.p50), y, "value", hint))
        told = f"{number(s.p50)} {unit}" if len(unit) <= 2 else number(s.p50)
        parts.append(label(_RIGHT + 12, y + 4, told, kind="tick"))
    return svg.drawing(
        bottom + 40, parts, alt="Distributions: " + ", ".join(f.title for f in figures)
    )


def strips(rows: Sequence[tuple[str, Sequence[float]]], words: str) -> str:
    """Returns values as dots, one row a thing, with a tick at each median.

    Args:
        rows: title -> values, at least one each.
        words: what the axis counts, with its unit.
    """
    across = svg.axis([value for _, values in rows for value in values], _LEFT, _RIGHT)
    height = 34
    bottom = 8 + height * len(rows)
    parts = [svg.below(across, 8, bottom, words)]
    for row, (title, values) in enumerate(rows):
        y = 25 + height * row
        parts.append(_title(title, y + 4))
        parts += [dot(across.at(value), y, "value", number(value)) for value in values]
        middle = median(values)
        parts.append(line(across.at(middle), y - 12, across.at(middle), y + 12, "mark"))
        parts.append(label(_RIGHT + 12, y + 4, number(middle), kind="tick"))
    return svg.drawing(bottom + 40, parts, alt="Trials: " + ", ".join(title for title, _ in rows))


def lanes(item: Mapping[str, Any], most_s: float = 2.2) -> str:
    """Returns the phones of a sentence as an aligner hears them, above what the mouth shows.

    Args:
        item: of a lipsync run.
        most_s: as much of it as is drawn, seconds.
    """
    phones = [p for p in item["phones"] if p["heard_end_s"] <= most_s]
    across = svg.axis([p["heard_end_s"] for p in phones], 110, WIDTH - 20)
    parts = [
        svg.below(across, 22, 150, "seconds of speech"),
        label(96, 47, "heard", kind="words", anchor="end"),
        label(96, 124, "shown", kind="words", anchor="end"),
    ]
    for phone in phones:
        x, end = across.at(phone["heard_s"]), across.at(phone["heard_end_s"])
        kind = "closure" if phone["is_closed"] is not None else "phone"
        hint = f"{phone['phone']}: heard {number(phone['heard_s'])} s"
        parts.append(bar(x, 28, end - x - 1.5, 30, kind, hint))
        if end - x >= 14:
            middle = (x + end) / 2
            parts.append(label(middle, 47, phone["phone"], kind="inside", anchor="middle"))
        shown_s = phone["shown_s"]
        if shown_s is not None:
            at = across.at(shown_s)
            parts.append(line(x, 58, at, 108, "tie"))
            parts.append(dot(at, 114, kind, f"{phone['phone']}: shown {number(shown_s)} s"))
    return svg.drawing(190, parts, alt=f"Phones heard and mouth shapes shown: {item['text']}")


def _title(words: str, y: float) -> str:
    lines = folded(words, _LEFT - 20)
    first = y - 6.5 * (len(lines) - 1)
    return "".join(
        label(_LEFT - 14, first + 13 * row, told, kind="words", anchor="end")
        for row, told in enumerate(lines)
    )
