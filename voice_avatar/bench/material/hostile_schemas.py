"""JSON schemas that a client may offer to do harm: patterns, repetitions, references, depth.

All chance comes from a seed, so that one that did harm can be said again.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any, Final

MOST_CHARS: Final = 8000
"""Of a schema as JSON; the protocol takes 8192."""

ENDLESS: Final = "^(((a|b)*(a|c)*)*((d|e)*(f|g)*)*){20}(x|y){0,3000}$"
"""A pattern of which llama.cpp never ends to make a grammar."""

_PATTERNS: Final = (
    ENDLESS,
    "(a{1000}){1000}",
    "^(a|aa)+$",
    "(" * 500 + "a" + ")*" * 500,
    "^[a-z]{0,100000}$",
    "(?=a)(?!b)a{2,}",
    "[[:alpha:]-\\uFFFF]+",
    "^(([a-c]|[b-d])+)+$",
    "\\p{L}{1,9999}",
    "(",
)
_COUNTS: Final = (0, 1, 2, 32, 33, 1000, 10**6, 10**9, 2**63, -1, 1.5, "9")
_NUMBERS: Final = (0, -1, 5, 4, 2**53, -(10**30), 10**300, 0.1, 1e-300, "1", True, None)
_TYPES: Final = ("object", "array", "string", "number", "integer", "boolean", "null")
_DEEPEST: Final = 9


def hostile_schema(seed: int, number: int) -> dict[str, Any]:
    """Returns schema `number` of a seed: parameters of a tool, an object by its own words."""
    chance = Random(f"{seed}:{number}")
    while True:
        inner = {f"p{n}": _schema(chance, 2) for n in range(chance.choice((1, 1, 2, 5)))}
        made = {"type": "object", "properties": inner, "required": list(inner)}
        if chance.random() < 0.2:
            made["$defs"] = {"a": {"$ref": "#/$defs/a"}, "b": _schema(chance, 2)}
        if len(json.dumps(made)) <= MOST_CHARS:
            return made


def _schema(chance: Random, depth: int) -> dict[str, Any]:
    if depth > _DEEPEST:
        return {"type": chance.choice(_TYPES)}
    way = chance.choice((_text, _text, _array, _array, _object, _combined, _values, _number, _odd))
    return way(chance, depth + 1)


def _text(chance: Random, depth: int) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "string"}
    if chance.random() < 0.7:
        made["pattern"] = chance.choice(_PATTERNS)
    for name in ("minLength", "maxLength"):
        if chance.random() < 0.3:
            made[name] = chance.choice(_COUNTS)
    if chance.random() < 0.2:
        made["format"] = chance.choice(("date-time", "uuid", "regex", "none such"))
    return made


def _array(chance: Random, depth: int) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "array", "items": _schema(chance, depth)}
    for name in ("minItems", "maxItems"):
        if chance.random() < 0.5:
            made[name] = chance.choice(_COUNTS)
    if chance.random() < 0.2:
        made["prefixItems"] = [_schema(chance, depth) for _ in range(chance.randint(1, 3))]
    if chance.random() < 0.2:
        made["uniqueItems"] = True
    return made


def _object(chance: Random, depth: int) -> dict[str, Any]:
    names = [f"p{n}" for n in range(chance.choice((1, 3, 8, 40)))]
    leaf = {"type": "string", "maxLength": chance.choice(_COUNTS)}
    many = len(names) > 8
    made: dict[str, Any] = {
        "type": "object",
        "properties": {name: leaf if many else _schema(chance, depth) for name in names},
    }
    if chance.random() < 0.5:
        made["required"] = chance.choice((names, [*names, "none such"], names[:1] * 3, "p0"))
    if chance.random() < 0.3:
        made["additionalProperties"] = chance.choice((True, False, _schema(chance, depth)))
    if chance.random() < 0.2:
        made["patternProperties"] = {chance.choice(_PATTERNS): _schema(chance, depth)}
    if chance.random() < 0.2:
        made |= {"minProperties": chance.choice(_COUNTS), "propertyNames": {"pattern": ENDLESS}}
    return made


def _combined(chance: Random, depth: int) -> dict[str, Any]:
    how = chance.choice(("allOf", "anyOf", "oneOf", "not", "if"))
    if how == "not":
        return {"not": _schema(chance, depth)}
    if how == "if":
        return {name: _schema(chance, depth) for name in ("if", "then", "else")}
    return {how: [_schema(chance, depth) for _ in range(chance.randint(1, 4))]}


def _values(chance: Random, depth: int) -> dict[str, Any]:
    count = chance.choice((0, 1, 64, 65, 800))
    return chance.choice(
        (
            {"enum": [f"v{n}" for n in range(count)]},
            {"enum": list(range(count)), "type": "integer"},
            {"const": {"a": [[[[count]]]]}},
            {"enum": ["\u0000", '"', "\\", "\n", "a" * 1000]},
        )
    )


def _number(chance: Random, depth: int) -> dict[str, Any]:
    made: dict[str, Any] = {"type": chance.choice(("integer", "number"))}
    for name in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"):
        if chance.random() < 0.4:
            made[name] = chance.choice(_NUMBERS)
    return made


def _odd(chance: Random, depth: int) -> dict[str, Any]:
    return chance.choice(
        (
            {"$ref": "#"},
            {"$ref": "#/$defs/a"},
            {"$ref": "https://example.org/schema.json"},
            {"type": "strnig"},
            {"type": [{}, "string"]},
            {"type": []},
            {},
            {"x-guidance": {"lark": "start: start"}, "%regex": "a*"},
        )
    )
