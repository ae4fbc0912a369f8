"""What the tests of all clients ask of the facts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import pytest

MARKS: Final = (pytest.mark.compat, pytest.mark.realtime, pytest.mark.timeout(600))
"""Of all tests of clients: one waits for a server and for a program that tries many things."""

Facts = dict[str, Any]

LETTER_MS = 80
"""How long the scripted voice says a letter."""


def got(facts: Facts, feature: str) -> Facts:
    """Returns the facts of a feature; fails with what the client said if it went wrong."""
    found: Facts = facts["features"][feature]
    assert "error" not in found, f"{found['error']}\n{found.get('trace', '')}"
    return found


def in_order(wanted: Sequence[str], types: Sequence[str]) -> None:
    """Asserts that those types come in that order; others may lie between."""
    left = list(types)
    for kind in wanted:
        assert kind in left, f"{kind} is missing, or comes too early, in {list(types)}"
        del left[: left.index(kind) + 1]


def is_count(text: str) -> bool:
    """Whether this is what the scripted recogniser hears: "One two three." """
    return re.fullmatch(r"One( two( three( [a-z]+)*)?)?\.", text) is not None


def spoken_ms(text: str) -> int:
    """Returns how long the scripted voice speaks a text, pauses between its words not counted."""
    return LETTER_MS * sum(letter.isascii() and letter.isalpha() for letter in text)
