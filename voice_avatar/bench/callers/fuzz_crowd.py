"""Many fuzzers in one process: each lives one life after the other until the time is over.

`fuzz_all` is made to be run in a process of its own; `Spec` and `Tried` go there and back.
"""

from __future__ import annotations

import asyncio
import itertools
import ssl
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from voice_avatar.bench.callers.fuzz_line import FuzzLine
from voice_avatar.bench.callers.fuzz_lives import life

_PATIENCE_S = 0.2
"""After a refusal: a server that is full is not asked at once again, seconds."""

_KEPT = 50
"""Lives that are told by number, of each way to end wrongly."""


@dataclass(frozen=True, slots=True)
class Spec:
    """What the fuzzers of one process do.

    Attributes:
        url: of the server.
        seed: of all lives.
        connections: at a time.
        seconds: for so long.
        share: which lives: number `share`, `share + of`, …
        of: processes.
    """

    url: str
    seed: int
    connections: int
    seconds: float
    share: int = 0
    of: int = 1


@dataclass(slots=True)
class Tried:
    """What came of it.

    Attributes:
        messages: sent, of all kinds: frames, texts, requests.
        connections: opened.
        unread: batches whose answer did not come in time.
        slowest_s: longest time to the answer of a batch, seconds.
        kinds: kind of life -> messages.
        ways: how messages were wrong -> how many.
        types: type of message -> how many.
        ends: (kind of life, how the connection ended) -> how many.
        lives: the numbers of lives, by how they ended; the first so many of each.
    """

    messages: int = 0
    connections: int = 0
    unread: int = 0
    slowest_s: float = 0.0
    kinds: Counter[str] = field(default_factory=Counter)
    ways: Counter[str] = field(default_factory=Counter)
    types: Counter[str] = field(default_factory=Counter)
    ends: Counter[tuple[str, str]] = field(default_factory=Counter)
    lives: dict[str, list[int]] = field(default_factory=dict)

    def add(self, other: Tried) -> None:
        """Adds what another process tried."""
        self.messages += other.messages
        self.connections += other.connections
        self.unread += other.unread
        self.slowest_s = max(self.slowest_s, other.slowest_s)
        for mine, theirs in (
            (self.kinds, other.kinds), (self.ways, other.ways), (self.types, other.types),
        ):  # fmt: skip
            mine.update(theirs)
        self.ends.update(other.ends)
        for end, numbers in other.lives.items():
            self.lives[end] = (self.lives.get(end, []) + numbers)[:_KEPT]


def fuzz_all(spec: Spec) -> Tried:
    """Runs the fuzzers of a process until their time is over."""
    return asyncio.run(fuzz(spec))


async def fuzz(spec: Spec) -> Tried:
    """Lives lives until the time is over."""
    tried = Tried()
    numbers = itertools.count(spec.share, spec.of)
    until_s = time.monotonic() + spec.seconds
    await asyncio.gather(
        *(_one_after_another(spec, numbers, until_s, tried) for _ in range(spec.connections))
    )
    return tried


async def _one_after_another(
    spec: Spec, numbers: Iterator[int], until_s: float, tried: Tried
) -> None:
    parts = urlsplit(spec.url)
    host, port = parts.hostname or "127.0.0.1", parts.port or (443 if parts.scheme == "wss" else 80)
    tls = ssl.create_default_context() if parts.scheme in {"wss", "https"} else None
    while time.monotonic() < until_s:
        number = next(numbers)
        one, line = life(spec.seed, number, f"{host}:{port}"), FuzzLine(host, port, tls)
        await line.run(one)
        tried.connections += 1
        tried.messages += one.messages
        tried.unread += line.unread
        tried.slowest_s = max(tried.slowest_s, line.slowest_s)
        tried.kinds[one.kind] += one.messages
        tried.ways.update(one.ways)
        tried.types.update(one.types)
        tried.ends[one.kind, line.outcome] += 1
        kept = tried.lives.setdefault(line.outcome, [])
        if len(kept) < _KEPT:
            kept.append(number)
        if line.outcome in {"refused", "http 503", "http 429", "1013"}:
            await asyncio.sleep(_PATIENCE_S)
