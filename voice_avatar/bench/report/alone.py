"""What the benches of a single engine say of themselves: subject, options, command, names."""

from __future__ import annotations

import re
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_SECRET: Final = re.compile("token|key|secret|auth|sig", re.IGNORECASE)
"""Names of query parameters that are left out of what is published."""


def chosen(*options: DataclassInstance) -> dict[str, Any]:
    """Returns options, of a stage and of its engine, as one set of JSON-ready data.

    Absolute paths are cut to their last part.
    """
    return {
        name: Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value
        for each in options
        for name, value in asdict(each).items()
    }


def dotted(name: str) -> str:
    """Returns "piper, 1 thread" as a part of a figure's name: "piper_1_thread"."""
    return name.replace(",", "").replace(" ", "_")


def repeating(bench: str, **options: str | int | bool | None) -> str:
    """Returns the command line that repeats a run.

    Args:
        bench: its name.
        options: option -> value. False, 0, "" and None are left out, True stands alone; an absolute
            path is cut to its last part, and an address loses what may be secret in it.
    """
    words = ["voice-avatar", "bench", bench]
    for name, value in options.items():
        if value:
            words.append("--" + name.replace("_", "-"))
            if value is not True:
                words.append(_public(str(value)))
    return shlex.join(words)


def _public(value: str) -> str:
    if Path(value).is_absolute():
        return Path(value).name
    parts = urlsplit(value)
    if parts.scheme not in {"ws", "wss", "http", "https"}:
        return value
    query = "&".join(
        part for part in parts.query.split("&") if not _SECRET.search(part.partition("=")[0])
    )
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query=query).geturl()
