"""docs/realtime.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from voice_avatar.realtime import avatar
from voice_avatar.realtime.client_events import CLIENT_TYPES
from voice_avatar.realtime.refusals import CODES

TEXT = (Path(__file__).parents[2] / "docs" / "realtime.md").read_text(encoding="utf-8")


def rows(title: str) -> list[list[str]]:
    """Returns the cells of the table under a heading."""
    _, _, rest = TEXT.partition(f"## {title}\n")
    section, _, _ = rest.partition("\n## ")
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_every_code_is_listed_with_its_meaning() -> None:
    assert [(code.strip("| `"), text.rstrip(" |")) for code, text in rows("Errors")] == list(
        CODES.items()
    )


def test_every_client_event_is_listed() -> None:
    named = re.findall(r"`([a-z_.]+)`", " ".join(row[0] for row in rows("Client events")))
    last = ""
    found = set()
    for name in named:
        last = name if not name.startswith(".") else last.rpartition(".")[0] + name
        found.add(last)
    assert found == set(CLIENT_TYPES)


def test_every_extension_event_is_listed_with_its_fields() -> None:
    told = {row[1].strip("`"): re.findall(r"`(\w+)`", row[2]) for row in rows("Extension events")}
    common = ("event_id", "response_id", "item_id")
    assert told == {
        str(kind.__struct_config__.tag): [f for f in kind.__struct_fields__ if f not in common]
        for kind in avatar.ENCODABLE
    }
    asked = {row[0].strip("| `") for row in rows("Extension events")}
    assert asked == avatar.EVENTS
