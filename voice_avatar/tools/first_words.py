"""Whether a reply says anything at all. Pure.

Models answer with nothing, with spaces, with "...": then a person hears silence and waits.
"""

from __future__ import annotations

import unicodedata

_NOTHING = "ZPC"
"""First letters of the Unicode categories that say nothing by themselves: spaces, punctuation."""


class FirstWords:
    """Holds the beginning of a reply back until something of it can be said or shown.

    Attributes:
        has_come: whether it has.
    """

    def __init__(self) -> None:
        self._held = ""
        self.has_come = False

    def push(self, text: str) -> str:
        """Takes text and returns what may go on."""
        if self.has_come:
            return text
        self._held += text
        if not says_something(text):
            return ""
        self.has_come = True
        held, self._held = self._held, ""
        return held

    def call(self) -> str:
        """The reply goes on with a call of a tool: returns what was held."""
        self.has_come = True
        held, self._held = self._held, ""
        return held


def says_something(text: str) -> bool:
    """Whether there is a letter, a digit or a symbol in a text."""
    return any(unicodedata.category(char)[0] not in _NOTHING for char in text)
