"""Whether a reply only repeats itself any more. Pure.

A model that has come to a loop writes the same words until its tokens end. Refrains, laughter and
rows of dashes are shorter than what counts here.
"""

from __future__ import annotations

from typing import Final

LONGEST_CHARS: Final = 240
"""Longest text that is looked for as the one that is repeated, characters."""

_TIMES: Final = 8
"""A text that stands so often in a row is a loop, if all of it has `_LEAST_CHARS`."""

_LEAST_CHARS: Final = 320
_KEPT_CHARS: Final = LONGEST_CHARS * _TIMES
_STEP_CHARS: Final = 24


class Repetition:
    """Looks at the text of one reply as it comes."""

    def __init__(self) -> None:
        self._tail = ""
        self._unseen_chars = 0

    def push(self, text: str) -> bool:
        """Takes text; returns whether the end of the reply is a loop."""
        self._tail = (self._tail + text)[-_KEPT_CHARS:]
        self._unseen_chars += len(text)
        if self._unseen_chars < _STEP_CHARS:
            return False
        self._unseen_chars = 0
        return is_loop(self._tail)


def is_loop(text: str) -> bool:
    """Whether a text ends in the same words many times in a row."""
    for chars in range(1, min(LONGEST_CHARS, len(text) // _TIMES) + 1):
        times = max(_TIMES, -(-_LEAST_CHARS // chars))
        if chars * times > len(text):
            continue
        unit = text[-chars:]
        if text[-2 * chars : -chars] == unit and text.endswith(unit * times):
            return True
    return False
