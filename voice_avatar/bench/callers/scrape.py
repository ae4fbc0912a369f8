"""A server's own figures, read from its `/metrics` before, during and after a load."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit
from urllib.request import Request, urlopen

from voice_avatar.errors import ConnectionFailed

_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Reading:
    """A look at a server's figures; None = it does not tell.

    Attributes:
        cpu_s: processor time that it has used, seconds.
        rss_bytes: resident memory.
        sessions: open ones.
        running_replies: replies that are worked on.
        running_requests: generations under way.
        lateness: upper edge of a bucket, seconds -> looks at the event loop that were at most so
            late, since the start.
        pacing: likewise, frames of reply audio against the playout schedule.
    """

    cpu_s: float | None = None
    rss_bytes: float | None = None
    sessions: float | None = None
    running_replies: float | None = None
    running_requests: float | None = None
    lateness: Mapping[float, float] = field(default_factory=dict)
    pacing: Mapping[float, float] = field(default_factory=dict)


_FIELDS = {
    "process_cpu_seconds_total": "cpu_s",
    "process_resident_memory_bytes": "rss_bytes",
    "voice_avatar_sessions": "sessions",
    "voice_avatar_running_replies": "running_replies",
    "voice_avatar_running_requests": "running_requests",
}
_BUCKETS = {
    "voice_avatar_loop_lateness_seconds_bucket{le=": "lateness",
    "voice_avatar_pacing_lateness_seconds_bucket{le=": "pacing",
}


def read(text: str) -> Reading:
    """Reads an exposition; lines that are not asked for are passed over."""
    values: dict[str, float] = {}
    buckets: dict[str, dict[float, float]] = {name: {} for name in _BUCKETS.values()}
    for line in text.splitlines():
        name, _, value = line.rpartition(" ")
        if name in _FIELDS:
            values[_FIELDS[name]] = float(value)
        else:
            start, quote, rest = name.partition('"')
            if start in _BUCKETS and quote:
                buckets[_BUCKETS[start]][float(rest.split('"')[0])] = float(value)
    return Reading(**values, lateness=buckets["lateness"], pacing=buckets["pacing"])


def quantile(
    before: Mapping[float, float], after: Mapping[float, float], share: float
) -> float | None:
    """Returns a quantile of a lateness between two readings of its buckets, seconds.

    Linear within a bucket, as Prometheus does; beyond the last edge it is that edge. None = not
    told, or not looked at in between.
    """
    edges = sorted(after)
    counts = [after[edge] - before.get(edge, 0.0) for edge in edges]
    if not counts or counts[-1] <= 0:
        return None
    wanted = share * counts[-1]
    edge_s, below = 0.0, 0.0
    for upper_s, count in zip(edges, counts, strict=True):
        if count >= wanted:
            if math.isinf(upper_s):
                return edge_s
            within = (wanted - below) / (count - below) if count > below else 1.0
            return edge_s + within * (upper_s - edge_s)
        edge_s, below = upper_s, count
    return edge_s


def metrics_url(url: str) -> str:
    """Returns where a server of ours tells its figures, given where it takes sessions."""
    parts = urlsplit(url)
    scheme = {"ws": "http", "wss": "https"}.get(parts.scheme, parts.scheme)
    return urlunsplit((scheme, parts.netloc, "/metrics", "", ""))


async def scrape(url: str) -> Reading | None:
    """Reads a server's figures; None where there are none.

    Raises:
        ConnectionFailed: there is no server.
    """
    return await asyncio.to_thread(_scrape, url)


def _scrape(url: str) -> Reading | None:
    if urlsplit(url).scheme not in {"http", "https"}:
        raise ConnectionFailed(f"Figures are read over HTTP, not from {url!r}.")
    try:
        with urlopen(Request(url), timeout=_TIMEOUT_S) as answer:
            return read(answer.read().decode())
    except ValueError:
        return None
    except OSError as error:  # an HTTP error is one too
        if getattr(error, "code", None) is not None:
            return None
        raise ConnectionFailed(f"The server's figures cannot be read: {error}.") from error
