"""The files of one recording, as the thread that writes them sees them."""

from __future__ import annotations

import wave
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from voice_avatar.events.payloads import MIC_HZ
from voice_avatar.recording.format import HEAD_FILE, MIC_FILE, STEPS_FILE

OpenFile = Callable[[Path], BinaryIO]
"""Makes a new file that is written from its beginning. Raises OSError."""


def open_new(path: Path) -> BinaryIO:
    """Returns a new file at `path`; what was there is gone."""
    return path.open("wb")


@dataclass(slots=True)
class Batch:
    """What the files are to be given at once.

    Attributes:
        size: bytes in it.
        parts: by the name of the file, what is added to it.
        complete: files that nothing will be added to any more.
    """

    size: int = 0
    parts: dict[str, bytearray] = field(default_factory=dict)
    complete: list[str] = field(default_factory=list)

    def add(self, name: str, data: bytes) -> None:
        """Adds to what a file is given."""
        part = self.parts.get(name)
        if part is None:
            self.parts[name] = bytearray(data)
        else:
            part += data
        self.size += len(data)


class _Wav:
    """A WAV file of one channel that is written piece by piece."""

    def __init__(self, file: BinaryIO, rate_hz: int) -> None:
        self._file = file
        self._wav = wave.open(file, "wb")  # noqa: SIM115 - closed with the recording
        self._wav.setnchannels(1)
        self._wav.setsampwidth(2)
        self._wav.setframerate(rate_hz)

    def write(self, pcm: bytes | bytearray) -> None:
        self._wav.writeframesraw(pcm)

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        # The file is closed even if its length can no longer be written into its head.
        with ExitStack() as closing:
            closing.callback(self._file.close)
            closing.callback(self._wav.close)


class RecordingFiles:
    """Makes, writes and closes the files of one recording. Blocks; for one thread alone.

    A file is open from the first byte that it is given until it is complete: as many replies as
    are under way, with the steps and the microphone beside them.
    """

    def __init__(self, folder: Path, rate_hz: int, open_file: OpenFile = open_new) -> None:
        """Makes nothing yet.

        Args:
            folder: of this recording; it must not be there.
            rate_hz: clock of the replies.
            open_file: makes a file.
        """
        self._folder = folder
        self._rate_hz = rate_hz
        self._open_file = open_file
        self._open: dict[str, _Wav | BinaryIO] = {}

    def begin(self, head: bytes) -> None:
        """Makes the folder, its head, and the files that every recording has.

        Raises:
            OSError: it cannot be written, or is there already.
        """
        self._folder.mkdir(mode=0o700, parents=True)
        with self._open_file(self._folder / HEAD_FILE) as file:
            file.write(head)
        for name in (STEPS_FILE, MIC_FILE):
            self._file(name)

    def write(self, batch: Batch) -> None:
        """Writes what the files are given, down to the system, and closes those that are complete.

        Raises:
            OSError: the disk is full, or gone.
        """
        for name, data in batch.parts.items():
            file = self._file(name)
            file.write(data)
            file.flush()  # a server that is killed has lost what it had not handed over yet
        for name in batch.complete:
            if (done := self._open.pop(name, None)) is not None:
                done.close()

    def _file(self, name: str) -> _Wav | BinaryIO:
        file = self._open.get(name)
        if file is None:
            raw = self._open_file(self._folder / name)
            rate_hz = MIC_HZ if name == MIC_FILE else self._rate_hz
            file = self._open[name] = raw if name == STEPS_FILE else _Wav(raw, rate_hz)
        return file

    def close(self) -> None:
        """Closes every file, even where closing another one fails. Idempotent.

        Raises:
            OSError: what a file's buffer held could not be written.
        """
        files, self._open = self._open, {}
        with ExitStack() as closing:
            for file in files.values():
                closing.callback(file.close)
