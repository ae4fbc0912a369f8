"""Reply tags: `[face:happy]`, `[gesture:wave]`, `[gaze:away]`, `[pause:0.5]`, `[joy]`. Pure.

A tag is what stands between square brackets and begins with a letter. Other brackets ("[1, 2]")
are text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from voice_avatar.events.payloads import CueKind
from voice_avatar.vocabulary import Vocabulary

PAUSE_S = 0.5
"""Length of `[pause]` without a value, seconds (our choice: a breath)."""

MAX_PAUSE_S = 3.0
"""Longest pause that a tag may ask for, seconds: beyond it a listener thinks the line is dead."""

_BARE_KINDS: tuple[CueKind, ...] = ("face", "gesture", "head")
_SECONDS = re.compile(r"(\d{1,5}(?:\.\d{1,3})?|\.\d{1,3})\s*(ms|s|sec|seconds?)?")


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag that is understood.

    Attributes:
        kind: what it moves.
        value: name from the vocabulary, or, for a pause, seconds as a decimal string.
    """

    kind: CueKind
    value: str


@dataclass(frozen=True, slots=True)
class CodeEdge:
    """Where a block of code begins or ends; what stands between is shown as it is written.

    Attributes:
        is_begin: whether it begins there.
    """

    is_begin: bool


def is_tag(body: str) -> bool:
    """Whether what stands between brackets is a tag, known or not."""
    return body[:1].isalpha()


def has_key(body: str, vocabulary: Vocabulary) -> bool:
    """Whether it begins with a known key and a colon ("face:hap"), so that it can be no link."""
    key, colon, _ = body.partition(":")
    return bool(colon) and _word(key) in vocabulary.keys


def parse_tag(body: str, vocabulary: Vocabulary) -> Tag | None:
    """Reads what stands between brackets; None when the vocabulary does not know it."""
    key, colon, value = body.partition(":")
    key = _word(key)
    if colon:
        kind = vocabulary.keys.get(key)
        return _tag(kind, value, vocabulary) if kind else None
    if vocabulary.keys.get(key) == "pause":
        return Tag("pause", str(PAUSE_S))
    for kind in _BARE_KINDS:
        if tag := _tag(kind, key, vocabulary):
            return tag
    return None


def _tag(kind: CueKind, value: str, vocabulary: Vocabulary) -> Tag | None:
    if kind == "pause":
        return _pause(value)
    word = _word(value)
    # Models write [gesture:nod] and [anim:smile] as readily as [head:nod] and [face:smile].
    kinds: tuple[CueKind, ...] = ("gesture", "head", "face") if kind == "gesture" else (kind,)
    for each in kinds:
        if name := vocabulary.words[each].get(word):
            return Tag(each, name)
    return None


def _pause(value: str) -> Tag | None:
    match = _SECONDS.fullmatch(value.strip().lower())
    if not match:
        return None
    seconds = float(match[1]) / (1000 if match[2] == "ms" else 1)
    return Tag("pause", f"{min(seconds, MAX_PAUSE_S):g}")


def _word(text: str) -> str:
    return re.sub(r"[\s-]+", "_", text.strip().lower())
