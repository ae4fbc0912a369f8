"""Two runs side by side, figure by figure. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from voice_avatar.bench.figures.results import Figure, Run, Summary

Verdict = Literal["better", "worse", "same", "better?", "worse?", ""]

LEAST_COUNT: Final = 6
"""Values below which no interval of a median can hold it in 95 % of all cases: five values are all
on one side of it in one of 16, and the interval of a single value has no width at all."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A figure of two runs.

    Attributes:
        figure: as the second run has it.
        before: single number, or median.
        after: likewise.
        verdict: "better" or "worse" where the intervals of the medians are apart, "same" where they
            overlap (or the numbers are equal); with "?" where there are no intervals to tell a
            difference from chance; "" where no direction is better.
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
    """Returns the figures that both runs have in the same unit, in the order of the second."""
    known = {(figure.name, figure.unit): figure for figure in before.figures}
    found = []
    for figure in after.figures:
        other = known.get((figure.name, figure.unit))
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
    if first == second:
        return "same"
    is_better = (second < first) == (after.better == "lower")
    if not (_is_known(before.summary) and _is_known(after.summary)):
        return "better?" if is_better else "worse?"
    return "same" if _overlap(before.summary, after.summary) else "better" if is_better else "worse"


def _is_known(summary: Summary | None) -> bool:
    return summary is not None and summary.count >= LEAST_COUNT


def _overlap(before: Summary | None, after: Summary | None) -> bool:
    if before is None or after is None:
        return True
    return before.p50_ci[0] <= after.p50_ci[1] and after.p50_ci[0] <= before.p50_ci[1]


def differences(before: Run, after: Run) -> list[str]:
    """Returns in what the two runs differ but for their figures: "machine.cores: 2 -> 8"."""
    found = []
    for name in ("subject", "machine", "settings"):
        first = dict(_flat(name, getattr(before, name)))
        second = dict(_flat(name, getattr(after, name)))
        for key in dict.fromkeys((*first, *second)):
            old, new = first.get(key), second.get(key)
            if old != new and key != "settings.points":
                found.append(f"{key}: {_told(old)} -> {_told(new)}")
    return found


def _flat(name: str, value: object) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}", inner)
    else:
        yield name, value


def _told(value: object) -> str:
    text = "–" if value is None else str(value)
    return text if len(text) <= 60 else text[:59] + "…"
