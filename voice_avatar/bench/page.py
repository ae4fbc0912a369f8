"""Runs as one HTML page that stands alone: no script, no other file, no network. Pure but for the
stylesheet, which is package data.

Every plot says how to read it; what a plot leaves out is in the table under the plots, and what the
table leaves out is in the JSON file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from typing import Any, Final

from voice_avatar.bench import curves, plots
from voice_avatar.bench.results import Figure, Run
from voice_avatar.bench.svg import number, tag

TITLES: Final = {
    "v2v": ("Voice to voice", "How long the user waits: from the last sample of their speech to"
            " the first audible sample of the answer, measured from outside, in real time."),
    "interrupt": ("Interruption", "How fast the avatar stops when the user speaks over it, and"
                  " which sounds stop it that should not."),
    "load": ("Load", "What happens to latency, processor and memory when more people talk at"
             " once."),
    "lipsync": ("Lip synchrony", "When the mouth gets to a shape, against when an independent"
                " aligner hears the sound."),
    "stt": ("Speech recognition", "Our recogniser beside its library used plainly."),
    "tts": ("Speech synthesis", "Our synthesizer beside its library used plainly."),
    "llm": ("Language model", "Our use of the language model beside its library used plainly."),
}  # fmt: skip
"""Kind -> title, and what is measured."""

HEADLINES: Final[Mapping[str, Sequence[str]]] = {
    "v2v": ("v2v", "v2v.p95", "reaction", "cut_offs", "missed", "wer"),
    "interrupt": ("interrupt.played", "interrupt.sent", "interrupt.stale_frames",
                  "interrupt.missed", "false_interruptions"),
    "load": ("capacity", "capacity.paced", "memory_per_session"),
    "lipsync": ("visemes.error", "visemes.in_window", "closures.error", "closures.closed"),
}  # fmt: skip
"""Kind -> figures that stand at the top; of other kinds, the first four. "X.p95" is of figure X."""

MOST_ROWS: Final = 300
"""Items that a page lists; the JSON file has all."""

LIP_WINDOW_MS: Final = (-45.0, 125.0)
"""Sound behind and ahead of the picture that is not noticed (ITU-R BT.1359, detectability)."""


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing, what it is called and how to read it; `below` is HTML."""

    title: str
    reading: str
    drawing: str
    below: str = ""


def render(runs: Sequence[Run]) -> str:
    """Returns a page of one or more runs; several of v2v are also drawn against one another.

    Args:
        runs: at least one.
    """
    style = resources.files("voice_avatar").joinpath("data/bench/page.css").read_text("utf-8")
    title = " · ".join(dict.fromkeys(TITLES.get(run.kind, (run.kind, ""))[0] for run in runs))
    head = (
        '<meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        + tag("title", escape(f"{title} · voice-avatar bench"))
        + tag("style", style)
    )
    compared = _trade_off(runs)
    body = (_section(compared) if compared else "") + "".join(_run(run) for run in runs)
    page = tag("html", tag("head", head) + tag("body", tag("main", body)), lang="en")
    return f"<!doctype html>\n{page}\n"


def _run(run: Run) -> str:
    title, lead = TITLES.get(run.kind, (run.kind, ""))
    made = [
        tag("header", tag("h1", escape(title)) + tag("p", escape(lead), class_="lead")
            + tag("p", escape(" · ".join(_facts(run))), class_="facts")),
        _tiles(run),
        *(_section(plot) for plot in _plots(run)),
        _figure_table(run),
        _terms(run),
        _item_table(run),
    ]  # fmt: skip
    return tag("article", "".join(made), class_="run")


def _facts(run: Run) -> Iterator[str]:
    who = " ".join(str(run.subject.get(key) or "") for key in ("name", "version", "engines"))
    yield who.strip() or "unnamed"
    yield run.started[:16].replace("T", " ")
    if run.revision:
        yield f"revision {run.revision}"
    yield f"{run.machine.get('cores', '?')} cores, {run.machine.get('cpu', '?')}"


# -- what stands at the top


def _tiles(run: Run) -> str:
    known = {figure.name: figure for figure in run.figures}
    wanted = HEADLINES.get(run.kind) or [figure.name for figure in run.figures[:4]]
    tiles = []
    for name in wanted:
        base = name.removesuffix(".p95")
        if base in known and (tile := _tile(known[base], is_p95=base != name)):
            tiles.append(tile)
    return tag("div", "".join(tiles), class_="tiles")


def _tile(figure: Figure, *, is_p95: bool) -> str:
    summary = figure.summary
    if summary is None:
        if figure.value is None:
            return ""
        value, what = figure.value, figure.title
        under = figure.note.partition(";")[0]
    else:
        value = summary.p95 if is_p95 else summary.p50
        low, high = summary.p95_ci if is_p95 else summary.p50_ci
        what = f"{figure.title}, {'p95' if is_p95 else 'median'}"
        under = f"95 % interval {number(low)} … {number(high)}, n\u00a0=\u00a0{summary.count}"
    unit = "" if figure.unit == "1" else tag("small", f" {escape(figure.unit)}")
    said = under if len(under) <= 60 else ""  # the whole note is in the table
    return tag(
        "div",
        tag("b", number(value) + unit) + tag("span", escape(what)) + tag("em", escape(said)),
        class_="tile",
    )


# -- the plots


def _section(plot: Plot) -> str:
    return tag(
        "section",
        tag("h2", escape(plot.title))
        + tag("p", escape(plot.reading))
        + plot.below
        + tag("div", plot.drawing, class_="wide"),
    )


