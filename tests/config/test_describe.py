"""Help and docs/configuration.md: complete, and what the code says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import is_dataclass
from pathlib import Path
from typing import get_type_hints

import pytest

from voice_avatar.config.describe import describe, markdown
from voice_avatar.config.load import PER_SESSION, Config, load, tables

DOC = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_every_field_of_every_table_is_described_or_belongs_to_the_session() -> None:
    described = {option.key for option in describe()}
    for table, options in tables().items():
        for key in keys_of(table, options):
            assert (key in described) != (key in PER_SESSION)


def keys_of(table: str, options: type, prefix: str = "") -> Iterator[str]:
    for name, kind in get_type_hints(options).items():
        if is_dataclass(kind):
            yield from keys_of(table, kind, f"{prefix}{name}_")
        else:
            yield f"{table}.{prefix}{name}"


@pytest.mark.parametrize("option", describe(), ids=lambda option: option.key)
def test_every_option_says_what_it_means_and_takes_its_own_default(option: object) -> None:
    assert len(option.help) > 8  # type: ignore[attr-defined]
    line = f"{option.name} = {option.default}"  # type: ignore[attr-defined]
    assert load(f"[{option.table}]\n{line}") == Config()  # type: ignore[attr-defined]


def test_variables_are_spelt_as_documented() -> None:
    port = next(option for option in describe() if option.key == "server.port")
    assert port.variable == "VOICE_AVATAR_SERVER_PORT"
    dtype = next(option for option in describe() if option.key == "llm.vllm.dtype")
    assert dtype.variable == "VOICE_AVATAR_LLM_VLLM_DTYPE"


def test_help_has_every_line_of_a_long_description() -> None:
    threads = next(option for option in describe() if option.key == "llm.threads")
    assert threads.help.startswith("CPU threads of a model")
    assert threads.help.endswith("of its speed and less.")


def test_help_names_other_options_of_a_group_as_they_are_configured() -> None:
    pause = next(option for option in describe() if option.key == "turn.interrupt_pause_s")
    assert "`interrupt_speech_s`" in pause.help


def test_the_documentation_is_what_the_code_says() -> None:
    assert DOC.read_text("utf-8") == markdown(), (
        "run: python -m voice_avatar.config.describe > docs/…"
    )


def test_every_row_of_the_documentation_is_one_row() -> None:
    rows = [line for line in markdown().splitlines() if line.startswith("|")]
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 5 for row in rows)
