"""Recordings on disks that fill up, hang or break."""

from __future__ import annotations

import asyncio
import gc
import io
import os
import resource
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from kit.taped import WINDOW, Taped, eventually, lines, recording

from voice_avatar.events.inputs import TextInput, VadFrame
from voice_avatar.events.notices import ReplyAudio
from voice_avatar.recording import recorder
from voice_avatar.recording.recorder import Recorder


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


def test_a_disk_that_fills_up_leaves_no_file_open(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    taped = Taped(tmp_path)
    with disk_with(10_000):
        taped.hear(windows=200)
        eventually(lambda: caplog.records)
        assert open_files(tmp_path) == []
        del taped.tape
        gc.collect()  # a file that was left open would warn here, and a warning is an error


def test_a_disk_that_is_full_at_the_end_leaves_no_file_open(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    taped = Taped(tmp_path)
    taped.hear(windows=20)
    eventually(lambda: len(open_files(tmp_path)) == 3)
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


# -- a disk that hangs


class HangingDisk:
    """Makes files whose first write takes until the disk is let go."""

    def __init__(self) -> None:
        self.is_free = threading.Event()
        self.is_entered = threading.Event()

    def open(self, path: Path) -> BinaryIO:
        file = path.open("wb", buffering=0)
        write = file.write

        def hang(data: Any) -> int | None:
            self.is_entered.set()
            self.is_free.wait(60.0)
            return write(data)

        hanging = io.BufferedWriter(file)
        hanging.write = hang  # type: ignore[method-assign]
        return hanging


@pytest.fixture
def disk() -> Iterator[HangingDisk]:
    """A disk that hangs; afterwards its thread has ended."""
    hanging = HangingDisk()
    yield hanging
    hanging.is_free.set()
    eventually(lambda: not [t for t in threading.enumerate() if t.name.startswith("recorder")])


async def talk_to(tape: Recorder, *, seconds: float) -> float:
    """Records so much talk of both sides; returns how long the loop once stood still, seconds."""
    clock = asyncio.get_running_loop().time
    longest_s, last_s = 0.0, clock()
    for number in range(int(seconds / 0.032)):
        tape.step(number * 0.032, VadFrame(number * 512, 0.01), ())
        tape.mic(WINDOW)
        tape.reply_audio(ReplyAudio(1, number * 512, WINDOW))
        await asyncio.sleep(0)
        longest_s, last_s = max(longest_s, clock() - last_s), clock()
    return longest_s


async def test_a_disk_that_hangs_delays_nothing_but_the_recording(
    tmp_path: Path, disk: HangingDisk, caplog: pytest.LogCaptureFixture
) -> None:
    tape = recording(tmp_path, open_file=disk.open)
    tape.step(0.0, None, ())
    await asyncio.to_thread(disk.is_entered.wait, 30.0)
    assert await talk_to(tape, seconds=30.0) < 1.0
    disk.is_free.set()
    await tape.aclose()
    assert caplog.records == []
    assert len(lines(tmp_path / "s1")) == 1 + int(30.0 / 0.032)  # nothing was lost
    assert (tmp_path / "s1" / "reply-1.wav").stat().st_size == 44 + 1024 * int(30.0 / 0.032)


async def test_a_disk_that_hangs_for_too_long_ends_the_recording_with_a_warning(
    tmp_path: Path, disk: HangingDisk, caplog: pytest.LogCaptureFixture
) -> None:
    tape = recording(tmp_path, open_file=disk.open, limit_bytes=100_000)
    tape.step(0.0, None, ())
    await asyncio.to_thread(disk.is_entered.wait, 30.0)
    assert await talk_to(tape, seconds=30.0) < 1.0
    (record,) = caplog.records
    assert "slower than the talk" in record.getMessage()
    disk.is_free.set()
    await tape.aclose()
    assert open_files(tmp_path) == []
    assert len(caplog.records) == 1


async def test_the_end_of_a_conversation_does_not_wait_for_a_disk_that_hangs(
    tmp_path: Path,
    disk: HangingDisk,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recorder, "CLOSE_S", 0.05)
    tape = recording(tmp_path, open_file=disk.open)
    tape.step(0.0, None, ())
    async with asyncio.timeout(10.0):
        await tape.aclose()
    (record,) = caplog.records
    assert "does not answer" in record.getMessage()
    disk.is_free.set()
    eventually(lambda: open_files(tmp_path) == [])


async def test_whoever_is_cancelled_while_it_ends_leaves_complete_files(
    tmp_path: Path, disk: HangingDisk
) -> None:
    tape = recording(tmp_path, open_file=disk.open)
    tape.step(0.0, None, ())
    tape.mic(WINDOW)
    closing = asyncio.create_task(tape.aclose())
    await asyncio.to_thread(disk.is_entered.wait, 30.0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    disk.is_free.set()
    eventually(lambda: not open_files(tmp_path) and (tmp_path / "s1" / "mic.wav").exists())
    assert (tmp_path / "s1" / "mic.wav").stat().st_size == 44 + len(WINDOW)


# -- a recorder that is wrong


async def test_a_defect_in_the_thread_ends_the_recording_and_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(path: Path) -> BinaryIO:
        raise ZeroDivisionError

    tape = recording(tmp_path, open_file=broken)
    tape.step(0.0, None, ())
    await talk_to(tape, seconds=5.0)
    await tape.aclose()
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert record.exc_info is not None
