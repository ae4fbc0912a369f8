"""Messages of a client as they should not be: made from the schema, each wrong in a way of its own.

The types that `wire/` and `realtime/` declare are read, not copied: a field that comes tomorrow is
mutated tomorrow. All chance comes from a seed, so that what broke a server can be said again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from types import UnionType
from typing import Any, Final, get_args

import msgspec
from msgspec import inspect

from voice_avatar.realtime.client_events import AnyClientEvent
from voice_avatar.wire.client_messages import AnyClientMessage
from voice_avatar.wire.fields import MAX_TEXT_BYTES
from voice_avatar.wire.frame_codec import MAX_BINARY_BYTES, pack_header

Schema = dict[str, inspect.StructType]
"""Value of `type` -> what such a message is made of."""


def schema_of(union: UnionType) -> Schema:
    """Returns the schema of a union of tagged messages."""
    kinds = [kind for kind in get_args(union) if issubclass(kind, msgspec.Struct)]
    infos = [inspect.type_info(kind) for kind in kinds]
    return {str(info.tag): info for info in infos if isinstance(info, inspect.StructType)}


AVATAR: Final[Schema] = schema_of(AnyClientMessage)
"""Our own protocol."""

REALTIME: Final[Schema] = schema_of(AnyClientEvent)
"""OpenAI's."""

_STRINGS: Final = (
    "",
    "a",
    "0",
    "null",
    "é",
    "中文",
    "\U0001f480",
    "\u202e\u0000",
    "a" * 65,
    "<|im_end|>",
)
_NUMBERS: Final = (
    0, -1, 1, 255, 256, 2**31, 2**32, 2**53 - 1, 2**53, 2**63, 2**64, -(2**63) - 1, 10**400,
    0.1, -0.0, 1e308, 5e-324,
)  # fmt: skip
_WRONG: Final[tuple[Any, ...]] = (
    None,
    True,
    False,
    [],
    {},
    [[]],
    {"": {}},
    "1",
    1.5,
    *_NUMBERS[:8],
)
_DEPTHS: Final = (8, 128, 2_000, 40_000)
FATAL: Final = 0.005
"""How often a way that may close the connection is taken to its end: others should follow it."""

_VERBATIM: Final = "\u0001verbatim\u0001"
_HEADER_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Mutant:
    """A message.

    Attributes:
        type: of the message that it was; "" = of none.
        way: how it is wrong; "none" = it is valid.
        data: payload of a text frame.
    """

    type: str
    way: str
    data: bytes


