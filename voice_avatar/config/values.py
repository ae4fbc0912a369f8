"""The values of options: from text, from TOML, and what their types are called. Pure."""

from __future__ import annotations

import math
import typing
from typing import Any, Final, Literal

_SWITCH: Final = {"true": True, "yes": True, "on": True, "1": True} | {
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


def parsed(text: str, kind: Any) -> object:
    """Reads a value written as text. Raises ValueError where it is none of `kind`."""
    text = text.strip()
    if kind is bool:
        if text.lower() not in _SWITCH:
            raise ValueError(text)
        return _SWITCH[text.lower()]
    if typing.get_origin(kind) is tuple:
        member = typing.get_args(kind)[0]
        return tuple(parsed(part, member) for part in text.split(",") if part.strip())
    if kind is int:
        return int(text)
    if kind is float:
        return checked(float(text), float)
    return checked(text, kind)


def checked(value: object, kind: Any) -> object:
    """Returns a TOML value as `kind`. Raises TypeError or ValueError where it is none."""
    if typing.get_origin(kind) is Literal:
        if value not in typing.get_args(kind):
            raise ValueError(value)
        return value
    if typing.get_origin(kind) is tuple:
        if not isinstance(value, list):
            raise TypeError(value)
        return tuple(checked(item, typing.get_args(kind)[0]) for item in value)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise TypeError(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(value)
    return value


def type_name(kind: Any) -> str:
    """Returns what a type is called in messages and help."""
    if typing.get_origin(kind) is Literal:
        return " or ".join(f'"{name}"' for name in typing.get_args(kind))
    if typing.get_origin(kind) is tuple:
        return f"a list of {_PLURALS[typing.get_args(kind)[0]]}"
    return _NAMES[kind]


_NAMES: Final = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}
_PLURALS: Final = {str: "texts", float: "numbers"}
