"""Results on disk: one JSON file a run."""

from __future__ import annotations

import os
import re
from pathlib import Path

import msgspec

from voice_avatar.bench.figures.results import FORMAT, Run
from voice_avatar.errors import ConfigError


def to_json(run: Run) -> str:
    """Returns a run as indented JSON that ends with a newline."""
    return msgspec.json.format(msgspec.json.encode(run), indent=1).decode() + "\n"


def dated(folder: Path, run: Run) -> Path:
    """Returns where a run belongs: `2026-11-23-v2v-avatar.json`, with a number if there is one."""
    what = str(run.subject.get("dialect") or run.subject.get("name") or "run")
    # A server of others may call itself anything.
    safe = re.sub(r"[^\w.-]+", "-", what).strip(".-") or "run"
    stem = f"{run.started[:10]}-{run.kind}-{safe}"
    names = (f"{stem}{'' if number == 1 else f'-{number}'}.json" for number in range(1, 1000))
    return next(path for name in names if not (path := folder / name).exists())


def check_writable(path: Path) -> None:
    """Makes the folder of a file to come, so that no long measurement ends in a wrong path.

    Raises:
        ConfigError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{path.name} cannot be written: {error.strerror}.") from error
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise ConfigError(f"{path.name} cannot be written.")


def write(path: Path, run: Run) -> None:
    """Writes a run.

    Raises:
        ConfigError: the file cannot be written.
    """
    write_text(path, to_json(run))


def write_text(path: Path, text: str) -> None:
    """Writes a text, and the folders that it needs.

    Raises:
        ConfigError: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path.name} cannot be written: {error.strerror}.") from error


def read(path: Path) -> Run:
    """Reads a run.

    Raises:
        ConfigError: there is none, or it is of a format to come.
    """
    try:
        run = msgspec.json.decode(path.read_bytes(), type=Run)
    except OSError as error:
        raise ConfigError(f"{path.name} cannot be read: {error.strerror}.") from error
    except msgspec.DecodeError as error:
        raise ConfigError(f"{path.name} holds no result: {error}.") from error
    if run.format > FORMAT:
        raise ConfigError(f"{path.name} was written by a newer version.")
    return run
