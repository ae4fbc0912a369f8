"""Cores that the process may keep busy, on a machine made of files."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from voice_avatar.machine.cores import processor, usable_cores

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc and /sys")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of 8 logical processors, all of which the process may run on."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)))
    return tmp_path


def write(root: Path, path: str, text: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text + "\n")


def siblings(root: Path, *pairs: tuple[int, int]) -> None:
    for pair in pairs:
        for cpu in pair:
            path = f"sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list"
            write(root, path, ",".join(map(str, pair)))


def test_this_very_machine_has_a_core() -> None:
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)
    assert processor()


def test_without_any_file_every_processor_is_a_core(root: Path) -> None:
    assert usable_cores(root) == 8


def test_two_hardware_threads_of_a_core_count_once(root: Path) -> None:
    siblings(root, (0, 4), (1, 5), (2, 6), (3, 7))
    assert usable_cores(root) == 4


def test_a_process_that_is_bound_to_some_processors_has_only_those(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    siblings(root, (0, 4), (1, 5), (2, 6), (3, 7))
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 4, 5})
    assert usable_cores(root) == 2


@pytest.mark.parametrize(
    ("quota", "expected"),
    [("400000 100000", 4), ("150000 100000", 1), ("20000 100000", 1), ("max 100000", 8)],
)
def test_a_quota_is_rounded_down_to_whole_cores(root: Path, quota: str, expected: int) -> None:
    write(root, "proc/self/cgroup", "0::/")
    write(root, "sys/fs/cgroup/cpu.max", quota)
    assert usable_cores(root) == expected


def test_the_tightest_quota_of_the_groups_above_holds(root: Path) -> None:
    write(root, "proc/self/cgroup", "0::/system.slice/voice-avatar.service")
    write(root, "sys/fs/cgroup/system.slice/cpu.max", "300000 100000")
    write(root, "sys/fs/cgroup/system.slice/voice-avatar.service/cpu.max", "max 100000")
    assert usable_cores(root) == 3


def test_the_older_kind_of_group_is_understood(root: Path) -> None:
    write(root, "proc/self/cgroup", "5:memory:/docker/x\n4:cpu,cpuacct:/docker/x\n0::/docker/x")
    write(root, "sys/fs/cgroup/cpu/docker/x/cpu.cfs_quota_us", "-1")
    assert usable_cores(root) == 8
    write(root, "sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000")
    write(root, "sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000")
    assert usable_cores(root) == 2


def test_a_processor_has_the_name_that_the_system_gives_it(root: Path) -> None:
    write(root, "proc/cpuinfo", "processor\t: 0\nmodel name\t: Toy 3000\n\nmodel name\t: Toy 3000")
    assert processor(root) == "Toy 3000"
    write(root, "proc/cpuinfo", "processor: 0")
    assert processor(root) == os.uname().machine
