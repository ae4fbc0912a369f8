"""What is left of a server after many clients: leftovers, growth, lateness, and its log. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from voice_avatar.bench.figures.results import Figure, Unit
from voice_avatar.bench.figures.statistics import summary

SETTLE_S: Final = 600.0
"""After so long at the latest a server's memory should stand still; of a short run, a third."""

SPARE_FILES: Final = 4
"""Open files that a server may have more after its first clients: the page, the log, a database."""

_TIME: Final = re.compile(r"^\d\d:\d\d:\d\d ")
_TROUBLE: Final = re.compile(
    r"\b(error|critical)\b|Traceback|never (retrieved|awaited)|Exception|Warning:"
)
"""A line of a log that should not be there."""


@dataclass(frozen=True, slots=True)
class Look:
    """A look at a server; None = it does not tell.

    Attributes:
        at_s: when.
        rss_mb: resident memory, with what it started.
        sessions: open ones.
        replies: that are worked on.
        requests: generations under way.
        files: open ones.
        threads: of its process.
        lateness: upper edge, seconds -> looks at its event loop that were at most so late.
        pacing: likewise, frames of reply audio.
    """

    at_s: float
    rss_mb: float | None = None
    sessions: float | None = None
    replies: float | None = None
    requests: float | None = None
    files: int | None = None
    threads: int | None = None
    lateness: Mapping[float, float] = field(default_factory=dict)
    pacing: Mapping[float, float] = field(default_factory=dict)

    def left_over(self, before: Look | None) -> dict[str, float]:
        """Returns what is there and was not before: name -> how many more."""
        before = before or Look(0.0)
        spare = {"files": SPARE_FILES}
        more = {
            name: (getattr(self, name) or 0) - (getattr(before, name) or 0) - spare.get(name, 0)
            for name in ("sessions", "replies", "requests", "files")
            if name != "files" or before.files is not None
        }
        return {name: count for name, count in more.items() if count > 0}


def slope_mb_per_h(looks: Sequence[Look]) -> float | None:
    """Returns how memory grows, by least squares after it had time to settle; None = unknown."""
    known = [(seen.at_s, seen.rss_mb) for seen in looks if seen.rss_mb is not None]
    if len(known) < 3:
        return None
    first_s, last_s = known[0][0], known[-1][0]
    from_s = first_s + min(SETTLE_S, (last_s - first_s) / 3)
    late = [(at_s, rss) for at_s, rss in known if at_s >= from_s]
    if len(late) < 3:
        return None
    times, sizes = np.asarray(late).T
    return float(np.polyfit(times - times[0], sizes, 1)[0] * 3600)


def troubles(log: str) -> list[str]:
    """Returns the lines of a server's log that tell of something it did not foresee."""
    return [line for line in log.splitlines() if _TROUBLE.search(line)]


def different(lines: Sequence[str]) -> list[dict[str, str | int]]:
    """Returns the different lines of a log, without their times, and how often each is there."""
    counts = Counter(_TIME.sub("", line) for line in lines)
    return [{"log": line, "count": count} for line, count in counts.most_common(100)]


def counted(name: str, title: str, value: float, note: str = "", unit: Unit = "1") -> Figure:
    """Returns a figure of which less is better."""
    return Figure(name=name, title=title, unit=unit, better="lower", value=value, note=note)


def waited(name: str, title: str, values_s: Sequence[float], note: str = "") -> list[Figure]:
    """Returns the distribution of waits and the longest, in milliseconds; nothing of nothing."""
    if not values_s:
        return []
    ms = [1000 * value for value in values_s]
    return [
        Figure(name=name, title=title, unit="ms", better="lower", summary=summary(ms), note=note),
        counted(f"{name}.max", f"{title}, longest", max(ms), unit="ms"),
    ]


def leftover_figures(after: Look | None, before: Look | None) -> list[Figure]:
    """Returns what is left after all have gone; a server that does not answer is one leftover."""
    if after is None:
        return [counted("leftover", "left over", 1, "The server does not answer any more.")]
    left = after.left_over(before)
    told = ", ".join(f"{count:g} {name}" for name, count in left.items())
    return [counted("leftover", "left over", sum(left.values()), told)]


def memory_figures(looks: Sequence[Look]) -> list[Figure]:
    """Returns memory before, at most and after, and how many threads there were at most."""
    sizes = [seen.rss_mb for seen in looks if seen.rss_mb is not None]
    found = []
    if sizes:
        found += [
            counted("rss.before", "memory before", sizes[0], unit="MB"),
            counted("rss.most", "memory at most", max(sizes), unit="MB"),
            counted("rss.after", "memory after", sizes[-1], unit="MB"),
        ]
    for name, title in (("threads", "threads at most"), ("files", "open files at most")):
        counts = [getattr(seen, name) for seen in looks if getattr(seen, name) is not None]
        if counts:
            found.append(counted(f"{name}.most", title, max(counts)))
    return found


def has_failed(figures: Sequence[Figure], names: Sequence[str]) -> bool:
    """Returns whether one of these figures is there and more than nothing."""
    return any(figure.name in names and bool(figure.value) for figure in figures)
