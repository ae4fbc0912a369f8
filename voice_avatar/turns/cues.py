"""What the words of a transcript tell about the turn, without what they mean. Pure.

Four questions are asked of every transcript, and each has its list in the folder of the language
(`data/languages/<code>/cues.toml`):

    over a reply   is it only what listeners say?        is_backchannel, may_go_on
                   does one of the words take the floor? has_claim, are_few, is_call
    at a pause     would anybody stop there?             has_open_ending
                   does that often only open a turn?     is_opener

The lists are the language's; the rules are here, and know two kinds of script: where there are
spaces a text is words, and where there are none (Chinese) it is phrases between punctuation marks,
in which the listed words are looked for. No rule asks which language it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from voice_avatar import languages

_LIKE_A_NAME = 0.6
"""Similarity (difflib's ratio) from which a word may be a name: recognisers spell names as they
please ("Arva" for "Ava")."""

_BROKEN_OFF = (",", "，", "、", "...", "…", "-")
"""Ends of a text that goes on, in every script."""

_CLOSED = ("?", "!", "？", "！")
"""Ends of a text that is over whatever its last word is, in every script."""

_EDGE_PUNCTUATION = " \t\n.,!?;:…-–—\"'。，！？；：、“”‘’"


def words_of(text: str, language: str) -> list[str]:
    """Returns the words of a transcript, lower-case, without punctuation at their edges.

    Chinese comes back as phrases between punctuation marks: it has no spaces.
    """
    lowered = text.casefold()
    for mark in languages.language(language).separators:
        lowered = lowered.replace(mark, " ")
    stripped = (word.strip(_EDGE_PUNCTUATION) for word in lowered.split())
    return [word for word in stripped if word]


def is_hum(word: str, language: str) -> bool:
    """Returns whether a word is the spelling of a sound that is none ("mm-hmm", "uh", "haha")."""
    hum = languages.language(language).cues.hum
    return hum.fullmatch("".join(filter(str.isalpha, word))) is not None


def is_backchannel(text: str, language: str) -> bool:
    """Returns whether a transcript is only what listeners say ("mhm", "right, right", "I see")."""
    words = words_of(text, language)
    known = languages.language(language)
    if not known.has_spaces:
        is_short = len(words) <= known.cues.most_continuers
        return is_short and all(known.cues.run.fullmatch(word) for word in words)
    continuers = 0
    while words and continuers < known.cues.most_continuers:
        length = _continuer_length(words, language)
        if not length:
            return False
        words, continuers = words[length:], continuers + 1
    return not words


def may_go_on(text: str, language: str) -> bool:
    """Returns whether a listener's words are such that a turn often begins with ("okay, great")."""
    words = words_of(text, language)
    return is_backchannel(text, language) and any(not is_hum(word, language) for word in words)


def _continuer_length(words: Sequence[str], language: str) -> int:
    """Returns how many of the first words are one continuer, 0 for none."""
    cues = languages.language(language).cues
    # The longest first: "that's right" is one continuer, and "that's" alone is none.
    for length in range(min(cues.longest, len(words)), 0, -1):
        if " ".join(words[:length]) in cues.continuers:
            return length
    return int(is_hum(words[0], language))


def has_open_ending(text: str, language: str) -> bool:
    """Returns whether a transcript stops where nobody would stop ("… and", "… um", a comma)."""
    trimmed = text.rstrip()
    # Marks before words: a recogniser that heard a question knows more than its last word does.
    if trimmed.endswith(_BROKEN_OFF):
        return True
    if trimmed.endswith(_CLOSED):
        return False
    known = languages.language(language)
    if not known.has_spaces:
        return trimmed.rstrip(known.full_stop).endswith(known.cues.open_endings)
    words = words_of(trimmed, language)
    return bool(words) and words[-1] in known.cues.open_endings


def is_opener(text: str, language: str) -> bool:
    """Returns whether a transcript is only what people say before they say something."""
    words = words_of(text, language)
    cues = languages.language(language).cues
    is_short = len(words) <= (cues.most_openers or len(words))
    return (
        bool(words)
        and is_short
        and all(
            word in cues.openers or (cues.hums_open and is_hum(word, language)) for word in words
        )
    )


def has_claim(words: Sequence[str], language: str) -> bool:
    """Returns whether one of the words takes the floor, however badly it was heard ("stop").

    Args:
        words: as `words_of` returns them.
        language: of the words.
    """
    known = languages.language(language)
    if known.has_spaces:
        return not known.cues.claims.isdisjoint(words)
    said = "".join(words)
    return any(claim in said for claim in known.cues.claims)


def are_few(words: Sequence[str], language: str) -> bool:
    """Returns whether so few words may be a guess of the recogniser at a sound that was no word.

    Args:
        words: as `words_of` returns them.
        language: of the words.
    """
    known = languages.language(language)
    length = len(words) if known.has_spaces else len("".join(words))
    return length <= known.cues.few


def is_call(names: Sequence[str], words: Sequence[str]) -> bool:
    """Returns whether one of the words is one of the names, or much like it."""
    return any(
        SequenceMatcher(None, name.casefold(), word).ratio() >= _LIKE_A_NAME
        for name in names
        for word in words
    )
