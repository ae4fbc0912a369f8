"""Display text -> what a synthesizer can say, word by word. Pure.

A language is a list of rules (pattern -> words), tried in order at every place. What no rule knows
is not spoken, so that no symbol, digit, mark of markdown or emoji reaches the voice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from voice_avatar import languages
from voice_avatar.events.payloads import ChunkWord
from voice_avatar.text import speakable_en, speakable_plain, speakable_zh
from voice_avatar.text.markup import is_han

Rule = speakable_plain.Rule

_PAUSES = {
    ",": ",", "、": "、", "，": "，", "(": ",", ")": ",", "（": "，", "）": "，", "|": ",",
    "–": ",", "—": ",", ":": ",", "：": "，", "…": ",", ";": ";", "；": "；", "\n": ".",
    ".": ".", "。": "。", "｡": "。", "!": "!", "！": "！", "?": "?", "？": "？",
}  # fmt: skip
"""Punctuation -> the pause that a voice makes of it."""

_COMMON_PAUSES = ",;.!?"
_STRENGTH = {mark: rank for rank, mark in enumerate(" 、，,；;。.！!？?")}
_WEAK = frozenset("()（）|")
_OPENERS = frozenset("\"'“‘«(（[「『《<$€£¥￥#~")


@dataclass(frozen=True, slots=True)
class Speakable:
    """What is said for a display text.

    Attributes:
        spoken: words and pauses only.
        words: one per display word, date or amount; in Chinese, one per character. They cover
            every display word with its punctuation, and every spoken word without.
    """

    spoken: str
    words: tuple[ChunkWord, ...]


@dataclass(frozen=True, slots=True)
class _Unit:
    start: int
    end: int
    spoken: str


def speakable(text: str, language: str) -> Speakable:
    """Makes a display text speakable.

    Args:
        text: display text, or any other.
        language: ISO 639-1. English and Mandarin have rules of their own; of the others, those
            with number words in their folder have their numbers read, and the rest keep their
            digits: their voices read them.
    """
    text = _with_ascii_digits(text)
    pauses = languages.language(language).pauses
    units = tuple(_scanner(languages.primary_subtag(language)).scan(text))
    if not units:
        return Speakable("", ())
    spoken = ""
    words = []
    start = units[0].start - _leading(text[: units[0].start], follows_word=False)
    for unit, following in zip(units, (*units[1:], None), strict=True):
        if spoken:
            spoken += _space(spoken[-1], unit.spoken[0])
        spoken_start = len(spoken)
        spoken += unit.spoken
        gap = text[unit.end : following.start] if following else text[unit.end :]
        lead = _leading(gap, follows_word=True) if following else 0
        end = unit.end + len(re.split(r"\s", gap[: len(gap) - lead], maxsplit=1)[0])
        words.append(ChunkWord(start, end, spoken_start, len(spoken)))
        if following:
            start = following.start - lead
            spoken += _pause(gap, pauses)
        else:
            spoken += _last_pause(text, unit.end, pauses)
    return Speakable(spoken, tuple(words))


# -- units


class _Scanner:
    """Finds the first rule that matches, from left to right."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._any = re.compile("|".join(f"(?P<r{i}>{rule[0]})" for i, rule in enumerate(rules)))
        self._rules = {f"r{i}": (re.compile(rule[0]), rule[1]) for i, rule in enumerate(rules)}

    def scan(self, text: str) -> Iterator[_Unit]:
        for found in self._any.finditer(text):
            pattern, say = self._rules[found.lastgroup or ""]
            match = pattern.match(text, found.start())
            spoken = say(match) if match else ""
            if spoken:
                yield _Unit(found.start(), found.end(), spoken)


_RULES = {"en": speakable_en.RULES, "zh": speakable_zh.RULES}
"""Languages whose rules are code."""


@lru_cache(64)
def _scanner(language: str) -> _Scanner:
    """Returns the scanner of a language, made when it is first spoken."""
    if language in _RULES:
        return _Scanner(_RULES[language])
    return _Scanner(speakable_plain.rules(languages.language(language).numbers))


def _with_ascii_digits(text: str) -> str:
    """Replaces digits of other scripts, one for one."""
    if text.isascii():
        return text
    return "".join(str(int(c)) if c.isdecimal() and not c.isascii() else c for c in text)


# -- what stands between them


def _pause(gap: str, pauses: str) -> str:
    """The strongest pause in what stands between two units, as `Language.pauses` writes it."""
    marks = [_PAUSES[char] for char in gap if char in _PAUSES]
    if " - " in gap or "--" in gap:
        marks.append(",")
    if "..." in gap:
        marks = [mark for mark in marks if mark != "."] + [","]
    mark = max(marks, key=_STRENGTH.__getitem__, default="")
    return _written(mark, pauses)


def _last_pause(text: str, end: int, pauses: str) -> str:
    gap = "".join(char for char in text[end:] if char not in _WEAK)
    if mark := _pause(gap.replace("...", ".").rstrip("\n"), pauses):
        return mark
    # The stop of an abbreviation belongs to it and may end the sentence as well.
    return _written(".", pauses) if text[:end].endswith(".") else ""


def _written(mark: str, pauses: str) -> str:
    """A pause as a language writes it; marks of another script stay what they are."""
    place = _COMMON_PAUSES.find(mark) if mark else -1
    return pauses[place] if place >= 0 else mark


def _space(before: str, after: str) -> str:
    return "" if is_han(before) or is_han(after) or before in "，。！？；、" else " "


def _leading(gap: str, *, follows_word: bool) -> int:
    """How many characters at the end of a gap are written together with the word behind it."""
    tail = re.split(r"\s", gap)[-1]
    if follows_word and len(tail) == len(gap):
        opener = next((i for i, char in enumerate(gap) if char in _OPENERS), len(gap))
        tail = gap[opener:]
    return len(tail)
