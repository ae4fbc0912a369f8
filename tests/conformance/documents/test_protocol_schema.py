"""The generated files are those of the code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from voice_avatar.conformance.documents import protocol_schema
from voice_avatar.conformance.documents.message_schemas import CLIENT_MESSAGES, SERVER_MESSAGES, tag

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "unity_client_protocol"


def test_the_committed_files_are_those_that_the_code_generates() -> None:
    assert protocol_schema.main(["--check", "--folder", str(FOLDER)]) == 0, (
        "run `python -m voice_avatar.conformance.documents.protocol_schema` and commit what it"
        " wrote"
    )


def test_missing_and_outdated_files_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "PROTOCOL.md").write_text("<!-- begin close-codes -->\n<!-- end close-codes -->\n")
    arguments = ["--folder", str(tmp_path)]
    assert protocol_schema.main(["--check", *arguments]) == 1
    assert protocol_schema.main(arguments) == 0
    assert protocol_schema.main(["--check", *arguments]) == 0
    assert "| 4408 | slow_consumer |" in (tmp_path / "PROTOCOL.md").read_text()
    assert "written: asyncapi.json" in capsys.readouterr().out


def test_asyncapi_names_every_message_and_every_reference_leads_somewhere() -> None:
    document = json.loads((FOLDER / "asyncapi.json").read_text("utf-8"))
    names = set(document["components"]["messages"])
    assert names == {
        *map(tag, CLIENT_MESSAGES),
        *map(tag, SERVER_MESSAGES),
        "audio.in",
        "audio.out",
    }
    assert len(document["operations"]) == len(names)
    for reference in references(document):
        node: Any = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if "$ref" in node else []
        return own + [ref for value in node.values() for ref in references(value)]
    if isinstance(node, list):
        return [ref for value in node for ref in references(value)]
    return []
