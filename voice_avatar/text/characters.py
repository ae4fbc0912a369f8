"""Which characters end, open and close what is written. Pure."""

from __future__ import annotations

HAN_STOPS = frozenset("。！？｡")
HAN_CLAUSES = frozenset("，、；：…")
STOPS = frozenset("!?")
CLAUSES = frozenset(",;:—–-")
MARKS = HAN_STOPS | HAN_CLAUSES | STOPS | CLAUSES | {"."}
"""Punctuation that may end a sentence or a clause."""

CLOSERS = frozenset("\"'”’»)]）」』】》〉")
QUOTES = frozenset('"“”«»„「『([（')

WIDE_MARKS = HAN_STOPS | HAN_CLAUSES - {"…"}
"""Marks that end something although no white space follows."""

WIDE_OPENERS = frozenset("“‘（「『【《〈")


def is_han(char: str) -> bool:
    """Whether the character is written without spaces: ideographs and kana."""
    return "\u3040" <= char <= "\u30ff" or "\u3400" <= char <= "\u9fff" or char > "\U0001ffff"
