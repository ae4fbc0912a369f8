"""Whether words that the microphone heard are the avatar's own, back from its loudspeaker. Pure.

A client without an echo canceller, or with one that has not settled, sends the reply back; the
recogniser understands it even when it is 20 dB softer. The server knows which words were played at
that moment. What was heard is compared letter by letter, because an echo is recognised with errors.

This is the guard of last resort: it needs the words, so that an echo may pause the reply for a
moment, but it neither ends the reply nor is answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Final

_ALIKE: Final = 0.7
"""Share of the letters heard that have to come from what was played, in its order. What users say
shares less: at most 0.68 for the 16 clips of the bench against windows of 12 words of 43 replies
("How old is the Brooklyn Bridge?", "The Brooklyn Bridge is a famous painting")."""

_RUN: Final = 3
"""Least letters in a row that count: shorter runs are found in anything."""

_FEW_LETTERS: Final = 8
"""Fewer letters than these are found in anything too: they have to be whole words, in a row."""

BEFORE_S: Final = 0.3
"""What an echo is later than its sound by, at most: output latency, the way back, the VAD."""

AFTER_S: Final = 0.3
"""How much further than the server knows the client may have played."""


def is_echo(text: str, played: Sequence[str]) -> bool:
    """Returns whether `text` is what the loudspeaker has said.

    Args:
        text: what was recognised.
        played: the words that were played while it was heard, in order.
    """
    heard, said = _words(text.split()), _words(played)
    letters = "".join(heard)
    if len(letters) < _FEW_LETTERS:
        starts = range(len(said) - len(heard) + 1)
        return bool(heard) and any(said[at : at + len(heard)] == heard for at in starts)
    matcher = SequenceMatcher(None, "".join(said), letters, autojunk=False)
    alike = sum(block.size for block in matcher.get_matching_blocks() if block.size >= _RUN)
    return alike >= _ALIKE * len(letters)


def _words(words: Sequence[str]) -> list[str]:
    letters = ("".join(filter(str.isalnum, word.casefold())) for word in words)
    return [word for word in letters if word]
