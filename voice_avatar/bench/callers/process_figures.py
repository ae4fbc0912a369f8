"""What the system says of a server's process: processor time and memory, from Linux's /proc.

For servers that tell no figures of their own. What a process has started counts with it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from voice_avatar.bench.callers.scrape import Reading

PROC: Final = Path("/proc")

_PARENT, _USER_TIME, _SYSTEM_TIME, _PAGES = 1, 11, 12, 21
"""Fields of /proc/PID/stat after the name of the program (proc(5): 4, 14, 15, 24)."""


def read_process(pid: int, proc: Path = PROC) -> Reading | None:
    """Returns what the process `pid` and its descendants take; None = there is no such process."""
    known = dict(_processes(proc))
    if pid not in known:
        return None
    family = list(_family(pid, {each: int(fields[_PARENT]) for each, fields in known.items()}))
    ticks = sum(int(known[each][_USER_TIME]) + int(known[each][_SYSTEM_TIME]) for each in family)
    pages = sum(int(known[each][_PAGES]) for each in family)
    return Reading(
        cpu_s=ticks / os.sysconf("SC_CLK_TCK"), rss_bytes=pages * os.sysconf("SC_PAGE_SIZE")
    )


def _processes(proc: Path) -> Iterator[tuple[int, list[str]]]:
    for entry in proc.iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:  # it has just ended
                continue
            # The name is in brackets and may hold any character.
            fields = text.rpartition(")")[2].split()
            if len(fields) > _PAGES:
                yield int(entry.name), fields


def _family(pid: int, parents: dict[int, int]) -> Iterable[int]:
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found
