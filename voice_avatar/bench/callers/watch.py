"""A server under attack, looked at from outside: memory, files, threads, sessions, lateness."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Final

from voice_avatar.bench.callers.process_figures import PROC, read_process
from voice_avatar.bench.callers.scrape import Reading, metrics_url, scrape
from voice_avatar.bench.figures.endurance import Look
from voice_avatar.errors import ConnectionFailed

_POLL_S: Final = 0.25


async def look(url: str, pid: int, proc: Path = PROC) -> Look | None:
    """Looks at a server once.

    Args:
        url: of its WebSockets.
        pid: its process, 0 = unknown.
        proc: where Linux tells of processes.

    Returns:
        What was seen; None = it does not answer.
    """
    try:
        reading = await scrape(metrics_url(url)) or Reading()
    except ConnectionFailed:
        return None
    files = threads = None
    rss = reading.rss_bytes
    if pid:
        files, threads = _count(proc / str(pid) / "fd"), _count(proc / str(pid) / "task")
        process = await asyncio.to_thread(read_process, pid, proc)
        rss = process.rss_bytes if process is not None else rss
    return Look(
        at_s=time.monotonic(),
        rss_mb=rss / 1e6 if rss is not None else None,
        sessions=reading.sessions,
        replies=reading.running_replies,
        requests=reading.running_requests,
        files=files,
        threads=threads,
        lateness=reading.lateness,
        pacing=reading.pacing,
    )


async def look_on(url: str, pid: int, every_s: float, looks: list[Look | None]) -> None:
    """Looks again and again until it is cancelled."""
    while True:
        looks.append(await look(url, pid))
        await asyncio.sleep(every_s)


async def settled(url: str, pid: int, within_s: float, before: Look | None) -> Look | None:
    """Waits until no more is left than there was before; returns the last look."""
    until_s = time.monotonic() + within_s
    while True:
        seen = await look(url, pid)
        if (seen is not None and not seen.left_over(before)) or time.monotonic() > until_s:
            return seen
        await asyncio.sleep(_POLL_S)


def _count(folder: Path) -> int | None:
    try:
        return sum(1 for _ in folder.iterdir())
    except OSError:
        return None
