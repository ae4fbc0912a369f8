"""What goes into a grammar: only what is known to be harmless, and nothing that forbids more."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voice_avatar.tools.schema_guard import (
    KEYWORDS,
    MAX_DEPTH,
    MAX_ITEMS,
    MAX_LENGTH,
    MAX_NODES,
    MAX_VALUES,
    guarded,
    is_whole,
)

ENDLESS = "^(((a|b)*(a|c)*)*((d|e)*(f|g)*)*){20}(x|y){0,3000}$"
"""A pattern of which llama.cpp never ends to make a grammar."""


def nested(levels: int) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": nested(levels - 1)}} if levels else {}


HOSTILE: dict[str, dict[str, Any]] = {
    "endless": {"type": "string", "pattern": ENDLESS},
    "groups": {"type": "string", "pattern": "(" * 2000 + "a" + ")*" * 2000},
    "repetitions": {"type": "string", "pattern": "(a{1000}){1000}"},
    "long": {"type": "string", "minLength": 10**9, "maxLength": 10**9},
    "wide": {"type": "array", "minItems": 10**6, "maxItems": 10**6, "items": {"type": "string"}},
    "deep": nested(200),
    "many": {"type": "object", "properties": {f"p{n}": {"type": "string"} for n in range(500)}},
    "values": {"enum": [f"v{n}" for n in range(5000)]},
    "itself": {"$ref": "#"},
    "defined": {"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
    "all": {"allOf": [{"allOf": [{"type": "string"}] * 10}] * 10},
    "any": {"anyOf": [{"anyOf": [{"pattern": ENDLESS}] * 10}] * 10},
    "one": {"oneOf": [{"type": "string"}, {"type": "string"}]},
    "not": {"not": {"not": {"pattern": ENDLESS}}},
    "if": {"if": {"pattern": ENDLESS}, "then": {}, "else": {"$ref": "#"}},
    "names": {"type": "object", "patternProperties": {ENDLESS: {}}, "propertyNames": {"$ref": "#"}},
    "bad type": {"type": "strnig"},
    "type of types": {"type": [{}, "string"]},
    "no type": {"type": []},
    "exclusive": {"type": "integer", "exclusiveMinimum": 10**400, "exclusiveMaximum": -1},
    "huge": {"type": "integer", "minimum": -(10**300), "maximum": 10**300},
    "nothing fits": {"type": "integer", "minimum": 5, "maximum": 4},
    "draft 4": {"type": "integer", "minimum": 1, "exclusiveMinimum": True},
    "no numbers": {"minimum": "1", "maximum": True, "maxItems": -1, "maxLength": 1.5},
    "tuples": {"type": "array", "items": [{"$ref": "#"}]},
    "prefix": {"type": "array", "prefixItems": [{"pattern": ENDLESS}], "items": {"type": "null"}},
    "deep values": {"const": {"a": [[[[[[[[1]]]]]]]]}, "enum": [[["a"]], {}]},
    "empty": {"enum": [], "required": "a", "properties": [], "description": 3},
    "format": {"type": "string", "format": "date-time", "contentEncoding": "base64"},
    "engine's own": {"x-guidance": {"lark": "start: start"}, "%regex": "a*"},
}


def size(schema: Any, depth: int = 1) -> tuple[int, int]:
    """Returns how many schemas it is, and how deep; fails where it holds what it must not."""
    assert set(schema) <= KEYWORDS
    assert len(schema.get("enum", [])) <= MAX_VALUES
    assert schema.get("maxItems", 0) <= MAX_ITEMS
    assert schema.get("maxLength", 0) <= MAX_LENGTH
    inner = [*schema.get("properties", {}).values()]
    inner += [schema[key] for key in ("items", "additionalProperties") if key in schema]
    sizes = [size(one, depth + 1) for one in inner if not isinstance(one, bool)]
    return 1 + sum(count for count, _ in sizes), max([depth, *(deep for _, deep in sizes)])


def check_bounds(schema: object) -> dict[str, Any]:
    safe = guarded(schema)
    count, depth = size(safe)
    assert count <= MAX_NODES
    assert depth <= MAX_DEPTH
    assert guarded(safe) == safe
    assert is_whole(safe)
    jsonschema.Draft202012Validator.check_schema(safe)
    return safe


@pytest.mark.parametrize("inner", HOSTILE.values(), ids=HOSTILE)
def test_of_a_hostile_schema_the_harmless_is_left(inner: dict[str, Any]) -> None:
    whole = {"type": "object", "properties": {"a": inner}, "required": ["a"]}
    safe = check_bounds(whole)
    assert safe["type"] == "object"
    assert safe["required"] == ["a"]
    assert ENDLESS not in str(safe)
    check_bounds(inner)
    check_bounds(whole | inner)


def test_a_schema_of_a_tool_as_people_write_them_stays_as_it_is() -> None:
    schema = {
        "type": "object",
        "description": "What to look up.",
        "properties": {
            "city": {"type": "string", "description": "Its name.", "maxLength": 80},
            "days": {"type": "integer", "minimum": 1, "maximum": 14},
            "unit": {"enum": ["C", "F"]},
            "kinds": {"type": "array", "items": {"type": "string"}, "maxItems": 4},
            "note": {"type": ["string", "null"]},
        },
        "required": ["city"],
        "additionalProperties": False,
    }
    assert guarded(schema) == schema
    assert is_whole(schema)


def test_where_a_property_is_left_out_others_are_not_forbidden() -> None:
    properties = {f"p{number}": {"type": "null"} for number in range(100)}
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    safe = check_bounds(schema)
    assert "additionalProperties" not in safe
    assert not is_whole(schema)


@pytest.mark.parametrize("schema", [None, True, False, 3, "x", [], [{}]])
def test_what_is_no_schema_allows_anything(schema: object) -> None:
    assert guarded(schema) == {}


# -- generated

NAMES = ("a", "b", "c")
SCALARS = (None, True, False, 0, 1, -2, 2.5, "", "a", "abc")
INNER = ("items", "additionalProperties", "not", "propertyNames", "contains", "if")


def value(rng: random.Random, depth: int = 0) -> Any:
    match rng.randrange(6) if depth < 3 else 0:
        case 4:
            return [value(rng, depth + 1) for _ in range(rng.randrange(4))]
        case 5:
            return {name: value(rng, depth + 1) for name in NAMES if rng.random() < 0.5}
        case _:
            return rng.choice(SCALARS)


def schema_of(rng: random.Random, depth: int = 0) -> Any:
    """Returns a schema of all that the standard knows, deeper and wider than is let through."""
    if depth > 7 or rng.random() < 0.1:
        return rng.choice((True, False, {}))
    kinds = ["object", "array", "string", "number", "integer", "boolean", "null"]

    def inner() -> Any:
        return schema_of(rng, depth + 1 + rng.randrange(3))

    makers: dict[str, Callable[[], Any]] = {
        "type": lambda: rng.choice([rng.choice(kinds), rng.sample(kinds, 2)]),
        "properties": lambda: {
            **{name: inner() for name in NAMES},
            **{f"p{n}": True for n in range(rng.choice((0, 0, 0, 70)))},
        },
        "required": lambda: rng.sample(NAMES, rng.randrange(3)),
        "description": lambda: "What it is.",
        "enum": lambda: [value(rng) for _ in range(rng.choice((1, 3, 70)))],
        "const": lambda: value(rng),
        "minimum": lambda: rng.randrange(-3, 4),
        "maximum": lambda: rng.choice((-1, 2, 1e300)),
        "maxItems": lambda: rng.choice((0, 2, 100)),
        "maxLength": lambda: rng.choice((0, 2, 100_000)),
        "minItems": lambda: rng.randrange(3),
        "minLength": lambda: rng.randrange(3),
        "pattern": lambda: rng.choice(("^a", "b$")),
        "patternProperties": lambda: {rng.choice(("^a", "b")): inner()},
        "prefixItems": lambda: [inner()],
        "allOf": lambda: [inner(), inner()],
        "anyOf": lambda: [inner(), inner()],
        "exclusiveMinimum": lambda: rng.randrange(-3, 4),
        "uniqueItems": lambda: rng.random() < 0.5,
        **dict.fromkeys(INNER, inner),
    }
    few = min(1.0, 3.0 / len(makers))
    return {name: make() for name, make in makers.items() if rng.random() < few}


def test_of_ten_thousand_schemas_no_more_is_left_than_is_allowed() -> None:
    left_out = 0
    for seed in range(10_000):
        schema = schema_of(random.Random(seed))
        safe = guarded(schema)
        count, depth = size(safe)
        assert count <= MAX_NODES
        assert depth <= MAX_DEPTH
        assert guarded(safe) == safe
        left_out += safe != schema
    assert 3000 < left_out < 9900


@given(st.integers(0, 2**32))
@settings(max_examples=100, deadline=None)
def test_what_the_original_allows_the_guarded_schema_allows(seed: int) -> None:
    """As far as jsonschema can tell."""
    for number in range(10):
        rng = random.Random(seed + number)
        schema = schema_of(rng)
        safe = jsonschema.Draft202012Validator(guarded(schema))
        original = jsonschema.Draft202012Validator(schema)
        for shown in (value(rng) for _ in range(8)):
            if original.is_valid(shown):
                assert safe.is_valid(shown)
