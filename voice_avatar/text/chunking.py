"""LLM deltas -> display text and speakable chunks. Pure.

The first chunk leaves at the first clause boundary, so that speech begins early; each later one may
be twice as long as the one before, up to whole sentences, which sound better and have time by then.
A chunk ends between two groups (`text/groups.py`), so that
no number, amount, name or address is torn. It leaves when what follows shows that it is over: with
"3.14" or "Dr. Ng" nothing earlier could know, and a tag behind the last sentence still belongs to
it. How the text was cut into deltas makes no difference.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

from voice_avatar import languages
from voice_avatar.events.payloads import ChunkWord, Cue, SpeakableChunk
from voice_avatar.text.abbreviations import ends_sentence
from voice_avatar.text.characters import (
    CLAUSES,
    CLOSERS,
    HAN_CLAUSES,
    HAN_STOPS,
    MARKS,
    QUOTES,
    STOPS,
    is_han,
)
from voice_avatar.text.groups import holds, is_clear_comma, parts
from voice_avatar.text.markup import Item, MarkupReader
from voice_avatar.text.speakable import speakable
from voice_avatar.text.tags import CodeEdge, Tag
from voice_avatar.vocabulary import vocabulary


@dataclass(frozen=True, slots=True)
class ChunkingOptions:
    """Where replies are cut. A Han character counts as two thirds of a word (of speaking time).

    Attributes:
        first_min_words: fewest words of a first chunk that ends at a clause ("Well, yes,").
        first_max_words: most words of the first chunk; it is then cut without punctuation. At 50
            tokens a second, each word less is heard 25 ms sooner.
        growth: how much longer each chunk may be than the one before. Two words are 0.7 s of
            speech, in which a model of 50 tokens a second writes 25 more.
        max_words: most words of a later chunk: about 10 s of speech at 150 words a minute.
        sentence_min_words: a shorter sentence ("Oh!") is spoken together with the next one.
        max_chars: a chunk of so many characters ends as soon as it may, for text without words.
        sentence_pause_s: silence added after a sentence, seconds (the voice brings its own).
    """

    first_min_words: int = 2
    first_max_words: int = 5
    growth: float = 2.0
    max_words: int = 25
    sentence_min_words: int = 2
    max_chars: int = 300
    sentence_pause_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Chunked:
    """What a delta made certain.

    Attributes:
        text: display text to append, without tags and markup.
        chunks: chunks that are complete now.
    """

    text: str
    chunks: tuple[SpeakableChunk, ...] = ()


class _Boundary(IntEnum):
    """What the text does at a place, weakest first."""

    NONE = 0
    CLAUSE = 1
    SENTENCE = 2
    LINE = 3


_WORD, _HAN = 3, 2  # weights: thirds of a word

_IN_WORD = frozenset("'’-_")
_LEAST_SPLIT_WORDS = 3
"""Fewest words before a cut without punctuation: "The guided tour | can vary"."""


@dataclass(frozen=True, slots=True)
class _Seam:
    """A place between two atoms.

    Attributes:
        end: of the atom before it, in the buffer.
        separator: white space behind that.
        weight: of the words before it.
    """

    end: int
    separator: str
    weight: int


class Chunker:
    """Cuts one reply into chunks."""

    def __init__(self, options: ChunkingOptions, language: str) -> None:
        self._options = options
        self._language = language
        self._clause_words = languages.language(language).writing.breaks
        self._reader = MarkupReader(vocabulary())
        self._index = 0
        self._growth = 1.0  # of this chunk against the first, no more than counts
        self._buffer = ""  # display text that is in no chunk yet
        self._weight = 0  # of the words in it
        self._cues: list[tuple[int, Tag]] = []  # with the place in the buffer that they stand at
        self._waiting: list[Tag] = []  # for the next visible character
        self._pause_s = 0.0  # asked for, to be made at the next place where a chunk may end
        self._group = 0  # where the last group of the buffer begins
        self._atom = 0  # where its last atom begins, or the one that is not known to be its
        self._open: _Seam | None = None  # between the last group and that atom
        self._seams: set[int] = set()  # ends of groups in the buffer
        self._places: list[int] = []  # those of them that are clause boundaries
        self._separator = ""  # white space between the buffer and the next character
        self._code: str | None = None  # of the block that is open and in no chunk yet
        self._is_code_named = False  # whether it was said that there is one
        self._chunks: list[SpeakableChunk] = []

    @property
    def unknown_tags(self) -> int:
        """How many tags were dropped because nobody knows them."""
        return self._reader.unknown_tags

    def push(self, delta: str) -> Chunked:
        """Reads on."""
        return self._take(self._reader.push(delta))

    def flush(self) -> Chunked:
        """Ends the reply: everything that was held back comes out."""
        last = self._take(self._reader.flush())
        self._decide(is_whole=True)
        self._cues += [(len(self._buffer), tag) for tag in self._waiting]
        self._waiting = []
        if self._buffer or self._cues:
            self._cut(len(self._buffer), is_sentence_end=True, is_last=True)
        if self._pause_s:
            self._cut(0, is_sentence_end=False)
        chunks, self._chunks = tuple(self._chunks), []
        return Chunked(last.text, last.chunks + chunks)

    def _take(self, items: list[Item]) -> Chunked:
        for item in items:
            if isinstance(item, Tag):
                self._tag(item)
            elif isinstance(item, CodeEdge):
                self._code_edge(is_begin=item.is_begin)
            elif self._code is not None:
                self._code_text(self._code, item)
            elif item.isspace():
                self._separator = item
            else:
                self._char(item)
        chunks, self._chunks = tuple(self._chunks), []
        return Chunked("".join(item for item in items if isinstance(item, str)), chunks)

    def _tag(self, tag: Tag) -> None:
        if tag.kind != "pause":
            self._waiting.append(tag)
            return
        self._pause_s += float(tag.value)
        if not self._buffer:
            self._cut(0, is_sentence_end=False)

    def _code_edge(self, *, is_begin: bool) -> None:
        """Begins or ends a block of code, which is in chunks of its own: named, and not read."""
        if is_begin:
            self._decide(is_whole=True)
            if self._buffer:
                self._cut(len(self._buffer), is_sentence_end=True)
            self._code, self._is_code_named = "", False
        else:
            self._cut_code(self._code or "")
            self._code = None

    def _code_text(self, code: str, item: str) -> None:
        if "\n" in item and not self._is_code_named:
            self._cut_code(code)  # it is named at once: much more of it may be to come
            code = ""
        self._code = code + item

    def _cut_code(self, code: str) -> None:
        if not (text := code.strip("\n")).strip():
            return
        maths = languages.language(self._language).maths
        spoken = "" if self._is_code_named or not maths else maths.forms["code"]
        words = (ChunkWord(0, len(text), 0, len(spoken)),) if spoken else ()
        self._is_code_named = True
        spoken += languages.language(self._language).full_stop if spoken else ""
        self._add(SpeakableChunk(self._index, text, spoken, words))

    def _add(self, chunk: SpeakableChunk) -> None:
        self._chunks.append(chunk)
        self._index += 1
        self._growth = min(self._growth * self._options.growth, float(self._options.max_words))

    def _char(self, char: str) -> None:
        """Takes one visible character, and lets go what it shows to be over."""
        separator, self._separator = self._separator, ""
        if not self._buffer:
            self._atom = self._group = 0
        elif separator or parts(self._buffer[self._atom :], char):
            self._decide(is_whole=True)
            self._begin_atom(separator)
        if self._starts_word(char):
            self._weight += _HAN if is_han(char) else _WORD
        self._cues += [(len(self._buffer), tag) for tag in self._waiting]
        self._waiting = []
        self._buffer += char
        if self._open and len(self._buffer) == self._open.end + len(self._open.separator) + 1:
            self._decide(is_whole=False)
        if char == "," and is_clear_comma(self._buffer[self._atom :]):
            self._decide(is_whole=True)
            if not QUOTES & set(self._buffer):
                self._pass(_Boundary.CLAUSE, len(self._buffer))

    # -- where groups end

    def _begin_atom(self, separator: str) -> None:
        """Begins an atom; whether it belongs to the last group is open."""
        if not self._buffer:  # what was there has left
            self._atom = self._group = 0
            return
        self._open = _Seam(len(self._buffer), separator, self._weight)
        self._buffer += separator
        self._atom = len(self._buffer)

    def _decide(self, *, is_whole: bool) -> None:
        """Decides whether the last atom belongs to the group before it, if that can be known."""
        if self._open is None:
            return
        group, atom = self._buffer[self._group : self._open.end], self._buffer[self._atom :]
        is_held = holds(group, self._open.separator, atom, self._language, is_whole=is_whole)
        if is_held is None:
            return
        seam, self._open = self._open, None
        if not is_held:
            self._group = self._atom
            self._end_group(seam)

    def _end_group(self, seam: _Seam) -> None:
        """Takes the end of a group: the only places where a chunk ends."""
        char = self._buffer[self._atom]
        if not seam.separator and (char in MARKS or char in CLOSERS):
            return  # they belong to what is before them
        self._seams.add(seam.end)
        index = self._index
        if self._pause_s:
            self._cut(seam.end, is_sentence_end=False)
        elif boundary := self._boundary(seam):
            self._pass(boundary, seam.end, seam.weight)
        if self._index > index:
            return
        if seam.weight >= self._limit():
            self._split(seam.end)
        elif seam.end >= self._options.max_chars:
            self._cut(seam.end, is_sentence_end=False)

    def _mark(self, end: int) -> str:
        """Returns the punctuation that a part of the buffer ends with, closers aside."""
        start = end
        while start and (self._buffer[start - 1] in MARKS or self._buffer[start - 1] in CLOSERS):
            start -= 1
        mark = ""
        for place in range(start, end):
            char = self._buffer[place]
            if char in CLOSERS:
                continue
            if char == "." and self._buffer[:place].endswith((".", "…")):
                mark = "…"
            elif mark not in HAN_STOPS | STOPS:
                mark = char
        return mark

    def _starts_word(self, char: str) -> bool:
        if not char.isalnum():
            return False
        before = self._buffer[-1:]
        if not before or before.isspace() or is_han(char) or is_han(before):
            return True
        return not (before.isalnum() or before in _IN_WORD)

    def _limit(self) -> int:
        return self._grown(self._options.first_max_words)

    def _grown(self, first_words: int) -> int:
        """Returns the weight that stands for `first_words` in a chunk as late as this one."""
        words = first_words * self._growth
        return int(_WORD * min(words, self._options.max_words))

    def _boundary(self, seam: _Seam) -> _Boundary:
        """What lies between two groups."""
        before = self._buffer[: seam.end]
        char = self._buffer[seam.end + len(seam.separator)]
        if "\n" in seam.separator:
            return _Boundary.LINE
        mark = self._mark(seam.end)
        if not mark:
            return _Boundary.NONE
        if mark in HAN_STOPS:
            return _Boundary.SENTENCE
        if mark in HAN_CLAUSES or mark in CLAUSES:
            is_date = mark == "," and char.isdigit() and before[-2:-1].isdigit()
            return _Boundary.NONE if is_date else _Boundary.CLAUSE
        is_quoted = before[-1] in CLOSERS and char.islower()
        if mark in STOPS:
            return _Boundary.CLAUSE if is_quoted else _Boundary.SENTENCE
        is_over = ends_sentence(before, char, self._language)
        return _Boundary.SENTENCE if is_over else _Boundary.NONE

    # -- chunks

    def _pass(self, boundary: _Boundary, end: int, weight: int | None = None) -> None:
        """Cuts at a boundary if what was read makes a chunk, else remembers the place."""
        options = self._options
        if boundary is _Boundary.LINE:
            least = 1
        elif boundary is _Boundary.SENTENCE:
            least = _WORD * options.sentence_min_words
        else:
            least = self._grown(options.first_min_words)
        if (self._weight if weight is None else weight) >= least:
            self._cut(end, is_sentence_end=boundary >= _Boundary.SENTENCE)
        else:
            self._places.append(end)

    def _split(self, end: int) -> None:
        """Cuts a sentence that is too long, at the best place so far."""
        least = _WORD * max(_LEAST_SPLIT_WORDS, self._options.first_min_words)
        places = [place for place in self._places if _weigh(self._buffer[:place]) >= least]
        if not places:
            found = {match.start() for match in self._clause_words.finditer(self._buffer)}
            found = {place for place in found & self._seams if place < end}
            places = [place for place in sorted(found) if _weigh(self._buffer[:place]) >= least]
        self._cut(places[-1] if places else end, is_sentence_end=False)

    def _cut(self, end: int, *, is_sentence_end: bool, is_last: bool = False) -> None:
        """Makes a chunk of the buffer up to `end`."""
        text, rest = self._buffer[:end], self._buffer[end:]
        gone = len(self._buffer) - len(rest.lstrip())
        speech = speakable(text, self._language, self._buffer[end : gone + 1])
        cues = tuple(
            Cue(tag.kind, tag.value, _word_at(speech.words, place))
            for place, tag in self._cues
            if place < end or is_last
        )
        pause_s, self._pause_s = self._pause_s, 0.0
        if is_sentence_end:
            pause_s += self._options.sentence_pause_s
        chunk = SpeakableChunk(
            self._index, text, speech.spoken, speech.words, cues, pause_s, is_sentence_end
        )
        self._add(chunk)
        self._buffer = self._buffer[gone:]
        self._cues = [(place - gone, tag) for place, tag in self._cues if place >= end]
        self._places = [place - gone for place in self._places if place > end]
        self._seams = {place - gone for place in self._seams if place > end}
        self._group, self._atom = max(0, self._group - gone), max(0, self._atom - gone)
        self._weight = _weigh(self._buffer)


def _word_at(words: tuple[ChunkWord, ...], place: int) -> int:
    return next((index for index, word in enumerate(words) if word.end > place), len(words))


_WORDS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+(?:['’_-]\w+)*")


def _weigh(text: str) -> int:
    """Returns the weight of the words in `text`."""
    return sum(_HAN if is_han(match[0][0]) else _WORD for match in _WORDS.finditer(text))
