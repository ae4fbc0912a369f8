"""Two runs side by side, figure by figure. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from voice_avatar.bench.results import Figure, Run

Verdict = Literal["better", "worse", "same", ""]


@dataclass(frozen=True, slots=True)
class Pair:
    """A figure of two runs.

    Attributes:
        figure: as the second run has it.
        before: single number, or median.
        after: likewise.
        verdict: "same" where the intervals of the medians overlap, "" where nothing can be said.
    """

    figure: Figure
    before: float
    after: float
    verdict: Verdict

    @property
    def ratio(self) -> float | None:
        """After over before; None when there is no such thing."""
        return self.after / self.before if self.before else None


def pairs(before: Run, after: Run) -> list[Pair]:
    """Returns the figures that both runs have, in the order of the second."""
    known = {figure.name: figure for figure in before.figures}
    found = []
    for figure in after.figures:
        other = known.get(figure.name)
        if other is None:
            continue
        first, second = middle(other), middle(figure)
        if first is not None and second is not None:
            found.append(Pair(figure, first, second, _verdict(other, figure, first, second)))
    return found


def middle(figure: Figure) -> float | None:
    """Returns a figure's single number: its value, or its median."""
    return figure.value if figure.summary is None else figure.summary.p50


def _verdict(before: Figure, after: Figure, first: float, second: float) -> Verdict:
    if after.better is None:
        return ""
    if before.summary and after.summary:
        (low, high), (low2, high2) = before.summary.p50_ci, after.summary.p50_ci
        if low <= high2 and low2 <= high:
            return "same"
    if first == second:
        return "same"
    return "better" if (second < first) == (after.better == "lower") else "worse"
