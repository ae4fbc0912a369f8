"""Examples of any message, made from its type: so that vectors cover what is added later. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import inspect

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Broken:
    """A message that a receiver has to refuse.

    Attributes:
        what: what is wrong, in a word or two.
        message: the message.
    """

    what: str
    message: Json


def full(kind: type[msgspec.Struct]) -> Json:
    """Returns a message with every field set to something else than its default if it can be."""
    made: Json = _example(inspect.type_info(kind), 1)
    return made


def least(kind: type[msgspec.Struct]) -> Json:
    """Returns a message with only those fields that have no default."""
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    made: Json = {"type": str(info.tag)}
    for index, field in enumerate(info.fields):
        if field.required:
            made[field.encode_name] = _example(field.type, index)
    return made


def broken(kind: type[msgspec.Struct]) -> Iterator[Broken]:
    """Yields messages each of which has one field that is missing, mistyped or out of range."""
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    whole = full(kind)
    for field in info.fields:
        name = field.encode_name
        if field.required:
            yield Broken(f"no {name}", {key: v for key, v in whole.items() if key != name})
        for what, value in _refused(field.type):
            yield Broken(f"{name}: {what}", whole | {name: value})


def _example(info: inspect.Type, n: int) -> Any:
    """Returns a value of a type; `n` makes the values of one message differ."""
    match info:
        case inspect.StructType():
            made: Json = {} if info.tag is None else {"type": str(info.tag)}
            for index, field in enumerate(info.fields):
                made[field.encode_name] = _example(field.type, index + n)
            return made
        case inspect.UnionType(types=types):
            return _example(next(t for t in types if not isinstance(t, inspect.NoneType)), n)
        case inspect.LiteralType(values=values):
            return values[-1]
        case inspect.BoolType():
            return n % 2 == 0
        case inspect.IntType(ge=ge, le=le):
            value = max(n, ge or 0)
            return value if le is None else min(value, le)
        case inspect.FloatType(le=le):
            return n % 16 / 16 if le is not None and le <= 1 else n * 100 + 0.5
        case inspect.StrType(pattern=pattern):
            return next(t for t in (f"text {n}", f"text_{n}", "zh") if re.search(pattern or "", t))
        case inspect.DictType():
            return {"type": "object", "properties": {f"key {n}": {"type": "string"}}}
        case inspect.VarTupleType(item_type=item):
            return [_example(item, n), _example(item, n + 1)]
        case inspect.TupleType(item_types=items):
            return [_example(item, n + at) for at, item in enumerate(items)]
        case _:
            raise NotImplementedError(f"No example for {info}.")


def _refused(info: inspect.Type) -> Iterator[tuple[str, Any]]:
    match info:
        case inspect.UnionType(types=types):
            for one in types:
                yield from _refused(one)
        case inspect.StructType():
            yield "no object", 1
        case inspect.LiteralType():
            yield "no such value", "?"
        case inspect.BoolType():
            yield "no boolean", 1
        case inspect.IntType(ge=ge, le=le):
            yield "no integer", 1.5
            yield "a string", "1"
            if ge is not None:
                yield "too small", ge - 1
            if le is not None:
                yield "too great", le + 1
        case inspect.FloatType(ge=ge, le=le):
            yield "a string", "1"
            if ge is not None:
                yield "too small", ge - 0.5
            if le is not None:
                yield "too great", le + 0.5
        case inspect.StrType(pattern=pattern, min_length=low, max_length=high):
            yield "no string", 1
            if low:
                yield "too short", ""
            if high is not None and high <= 64:
                yield "too long", "x" * (high + 1)
            if pattern:
                yield "no match", next(t for t in ("English", "?") if not re.search(pattern, t))
        case inspect.VarTupleType() | inspect.TupleType():
            yield "no array", {}
        case inspect.DictType():
            yield "no object", []
        case _:
            return
