"""Recordings on disks that fill up, and of servers that were killed."""

from __future__ import annotations

import gc
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from taped import Taped

from voice_avatar.events import (
    TextInput,
)


@contextmanager
def disk_with(size: int) -> Iterator[None]:
    """Lets no file grow beyond `size` bytes: the write fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


def open_files(folder: Path) -> list[str]:
    links = Path("/proc/self/fd")
    if not links.is_dir():
        pytest.skip("no /proc")
    targets = []
    for link in links.iterdir():
        try:
            targets.append(os.readlink(link))
        except FileNotFoundError:  # the one that lists the folder
            continue
    return [target for target in targets if target.startswith(str(folder))]


def test_a_disk_that_fills_up_ends_the_recording_and_not_the_session(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    taped = Taped(tmp_path)
    with disk_with(10_000):
        taped.hear(windows=200)
        taped.close()
    (record,) = caplog.records
    assert "the recording ends" in record.getMessage()
    assert record.session == "s1"  # type: ignore[attr-defined]
    written = sum(path.stat().st_size for path in taped.folder.iterdir())
    taped.hear(windows=20)
    assert sum(path.stat().st_size for path in taped.folder.iterdir()) == written


def test_a_disk_that_fills_up_leaves_no_file_open(tmp_path: Path) -> None:
    taped = Taped(tmp_path)
    with disk_with(10_000):
        taped.hear(windows=200)
        assert open_files(tmp_path) == []
        del taped.tape
        gc.collect()  # a file that was left open would warn here, and a warning is an error


def test_a_disk_that_is_full_at_the_end_leaves_no_file_open(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    taped = Taped(tmp_path)
    taped.hear(windows=2)
    assert len(open_files(tmp_path)) == 3
    with disk_with(0):
        taped.close()
    assert open_files(tmp_path) == []
    assert len(caplog.records) == 1


def test_a_closed_recording_can_be_closed_again_and_takes_no_more(tmp_path: Path) -> None:
    taped = Taped(tmp_path)
    taped.close()
    size = (taped.folder / "events.jsonl").stat().st_size
    taped.hear(windows=2)
    taped.close()
    assert (taped.folder / "events.jsonl").stat().st_size == size
    assert not list(taped.folder.glob("reply-*.wav"))


def test_nothing_that_was_said_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    taped = Taped(tmp_path)
    with disk_with(0):
        taped.take(TextInput("My secret is safe."))
        taped.close()
    assert caplog.records
    assert all("secret" not in str(vars(record)) for record in caplog.records)
