"""What of a client's JSON schema may go into a grammar. Pure.

An engine that holds a model to a schema makes a grammar of it, in our process, for all users. Such
makers have no limits of their own: one pattern of 100 characters keeps llama.cpp busy for ever, and
references, combinations and repetitions have brought others down. So a schema is not checked for
what is known to hurt: it is made anew of what is known to be harmless, within fixed bounds.

Whatever the original allows, the guarded schema allows too. What it leaves out is for the model to
read (`is_whole`), and for whoever carries the call out to check.
"""

from __future__ import annotations

from typing import Any, Final

MAX_DEPTH: Final = 5
"""Levels of schemas, the outermost included."""

MAX_NODES: Final = 64
"""Schemas within one, itself included."""

MAX_VALUES: Final = 64
"""Values of an `enum`."""

MAX_ITEMS: Final = 32
"""Largest `maxItems`: each item is a copy of a rule in some grammars."""

MAX_LENGTH: Final = 4096
"""Largest `maxLength`."""

MAX_NAME_CHARS: Final = 128
"""Longest name of a property, characters."""

MAX_VALUE_CHARS: Final = 1024
"""Longest text in an `enum` or a `const`, and longest description, characters."""

MAX_NUMBER: Final = 2**53
"""Largest bound of a number: what JSON readers agree on."""

KEYWORDS: Final = frozenset(
    "type properties required description enum const items minimum maximum additionalProperties"
    " maxItems maxLength".split()
)
"""All that a guarded schema may hold."""

_TYPES: Final = ("object", "array", "string", "number", "integer", "boolean", "null")


def guarded(schema: object) -> dict[str, Any]:
    """Returns what of a schema may go into a grammar."""
    return _Guard().schema(schema, 1)


def is_whole(schema: object) -> bool:
    """Whether a grammar of the guarded schema says all that the schema says."""
    return guarded(schema) == schema


class _Guard:
    """Makes one schema anew, and counts what it holds."""

    def __init__(self) -> None:
        self._left = MAX_NODES

    def schema(self, given: object, depth: int) -> dict[str, Any]:
        """Returns a schema; one that allows anything where there is no better."""
        self._left -= 1
        if not isinstance(given, dict) or depth > MAX_DEPTH:
            return {}
        out = _own(given)
        if isinstance(given.get("properties"), dict):
            self._properties(given, out, depth)
        elif given.get("additionalProperties") is not None and "patternProperties" not in given:
            self._additional(given["additionalProperties"], out, depth)
        # Of an array whose first items have schemas of their own, `items` means only the rest.
        if isinstance(given.get("items"), dict) and "prefixItems" not in given:
            inner = self._inner(given["items"], depth)
            if inner is not None:
                out["items"] = inner
        return out

    def _properties(self, given: dict[str, Any], out: dict[str, Any], depth: int) -> None:
        made: dict[str, Any] = {}
        is_all = "patternProperties" not in given
        for name, value in given["properties"].items():
            is_plain = isinstance(name, str) and len(name) <= MAX_NAME_CHARS
            inner = self._inner(value, depth) if is_plain else None
            if inner is None:
                is_all = False
            else:
                made[name] = inner
        out["properties"] = made
        wanted = given.get("required")
        if isinstance(wanted, list):
            names = [name for name in made if name in wanted]
            if names:
                out["required"] = names
        # Where a property is left out, what else there may be must not be said either.
        if is_all and given.get("additionalProperties") is not None:
            self._additional(given["additionalProperties"], out, depth)

    def _additional(self, given: object, out: dict[str, Any], depth: int) -> None:
        if isinstance(given, bool):
            out["additionalProperties"] = given
        elif (inner := self._inner(given, depth)) is not None:
            out["additionalProperties"] = inner

    def _inner(self, given: object, depth: int) -> dict[str, Any] | None:
        """Returns a schema within another; None = there are too many, or it is too deep."""
        return self.schema(given, depth + 1) if self._left > 0 and depth < MAX_DEPTH else None


def _own(given: dict[str, Any]) -> dict[str, Any]:
    """Returns what a schema says beside the schemas in it."""
    out: dict[str, Any] = {}
    kinds = given.get("type")
    if isinstance(kinds, str) and kinds in _TYPES:
        out["type"] = kinds
    elif isinstance(kinds, list) and kinds and all(kind in _TYPES for kind in kinds):
        out["type"] = list(dict.fromkeys(kinds))
    description = given.get("description")
    if isinstance(description, str):
        out["description"] = description[:MAX_VALUE_CHARS]
    values = given.get("enum")
    if isinstance(values, list) and 0 < len(values) <= MAX_VALUES and all(map(_is_scalar, values)):
        out["enum"] = list(values)
    if "const" in given and _is_scalar(given["const"]):
        out["const"] = given["const"]
    bounds = {name: given.get(name) for name in ("minimum", "maximum")}
    numbers: dict[str, Any] = {name: n for name, n in bounds.items() if _is_number(n)}
    if len(numbers) < 2 or numbers["minimum"] <= numbers["maximum"]:
        out |= numbers
    for name, most in (("maxItems", MAX_ITEMS), ("maxLength", MAX_LENGTH)):
        limit = given.get(name)
        if isinstance(limit, int) and not isinstance(limit, bool) and 0 <= limit <= most:
            out[name] = limit
    return out


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= MAX_NUMBER  # which no number is that is none


def _is_scalar(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= MAX_VALUE_CHARS
    return value is None or isinstance(value, bool) or _is_number(value)
