"""Text rules: which words make people move, one data file per language. Pure."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Literal

from voice_avatar.events import SpeakableChunk

LANGUAGES = ("en", "zh")
"""Languages that have a rule file."""

Place = Literal["anywhere", "clause", "sentence", "question"]


@dataclass(frozen=True, slots=True)
class Move:
    """What a rule asks of one part of the body.

    Attributes:
        name: lexeme, expression or gaze target.
        amount: 0..1 instead of the vocabulary's; None = as there.
        repeats: head movements only; None = as in the vocabulary.
        duration_ms: gaze only, milliseconds.
    """

    name: str
    amount: float | None = None
    repeats: int | None = None
    duration_ms: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        id: unique in its file.
        phrases: what triggers it, as words (Han characters one by one), lower case.
        at: where: "anywhere", first in a "clause" or "sentence", or at the end of a "question".
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
    """

    language: str
    rules: tuple[Rule, ...] = ()
    function_words: frozenset[str] = frozenset()
    _by_word: dict[str, tuple[tuple[tuple[str, ...], Rule], ...]] = field(
        init=False, default_factory=dict, compare=False
    )

    def __post_init__(self) -> None:
        found: dict[str, list[tuple[tuple[str, ...], Rule]]] = {}
        for rule in self.rules:
            for phrase in rule.phrases:
                found.setdefault(phrase[0], []).append((phrase, rule))
        for word, entries in found.items():
            # `sorted` is stable: among phrases of one length the earlier rule stays first.
            self._by_word[word] = tuple(sorted(entries, key=lambda entry: -len(entry[0])))

    def match(self, text: ChunkText) -> tuple[tuple[int, Rule], ...]:
        """Returns (word, rule) for every rule that applies, in order of the words."""
        hits = []
        index = 0
        while index < len(text.words):
            phrase, rule = self._match_at(text, index)
            if rule:
                hits.append((index, rule))
            index += len(phrase) or 1
        questions = (rule for rule in self.rules if rule.at == "question")
        hits += [(word, rule) for rule in questions for word in text.questions]
        return tuple(sorted(hits, key=lambda hit: hit[0]))

    def _match_at(self, text: ChunkText, index: int) -> tuple[tuple[str, ...], Rule | None]:
        for phrase, rule in self._by_word.get(text.words[index], ()):
            is_here = (
                rule.at == "anywhere"
                or (rule.at == "sentence" and index == 0)
                or (rule.at == "clause" and index in text.clause_starts)
            )
            if is_here and text.words[index : index + len(phrase)] == phrase:
                return phrase, rule
        return (), None


@dataclass(frozen=True, slots=True)
class ChunkText:
    """The words of a chunk as rules see them.

    Attributes:
        words: lower case, without punctuation; one per word of the chunk.
        clauses: clause number of each word, from 0.
        clause_starts: words that begin a clause.
        questions: words that a question mark follows.
    """

    words: tuple[str, ...]
    clauses: tuple[int, ...]
    clause_starts: frozenset[int]
    questions: tuple[int, ...]


_CLAUSE_END = re.compile(r"[,.;:!?，。！？；：—…]['\"”’)）」]*\s*$")
_EDGES = re.compile(r"^\W+|\W+$")


def read_chunk(chunk: SpeakableChunk) -> ChunkText:
    """Reads a chunk's words, clauses and questions."""
    words, clauses, starts, questions = [], [], [], []
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
    return ChunkText(tuple(words), tuple(clauses), frozenset(starts), tuple(questions))


@cache
def rule_set(language: str) -> RuleSet:
    """Returns the rules of a language; none for one without a file."""
    if language not in LANGUAGES:
        return RuleSet(language)
    folder = resources.files("voice_avatar").joinpath("data/gestures")
    return parse(folder.joinpath(f"{language}.toml").read_text(encoding="utf-8"))


def parse(toml_text: str) -> RuleSet:
    """Reads a rule file.

    Raises:
        KeyError, TypeError, ValueError: it is not one (package data is checked by tests).
    """
    data: dict[str, Any] = tomllib.loads(toml_text)
    rules = tuple(_rule(row) for row in data["rules"])
    return RuleSet(data["language"], rules, frozenset(data["function_words"]))


def _rule(row: dict[str, Any]) -> Rule:
    phrases = tuple(_phrase(words) for words in row.pop("words", ()))
    gesture, head, face, gaze = (
        row.pop(part, None) for part in ("gesture", "head", "face", "gaze")
    )
    return Rule(
        phrases=phrases,
        gesture=gesture and Move(gesture["lexeme"], gesture.get("amplitude")),
        head=head and Move(head["lexeme"], head.get("amount"), head.get("repeats")),
        face=face and Move(face["expression"], face.get("intensity")),
        gaze=gaze and Move(gaze["target"], duration_ms=gaze["duration_ms"]),
        **row,
    )


def _phrase(words: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[\u3400-\u9fff]|[^\s\u3400-\u9fff]+", words))
