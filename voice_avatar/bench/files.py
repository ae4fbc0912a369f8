"""Results on disk: one JSON file a run."""

from __future__ import annotations

from pathlib import Path

import msgspec

from voice_avatar.bench.results import FORMAT, Run
from voice_avatar.errors import ConfigError


def to_json(run: Run) -> str:
    """Returns a run as indented JSON that ends with a newline."""
    return msgspec.json.format(msgspec.json.encode(run), indent=1).decode() + "\n"


def dated(folder: Path, run: Run) -> Path:
    """Returns where a run belongs: `2026-11-23-v2v-avatar.json`, with a number if there is one."""
    what = str(run.subject.get("dialect") or run.subject.get("name") or "run")
    stem = f"{run.started[:10]}-{run.kind}-{what}"
    names = (f"{stem}{'' if number == 1 else f'-{number}'}.json" for number in range(1, 1000))
    return next(path for name in names if not (path := folder / name).exists())


def write(path: Path, run: Run) -> None:
    """Writes a run.

    Raises:
        ConfigError: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(to_json(run), encoding="utf-8")
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
