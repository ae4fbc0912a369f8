"""Which plots the page of a run has, and how each is to be read. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from msgspec.structs import replace

from voice_avatar.bench.figures.results import Figure, Run
from voice_avatar.bench.report import curves, turn_plots
from voice_avatar.bench.report.page_tables import table
from voice_avatar.bench.report.svg import number

LIP_WINDOW_MS: Final = (-45.0, 125.0)
"""Sound behind and ahead of the picture that is not noticed (ITU-R BT.1359, detectability)."""


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing, what it is called and how to read it; `below` is HTML."""

    title: str
    reading: str
    drawing: str
    below: str = ""


def plots_of(run: Run) -> Iterator[Plot]:
    """Yields the plots of a run: those of its kind, or what can be drawn of any."""
    yield from _OF_KIND.get(run.kind, _other)(run)


def _v2v(run: Run) -> Iterator[Plot]:
    heard = [item for item in run.items if item.get("v2v_s") is not None]
    told = [item for item in heard if item.get("stages_s") and item["v2v_s"] > 0]
    if told:
        ordered = sorted(told, key=lambda item: item["v2v_s"])
        middle, slowest = ordered[(len(ordered) - 1) // 2], ordered[-1]
        reading = (
            "Each row is what the wait still depended on when everything before it was done; work"
            " that was hidden behind something else does not show. The rows add up to the wait."
        )
        yield Plot(
            f"Where the wait went: the median turn ({middle['clip']})",
            reading, turn_plots.turn_timeline(middle), turn_plots.legend(),
        )  # fmt: skip
        if slowest is not middle:
            yield Plot(
                f"… and the slowest turn ({slowest['clip']})",
                "The same steps on another scale: the longest row is what made it slow.",
                turn_plots.turn_timeline(slowest),
            )
    elif stages := [f for f in run.figures if f.name.startswith("told.") and f.summary]:
        yield Plot(
            "What the server tells of its stages",
            "It does not tell when they happened, so that they cannot be laid end to end: some may"
            " have run at once. Dot: median. Band: its 95 % interval. Line: from the least value to"
            " the 95th percentile.",
            curves.spans(stages),
        )
    if distribution := _spread(run, "v2v", [(str(i.get("clip", "")), i["v2v_s"]) for i in heard]):
        yield distribution
    if told:
        shown = min(len(told), turn_plots.MOST_TURNS)
        count = f"All {len(told)} turns" if shown == len(told) else f"{shown} of {len(told)} turns"
        yield Plot(
            "Turn by turn",
            f"{count}, the quickest first, each made of its steps. A colour that grows towards the"
            " bottom is what the slow turns waited for.",
            turn_plots.turns_plot(told), turn_plots.legend(),
        )  # fmt: skip
    yield from _shares(run, "cut_offs", "missed", "underruns", "disturbed")


def _spread(run: Run, name: str, values_s: Sequence[tuple[str, float]]) -> Plot | None:
    figure = next((f for f in run.figures if f.name == name), None)
    if figure is None or figure.summary is None or not values_s:
        return None
    factor = 1000 if figure.unit == "ms" else 1
    drawing = turn_plots.distribution(
        [factor * value_s for _, value_s in values_s],
        figure.summary,
        f"{figure.title}, {figure.unit}",
        names=[name for name, _ in values_s],
    )
    reading = (
        "A dot is a turn (a column is many). The lines are the median and the 95th percentile; the"
        " tinted bands around them are their 95 % intervals: with few turns they are wide, and a"
        " difference within a band can be chance."
    )
    return Plot("How the waits are spread", reading, drawing)


def _load(run: Run) -> Iterator[Plot]:
    points = run.settings.get("points") or []
    if points:
        held = next((f.value for f in run.figures if f.name == "capacity"), None)
        yield Plot(
            "More and more sessions",
            "The red dashes are limits, the dotted line is the largest load that was held: 95 % of"
            " the waits within the limit, every question answered and no loudspeaker run dry.",
            curves.load_curves(points, held),
            _points(points),
        )


def _points(points: Sequence[Mapping[str, Any]]) -> str:
    """Returns what does not show in the curves, among it what broke."""
    columns = {
        "sessions": ("sessions", 1),
        "turns answered": ("turns", 1),
        "not answered": ("missed", 1),
        "run dry": ("underruns", 1),
        "p50, ms": ("p50_s", 1000),
        "p95, ms": ("p95_s", 1000),
        "processor, %": ("cpu_percent", 1),
        "memory, MB": ("rss_mb", 1),
        "pacing late p99, ms": ("pacing_p99_s", 1000),
        "loop late p99, ms": ("loop_p99_s", 1000),
        "users late p99, ms": ("users_p99_s", 1000),
    }
    rows = [
        [
            "–" if point.get(key) is None else number(factor * point[key])
            for key, factor in columns.values()
        ]
        for point in points
    ]
    return table(list(columns), rows, "points")


def _interrupt(run: Run) -> Iterator[Plot]:
    cuts = [item for item in run.items if item.get("kind") == "speech" and item.get("is_cut")]
    rows = [
        (title, values)
        for key, title in (
            ("noticed_s", "word that a voice is heard"),
            ("last_sent_s", "last sample sent"),
            ("told_s", "word of the interruption"),
            ("last_played_s", "last sample played"),
            ("work_drop_s", "all work on the reply ended"),
        )
        if (values := [1000 * item[key] for item in cuts if item.get(key) is not None])
    ]
    if rows:
        yield Plot(
            "From the user's first sound to silence",
            "A dot is one interruption, the line their median. Things happen from top to bottom;"
            " the step from one row to the next is where the time goes.",
            curves.strips(rows, "ms after the first sample spoken over the reply"),
        )
    yield from _shares(run, "interrupt.missed", "false_interruptions", "false_answers")


def _lipsync(run: Run) -> Iterator[Plot]:
    offsets = [
        1000 * (phone["heard_s"] - phone["shown_s"])
        for item in run.items
        for phone in item.get("phones", ())
        if phone.get("shown_s") is not None
    ]
    figure = next((f for f in run.figures if f.name == "visemes.offset"), None)
    if offsets and figure and figure.summary:
        yield Plot(
            "How far the mouth is from the sound",
            "To the right of 0 the mouth is ahead of the sound, to the left behind it. Within the"
            " grey window (ITU-R BT.1359) viewers do not notice.",
            turn_plots.distribution(
                offsets, figure.summary, "sound minus picture, ms", window=LIP_WINDOW_MS
            ),
        )
    sentence = next((item for item in run.items if item.get("phones")), None)
    if sentence:
        yield Plot(
            f"“{sentence['text']}”",
            "Above, the sounds as the aligner hears them; below, when the mouth gets to their"
            " shapes. Upright ties are in time; closures (m, b, p) are marked: they are what one"
            " sees first when it is wrong.",
            curves.lanes(sentence),
        )
    yield from _shares(run, "visemes", "closures", "phones.", "paired", "followed")


def _endpoint(run: Run) -> Iterator[Plot]:
    known = {figure.name: figure for figure in run.figures}
    points = []
    for name, waits in known.items():
        setting, _, what = name.rpartition(".")
        cut = known.get(f"{setting}.cut_offs.paused")
        if what == "v2v" and waits.summary and cut and cut.value is not None:
            points.append((setting.replace("_", " "), waits, cut))
    if points:
        yield Plot(
            "Cut-offs against latency",
            "Each point is a setting of the one knob, turn.patience: how many of the clips that"
            " have pauses were cut off, and how long the user waited. Down and to the left is"
            " better. Upright lines are the 95 % intervals of the shares: few clips tell little.",
            curves.trade_off(points),
        )
    yield from _by_unit(run)


def _other(run: Run) -> Iterator[Plot]:
    yield from _by_unit(run)
    yield from _shares(run, "")


_OF_KIND: Final[Mapping[str, Callable[[Run], Iterator[Plot]]]] = {
    "v2v": _v2v,
    "load": _load,
    "interrupt": _interrupt,
    "lipsync": _lipsync,
    "endpoint": _endpoint,
}


def _by_unit(run: Run) -> Iterator[Plot]:
    """Yields the distributions of a run, those of a unit in one plot."""
    for unit in dict.fromkeys(figure.unit for figure in run.figures if figure.summary):
        of_unit = [figure for figure in run.figures if figure.summary and figure.unit == unit]
        words = {"ms": "Times", "s": "Times", "x": "Ratios", "tokens/s": "Speeds"}.get(unit, unit)
        yield Plot(
            f"{words} side by side",
            "Dot: median. Band: its 95 % interval. Line: from the least value to the 95th"
            " percentile. Where bands do not overlap, the medians differ by more than chance"
            " explains.",
            curves.spans(of_unit),
        )


def _shares(run: Run, *prefixes: str) -> Iterator[Plot]:
    found = [
        figure
        for figure in run.figures
        if figure.unit == "%" and figure.value is not None and figure.name.startswith(prefixes)
    ]
    if found:
        # The same of several is side by side: "error rate: ours", "error rate: theirs".
        alike = list(dict.fromkeys(figure.title.rpartition(": ")[0] for figure in found))
        found.sort(key=lambda figure: alike.index(figure.title.rpartition(": ")[0]))
        yield Plot(
            "Shares",
            "How often something happened, with what it is a share of. Thin lines are 95 %"
            " intervals: one of few can be chance.",
            curves.shares(found),
        )


# -- several runs


COMPARED: Final = {
    "v2v": "median, ms",
    "v2v.p95": "p95, ms",
    "reaction": "first reaction, ms",
    "cut_offs": "cut off, %",
    "missed": "no answer, %",
    "wer": "word errors, %",
    "wasted_tokens": "wasted tokens a turn",
}
"""Figures of v2v that are put beside one another -> what their column is called."""


def compared(runs: Sequence[Run]) -> Iterator[Plot]:
    """Yields what puts several v2v runs beside one another; nothing for fewer than two."""
    # Other benches are on the page too, and name the server's settings in ways of their own.
    runs = [run for run in runs if run.kind == "v2v"]
    if len(runs) < 2:
        return
    named = [(_setting(run, runs), run, {f.name: f for f in run.figures}) for run in runs]
    waits = [
        replace(known["v2v"], title=name)
        for name, _, known in named
        if "v2v" in known and known["v2v"].summary
    ]
    if waits:
        yield Plot(
            "How long the user waits",
            "Dot: median. Band: its 95 % interval. Line: from the least value to the 95th"
            " percentile. Runs of different machines or clips cannot be set against one another.",
            curves.spans(waits),
            _beside([(name, known) for name, _, known in named]),
        )
    points = [
        (name, known["v2v"], known["cut_offs"])
        for name, _, known in named
        if {"v2v", "cut_offs"} <= known.keys()
        and known["v2v"].summary
        and known["cut_offs"].value is not None
    ]
    if len(points) > 1:
        yield Plot(
            "Cut-offs against latency",
            "Each point is a run, with the 95 % intervals of both. Down and to the left is better;"
            " a server can be moved along its curve by patience, only better endpointing moves the"
            " curve itself.",
            curves.trade_off(points, is_curve=len({str(r.subject.get("name")) for r in runs}) == 1),
        )


def _beside(named: Sequence[tuple[str, Mapping[str, Figure]]]) -> str:
    """Returns a table of runs; what a run does not tell is "–"."""
    rows = [
        [escape(name), *(_number_of(known, wanted) for wanted in COMPARED)] for name, known in named
    ]
    return table(["", *COMPARED.values()], rows, "points")


def _number_of(known: Mapping[str, Figure], name: str) -> str:
    figure = known.get(name.removesuffix(".p95"))
    if figure is None or (figure.summary is None and figure.value is None):
        return "–"
    if figure.summary is None:
        return number(figure.value or 0.0)
    return number(figure.summary.p95 if name.endswith(".p95") else figure.summary.p50)


def _setting(run: Run, runs: Sequence[Run]) -> str:
    """Returns what sets a run apart from the others: its server, settings, revision or date."""
    name = str(run.subject.get("name") or "")
    alike = [other for other in runs if other is not run and other.subject.get("name") == name]
    named = [" ".join((name, str(run.subject.get("version") or ""))).strip()]
    if not alike:
        return named[0]
    mine: Mapping[str, Any] = run.settings.get("server") or {}
    own = [
        f"{key.rpartition('.')[2]} {value}"
        for key, value in mine.items()
        if any((other.settings.get("server") or {}).get(key) != value for other in alike)
    ]
    if not own:
        revisions = {other.revision for other in alike}
        own = [run.revision if run.revision and run.revision not in revisions else run.started]
    is_only_name = len({str(other.subject.get("name")) for other in runs}) == 1
    return ", ".join(own if is_only_name else [*named, *own])
