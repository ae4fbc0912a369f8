"""Everything an avatar can be asked to do, by name. Pure: read once from package data.

The names are part of the wire protocol; `data/gestures/vocabulary.toml` is their single source.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from voice_avatar.events.cues import GestureKind, GestureMode
from voice_avatar.events.payloads import CueKind


@dataclass(frozen=True, slots=True)
class Lexeme:
    """A gesture.

    Attributes:
        name: its name on the wire.
        kind: McNeill's type, or emblem.
        mode: which hand.
        amplitude: 0..1 at full energy.
        preparation_ms, stroke_ms, hold_ms, retraction_ms: its phases, milliseconds.
        is_big: whether it fills the gesture space (at most one in a clause).
    """

    name: str
    kind: GestureKind
    mode: GestureMode
    amplitude: float
    preparation_ms: int
    stroke_ms: int
    hold_ms: int
    retraction_ms: int
    is_big: bool


@dataclass(frozen=True, slots=True)
class HeadLexeme:
    """A head movement.

    Attributes:
        name: its name on the wire.
        amount: 0..1 at full energy.
        repeats: how often it goes there and back.
        rise_ms: from its start to its first extreme, milliseconds.
        fall_ms: from there to its end, milliseconds.
    """

    name: str
    amount: float
    repeats: int
    rise_ms: int
    fall_ms: int


@dataclass(frozen=True, slots=True)
class Expression:
    """A facial expression.

    Attributes:
        name: its name on the wire.
        valence, arousal: -1..1.
        intensity: 0..1 at full energy.
        fade_ms: time to reach it, milliseconds.
        hold_ms: time to keep it, milliseconds; 0 = until changed.
    """

    name: str
    valence: float
    arousal: float
    intensity: float
    fade_ms: int
    hold_ms: int


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All names, and the spellings of them that models write.

    Attributes:
        gestures, heads, expressions: by name.
        gaze: gaze word -> target of the cue.
        words: kind -> spelling (lower case) -> name; the names themselves included.
        keys: key of a tag ("anim") -> kind.
        emoji: emoji (one code point) -> kind and name.
    """

    gestures: dict[str, Lexeme]
    heads: dict[str, HeadLexeme]
    expressions: dict[str, Expression]
    gaze: dict[str, str]
    words: dict[CueKind, dict[str, str]]
    keys: dict[str, CueKind]
    emoji: dict[str, tuple[CueKind, str]]

    @property
    def gesture_names(self) -> tuple[str, ...]:
        """Lexemes, in the order of the file."""
        return tuple(self.gestures)

    @property
    def expression_names(self) -> tuple[str, ...]:
        """Expressions, in the order of the file."""
        return tuple(self.expressions)


@cache
def vocabulary() -> Vocabulary:
    """Returns the vocabulary of the package."""
    return parse(
        resources.files("voice_avatar")
        .joinpath("data/gestures/vocabulary.toml")
        .read_text(encoding="utf-8")
    )


def parse(toml_text: str) -> Vocabulary:
    """Reads a vocabulary.

    Raises:
        KeyError, TypeError, ValueError: it is not one (package data is checked by tests).
    """
    data: dict[str, Any] = tomllib.loads(toml_text)
    gestures = {name: Lexeme(name, **row) for name, row in data["gestures"].items()}
    heads = {name: HeadLexeme(name, **row) for name, row in data["heads"].items()}
    expressions = {name: Expression(name, **row) for name, row in data["expressions"].items()}
    aliases = data["aliases"]
    words: dict[CueKind, dict[str, str]] = {
        "face": _spellings(expressions, aliases["faces"]),
        "gesture": _spellings(gestures, aliases["gestures"]),
        "head": _spellings(heads, aliases["heads"]),
        "gaze": _spellings(data["gaze"], aliases["gaze"]),
    }
    emoji: dict[str, tuple[CueKind, str]] = {}
    for signs, tag in data["emoji"].items():
        key, _, name = tag.partition(":")
        kind: CueKind = data["keys"][key]
        emoji |= dict.fromkeys(signs, (kind, words[kind][name]))
    return Vocabulary(gestures, heads, expressions, data["gaze"], words, data["keys"], emoji)


def _spellings(names: dict[str, Any], aliases: dict[str, str]) -> dict[str, str]:
    return {name: name for name in names} | {
        alias: name for alias, name in aliases.items() if name in names
    }
