"""What is known of a language: its words, its script, what the avatar says in it. Pure.

A language is a folder of TOML, `data/languages/<code>/`, and adding one is adding a folder
(docs/languages.md). `language.toml` makes the folder a language; every other file may be missing:

    language.toml  name, script, and the few texts that the avatar has ready
    cues.toml      what listeners say, what opens a turn, what takes the floor, where nobody stops
    writing.toml   abbreviations, and where a long clause may be cut
    numbers.toml   number words, and other signs that a voice does not read by itself
    maths.toml     how formulas are said, and what stands for a block of code
    gestures.toml  which words make people move (read by acting, not here)
    feelings.toml  what words feel like (likewise)

What a folder leaves out is taken from English, the way the code did before languages were data:
people say "okay" in most languages. Three things are not, because the words of another language
would be wrong there and not only missing: endings that leave a sentence open, number words, maths.

Package data is read once, when a language is first asked for; nothing is read at import.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Final, Protocol, cast


class Root(Traversable, Hashable, Protocol):
    """A folder of languages; what was read from it is remembered by it."""


ROOT: Final = cast("Root", resources.files("voice_avatar") / "data" / "languages")
"""The languages that ship with the package."""

_FALL_BACK: Final = "en"
"""The language of what a folder leaves out, and of codes without a folder."""

_KNOWN: Final = 256
"""Spellings of codes that are remembered: clients choose them, so that there must be an end."""

_NOTHING: Final = "(?!)"
"""A pattern that matches nowhere."""

_COMMON_PAUSES: Final = ",;.!?"


@dataclass(frozen=True, slots=True)
class Markup:
    """How a model is told of the tags that it may write.

    Attributes:
        rule: the whole instruction; "{tags}" stands for the next two.
        faces, gestures: lists of tags; "{}" stands for the tags.
    """

    rule: str
    faces: str
    gestures: str


@dataclass(frozen=True, slots=True)
class Cues:
    """Words that tell something about a turn; lower case, without punctuation at their edges.

    Attributes:
        hum: the spelling, letters only, of a sound that is no word.
        continuers: words and phrases of listeners, who claim no turn with them.
        most_continuers: more of them than these claim one.
        longest: words of the longest continuer.
        run: one to some continuers without spaces between them, for a script without spaces.
        claims: words with which people take the floor; in a script without spaces, parts of text.
        few: words (without spaces: characters), at most, that a recogniser may have made up.
        openers: words that often only open a turn.
        most_openers: more of them than these do more than that; 0 = any number opens.
        hums_open: whether a hum opens a turn too.
        open_endings: last words (without spaces: ends of text) after which nobody has finished.
        numerals: words with which numbers are dictated, in the order in which people count;
            without spaces, single characters.
        leads: what is said before what is dictated ("it's").
        dictations: finds what announces a dictation ("my number is"), in lower case.
        addresses: finds, in what announces one, that it is an address.
        streets: finds a street at the end of an address.
    """

    hum: re.Pattern[str]
    continuers: frozenset[str]
    most_continuers: int
    longest: int
    run: re.Pattern[str]
    claims: frozenset[str]
    few: int
    openers: frozenset[str]
    most_openers: int
    hums_open: bool
    open_endings: tuple[str, ...]
    numerals: tuple[str, ...]
    leads: frozenset[str]
    dictations: re.Pattern[str]
    addresses: re.Pattern[str]
    streets: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Writing:
    """How a language is written. Abbreviations are lower case, without their last stop.

    Attributes:
        always: abbreviations that something always follows.
        before_number: words that a stop abbreviates only before a number.
        either_way: abbreviations that may end a sentence.
        words_of_one_letter: single capitals that are words and no initials.
        breaks: places where a clause without punctuation may be cut.
        joiners: words before the last item of an enumeration ("and").
    """

    always: frozenset[str]
    before_number: frozenset[str]
    either_way: frozenset[str]
    words_of_one_letter: frozenset[str]
    breaks: re.Pattern[str]
    joiners: frozenset[str]


@dataclass(frozen=True, slots=True)
class Scale:
    """A number that has a name, and how its multiples are said.

    Attributes:
        value: the number, at least 100.
        one: it alone.
        many: several of it; "{}" stands for how many.
        followed: the same where a smaller number follows.
    """

    value: int
    one: str
    many: str
    followed: str


@dataclass(frozen=True, slots=True)
class Numbers:
    """How numbers are said.

    Attributes:
        below_100: 0 to 99.
        scales: greatest first. Numbers from 1000 times the greatest on are read digit by digit.
        minus, plus, point: said for the signs.
        percent: "{}" stands for the number.
        decimal_sign: between whole and fraction, as it is written.
        thousands_signs: characters that may stand between groups of three digits.
        is_fraction_spelt: whether the digits of a fraction are said one by one ("point two five");
            otherwise as a number ("virgule vingt-cinq").
        signs: written -> spoken, for what a voice does not read by itself ("&", "n°").
    """

    below_100: tuple[str, ...]
    scales: tuple[Scale, ...]
    minus: str
    plus: str
    point: str
    percent: str
    decimal_sign: str
    thousands_signs: str
    is_fraction_spelt: bool
    signs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Maths:
    """How mathematics is said.

    Attributes:
        signs: sign -> words.
        forms: name -> words, in which "{}" stands for what the thing is made of. `functions` lists
            the commands that are names of functions; `formula` and `code` stand for what can't be
            read aloud.
    """

    signs: Mapping[str, str]
    forms: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Language:
    """A language.

    Attributes:
        code: ISO 639-1, or what was asked for.
        name: English name; "" = nothing is known of it.
        has_spaces: whether there are spaces between words.
        separators: punctuation that ends a word without a space behind it.
        pauses: how the pauses , ; . ! ? are written, five characters in this order.
        apology: what the avatar says when a reply has failed.
        credits: regular expressions for what recognisers invent on noise: subtitles' credits. Each
            is for all that is heard, without the marks at its edges.
        sounds: regular expressions for names of sounds, found in what recognisers put in brackets.
        markup: how a model is told of tags.
        cues: words that tell something about a turn.
        writing: abbreviations and clauses.
        numbers: number words; None = its voice reads digits by itself, or its scanner is code.
        maths: words of mathematics; None = formulas are left out.
    """

    code: str
    name: str
    has_spaces: bool
    separators: str
    pauses: str
    apology: str
    credits: tuple[str, ...]
    sounds: tuple[str, ...]
    markup: Markup
    cues: Cues
    writing: Writing
    numbers: Numbers | None
    maths: Maths | None

    @property
    def full_stop(self) -> str:
        """The mark that ends a statement."""
        return self.pauses[2]


def primary_subtag(code: str) -> str:
    """Returns the language of a BCP 47 tag as recognisers spell it ("zh-Hans-CN" -> "zh")."""
    return re.split(r"[-_]", code, maxsplit=1)[0].lower()


@cache
def codes(root: Root = ROOT) -> tuple[str, ...]:
    """Returns the languages that have a folder, in alphabetical order."""
    folders = (each for each in root.iterdir() if each.joinpath("language.toml").is_file())
    return tuple(sorted(folder.name for folder in folders))


@lru_cache(_KNOWN)
def language(code: str, root: Root = ROOT) -> Language:
    """Returns what is known of a language, by the primary subtag of its code.

    Args:
        code: a BCP 47 tag; of one without a folder nothing is known but what English knows.
        root: folder of languages.

    Raises:
        KeyError, TypeError, ValueError: a file is not one (package data is checked by tests).
    """
    primary = primary_subtag(code)
    own = _file(primary, "language.toml", root)
    texts = _file(_FALL_BACK, "language.toml", ROOT) | own
    has_spaces = own.get("spaces", True)
    return Language(
        code=primary,
        name=own.get("name", ""),
        has_spaces=has_spaces,
        separators=own.get("separators", ""),
        pauses=_five_marks(own.get("pauses", _COMMON_PAUSES)),
        apology=texts["apology"],
        credits=tuple(own.get("credits", ())),
        sounds=tuple(own.get("sounds", ())),
        markup=Markup(**texts["markup"]),
        cues=_cues(primary, has_spaces, root),
        writing=_writing(primary, texts.get("mixes", ()), root),
        numbers=_numbers(primary, root),
        maths=_maths(primary, root),
    )


def document(code: str, name: str, root: Root = ROOT) -> str | None:
    """Returns the text of a file in the folder of a language; None = there is none.

    Args:
        code: as in `language`.
        name: of the file.
        root: folder of languages.
    """
    primary = primary_subtag(code)
    if primary not in codes(root):  # codes come from clients, and must not name any path
        return None
    file = root / primary / name
    return file.read_text(encoding="utf-8") if file.is_file() else None


# ---------------------------------------------------------------------------------------------
# From TOML

_KEYS: Final = {
    "language.toml": "name spaces separators pauses mixes apology credits sounds markup",
    "cues.toml": "hum continuers most_continuers most_in_a_run claims few openers most_openers"
    " hums_open open_endings numerals leads dictations addresses streets",
    "writing.toml": "abbreviations clauses",
    "numbers.toml": "below_100 scales minus plus point percent decimal_sign thousands_signs"
    " is_fraction_spelt signs",
    "maths.toml": "signs forms",
}
"""Every key of a file: a misspelt one would fall back to English and never be noticed."""


@lru_cache(4 * _KNOWN)
def _file(primary: str, name: str, root: Root) -> dict[str, Any]:
    """Returns what a file says; nothing where there is none."""
    table: dict[str, Any] = tomllib.loads(document(primary, name, root) or "")
    if unknown := table.keys() - _KEYS[name].split():
        raise ValueError(f"{primary}/{name} has an unknown key {min(unknown)!r}")
    return table


def _cues(primary: str, has_spaces: bool, root: Root) -> Cues:
    own = _file(primary, "cues.toml", root)
    cues = _file(_FALL_BACK, "cues.toml", ROOT) | own
    continuers = cues["continuers"]
    most_in_a_run = 1 if has_spaces else cues.get("most_in_a_run", 1)
    return Cues(
        hum=re.compile(cues["hum"]),
        continuers=frozenset(continuers),
        most_continuers=cues["most_continuers"],
        longest=max(len(phrase.split()) for phrase in continuers),
        run=re.compile(f"(?:{_any_of(continuers)}){{1,{most_in_a_run}}}"),
        claims=frozenset(cues["claims"]),
        few=cues["few"],
        openers=frozenset(cues["openers"]),
        most_openers=cues["most_openers"],
        hums_open=cues["hums_open"],
        # Not those of English: "a" or "on" is another word elsewhere, and may well be a last one.
        open_endings=tuple(own.get("open_endings", ())),
        numerals=tuple(cues["numerals"]),
        leads=frozenset(cues["leads"]),
        dictations=re.compile(cues["dictations"]),
        addresses=re.compile(cues["addresses"]),
        streets=re.compile(cues["streets"]),
    )


def _writing(primary: str, mixes: Iterable[str], root: Root) -> Writing:
    def clauses(code: str) -> dict[str, Any]:
        own = _file(code, "writing.toml", root).get("clauses", {})
        return {**english["clauses"], **own} if code == primary else own

    def breaks(code: str) -> str:
        words = clauses(code).get("breaks", ())
        # English stands in for a language that says nothing, and has spaces whatever that has.
        is_own = "breaks" in _file(code, "writing.toml", root).get("clauses", {})
        has_spaces = not is_own or _file(code, "language.toml", root).get("spaces", True)
        if not words:
            return _NOTHING
        return rf" (?=(?:{_any_of(words)})\b)" if has_spaces else f"(?={_any_of(words)})"

    english = _file(_FALL_BACK, "writing.toml", ROOT)
    own = _file(primary, "writing.toml", root)
    abbreviations = english["abbreviations"] | own.get("abbreviations", {})
    met = (primary, *mixes)
    return Writing(
        **{key: frozenset(words) for key, words in abbreviations.items()},
        breaks=re.compile("|".join(map(breaks, met)), re.IGNORECASE),
        joiners=frozenset(word for code in met for word in clauses(code).get("joiners", ())),
    )


def _numbers(primary: str, root: Root) -> Numbers | None:
    table = _file(primary, "numbers.toml", root)
    if not table:
        return None
    if len(below_100 := tuple(table["below_100"])) != 100:
        raise ValueError(f"{primary}/numbers.toml has {len(below_100)} numbers below 100")
    scales = [
        Scale(row["value"], row["one"], row["many"], row.get("followed", row["many"]))
        for row in table["scales"]
    ]
    return Numbers(
        below_100=below_100,
        scales=tuple(sorted(scales, key=lambda scale: -scale.value)),
        minus=table["minus"],
        plus=table["plus"],
        point=table["point"],
        percent=table["percent"],
        decimal_sign=table["decimal_sign"],
        thousands_signs=table["thousands_signs"],
        is_fraction_spelt=table["is_fraction_spelt"],
        signs=table.get("signs", {}),
    )


def _maths(primary: str, root: Root) -> Maths | None:
    table = _file(primary, "maths.toml", root)
    return Maths(signs=table["signs"], forms=table["forms"]) if table else None


def _any_of(words: Iterable[str]) -> str:
    return "|".join(map(re.escape, words))


def _five_marks(marks: str) -> str:
    if len(marks) != len(_COMMON_PAUSES):
        raise ValueError(f"pauses are {len(_COMMON_PAUSES)} marks, not {marks!r}")
    return marks
