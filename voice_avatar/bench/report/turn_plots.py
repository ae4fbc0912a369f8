"""Plots of spoken turns: where the wait of one went, of many, and how waits are spread. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from voice_avatar.bench.figures.results import Summary
from voice_avatar.bench.figures.waterfall import STEPS
from voice_avatar.bench.report import svg
from voice_avatar.bench.report.svg import WIDTH, Axis, bar, dot, fitting, label, line, number

PARTS: Final = {
    "ear": "noticing the end of speech",
    "recogniser": "recognition",
    "model": "language model",
    "voice": "voice",
    "way": "delivery and playout",
}
"""Part of a server, which has a colour -> what it is called."""

PART_OF: Final = {
    "noticed": "ear",
    "commit": "ear",
    "stt": "recogniser",
    "llm_start": "model",
    "ttft": "model",
    "first_chunk": "model",
    "ttfa": "voice",
    "sent": "way",
    "onset": "way",
}
"""Step of a waterfall -> the part that takes it."""

MOST_TURNS: Final = 40
"""Turns that are drawn one by one; of more, as many from all over the range."""

MOST_DOTS: Final = 150
"""Values that are drawn one by one; more are drawn as a histogram."""

_LEFT: Final = 290
_RIGHT: Final = WIDTH - 70
_WORDS: Final = "ms after the last sample of the user's speech"


def legend() -> str:
    """Returns the colours of the parts, as HTML."""
    swatches = (
        svg.tag("span", svg.tag("i", class_=f"swatch {part}") + words)
        for part, words in PARTS.items()
    )
    return svg.tag("p", "".join(swatches), class_="legend")


def turn_timeline(item: Mapping[str, Any]) -> str:
    """Returns the timeline of one turn: what was waited for, one step a row.

    Args:
        item: of a v2v run, with `stages_s` and `v2v_s`.
    """
    steps_s: Mapping[str, float] = item["stages_s"]
    total_ms = 1000 * item["v2v_s"]
    before_ms, after_ms = 0.14 * total_ms, 0.16 * total_ms
    scale = Axis(-before_ms, total_ms + after_ms, _LEFT, _RIGHT)
    top, height = 62, 26
    bottom = top + height * len(steps_s)
    ticks = Axis(0, total_ms, scale.at(0), scale.at(total_ms))
    parts = [
        _reaction(scale, item.get("reaction_s"), bottom),
        svg.below(ticks, 40, bottom, ""),
        label(_RIGHT + 60, bottom + 34, _WORDS, kind="tick", anchor="end"),
        _speech(scale, total_ms),
    ]
    at_ms = 0.0
    for row, (step, step_s) in enumerate(steps_s.items()):
        y, step_ms = top + height * row, 1000 * step_s
        words = STEPS.get(step, step)
        kind = "words" if step_ms >= 1 else "words faint"
        parts.append(label(_LEFT - 14, y + 14, words, kind=kind, anchor="end"))
        x = scale.at(at_ms)
        hint = f"{words}: {number(step_ms)} ms, from {number(at_ms)} ms"
        width = scale.at(at_ms + step_ms) - x
        parts.append(bar(x, y + 2, width, height - 8, PART_OF.get(step, "way"), hint))
        told = f"{step_ms:.0f} ms" if step_ms >= 1 else "< 1 ms"
        parts.append(label(x + max(width, 1) + 7, y + 14, told, kind=kind))
        at_ms += step_ms
    alt = f"Timeline of the turn {item.get('clip', '')}: {total_ms:.0f} ms in {len(steps_s)} steps"
    return svg.drawing(bottom + 64, parts, alt=alt)


def _speech(scale: Axis, total_ms: float) -> str:
    """Returns the row above the steps: the user's speech, the silence, the answer's."""
    ended, began = scale.at(0), scale.at(total_ms)
    return "".join(
        (
            label(_LEFT - 14, 33, "what is heard", kind="words", anchor="end"),
            bar(scale.start, 20, ended - scale.start, 18, "user", "the user speaks"),
            label((scale.start + ended) / 2, 13, "user", kind="tick", anchor="middle"),
            bar(began, 20, scale.end - began, 18, "avatar", "the answer is heard"),
            label((began + scale.end) / 2, 13, "answer", kind="tick", anchor="middle"),
            line(ended, 29, began, 29, "span"),
            label((ended + began) / 2, 23, f"{total_ms:.0f} ms", kind="strong", anchor="middle"),
        )
    )


def _reaction(scale: Axis, reaction_s: float | None, bottom: float) -> str:
    if reaction_s is None or not 0 <= 1000 * reaction_s <= scale.high:
        return ""
    x, words = scale.at(1000 * reaction_s), f"first reaction, {1000 * reaction_s:.0f} ms"
    return line(x, 40, x, bottom + 40, "event") + label(x, bottom + 54, words, anchor="middle")


def turns_plot(items: Sequence[Mapping[str, Any]]) -> str:
    """Returns a bar a turn, the quickest first, made of its steps in the order of their parts."""
    turns = spread_out(sorted(items, key=lambda item: item["v2v_s"]), MOST_TURNS)
    scale = svg.axis([1000 * item["v2v_s"] for item in turns], _LEFT, _RIGHT)
    top, height = 8, 22
    bottom = top + height * len(turns)
    parts = [svg.below(scale, top, bottom, _WORDS)]
    for row, item in enumerate(turns):
        y = top + height * row
        name = str(item.get("clip", "")) + (" · first turn" if item.get("number") == 0 else "")
        words = fitting(name, _LEFT - 20)
        parts.append(label(_LEFT - 14, y + 15, words, kind="words", anchor="end"))
        parts.append(_stack(item["stages_s"], scale, y + 3, height - 6))
        total_ms = 1000 * item["v2v_s"]
        told = f"{total_ms:.0f}" + (" · cut off" if item.get("is_cut_off") else "")
        parts.append(label(scale.at(total_ms) + 7, y + 15, told, kind="tick"))
    return svg.drawing(bottom + 40, parts, alt=f"{len(turns)} turns, each made of its steps")


def _stack(steps_s: Mapping[str, float], scale: Axis, y: float, height: float) -> str:
    at_ms, parts = 0.0, []
    for step, step_s in steps_s.items():
        step_ms = 1000 * step_s
        if step_ms >= 0.5:
            x = scale.at(at_ms)
            width = scale.at(at_ms + step_ms) - x
            hint = f"{STEPS.get(step, step)}: {number(step_ms)} ms"
            # The gap keeps neighbours apart for who cannot tell their colours apart.
            gap = 1.5 if width > 4 else 0.0
            parts.append(bar(x, y, width - gap, height, PART_OF.get(step, "way"), hint))
        at_ms += step_ms
    return "".join(parts)


def distribution(
    values: Sequence[float],
    summary: Summary,
    words: str,
    *,
    names: Sequence[str] = (),
    window: tuple[float, float] | None = None,
) -> str:
    """Returns how values are spread: a dot each or, where they are many, a histogram.

    Args:
        values: at least one.
        summary: of them; the median and the 95th percentile are drawn with their intervals.
        words: what the axis counts, with its unit.
        names: of the values, for the pointer.
        window: range that is as it should be.
    """
    left, right = 40, WIDTH - 40
    is_few = len(values) <= MOST_DOTS
    floor = 110 if is_few else 190
    scale = svg.axis([*values, *(window or ())], left, right, has_zero=window is None)
    parts = []
    if window:
        x = scale.at(window[0])
        parts.append(bar(x, 44, scale.at(window[1]) - x, floor - 44, "window", "the window"))
    parts.append(svg.below(scale, 44, floor, words))
    marks = (("p50", summary.p50, summary.p50_ci), ("p95", summary.p95, summary.p95_ci))
    for name, value, (low, high) in marks:
        x = scale.at(low)
        hint = f"{name} {number(value)}, 95 % interval {number(low)} … {number(high)}"
        parts.append(bar(x, 44, scale.at(high) - x, floor - 44, "interval", hint))
    draw = _dots if is_few else _columns
    parts.append(draw(values, names, scale, floor))
    # Two labels that would touch are put on two lines.
    is_close = abs(scale.at(summary.p95) - scale.at(summary.p50)) < 120
    for name, value, _ in marks:
        x = scale.at(value)
        parts.append(line(x, 40, x, floor, "mark"))
        y = 16 if is_close and name == "p95" else 33
        parts.append(label(x, y, f"{name}  {number(value)}", kind="strong", anchor="middle"))
    alt = f"{len(values)} values: p50 {number(summary.p50)}, p95 {number(summary.p95)} ({words})"
    return svg.drawing(floor + 40, parts, alt=alt)


def _dots(values: Sequence[float], names: Sequence[str], scale: Axis, floor: float) -> str:
    """Returns a dot a value; those that would lie on one another are stacked."""
    size = 10.0
    stacks: dict[int, int] = {}
    places = [round((scale.at(value) - scale.start) / size) for value in values]
    highest = max(places.count(place) for place in places)
    rise = min(size, (floor - 60) / highest)
    parts = []
    for place, value, name in zip(places, values, names or [""] * len(values), strict=True):
        stacks[place] = stacks.get(place, 0) + 1
        y = floor - 6 - rise * (stacks[place] - 1)
        hint = f"{name}: {number(value)}" if name else number(value)
        parts.append(dot(scale.start + size * place, y, "value", hint))
    return "".join(parts)


def _columns(values: Sequence[float], names: Sequence[str], scale: Axis, floor: float) -> str:
    del names
    # Twice the cube root of their number (Rice's rule), over the whole axis.
    count = max(10, min(80, math.ceil(2 * len(values) ** (1 / 3) * 2)))
    width = (scale.high - scale.low) / count
    heights = [0] * count
    for value in values:
        heights[min(count - 1, int((value - scale.low) / width))] += 1
    most, parts = max(heights), []
    for number_, height in enumerate(heights):
        if height:
            low = scale.low + width * number_
            x, tall = scale.at(low), (floor - 60) * height / most
            hint = f"{height} from {number(low)} to {number(low + width)}"
            room = scale.at(low + width) - x - 1.5
            parts.append(bar(x, floor - tall, room, tall, "value", hint))
    return "".join(parts)


def spread_out(ordered: Sequence[Mapping[str, Any]], most: int) -> list[Mapping[str, Any]]:
    """Returns at most so many of what is ordered, evenly from the first to the last."""
    if len(ordered) <= most:
        return list(ordered)
    return [ordered[round(place * (len(ordered) - 1) / (most - 1))] for place in range(most)]
