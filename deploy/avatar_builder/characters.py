"""The people, from `characters.toml`: their build, their colours and how they are dressed."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avatar_builder.garments import Neckline
from avatar_builder.paint import Color, Complexion
from avatar_builder.shape import Build

_TABLE = Path(__file__).with_name("characters.toml")


@dataclass(frozen=True, slots=True)
class Character:
    """A person.

    Attributes:
        key: The file's name.
        name: The person's name.
        build: The body.
        face: The colours of the face.
        neckline: Of the upper garment.
        hairstyle: `bob` or `cropped`.
        hair: The locks' colour, sRGB.
        iris, iris_ring: The eyes' colours, sRGB.
        top, trousers, shoes: The clothes' colours, sRGB.
        seed: Of chance, for hairs and pores.
    """

    key: str
    name: str
    build: Build
    face: Complexion
    neckline: Neckline
    hairstyle: str
    hair: Color
    iris: Color
    iris_ring: Color
    top: Color
    trousers: Color
    shoes: Color
    seed: int


def characters() -> list[Character]:
    """Return the people.

    Raises:
        TypeError: If a name in the table is unknown, or one is missing.
    """
    people: dict[str, dict[str, Any]] = tomllib.loads(_TABLE.read_text("utf-8"))
    return [_character(key, told) for key, told in people.items()]


def _character(key: str, told: dict[str, Any]) -> Character:
    build = told.pop("build")
    return Character(
        key=key,
        build=Build(**{**build, "details": _both_sides(build["details"])}),
        face=Complexion(**told.pop("face")),
        neckline=Neckline(**told.pop("neckline")),
        **told,
    )


def _both_sides(details: Mapping[str, float]) -> dict[str, float]:
    """Put `l` and `r` in the place of `{}`."""
    return {name.format(side): weight for name, weight in details.items() for side in "lr"}