class Mutator:
    """Makes messages, one after the other, from a seed."""

    def __init__(self, seed: int | str, schema: Schema = AVATAR) -> None:
        self._chance = Random(seed)
        self._schema = schema
        self._names = tuple(schema)
        self._ways: tuple[Callable[[dict[str, Any]], bytes], ...] = (
            self._dropped_field, self._extra_field, self._wrong_value, self._wrong_value,
            self._at_a_limit, self._at_a_limit, self._all_null, self._deep, self._surrogate,
            self._not_a_number, self._twice, self._type_last, self._cut_short, self._flipped,
            self._with_junk, self._not_an_object, self._other_type, self._large, self._spaced,
        )  # fmt: skip

    def next(self) -> Mutant:
        """Returns the next message; one in four is valid."""
        name = self._chance.choice(self._names)
        if name == "session.close" and self._chance.random() < 0.95:
            return self.next()  # others should follow
        message = self.valid(name)
        if self._chance.random() < 0.25:
            return Mutant(name, "none", _json(message))
        way = self._chance.choice(self._ways)
        return Mutant(name, way.__name__.lstrip("_"), way(message))

    def sound(self) -> Mutant:
        """Returns a message that is valid, of any type but those that open or end a session."""
        name = self._chance.choice(self._names)
        if name in {"session.hello", "session.close"} and self._chance.random() < 0.95:
            return self.sound()
        return Mutant(name, "none", _json(self.valid(name)))

    def valid(self, name: str) -> dict[str, Any]:
        """Returns a message of that type whose fields are all as the schema wants them."""
        return self._struct(self._schema[name], 0)

    # -- what the schema allows

    def _struct(self, info: inspect.StructType, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        if info.tag_field:
            made[info.tag_field] = info.tag
        for field in info.fields:
            if field.required or (depth < 4 and self._chance.random() < 0.4):
                made[field.encode_name] = self._value(field.type, depth + 1)
        return made

    def _value(self, info: inspect.Type, depth: int = 0) -> Any:
        chance = self._chance
        match info:
            case inspect.StructType():
                return self._struct(info, depth)
            case inspect.UnionType():
                kinds = [k for k in info.types if type(k).__name__ != "UnsetType"]
                return self._value(chance.choice(kinds), depth)
            case inspect.LiteralType():
                return chance.choice(info.values)
            case inspect.TupleType():
                return [self._value(each, depth) for each in info.item_types]
            case inspect.VarTupleType() | inspect.ListType():
                least = info.min_length or 0
                return [
                    self._value(info.item_type, depth) for _ in range(least + chance.randrange(3))
                ]
            case inspect.StrType():
                return _text(info, chance)
            case inspect.BoolType():
                return chance.random() < 0.5
            case inspect.IntType():
                low, high = int(info.ge or 0), int(info.le if info.le is not None else 2**31)
                return chance.choice((low, high, chance.randint(low, high)))
            case inspect.FloatType():
                from_, to = info.ge or 0.0, 1e6 if info.le is None else info.le
                return chance.choice((from_, to, chance.uniform(from_, to)))
            case inspect.DictType():
                return {"type": "object", "properties": {"a": {"type": "string"}}}
        return None

    # -- ways to be wrong

    def _place(self, message: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """Returns an object within the message, and a name of it."""
        place = message
        while True:
            inner = [value for value in place.values() if isinstance(value, dict) and value]
            if not inner or self._chance.random() < 0.5:
                return place, self._chance.choice(tuple(place))
            place = self._chance.choice(inner)

    def _dropped_field(self, message: dict[str, Any]) -> bytes:
        place, name = self._place(message)
        del place[name]
        return _json(message)

    def _extra_field(self, message: dict[str, Any]) -> bytes:
        place, _ = self._place(message)
        place[self._chance.choice(_STRINGS)] = self._chance.choice(_WRONG)
        return _json(message)

    def _wrong_value(self, message: dict[str, Any]) -> bytes:
        place, name = self._place(message)
        place[name] = self._chance.choice(_WRONG)
        return _json(message)

    def _at_a_limit(self, message: dict[str, Any]) -> bytes:
        """At a limit of the schema, just over it, or at one of the machine."""
        info = self._schema[message["type"]]
        if not info.fields:
            return self._extra_field(message)
        field = self._chance.choice(info.fields)
        limits = list(_limits(field.type))
        numbers_or_texts = (*_NUMBERS, *_STRINGS)
        message[field.encode_name] = self._chance.choice(limits or numbers_or_texts)
        return _json(message)

    def _all_null(self, message: dict[str, Any]) -> bytes:
        return _json(dict.fromkeys(message) | {"type": message["type"]})

    def _deep(self, message: dict[str, Any]) -> bytes:
        depth = self._chance.choice(_DEPTHS)
        opened, closed = self._chance.choice((("[", "]"), ('{"a":', "}")))
        text = opened * depth + ("1" if opened != "[" else "") + closed * depth
        return self._verbatim(message, text)

    def _surrogate(self, message: dict[str, Any]) -> bytes:
        place, name = self._place(message)
        place[name] = self._chance.choice(("\ud800", "a\udc00b", "\udfff\ud800"))
        if self._chance.random() > FATAL:
            return _json(message)
        return json.dumps(message, ensure_ascii=False).encode("utf-8", "surrogatepass")

    def _not_a_number(self, message: dict[str, Any]) -> bytes:
        return self._verbatim(
            message,
            self._chance.choice(
                ("NaN", "-Infinity", "1e400", "-1e400", "01", "0x10", "1.", "9" * 5000)
            ),
        )

    def _twice(self, message: dict[str, Any]) -> bytes:
        text = _json(message)[1:-1]
        other = _json(self.valid(self._chance.choice(self._names)))[1:-1]
        return b"{" + b",".join((text, self._chance.choice((text, other)))) + b"}"

    def _type_last(self, message: dict[str, Any]) -> bytes:
        return _json({**{k: v for k, v in message.items() if k != "type"}, "type": message["type"]})

    def _cut_short(self, message: dict[str, Any]) -> bytes:
        text = _json(message)
        return text[: self._chance.randrange(len(text))]

    def _flipped(self, message: dict[str, Any]) -> bytes:
        text = bytearray(_json(message))
        for _ in range(self._chance.randint(1, 4)):
            highest = 256 if self._chance.random() < FATAL else 128
            text[self._chance.randrange(len(text))] = self._chance.randrange(highest)
        return bytes(text)

    def _with_junk(self, message: dict[str, Any]) -> bytes:
        junk = self._chance.choice(
            (b"{}", b"\x00", b"\x7f", b"\xef\xbb\xbf", b"]", b"//", b" \n\t")
        )
        if self._chance.random() < FATAL:
            junk = b"\xff"
        text = _json(message)
        return text + junk if self._chance.random() < 0.5 else junk + text

    def _not_an_object(self, message: dict[str, Any]) -> bytes:
        return _json(
            self._chance.choice((None, True, 1, 1.5, "text", [], [message], {}, [[message]]))
        )

    def _other_type(self, message: dict[str, Any]) -> bytes:
        others: tuple[Any, ...] = (
            "",
            "session",
            "session.ready",
            "reply.started",
            "__proto__",
            "a" * 5000,
            1,
            None,
            [],
        )
        return _json({**message, "type": self._chance.choice(others)})

    def _large(self, message: dict[str, Any]) -> bytes:
        """About as large as a text frame may be; one byte more closes the connection."""
        text = _json({**message, "fill": ""})
        wanted = self._chance.choice((4096,) * 9 + (MAX_TEXT_BYTES,))
        if self._chance.random() < FATAL:
            wanted = MAX_TEXT_BYTES + 1
        fill = b"x" * max(0, wanted - len(text))
        return text.replace(b'"fill": ""', b'"fill": "' + fill + b'"')

    def _spaced(self, message: dict[str, Any]) -> bytes:
        text = json.dumps(message, indent=self._chance.choice((1, 64)), allow_nan=True)
        return text.encode() + b" " * self._chance.choice((1, 4096))

    def _verbatim(self, message: dict[str, Any], text: str) -> bytes:
        """Puts a text that is no JSON of ours in the place of a value."""
        place, name = self._place(message)
        place[name] = _VERBATIM
        return _json(message).replace(json.dumps(_VERBATIM).encode(), text.encode())


def _text(info: inspect.StrType, chance: Random) -> str:
    if info.pattern:
        return chance.choice(("en", "zh", "de"))
    most = info.max_length or 64
    length = chance.choice((1, 2, 8, 8, most)) if most <= 512 else 8
    return "".join(chance.choices("abc déf 中\U0001f600.", k=max(info.min_length or 0, length)))


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _limits(info: inspect.Type) -> list[Any]:
    """Returns values at the limits of a type, and just over them."""
    match info:
        case inspect.UnionType():
            return [value for each in info.types for value in _limits(each)]
        case inspect.StrType():
            lengths = {
                n + d
                for n in (info.min_length, info.max_length)
                if n is not None
                for d in (-1, 0, 1)
            }
            return ["x" * max(0, length) for length in sorted(lengths)]
        case inspect.IntType():
            edges = (edge for edge in (info.ge, info.le) if edge is not None)
            return [edge + step for edge in edges for step in (-1, 0, 1)]
        case inspect.FloatType():
            ends = (edge for edge in (info.ge, info.le) if edge is not None)
            return [math.nextafter(edge, to) for edge in ends for to in (-math.inf, edge, math.inf)]
        case inspect.VarTupleType():
            most = info.max_length
            return [] if most is None else [["a"] * most, ["a"] * (most + 1)]
    return []


def binary(chance: Random) -> bytes:
    """Returns a binary frame of our protocol, wrong more often than not."""
    kind = chance.choice((1, 1, 1, 1, 1, 1, 2, 3, 4, 0, 255))
    flags = chance.choice((0, 0, 0, 1, 2, 3, 4, 8, 15, 0xF0, 255))
    pts = chance.choice((0, 320, chance.randrange(10**6), 2**53 - 1, 2**53, 2**64 - 1))
    size = chance.choice((0, 1, 2, 3, 640, 640, 640, 640, 641, 6400))
    if chance.random() < FATAL:
        size = MAX_BINARY_BYTES - _HEADER_BYTES
    head = pack_header(kind, flags, chance.choice((0, 0, 1, 65_535)), chance.randrange(2**32), pts)  # type: ignore[arg-type]
    if chance.random() < 0.1:
        return head[: chance.randrange(_HEADER_BYTES)]
    if chance.random() < FATAL / 10:
        size = MAX_BINARY_BYTES - _HEADER_BYTES + 1 + chance.randrange(1000)
    return head + chance.choice((b"\x00", b"\x7f", b"\xff")) * size
