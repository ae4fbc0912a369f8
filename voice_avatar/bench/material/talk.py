"""Talk without end for body and mouth: sentences from patterns, the same for the same seed.

Pure but for reading the patterns.

The patterns were written for this project: plain small talk, with many lips that must close, and
with tags for moods and gaze as a language model writes them.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from importlib import resources
from typing import Any, Final

REPLY_SENTENCES: Final = 3
"""Sentences of one reply: what personas are asked for, and one more."""

_SLOT: Final = re.compile(r"\{(\w+)\}")


def languages() -> tuple[str, ...]:
    """Returns the languages that there are patterns for."""
    return tuple(_patterns())


def replies(language: str, seed: int = 0) -> Iterator[str]:
    """Yields replies of `REPLY_SENTENCES` sentences, for ever.

    Raises:
        KeyError: no patterns in that language.
    """
    table = _patterns()[language]
    chance = random.Random(seed)
    patterns: list[str] = []
    while True:
        if len(patterns) < REPLY_SENTENCES:  # each once before any comes again
            patterns += chance.sample(table["patterns"], len(table["patterns"]))
        taken, patterns = patterns[:REPLY_SENTENCES], patterns[REPLY_SENTENCES:]
        yield " ".join(
            _SLOT.sub(lambda slot: chance.choice(table["slots"][slot[1]]), pattern)
            for pattern in taken
        )


def _patterns() -> dict[str, Any]:
    folder = resources.files("voice_avatar").joinpath("data/bench")
    table: dict[str, Any] = json.loads(folder.joinpath("talk.json").read_text(encoding="utf-8"))
    return table
