"""The few drawing words that the plots of a page share: tags, axes, numbers. Pure.

What things look like is in `data/bench/page.css`; here they have classes only, so that one drawing
serves a light page, a dark one and paper.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Final, Literal

WIDTH: Final = 880
"""Of every drawing, in its own units: about a pixel each at the page's full width."""

_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)

_LETTER: Final = 6.6
"""Widest mean width of a letter of a label, in units; labels are cut to what fits."""


def tag(name: str, content: str = "", **attributes: str | float) -> str:
    """Returns an element; `class_` and `text_anchor` are written class and text-anchor.

    Args:
        name: of the element.
        content: markup within it, already escaped.
        attributes: their values are escaped here.
    """
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_attribute(value)}"'
        for key, value in attributes.items()
    )
    return f"<{name}{told}>{content}</{name}>"


def _attribute(value: str | float) -> str:
    return escape(value) if isinstance(value, str) else f"{value:.1f}".removesuffix(".0")


def label(
    x: float,
    y: float,
    words: str,
    *,
    kind: str = "",
    anchor: Literal["start", "middle", "end"] = "start",
) -> str:
    """Returns a text whose baseline begins, has its middle or ends at a point."""
    told, class_ = escape(pretty(words)), f"label {kind}".strip()
    return tag("text", told, class_=class_, x=x, y=y, text_anchor=anchor)


def bar(x: float, y: float, width: float, height: float, kind: str, hint: str = "") -> str:
    """Returns a rectangle at least a unit wide, with a hint for the pointer."""
    inside = tag("title", escape(hint)) if hint else ""
    return tag("rect", inside, class_=kind, x=x, y=y, width=max(width, 1.0), height=height, rx=2)


def dot(x: float, y: float, kind: str, hint: str = "", radius: float = 4.5) -> str:
    """Returns a disc with a hint for the pointer."""
    return tag(
        "circle", tag("title", escape(hint)) if hint else "", class_=kind, cx=x, cy=y, r=radius
    )


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """Returns a straight line."""
    return tag("line", class_=kind, x1=x1, y1=y1, x2=x2, y2=y2)


def path(points: Iterable[tuple[float, float]], kind: str) -> str:
    """Returns a line through points."""
    return tag("path", class_=kind, d="M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in points))


def drawing(height: float, parts: Iterable[str], *, alt: str, width: float = WIDTH) -> str:
    """Returns a whole drawing; `alt` says in words what it shows."""
    return tag(
        "svg",
        tag("title", escape(alt)) + "".join(parts),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:g} {height:g}",
        role="img",
        aria_label=alt,
    )


def width_of(words: str) -> float:
    """Returns about how wide a label is, units; most are narrower."""
    return _LETTER * len(words)


def pretty(words: str) -> str:
    """Returns words with the signs that a page has and a terminal may not have."""
    return words.replace("->", "→").replace("<=", "≤").replace(">=", "≥")


def folded(words: str, width: float) -> list[str]:
    """Returns words on one line or, where they are too long, on two; cut to what fits on those."""
    count = max(1, int(width / _LETTER))
    if len(words) <= count:
        return [words]
    at = words.rfind(" ", 0, count + 1)
    if at <= 0:
        return [fitting(words, width)]
    return [words[:at], fitting(words[at + 1 :], width)]


def fitting(words: str, width: float) -> str:
    """Returns words cut to a width, with "…" where something is left out."""
    count = max(1, int(width / _LETTER))
    return words if len(words) <= count else words[: count - 1].rstrip() + "…"


def number(value: float) -> str:
    """Returns a number with three digits that count, and all digits before the point."""
    if value and abs(value) < 0.01:
        return f"{value:.1g}"
    places = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    told = f"{value:,.{places}f}".replace(",", "\u202f")  # a thin, unbreakable space
    told = told.rstrip("0").rstrip(".") if "." in told else told
    return "0" if told == "-0" else told.replace("-", "−")


@dataclass(frozen=True, slots=True)
class Axis:
    """Values -> places.

    Attributes:
        low: value at its start.
        high: value at its end, larger.
        start: place of `low`, units.
        end: place of `high`; smaller than `start` for an axis that goes up.
        is_log: whether equal ratios are equally far apart; `low` is above 0 then.
    """

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False

    def at(self, value: float) -> float:
        """Returns the place of a value; those beyond an end are put there."""
        value = min(max(value, self.low), self.high)
        if self.is_log:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Returns about five round values."""
        if self.is_log:
            first, last = math.ceil(math.log10(self.low)), math.floor(math.log10(self.high))
            return [10.0**power for power in range(first, last + 1)]
        step = _step(self.high - self.low)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [step * count for count in range(first, last + 1)]


def axis(
    values: Iterable[float],
    start: float,
    end: float,
    *,
    has_zero: bool = True,
    is_log: bool = False,
) -> Axis:
    """Returns an axis with round ends that holds all values, and 0 where `has_zero`."""
    known = [value for value in values if math.isfinite(value) and (value > 0 or not is_log)]
    known = known or [1.0]
    low, high = min(known), max(known)
    if is_log:
        low, high = 10.0 ** math.floor(math.log10(low)), 10.0 ** math.ceil(math.log10(high))
        return Axis(low, high if high > low else 10 * low, start, end, is_log=True)
    if has_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high == low:
        high = low + 1.0
    step = _step(high - low)
    low, high = step * math.floor(low / step + 1e-9), step * math.ceil(high / step - 1e-9)
    return Axis(low, high, start, end)


def _step(span: float) -> float:
    power = 10.0 ** math.floor(math.log10(span / 5))
    return next(power * step for step in _STEPS if span / (power * step) <= 5.5)


def below(scale: Axis, top: float, bottom: float, words: str) -> str:
    """Returns a horizontal axis: grid lines from top to bottom, numbers and words under them."""
    parts = []
    for value in scale.ticks():
        x = scale.at(value)
        parts.append(line(x, top, x, bottom, "zero" if value == 0 else "grid"))
        parts.append(label(x, bottom + 17, number(value), kind="tick", anchor="middle"))
    parts.append(label(scale.end, bottom + 34, words, kind="tick", anchor="end"))
    return "".join(parts)


def beside(scale: Axis, left: float, right: float) -> str:
    """Returns a vertical axis: grid lines from left to right, numbers to their left."""
    parts = []
    for value in scale.ticks():
        y = scale.at(value)
        is_base = value == 0 or (scale.is_log and value == scale.low)
        parts.append(line(left, y, right, y, "zero" if is_base else "grid"))
        parts.append(label(left - 7, y + 4, number(value), kind="tick", anchor="end"))
    return "".join(parts)
