"""The table client x feature: made from what the tests of one run found, never by hand.

`pytest -m compat` writes build/compat/compat.json and compat.md; with VOICE_AVATAR_COMPAT_TABLE set
to "docs" the table in docs/compat.md is written anew too (`make compat-table`).
"""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

BEGIN: Final = "<!-- table: written by make compat-table -->"
END: Final = "<!-- end of table -->"

FEATURES: Final = (
    "connect and set up",
    "text turn",
    "audio turn, server_vad",
    "audio turn, semantic_vad",
    "audio turn, manual",
    "mu-law at 8 kHz",
    "function call and result",
    "function call by voice",
    "interruption by voice",
    "truncate",
    "cancel",
    "error codes",
    "out-of-band response",
    "items made and deleted",
    "avatar events when asked for",
    "leaving in a reply",
    "/v1/models",
    "real models",
)
"""Rows, in this order; a test names one of them."""


PASS: Final = "pass"


@dataclass
class Column:
    """What was found for one client.

    Attributes:
        version: of the client.
        cells: feature -> `PASS`, or what went wrong.
    """

    version: str = ""
    cells: dict[str, str] = field(default_factory=dict)


class Found:
    """Collects the outcomes of a run."""

    def __init__(self) -> None:
        self.columns: dict[str, Column] = {}

    def note(self, client: str, version: str, feature: str, outcome: str) -> None:
        """Takes the outcome of a test; the worst of several stands."""
        assert feature in FEATURES, f"{feature!r} is no row of the table"
        column = self.columns.setdefault(client, Column())
        column.version = version or column.version
        if column.cells.get(feature, PASS) == PASS:
            column.cells[feature] = outcome

    def as_json(self) -> dict[str, Any]:
        return {
            "date": datetime.now(UTC).date().isoformat(),
            "machine": f"{platform.system()} {platform.machine()}",
            "clients": {
                name: {"version": column.version, "features": column.cells}
                for name, column in sorted(self.columns.items(), key=_place)
            },
        }


def _place(column: tuple[str, Column]) -> tuple[int, str]:
    """Clients of most features come first."""
    return -len(column[1].cells), column[0]


def markdown(found: dict[str, Any]) -> str:
    """Returns the table; what is not a pass is told below it."""
    clients = found["clients"]
    names = list(clients)
    lines = [
        f"| {found['date']} | " + " | ".join(f"{n} {clients[n]['version']}" for n in names) + " |",
        "|---" * (len(names) + 1) + "|",
    ]
    notes: list[str] = []
    for feature in FEATURES:
        cells = [clients[name]["features"].get(feature, "") for name in names]
        if not any(cells):
            continue
        shown = []
        for name, cell in zip(names, cells, strict=True):
            if cell in ("", PASS):
                shown.append(cell or "–")
            else:
                notes.append(f"{name}, {feature}: {cell}")
                shown.append(f"no ({len(notes)})")
        lines.append(f"| {feature} | " + " | ".join(shown) + " |")
    told = [f"{number}. {note}" for number, note in enumerate(notes, 1)]
    return "\n".join([*lines, *(["", *told] if told else []), ""])


def write(found: dict[str, Any], folder: Path, page: Path | None = None) -> None:
    """Writes both forms of a run's table, and the one in a page between its marks."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "compat.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    (folder / "compat.md").write_text(markdown(found), "utf-8")
    if page is not None:
        text = page.read_text("utf-8")
        before, rest = text.split(BEGIN)
        after = rest.split(END)[1]
        page.write_text(f"{before}{BEGIN}\n{markdown(found)}{END}{after}", "utf-8")
