"""The tables of PROTOCOL.md, from the code: messages, fields, limits, codes, names.

`protocol_schema.py` writes them between the `begin` and `end` marks of PROTOCOL.md; the text
around them is written by hand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Final

from voice_avatar.acting.mouth.viseme_sets import VISEME_SETS
from voice_avatar.conformance.documents.message_schemas import (
    CLIENT_MESSAGES,
    SERVER_MESSAGES,
    Json,
    MessageType,
    components,
    docstring,
    tag,
)
from voice_avatar.vocabulary import vocabulary
from voice_avatar.wire.codes import CLOSE_CODES, ERROR_CODES, WARNING_CODES
from voice_avatar.wire.fields import MAX_INTEGER, MAX_MS, Part

_MARK: Final = re.compile(
    r"(<!-- begin (?P<name>[a-z-]+)[^>]*-->\n).*?(<!-- end (?P=name) -->)", re.DOTALL
)

_LARGE: Final = {MAX_INTEGER: "2^53 - 1", int(MAX_MS): "86 400 000", 10**15: "10^15"}


def filled(text: str) -> str:
    """Returns PROTOCOL.md with its tables renewed.

    Raises:
        KeyError: a mark names a table that does not exist.
    """
    tables = {
        "client-messages": _messages(CLIENT_MESSAGES),
        "server-messages": _messages(SERVER_MESSAGES),
        "objects": _objects(),
        "close-codes": _close_codes(),
        "error-codes": _error_codes(),
        "warning-codes": _table(
            ("code", "meaning"), [(f"`{code}`", text) for code, text in WARNING_CODES.items()]
        ),
        "viseme-sets": _table(
            ("set", "names, index 0 first"),
            [(f"`{name}`", " ".join(names)) for name, names in VISEME_SETS.items()],
        ),
        "vocabulary": _vocabulary(),
    }
    return _MARK.sub(lambda mark: f"{mark[1]}\n{tables[mark['name']]}\n\n{mark[3]}", text)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _messages(kinds: tuple[MessageType, ...]) -> str:
    definitions = components(kinds, "{name}")
    return "\n\n".join(
        _section(f"`{tag(kind)}`", kind, definitions[kind.__name__]) for kind in kinds
    )


def _objects() -> str:
    definitions = components((*CLIENT_MESSAGES, *SERVER_MESSAGES), "{name}")
    # By module, and in it as they are defined: else it went by which module was imported first.
    kinds = sorted(Part.__subclasses__(), key=lambda kind: kind.__module__)
    return "\n\n".join(
        _section(f"`{kind.__name__}`", kind, definitions[kind.__name__]) for kind in kinds
    )


def _section(title: str, kind: MessageType, definition: Json) -> str:
    meaning, fields = docstring(kind)
    rows = [
        (f"`{name}`", _type(prop), _default(prop), fields[name])
        for name, prop in definition["properties"].items()
        if name not in {"type", "seq", "ts_ms"}
    ]
    table = _table(("field", "type", "default", "meaning"), rows) if rows else "No fields."
    return f"### {title}\n\n{meaning}\n\n{table}"


def _default(prop: Json) -> str:
    if "default" not in prop:
        return ""
    default = prop["default"]
    return "its defaults" if isinstance(default, dict) else f"`{json.dumps(default)}`"


def _type(prop: Json) -> str:
    """Says a JSON Schema in words: "integer 0..65535", "string up to 64 or null"."""
    if "anyOf" in prop:
        return " or ".join(_type(option) for option in prop["anyOf"])
    if "$ref" in prop:
        return f"[`{prop['$ref']}`](#{prop['$ref'].lower()})"
    if "enum" in prop:
        return ", ".join(f'`"{value}"`' for value in prop["enum"])
    match prop["type"]:
        case "integer" | "number":
            return f"{prop['type']}{_range(prop)}"
        case "string":
            return "string" + _length(prop)
        case "array":
            return _array(prop)
        case other:
            return str(other)


def _range(prop: Json) -> str:
    if "minimum" not in prop:
        return ""
    return f" {_number(prop['minimum'])}..{_number(prop['maximum'])}"


def _number(value: float) -> str:
    name = _LARGE.get(int(abs(value)))
    if name is None:
        return f"{value:g}"
    return f"-{name}" if value < 0 else name


def _length(prop: Json) -> str:
    if "pattern" in prop:
        return f" `{prop['pattern']}`"
    if "maxLength" not in prop:
        return ""
    low, high = prop.get("minLength", 0), prop["maxLength"]
    return f" of {low} to {high} characters"


def _array(prop: Json) -> str:
    if "prefixItems" in prop:
        return "[" + ", ".join(_type(item) for item in prop["prefixItems"]) + "]"
    most = f" of up to {prop['maxItems']}" if "maxItems" in prop else ""
    return f"array{most}: {_type(prop['items'])}"


def _close_codes() -> str:
    rows = [(str(code.value), code.name.lower(), text) for code, text in CLOSE_CODES.items()]
    return _table(("code", "name", "meaning"), rows)


def _error_codes() -> str:
    rows = [
        (f"`{code}`", str(entry.close.value) if entry.is_fatal else "goes on", entry.text)
        for code, entry in ERROR_CODES.items()
    ]
    return _table(("code", "closes with", "meaning"), rows)


def _vocabulary() -> str:
    words = vocabulary()
    gestures = [(f"`{name}`", one.kind, one.mode) for name, one in words.gestures.items()]
    expressions = [
        (f"`{name}`", f"{one.valence:g}", f"{one.arousal:g}")
        for name, one in words.expressions.items()
    ]
    rest = [
        ("`head.lexeme`", " ".join(f"`{name}`" for name in words.heads)),
        ("`gaze.target`", " ".join(f"`{name}`" for name in sorted(set(words.gaze.values())))),
    ]
    return "\n\n".join(
        (
            _table(("gesture", "kind", "hand"), gestures),
            _table(("expression", "valence", "arousal"), expressions),
            _table(("field", "names"), rest),
        )
    )