def _plots(run: Run) -> Iterator[Plot]:
    """Yields the plots of a run: those of its kind, then what all kinds have."""
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
            reading, plots.turn_timeline(middle), plots.legend(),
        )  # fmt: skip
        if slowest is not middle:
            yield Plot(
                f"… and the slowest turn ({slowest['clip']})",
                "The same steps on another scale: the longest row is what made it slow.",
                plots.turn_timeline(slowest),
            )
    if distribution := _spread(run, "v2v", [(str(i.get("clip", "")), i["v2v_s"]) for i in heard]):
        yield distribution
    if told:
        shown = min(len(told), plots.MOST_TURNS)
        count = f"All {len(told)} turns" if shown == len(told) else f"{shown} of {len(told)} turns"
        yield Plot(
            "Turn by turn",
            f"{count}, the quickest first, each made of its steps. A colour that grows towards the"
            " bottom is what the slow turns waited for.",
            plots.turns_plot(told), plots.legend(),
        )  # fmt: skip
    yield from _shares(run, "cut_offs", "missed", "underruns", "disturbed")


def _spread(run: Run, name: str, values_s: Sequence[tuple[str, float]]) -> Plot | None:
    figure = next((f for f in run.figures if f.name == name), None)
    if figure is None or figure.summary is None or not values_s:
        return None
    factor = 1000 if figure.unit == "ms" else 1
    drawing = plots.distribution(
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
        "loop late p99, ms": ("loop_p99_s", 1000),
    }
    rows = [
        [
            "–" if point.get(key) is None else number(factor * point[key])
            for key, factor in columns.values()
        ]
        for point in points
    ]
    return _table(list(columns), rows, "points")


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
            plots.distribution(
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


def _other(run: Run) -> Iterator[Plot]:
    yield from _by_unit(run)
    yield from _shares(run, "")


_OF_KIND: Final[Mapping[str, Callable[[Run], Iterator[Plot]]]] = {
    "v2v": _v2v,
    "load": _load,
    "interrupt": _interrupt,
    "lipsync": _lipsync,
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
            "How often something happened, with what it is a share of: one of few can be chance.",
            curves.shares(found),
        )


def _trade_off(runs: Sequence[Run]) -> Plot | None:
    """Returns cut-offs against latency where there are several v2v runs."""
    points = []
    for run in runs:
        known = {figure.name: figure for figure in run.figures}
        waits, cut = known.get("v2v"), known.get("cut_offs")
        if run.kind == "v2v" and waits and cut and waits.summary and cut.value is not None:
            points.append((_setting(run, runs), waits, cut))
    if len(points) < 2:
        return None
    return Plot(
        "Cut-offs against latency",
        "Each point is a run. Down and to the left is better; a server can be moved along its curve"
        " by patience, only better endpointing moves the curve itself.",
        curves.trade_off(points),
    )


def _setting(run: Run, runs: Sequence[Run]) -> str:
    """Returns what sets a run apart from the others: server settings, or else subject or date."""
    mine: Mapping[str, Any] = run.settings.get("server") or {}
    others = [other.settings.get("server") or {} for other in runs]
    own = [
        f"{key.rpartition('.')[2]} {value}"
        for key, value in mine.items()
        if any(other.get(key) != value for other in others)
    ]
    names = {str(other.subject.get("name")) for other in runs}
    named = [str(run.subject.get("name"))] if len(names) > 1 else []
    return ", ".join([*named, *own]) or run.revision or run.started


# -- the tables


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], kind: str = "") -> str:
    """Returns a table of cells that are HTML already."""
    top = tag("thead", tag("tr", "".join(tag("th", cell) for cell in head))) if head else ""
    body = "".join(tag("tr", "".join(tag("td", cell) for cell in row)) for row in rows)
    return tag("div", tag("table", top + tag("tbody", body), class_=kind), class_="wide")


def _figure_table(run: Run) -> str:
    rows = [_figure_row(figure) for figure in run.figures]
    head = ("figure", "n", "p50 or value", "95 % interval", "p90", "p95", "p99", "most", "unit")
    about = "Intervals are percentile bootstrap intervals of the median, with a fixed seed."
    return tag("section", tag("h2", "Every figure") + tag("p", about) + _table(head, rows))


def _figure_row(figure: Figure) -> list[str]:
    arrow = {"lower": " ↓", "higher": " ↑", None: ""}[figure.better]
    name = escape(figure.title + arrow) + (tag("small", escape(figure.note)) if figure.note else "")
    unit = "" if figure.unit == "1" else escape(figure.unit)
    s = figure.summary
    if s is None:
        value = "–" if figure.value is None else number(figure.value)
        return [name, "", value, "", "", "", "", "", unit]
    low, high = s.p50_ci
    rest = [number(value) for value in (s.p90, s.p95, s.p99, s.most)]
    return [name, str(s.count), number(s.p50), f"{number(low)} … {number(high)}", *rest, unit]


def _terms(run: Run) -> str:
    """Returns how to repeat it, and everything that it depends on."""
    facts = [
        *_flat("subject", run.subject),
        *_flat("machine", run.machine),
        *_flat("settings", {k: v for k, v in run.settings.items() if k != "points"}),
    ]
    rows = [[escape(name), escape(value)] for name, value in facts]
    command = tag("pre", escape(run.command))
    inside = tag("h2", "How to repeat it") + command
    under = tag("summary", "Everything that it depends on") + _table((), rows, "terms")
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


def _item_table(run: Run) -> str:
    if not run.items:
        return ""
    head = list(dict.fromkeys(key for item in run.items for key in item))
    rows = [[escape(_cell(item.get(key))) for key in head] for item in run.items[:MOST_ROWS]]
    of_all = f" (the first {MOST_ROWS}; the JSON file has all)" * (len(run.items) > MOST_ROWS)
    title = tag("summary", f"All {len(run.items)} items{of_all}")
    return tag("details", title + _table([escape(key) for key in head], rows, "items"))


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
