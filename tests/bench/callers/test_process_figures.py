"""What the system says of a process."""

from __future__ import annotations

import os
import time
from pathlib import Path

from voice_avatar.bench.callers.process_figures import read_process


def test_the_system_knows_the_time_and_the_memory_of_this_process() -> None:
    before = read_process(os.getpid())
    deadline_s = time.process_time() + 0.2
    while time.process_time() < deadline_s:
        pass
    after = read_process(os.getpid())
    assert before is not None
    assert after is not None
    assert (after.cpu_s or 0) - (before.cpu_s or 0) >= 0.1
    assert (after.rss_bytes or 0) > 10e6
    assert after.sessions is None


def test_a_process_that_is_not_there_has_no_figures() -> None:
    assert read_process(2**22 + 1) is None


def test_what_a_process_has_started_counts_with_it(tmp_path: Path) -> None:
    def process(pid: int, parent: int, name: str, ticks: int, pages: int) -> None:
        (tmp_path / str(pid)).mkdir()
        fields = ["S", parent, *[0] * 9, ticks, ticks, *[0] * 8, pages, 0]
        text = f"{pid} ({name}) {' '.join(map(str, fields))}\n"
        (tmp_path / str(pid) / "stat").write_text(text)

    process(7, 1, "server", 100, 10)
    process(8, 7, "a (worker) 9", 50, 5)
    process(9, 8, "its own", 25, 1)
    process(10, 1, "another", 999, 999)
    (tmp_path / "11").mkdir()  # it has just ended
    (tmp_path / "self").mkdir()
    found = read_process(7, tmp_path)
    assert found is not None
    assert found.cpu_s == 2 * 175 / os.sysconf("SC_CLK_TCK")
    assert found.rss_bytes == 16 * os.sysconf("SC_PAGE_SIZE")
