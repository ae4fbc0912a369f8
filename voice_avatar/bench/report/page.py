"""Runs as one HTML page that stands alone: no script, no other file, no network. Pure but for the
stylesheet, which is package data.

Every plot says how to read it; what a plot leaves out is in the table under the plots, and what the
table leaves out is in the JSON file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from importlib import resources
from typing import Final

from voice_avatar.bench.figures.results import Figure, Run
from voice_avatar.bench.report.page_plots import Plot, compared, plots_of
from voice_avatar.bench.report.page_tables import figure_table, item_table, terms
from voice_avatar.bench.report.svg import number, pretty, tag

TITLES: Final = {
    "v2v": ("Voice to voice", "How long the user waits: from the last sample of their speech to"
            " the first audible sample of the answer, measured from outside, in real time."),
    "interrupt": ("Interruption", "How fast the avatar stops when the user speaks over it, and"
                  " which sounds stop it that should not."),
    "load": ("Load", "What happens to latency, processor and memory when more people talk at"
             " once."),
    "endpoint": ("End of turn", "How long the policy waits before it takes the user to have"
                 " finished, and how often it is wrong; in virtual time."),
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
    "endpoint": ("patience_1.v2v", "patience_1.v2v.p95", "patience_1.cut_offs.paused"),
    "stt": ("ours.error.all_en", "ours.time", "transcribe_beam_5.time_ratio"),
    "tts": ("sentence.ours.first_audio", "sentence.piper.first_audio", "sentence.ours.speed"),
    "llm": ("alone.ours.first_token", "in_turn.ours.first_token", "in_turn.ours.speed"),
}  # fmt: skip
"""Kind -> figures at the top; where none of them is there, the first three of the run. "X.p95" is
of figure X."""


def render(runs: Sequence[Run]) -> str:
    """Returns a page of one or more runs; several of v2v are also put beside one another.

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
    body = _compared(runs) + "".join(_run(run) for run in runs)
    page = tag("html", tag("head", head) + tag("body", tag("main", body)), lang="en")
    return f"<!doctype html>\n{page}\n"


def _compared(runs: Sequence[Run]) -> str:
    drawn = "".join(_section(plot) for plot in compared(runs))
    if not drawn:
        return ""
    lead = "Voice to voice, run by run; each run on its own is below."
    header = tag("header", tag("h1", "Side by side") + tag("p", lead, class_="lead"))
    return tag("article", header + drawn, class_="run")


def _run(run: Run) -> str:
    title, lead = TITLES.get(run.kind, (run.kind, ""))
    made = [
        tag("header", tag("h1", escape(title)) + tag("p", escape(lead), class_="lead")
            + tag("p", escape(" · ".join(_facts(run))), class_="facts")),
        _tiles(run),
        *(_section(plot) for plot in plots_of(run)),
        figure_table(run),
        terms(run),
        item_table(run),
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
    tiles = list(_tiles_of(run, HEADLINES.get(run.kind, ())))
    tiles = tiles or list(_tiles_of(run, [figure.name for figure in run.figures[:3]]))
    # Four in a row, where three would leave one alone.
    return tag("div", "".join(tiles), class_="tiles four" if len(tiles) in {4, 8} else "tiles")


def _tiles_of(run: Run, names: Sequence[str]) -> Iterator[str]:
    known = {figure.name: figure for figure in run.figures}
    for name in names:
        base = name.removesuffix(".p95")
        if base in known and (tile := _tile(known[base], is_p95=base != name)):
            yield tile


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
        tag("b", number(value) + unit)
        + tag("span", escape(pretty(what)))
        + tag("em", escape(pretty(said))),
        class_="tile",
    )


def _section(plot: Plot) -> str:
    return tag(
        "section",
        tag("h2", escape(plot.title))
        + tag("p", escape(plot.reading))
        + plot.below
        + tag("div", plot.drawing, class_="wide"),
    )
