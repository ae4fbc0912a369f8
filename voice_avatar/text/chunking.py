"""LLM deltas -> display text and speakable chunks. Pure.

The first chunk leaves at the first clause boundary, so that speech begins early; each later one may
be twice as long as the one before, up to whole sentences, which sound better and have time by then.
A chunk leaves when the next visible character shows
that it is over: with "3.14" or "Dr. Ng" nothing earlier could know, and a tag behind the last
sentence still belongs to it. How the text was cut into deltas makes no difference.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

from voice_avatar import languages
from voice_avatar.events.payloads import ChunkWord, Cue, SpeakableChunk
from voice_avatar.text.abbreviations import ends_sentence
from voice_avatar.text.markup import MarkupReader, is_han
from voice_avatar.text.speakable import speakable
from voice_avatar.text.tags import Tag
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
        max_chars: most characters of any chunk, for text without words (URLs, "aaaa…").
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

_HAN_STOPS = frozenset("。！？｡")
_HAN_CLAUSES = frozenset("，、；：…")
_STOPS = frozenset("!?")
_CLAUSES = frozenset(",;:—–-")
_MARKS = _HAN_STOPS | _HAN_CLAUSES | _STOPS | _CLAUSES | {"."}
_CLOSERS = frozenset("\"'”’»)]）」』】》〉")
_IN_WORD = frozenset("'’-_")
_QUOTES = frozenset('"“”«»„「『([（')

_LEAST_SPLIT_WORDS = 3
"""Fewest words before a cut without punctuation: "The guided tour | can vary"."""


class Chunker:
    """Cuts one reply into chunks."""

    def __init__(self, options: ChunkingOptions, language: str) -> None:
        self._options = options
        self._language = language
        self._breaks = languages.language(language).writing.breaks
        self._reader = MarkupReader(vocabulary())
        self._index = 0
        self._growth = 1.0  # of this chunk against the first, no more than counts
        self._buffer = ""  # display text that is in no chunk yet
        self._weight = 0  # of the words in it
        self._cues: list[tuple[int, Tag]] = []  # with the place in the buffer that they stand at
        self._waiting: list[Tag] = []  # for the next visible character
        self._places: list[int] = []  # clause boundaries passed in the buffer
        self._mark = ""  # punctuation that the buffer ends with, closers aside
        self._separator = ""  # white space between the buffer and the next character
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
        self._cues += [(len(self._buffer), tag) for tag in self._waiting]
        self._waiting = []
        if self._buffer or self._cues:
            self._cut(len(self._buffer), is_sentence_end=True)
        chunks, self._chunks = tuple(self._chunks), []
        return Chunked(last.text, last.chunks + chunks)

    def _take(self, items: list[str | Tag]) -> Chunked:
        for item in items:
            if isinstance(item, Tag):
                self._tag(item)
            elif item.isspace():
                self._separator = item
            else:
                self._char(item)
        chunks, self._chunks = tuple(self._chunks), []
        return Chunked("".join(item for item in items if isinstance(item, str)), chunks)

    def _tag(self, tag: Tag) -> None:
        if tag.kind == "pause":
            self._cut(len(self._buffer), is_sentence_end=False, pause_s=float(tag.value))
        else:
            self._waiting.append(tag)

    def _char(self, char: str) -> None:
        """Takes one visible character, and lets go what it shows to be over."""
        boundary = self._boundary(char)
        if boundary:
            self._pass(boundary)
        if self._starts_word(char):
            if self._weight >= self._limit():
                self._split()
            self._weight += _HAN if is_han(char) else _WORD
        elif len(self._buffer) >= self._options.max_chars:
            self._cut(len(self._buffer), is_sentence_end=False)
        if self._buffer:
            self._buffer += self._separator
        self._separator = ""
        self._cues += [(len(self._buffer), tag) for tag in self._waiting]
        self._waiting = []
        self._note_mark(char)
        self._buffer += char
        if char == "," and self._is_clear_clause():
            self._pass(_Boundary.CLAUSE)

    def _is_clear_clause(self) -> bool:
        """Whether a comma ends a clause whatever follows: a letter before it, and no quotation."""
        return self._buffer[-2:-1].isalpha() and not _QUOTES & set(self._buffer)

    def _note_mark(self, char: str) -> None:
        if char in _MARKS:
            is_ellipsis = char == "." and self._buffer.endswith((".", "…"))
            if is_ellipsis:
                self._mark = "…"
            elif self._mark not in _HAN_STOPS | _STOPS:
                self._mark = char
        elif char not in _CLOSERS:
            self._mark = ""

    def _starts_word(self, char: str) -> bool:
        if not char.isalnum():
            return False
        before = self._buffer[-1:]
        if self._separator or not before or is_han(char) or is_han(before):
            return True
        return not (before.isalnum() or before in _IN_WORD)

    def _limit(self) -> int:
        return self._grown(self._options.first_max_words)

    def _grown(self, first_words: int) -> int:
        """Returns the weight that stands for `first_words` in a chunk as late as this one."""
        words = first_words * self._growth
        return int(_WORD * min(words, self._options.max_words))

    def _boundary(self, char: str) -> _Boundary:
        """What lies between the buffer and `char`."""
        mark = self._mark
        if self._separator == "\n":
            return _Boundary.LINE
        if not mark or (not self._separator and (char in _MARKS or char in _CLOSERS)):
            return _Boundary.NONE
        if mark in _HAN_STOPS:
            return _Boundary.SENTENCE
        if mark in _HAN_CLAUSES or mark == "—":
            is_inside = mark == "…" and not self._separator and not is_han(char)
            return _Boundary.NONE if is_inside else _Boundary.CLAUSE
        if not self._separator and not is_han(char):
            return _Boundary.NONE
        if mark in _CLAUSES:
            is_date = mark == "," and char.isdigit() and self._buffer[-2:-1].isdigit()
            return _Boundary.NONE if is_date else _Boundary.CLAUSE
        is_quoted = self._buffer[-1] in _CLOSERS and char.islower()
        if mark in _STOPS:
            return _Boundary.CLAUSE if is_quoted else _Boundary.SENTENCE
        return (
            _Boundary.SENTENCE
            if ends_sentence(self._buffer, char, self._language)
            else _Boundary.NONE
        )

    def _pass(self, boundary: _Boundary) -> None:
        """Cuts at the buffer's end if what was read makes a chunk, else remembers the place."""
        options = self._options
        if boundary is _Boundary.LINE:
            least = 1
        elif boundary is _Boundary.SENTENCE:
            least = _WORD * options.sentence_min_words
        else:
            least = self._grown(options.first_min_words)
        if self._weight >= least:
            self._cut(len(self._buffer), is_sentence_end=boundary >= _Boundary.SENTENCE)
        else:
            self._places.append(len(self._buffer))

    def _split(self) -> None:
        """Cuts a sentence that is too long, at the best place so far."""
        least = _WORD * max(_LEAST_SPLIT_WORDS, self._options.first_min_words)
        places = [place for place in self._places if _weigh(self._buffer[:place]) >= least]
        if not places:
            found = (match.start() for match in self._breaks.finditer(self._buffer))
            places = [place for place in found if _weigh(self._buffer[:place]) >= least]
        self._cut(places[-1] if places else len(self._buffer), is_sentence_end=False)

    def _cut(self, end: int, *, is_sentence_end: bool, pause_s: float = 0.0) -> None:
        """Makes a chunk of the buffer up to `end`."""
        text = self._buffer[:end]
        speech = speakable(text, self._language)
        cues = tuple(
            Cue(tag.kind, tag.value, _word_at(speech.words, place))
            for place, tag in self._cues
            if place <= end
        )
        if is_sentence_end:
            pause_s += self._options.sentence_pause_s
        chunk = SpeakableChunk(
            self._index, text, speech.spoken, speech.words, cues, pause_s, is_sentence_end
        )
        self._chunks.append(chunk)
        self._index += 1
        self._growth = min(self._growth * self._options.growth, float(self._options.max_words))
        rest = self._buffer[end:]
        gone = len(self._buffer) - len(rest.lstrip())
        self._buffer = rest.lstrip()
        self._cues = [(place - gone, tag) for place, tag in self._cues if place > end]
        self._places = [place - gone for place in self._places if place > end]
        self._weight = _weigh(self._buffer)
        if not self._buffer:
            self._mark = ""


def _word_at(words: tuple[ChunkWord, ...], place: int) -> int:
    return next((index for index, word in enumerate(words) if word.end > place), len(words))


_WORDS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+(?:['’_-]\w+)*")


def _weigh(text: str) -> int:
    """Returns the weight of the words in `text`."""
    return sum(_HAN if is_han(match[0][0]) else _WORD for match in _WORDS.finditer(text))
