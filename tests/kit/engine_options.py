"""Options of a stage and of one engine, from names alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

StageT = TypeVar("StageT")
OwnT = TypeVar("OwnT")


def parted(stage: type[StageT], own: type[OwnT], options: Mapping[str, Any]) -> tuple[StageT, OwnT]:
    """Returns the options of a stage and those of its engine; each name belongs to one of them."""
    names = {field.name for field in fields(own)}  # type: ignore[arg-type]
    mine = {name: value for name, value in options.items() if name in names}
    return stage(**{n: v for n, v in options.items() if n not in names}), own(**mine)
