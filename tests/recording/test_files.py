"""The files of one recording, written in one thread: made when needed, closed when complete."""

from __future__ import annotations

import stat
import wave
from pathlib import Path
from typing import BinaryIO

import pytest

from voice_avatar.recording.files import Batch, RecordingFiles, open_new
from voice_avatar.recording.format import HEAD_FILE, MIC_FILE, STEPS_FILE, reply_file


def batch(*parts: tuple[str, bytes], complete: tuple[str, ...] = ()) -> Batch:
    made = Batch(complete=list(complete))
    for name, data in parts:
        made.add(name, data)
    return made


class Disk:
    """Keeps every file that it made; closing one of them may fail."""

    def __init__(self, fails_to_close: str = "") -> None:
        self.files: dict[str, BinaryIO] = {}
        self._fails = fails_to_close

    def open(self, path: Path) -> BinaryIO:
        self.files[path.name] = file = open_new(path)
        if path.name == self._fails:
            close = file.close

            def broken() -> None:
                close()
                raise OSError(28, "No space left on device")

            file.close = broken  # type: ignore[method-assign]
        return file

    def is_open(self) -> set[str]:
        return {name for name, file in self.files.items() if not file.closed}


def test_a_batch_gathers_what_each_file_is_given_and_counts_it() -> None:
    made = batch(("a", b"12"), ("b", b"3"), ("a", b"45"))
    assert {name: bytes(data) for name, data in made.parts.items()} == {"a": b"1245", "b": b"3"}
    assert made.size == 5


def test_a_recording_begins_with_its_head_in_a_folder_of_its_own(tmp_path: Path) -> None:
    files = RecordingFiles(tmp_path / "s1", 24_000)
    files.begin(b"{}\n")
    files.close()
    assert (tmp_path / "s1" / HEAD_FILE).read_bytes() == b"{}\n"
    assert (tmp_path / "s1" / STEPS_FILE).read_bytes() == b""
    assert stat.S_IMODE((tmp_path / "s1").stat().st_mode) == 0o700
    with pytest.raises(FileExistsError):
        RecordingFiles(tmp_path / "s1", 24_000).begin(b"{}\n")


def test_microphone_and_replies_are_wavs_each_at_its_own_rate(tmp_path: Path) -> None:
    files = RecordingFiles(tmp_path / "s1", 24_000)
    files.begin(b"{}\n")
    files.write(batch((MIC_FILE, bytes(320)), (reply_file(1), bytes(480))))
    files.write(batch((reply_file(1), bytes(480))))
    files.close()
    for name, rate_hz, samples in ((MIC_FILE, 16_000, 160), (reply_file(1), 24_000, 480)):
        with wave.open(str(tmp_path / "s1" / name)) as wav:
            assert (wav.getframerate(), wav.getnframes()) == (rate_hz, samples)
            assert (wav.getnchannels(), wav.getsampwidth()) == (1, 2)


def test_a_file_is_open_until_it_is_complete(tmp_path: Path) -> None:
    disk = Disk()
    files = RecordingFiles(tmp_path / "s1", 24_000, disk.open)
    files.begin(b"{}\n")
    assert disk.is_open() == {STEPS_FILE, MIC_FILE}
    files.write(batch((reply_file(1), bytes(4)), (reply_file(2), bytes(4))))
    assert disk.is_open() == {STEPS_FILE, MIC_FILE, reply_file(1), reply_file(2)}
    files.write(batch((reply_file(2), bytes(4)), complete=(reply_file(1), reply_file(9))))
    assert disk.is_open() == {STEPS_FILE, MIC_FILE, reply_file(2)}
    files.close()
    files.close()
    assert disk.is_open() == set()


def test_what_was_written_is_with_the_system_before_the_file_is_closed(tmp_path: Path) -> None:
    files = RecordingFiles(tmp_path / "s1", 24_000)
    files.begin(b"{}\n")
    files.write(batch((STEPS_FILE, b"a line\n"), (MIC_FILE, bytes(320))))
    assert (tmp_path / "s1" / STEPS_FILE).read_bytes() == b"a line\n"
    assert (tmp_path / "s1" / MIC_FILE).stat().st_size == 44 + 320
    files.close()


def test_a_file_that_cannot_be_closed_keeps_no_other_one_open(tmp_path: Path) -> None:
    disk = Disk(fails_to_close=STEPS_FILE)
    files = RecordingFiles(tmp_path / "s1", 24_000, disk.open)
    files.begin(b"{}\n")
    files.write(batch((reply_file(1), bytes(4))))
    with pytest.raises(OSError, match="No space"):
        files.close()
    assert disk.is_open() == set()
