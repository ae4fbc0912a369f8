"""How many conversations a server holds, from what was measured at several loads. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

SLOWDOWN: Final = 1.5
"""p95 of the latency, against that of one session alone, up to which a server holds its load."""

LATE_S: Final = 0.010
"""p99 of the pacing lateness up to which a server paces well, seconds."""


@dataclass(frozen=True, slots=True)
class LoadPoint:
    """What was measured with so many sessions at once.

    Attributes:
        sessions: how many.
        p50_s: median latency of a turn, seconds; None = no turn was answered.
        p95_s: 95th percentile, likewise.
        turns: turns that were answered.
        missed: turns that were not answered, sessions that broke among them.
        underruns: times that a loudspeaker ran dry within a reply.
        cpu_percent: of one core, by the server's word; None = it does not say.
        rss_mb: resident memory, likewise.
        loop_p99_s: p99 of the event loop's lateness, likewise.
        pacing_p99_s: p99 of how late frames of reply audio went out against the playout schedule,
            likewise: after the time at which they were made, committed, and allowed by what the
            client has played.
        users_p99_s: p99 of how late the users themselves spoke; None = not known.
    """

    sessions: int
    p50_s: float | None
    p95_s: float | None
    turns: int
    missed: int = 0
    underruns: int = 0
    cpu_percent: float | None = None
    rss_mb: float | None = None
    loop_p99_s: float | None = None
    pacing_p99_s: float | None = None
    users_p99_s: float | None = None


def capacity(points: Iterable[LoadPoint], *, slowdown: float = SLOWDOWN) -> int:
    """Returns the largest number of sessions that is held, and every smaller one measured too.

    Held means: every turn was answered, no loudspeaker ran dry, and p95 is within `slowdown` times
    that of the smallest load (which should be one session). 0 = not even that one.
    """
    ordered = sorted(points, key=lambda point: point.sessions)
    if not ordered or ordered[0].p95_s is None:
        return 0
    limit_s = slowdown * ordered[0].p95_s
    return _largest(
        ordered,
        lambda p: not p.missed and not p.underruns and p.p95_s is not None and p.p95_s <= limit_s,
    )


def paced_capacity(points: Iterable[LoadPoint], *, late_s: float = LATE_S) -> int | None:
    """Returns the largest number of sessions at which reply audio went out in time.

    In time: p99 of the pacing lateness is at most `late_s`. As for `capacity`, every smaller number
    measured was held too, no turn was missed and no loudspeaker ran dry; None = the server does not
    tell its lateness.
    """
    ordered = sorted(points, key=lambda point: point.sessions)
    if all(point.pacing_p99_s is None for point in ordered):
        return None
    return _largest(
        ordered,
        lambda p: (
            not p.missed
            and not p.underruns
            and p.pacing_p99_s is not None
            and p.pacing_p99_s <= late_s
        ),
    )


def memory_per_session_mb(points: Iterable[LoadPoint]) -> float | None:
    """Returns how much memory each further session takes, MB, between the ends of the curve."""
    known = sorted((p.sessions, p.rss_mb) for p in points if p.rss_mb is not None)
    if len(known) < 2 or known[0][0] == known[-1][0]:
        return None
    (fewest, least_mb), (most, most_mb) = known[0], known[-1]
    return (most_mb - least_mb) / (most - fewest)


def _largest(ordered: Iterable[LoadPoint], is_held: Callable[[LoadPoint], bool]) -> int:
    largest = 0
    for point in ordered:
        if not is_held(point):
            break
        largest = point.sessions
    return largest
