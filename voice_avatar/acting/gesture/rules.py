"""Text rules: which words make people move, one data file per language. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from voice_avatar import languages
from voice_avatar.events.cues import Side
from voice_avatar.events.payloads import SpeakableChunk

Place = Literal["anywhere", "clause", "sentence", "alone", "question", "list"]


@dataclass(frozen=True, slots=True)
class Move:
    """What a rule asks of one part of the body.

    Attributes:
        name: lexeme, expression or gaze target.
        amount: 0..1 instead of the vocabulary's; None = as there.
        repeats: head movements only; None = as in the vocabulary.
        duration_ms: gaze only, milliseconds.
        side: head only: where it goes; None = not where it went last.
        gap_s: head only: least time since the last head movement; None = the usual.
    """

    name: str
    amount: float | None = None
    repeats: int | None = None
    duration_ms: int = 0
    side: Side | None = None
    gap_s: float | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        id: unique in its file.
        phrases: what triggers it, as words (Han characters one by one), lower case.
        at: where: "anywhere", first in a "clause" or "sentence", "alone" in its clause, at the end
            of a "question", or at each item of a "list".
        needs_stress: only where the voice stresses the word.
        cooldown_s: not again within so many seconds.
        amplify: factor on the amplitude of the next beat.
        gesture, head, face, gaze: what to do.
    """

    id: str
    phrases: tuple[tuple[str, ...], ...] = ()
    at: Place = "anywhere"
    needs_stress: bool = False
    cooldown_s: float = 0.0
    amplify: float = 1.0
    gesture: Move | None = None
    head: Move | None = None
    face: Move | None = None
    gaze: Move | None = None


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules of a language.

    Attributes:
        language: ISO 639-1.
        rules: in the order in which they are tried.
        function_words: words that carry no beat.
        inert: phrases that only look like a rule's ("after all", "right now").
    """

    language: str
    rules: tuple[Rule, ...] = ()
    function_words: frozenset[str] = frozenset()
    inert: tuple[tuple[str, ...], ...] = ()
    _by_word: dict[str, tuple[tuple[tuple[str, ...], Rule | None], ...]] = field(
        init=False, default_factory=dict, compare=False
    )

    def __post_init__(self) -> None:
        found: dict[str, list[tuple[tuple[str, ...], Rule | None]]] = {}
        for words in self.inert:
            found.setdefault(words[0], []).append((words, None))
        for rule in self.rules:
            for words in rule.phrases:
                found.setdefault(words[0], []).append((words, rule))
        for word, entries in found.items():
            # `sorted` is stable: among phrases of one length the earlier rule stays first.
            self._by_word[word] = tuple(sorted(entries, key=lambda entry: -len(entry[0])))

    def match(self, text: ChunkText) -> tuple[tuple[int, int, Rule], ...]:
        """Returns (first word, one past the last, rule) for every rule that applies, in order."""
        hits = []
        index = 0
        while index < len(text.words):
            matched, rule = self._match_at(text, index)
            if rule:
                hits.append((index, index + len(matched), rule))
            index += len(matched) or 1
        for rule in self.rules:
            if rule.at == "question":
                hits += [(word, word + 1, rule) for word in text.questions]
            elif rule.at == "list":
                hits += [(word, word + 1, rule) for word in text.items]
        return tuple(sorted(hits, key=lambda hit: hit[0]))

    def _match_at(self, text: ChunkText, index: int) -> tuple[tuple[str, ...], Rule | None]:
        for words, rule in self._by_word.get(text.words[index], ()):
            end = index + len(words)
            if text.words[index:end] == words and (
                rule is None or _is_at(rule.at, text, index, end)
            ):
                return words, rule
        return (), None


@dataclass(frozen=True, slots=True)
class ChunkText:
    """The words of a chunk as rules see them.

    Attributes:
        words: lower case, without punctuation; one per word of the chunk.
        clauses: clause number of each word, from 0.
        clause_starts: words that begin a clause.
        questions: words that a question mark follows.
        items: a word for each item of an enumeration.
    """

    words: tuple[str, ...]
    clauses: tuple[int, ...]
    clause_starts: frozenset[int]
    questions: tuple[int, ...]
    items: tuple[int, ...] = ()


def _is_at(place: Place, text: ChunkText, index: int, end: int) -> bool:
    """Returns whether the words [index, end) stand where a rule wants them."""
    match place:
        case "anywhere":
            return True
        case "sentence":
            return index == 0
        case "clause":
            return index in text.clause_starts
        case "alone":
            is_end = end == len(text.words) or end in text.clause_starts
            return index in text.clause_starts and is_end
        case _:
            return False


_CLAUSE_END = re.compile(r"[,.;:!?，。！？；：—…]['\"”’)）」]*\s*$")
_COMMA = re.compile(r"[,，、]['\"”’)）」]*\s*$")
_ITEM_WORDS = 4
"""An item of an enumeration has at most so many words; longer ones are clauses."""
_EDGES = re.compile(r"^\W+|\W+$")


def read_chunk(chunk: SpeakableChunk, language: str) -> ChunkText:
    """Reads a chunk's words, clauses and questions."""
    joiners = languages.language(language).writing.joiners
    words, clauses, starts, questions, commas = [], [], [], [], []
    clause = -1
    is_start = True
    for index, word in enumerate(chunk.words):
        after = chunk.words[index + 1].start if index + 1 < len(chunk.words) else len(chunk.text)
        written = chunk.text[word.start : after]
        if is_start:
            clause += 1
            starts.append(index)
        words.append(_EDGES.sub("", written).lower().replace("’", "'"))
        clauses.append(clause)
        is_start = bool(_CLAUSE_END.search(written))
        if "?" in written or "？" in written:
            questions.append(index)
        if _COMMA.search(written):
            commas.append(index)
    return ChunkText(
        tuple(words),
        tuple(clauses),
        frozenset(starts),
        tuple(questions),
        tuple(_items(words, commas, joiners)),
    )


