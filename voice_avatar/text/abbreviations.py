"""Full stops that end no sentence; the words are the language's (`writing.toml`). Pure."""

from __future__ import annotations

import re

from voice_avatar import languages

_OPENERS = "\"'“‘«([（「『"
_LIST_NUMBER = re.compile(r"(?:^|\n)\d{1,3}\.$")


def ends_sentence(text: str, after: str, language: str) -> bool:
    """Whether the full stop at the end of `text` ends a sentence.

    Args:
        text: text up to the stop and its closing quotes or brackets, since the last sentence.
        after: the first visible character behind it.
        language: of the text.
    """
    if _LIST_NUMBER.search(text):
        return False
    stripped = text.rstrip("\"'”’»)]）」』】》〉")
    word = stripped[stripped.rfind(" ") + 1 : -1].split("\n")[-1].lstrip(_OPENERS)
    writing = languages.language(language).writing
    if is_initials(word) and word not in writing.words_of_one_letter:
        return False
    key = word.lower()
    if key in writing.before_number and after.isdigit():
        return False
    if key in writing.either_way:
        return after.isupper()
    if last_two_words(stripped[:-1]) in writing.always:
        return False
    is_quoted = len(stripped) < len(text)
    return key not in writing.always and not (is_quoted and after.islower())


def last_two_words(text: str) -> str:
    """Returns the end of a text that an abbreviation of two words would be ("p. ex")."""
    return " ".join(text.lower().split(" ")[-2:]).lstrip(_OPENERS)


def is_initials(word: str) -> bool:
    """Whether a word (without its last stop) is "J" or "U.S"."""
    return all(len(part) == 1 and part.isalpha() and part.isupper() for part in word.split("."))
