"""The processor cores that this process may keep busy.

Fewer than the machine has, where the process is bound to some of them (affinity: `taskset`, a
cpuset) or is given a share of their time only (a quota: a container's `--cpus`, systemd's
`CPUQuota=`). Two hardware threads of one core count once: what this is for are threads that
compute without a pause, and two of those on one core are no faster than one.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

_ROOT = Path("/")


def usable_cores(root: Path = _ROOT) -> int:
    """Returns how many cores this process can keep busy at once, 1 or more.

    A quota is rounded down: who has used up his quota stands still until the next period (100 ms by
    default), with all threads.

    Args:
        root: where /proc and /sys are (Linux).
    """
    if sys.platform != "linux":
        return max(1, os.cpu_count() or 1)
    cores = _physical(os.sched_getaffinity(0), root)
    return max(1, min([cores, *(int(quota) for quota in _quotas(root))]))


def processor(root: Path = _ROOT) -> str:
    """Returns what the processor is called."""
    try:
        lines = (root / "proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _physical(cpus: Iterable[int], root: Path) -> int:
    """Returns how many cores these logical processors are."""
    siblings = "sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
    return len({_text(root / siblings.format(cpu)) or str(cpu) for cpu in cpus})


def _quotas(root: Path) -> Iterator[float]:
    """Yields the quotas that hold for this process, in cores: its cgroup's and those above it."""
    for line in (_text(root / "proc/self/cgroup") or "").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        mount = root / "sys/fs/cgroup" / ("cpu" if controllers else "")
        group = PurePosixPath(path).relative_to("/")
        # In a container the path may be the host's, and the group itself stands at the mount.
        for folder in dict.fromkeys((mount / group, *(mount / p for p in group.parents))):
            quota = _quota_v1(folder) if controllers else _quota_v2(folder)
            if quota is not None:
                yield quota


def _quota_v2(folder: Path) -> float | None:
    """Returns a quota of the unified hierarchy: "max 100000" or "150000 100000"."""
    quota, _, period = (_text(folder / "cpu.max") or "max").partition(" ")
    return None if quota == "max" else int(quota) / int(period or 100_000)


def _quota_v1(folder: Path) -> float | None:
    """Returns a quota of the `cpu` controller; -1 stands for none."""
    quota = int(_text(folder / "cpu.cfs_quota_us") or -1)
    period = int(_text(folder / "cpu.cfs_period_us") or 100_000)
    return None if quota < 0 else quota / period


def _text(path: Path) -> str | None:
    """Returns what a small file says, None where there is none."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return None
