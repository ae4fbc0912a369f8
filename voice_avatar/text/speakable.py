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
from voice_avatar.text import (
    numbers,
    numbers_en,
    signs,
    speakable_en,
    speakable_fr,
    speakable_plain,
    speakable_zh,
)
from voice_avatar.text.abbreviations import ends_sentence
from voice_avatar.text.characters import is_han
from voice_avatar.text.groups import groups

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
    """What a rule says for a part of the text.

    Attributes:
        start, end: the part.
        spoken: what is said for it.
        group_start, group_end: the group that it is in.
    """

    start: int
    end: int
    spoken: str
    group_start: int
    group_end: int


def speakable(text: str, language: str, following: str = "") -> Speakable:
    """Makes a display text speakable.

    Each group of the text (`text/groups.py`) is read by itself, so that texts cut between groups
    are spoken as they are spoken in one.

    Args:
        text: display text, or any other.
        language: ISO 639-1. English and Mandarin have rules of their own; of the others, those
            with number words in their folder have their numbers read, and the rest keep their
            digits: their voices read them.
        following: white space behind the text and the first character after it; "" = it ends.
    """
    text = _with_ascii_digits(text)
    pauses = languages.language(language).pauses
    scanner = _scanner(languages.primary_subtag(language))
    units = tuple(
        unit for start, end in groups(text, language) for unit in scanner.scan(text, start, end)
    )
    if not units:
        return Speakable("", ())
    spoken = ""
    words = []
    start = units[0].start - _leading(text[: units[0].start], follows_word=False)
    for unit, following_unit in zip(units, (*units[1:], None), strict=True):
        if spoken:
            spoken += _space(spoken[-1], unit.spoken[0])
        spoken_start = len(spoken)
        spoken += unit.spoken
        gap = text[unit.end : following_unit.start] if following_unit else text[unit.end :]
        lead = _leading(gap, follows_word=True) if following_unit else 0
        end = unit.end + len(re.split(r"\s", gap[: len(gap) - lead], maxsplit=1)[0])
        words.append(ChunkWord(start, end, spoken_start, len(spoken)))
        if following_unit and following_unit.group_end == unit.group_end:
            spoken += _pause(gap, pauses)
        else:
            spoken += _group_pause(unit, text, following, language, pauses)
        if following_unit:
            start = following_unit.start - lead
    return Speakable(spoken, tuple(words))


# -- units


_PLAIN = re.compile(r"([a-z]+|[\u4e00-\u9fff])[,;!?，。！？、；]*")


class _Scanner:
    """Finds the first rule that matches, from left to right."""

    def __init__(self, rules: Sequence[Rule], *, has_plain_words: bool = False) -> None:
        """Makes a scanner.

        Args:
            rules: patterns and what they say.
            has_plain_words: whether a group that is one word of small letters, or one Han
                character, is said as it is written: most are, and no rule need be tried.
        """
        self._plain = _PLAIN if has_plain_words else None
        self._any = re.compile("|".join(f"(?P<r{i}>{rule[0]})" for i, rule in enumerate(rules)))
        self._rules = {f"r{i}": (re.compile(rule[0]), rule[1]) for i, rule in enumerate(rules)}

    def scan(self, text: str, start: int, end: int) -> Iterator[_Unit]:
        """Yields what is said for a group, which sees nothing of the text around it."""
        if self._plain and (plain := self._plain.fullmatch(text, start, end)):
            yield _Unit(start, plain.end(1), plain[1], start, end)
            return
        group, places = signs.decoded(text[start:end])
        for found in self._any.finditer(group):
            pattern, say = self._rules[found.lastgroup or ""]
            match = pattern.match(group, found.start())
            spoken = say(match) if match else ""
            if not spoken:
                continue
            first, last = found.span()
            if places is not None:
                first, last = places[first], places[last]
            yield _Unit(start + first, start + last, spoken, start, end)


_RULES = {
    "en": (speakable_en.RULES, numbers_en.number_words),
    "zh": (speakable_zh.RULES, speakable_zh.number_words),
}
"""Languages whose rules are code, and how they say a number."""

_MORE_RULES = {"fr": speakable_fr.RULES}
"""Languages with rules before those of number words."""


@lru_cache(64)
def _scanner(language: str) -> _Scanner:
    """Returns the scanner of a language, made when it is first spoken."""
    known = languages.language(language)
    if language in _RULES:
        rules, number = _RULES[language]
        return _Scanner((*signs.rules(known.maths, number), *rules), has_plain_words=True)

    def plain_number(text: str) -> str:
        return numbers.number_words(text, known.numbers) if known.numbers else text

    rules = (*_MORE_RULES.get(language, ()), *speakable_plain.rules(known.numbers))
    return _Scanner((*signs.rules(known.maths, plain_number), *rules))


def _with_ascii_digits(text: str) -> str:
    """Replaces digits of other scripts, one for one."""
    if text.isascii():
        return text
    return "".join(str(int(c)) if c.isdecimal() and not c.isascii() else c for c in text)


# -- what stands between them


def _pause(gap: str, pauses: str) -> str:
    """The strongest pause in what stands between two units, as `Language.pauses` writes it."""
    gap = signs.heard(gap)
    marks = [_PAUSES[char] for char in gap if char in _PAUSES]
    if " - " in gap or "--" in gap:
        marks.append(",")
    if "..." in gap:
        marks = [mark for mark in marks if mark != "."] + [","]
    mark = max(marks, key=_STRENGTH.__getitem__, default="")
    return _written(mark, pauses)


def _group_pause(unit: _Unit, text: str, following: str, language: str, pauses: str) -> str:
    """The pause behind the last unit of a group.

    The marks that belong to the group have the word; only where there are none, what follows it.
    """
    after = text[unit.group_end :] or following
    first = after.lstrip()[:1]
    tail = text[unit.end : unit.group_end]
    if not first:
        tail = "".join(char for char in tail if char not in _WEAK).replace("...", ".")
    if mark := _pause(f"{tail} " if first else tail, pauses):
        return mark
    # The stop of an abbreviation belongs to it and may end the sentence as well.
    said = text[unit.group_start : unit.end]
    if said[-1] == "." and (not first or ends_sentence(said, first, language)):
        return _written(".", pauses)
    if not first:
        return ""
    if "\n" in after[: len(after) - len(after.lstrip())]:
        return _written(".", pauses)
    return _pause(first, pauses) if first in _WEAK else ""


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