def _items(words: Sequence[str], commas: Sequence[int], joiners: Set[str]) -> list[int]:
    """Returns a word for each item of an enumeration: "… apples, ripe pears and plums".

    An enumeration has commas, short items between them, and an "and" before the last one. Of the
    first item the last word is taken, of the others the first.
    """
    last = next((i for i in range(len(words) - 1, 0, -1) if words[i] in joiners), None)
    if last is None or last == len(words) - 1:
        return []
    between = [comma for comma in commas if comma < last]
    items = [last + 1]
    end = last
    for comma in reversed(between):
        if end - comma - 1 > _ITEM_WORDS:
            break
        if end - comma > 1:
            items.append(comma + 1)
        end = comma
        items_before = comma
    if not between or end == last:
        return []
    return sorted({items_before, *items})


@cache
def rule_set(language: str) -> RuleSet:
    """Returns the rules of a language; none for one without a file."""
    rules = languages.document(language, "gestures.toml")
    return parse(rules) if rules is not None else RuleSet(language)


def parse(toml_text: str) -> RuleSet:
    """Reads a rule file.

    Raises:
        KeyError, TypeError, ValueError: it is not one (package data is checked by tests).
    """
    data: dict[str, Any] = tomllib.loads(toml_text)
    rules = tuple(_rule(row) for row in data["rules"])
    inert = tuple(map(phrase, data.get("inert", ())))
    return RuleSet(data["language"], rules, frozenset(data["function_words"]), inert)


def _rule(row: dict[str, Any]) -> Rule:
    phrases = tuple(phrase(words) for words in row.pop("words", ()))
    gesture, head, face, gaze = (
        row.pop(part, None) for part in ("gesture", "head", "face", "gaze")
    )
    return Rule(
        phrases=phrases,
        gesture=gesture and Move(gesture["lexeme"], gesture.get("amplitude")),
        head=head
        and Move(
            head["lexeme"],
            head.get("amount"),
            head.get("repeats"),
            side=head.get("side"),
            gap_s=head.get("gap_s"),
        ),
        face=face and Move(face["expression"], face.get("intensity")),
        gaze=gaze and Move(gaze["target"], duration_ms=gaze["duration_ms"]),
        **row,
    )


def phrase(words: str) -> tuple[str, ...]:
    """Returns the words of a phrase, as `ChunkText.words` has them: Han characters one by one."""
    return tuple(re.findall(r"[\u3400-\u9fff]|[^\s\u3400-\u9fff]+", words))
