"""What a listener's face does at what it hears: it shares good news, and is moved by bad. Pure.

Only words that will not change any more are read, each once, and nothing of them is kept.
"""

from __future__ import annotations

import math
import re
from typing import Final

from voice_avatar.acting.gesture.word_feelings import word_feelings
from voice_avatar.acting.presence.options import BodyOptions
from voice_avatar.events.cues import BodyCue

_GLAD: Final = 0.7
_SORRY: Final = -0.4
"""Valence from which on a word is answered by the face."""

_GRAVITY: Final = 1.5
"""Bad news outweighs good news that is said with it."""

_EVERY_S: Final = 3.0
"""Least time between two answers of the face, seconds."""

_WORD: Final = re.compile(r"[㐀-鿿]|[^\W_]+(?:['’][^\W_]+)*")
"""A Han character, or a run of other letters: what the tables are made of."""


class Sympathy:
    """One listener's face."""

    def __init__(self, options: BodyOptions) -> None:
        self._options = options
        self._words_read = 0
        self._moved_s = -math.inf

    def begin(self) -> None:
        """A new turn of the user begins."""
        self._words_read = 0

    def read(self, text: str, stable_chars: int, language: str, now_s: float) -> list[BodyCue]:
        """Takes the user's words so far.

        Args:
            text: of the turn.
            stable_chars: how much of it will not change; a word that it cuts is not read yet.
            language: ISO 639-1; in one without a table nothing is felt.
            now_s: when, seconds.
        """
        found = [match for match in _WORD.finditer(text) if match.end() <= stable_chars]
        read, self._words_read = self._words_read, max(self._words_read, len(found))
        words = [match.group().casefold().replace("’", "'") for match in found]
        new = [feeling for feeling in word_feelings(words, language) if feeling.word >= read]
        if not new or now_s - self._moved_s < _EVERY_S:
            return []
        strongest = max(new, key=lambda feeling: max(feeling.valence, -_GRAVITY * feeling.valence))
        cues = self._answer(strongest.valence, strongest.arousal)
        if cues:
            self._moved_s = now_s
        return cues

    def _answer(self, valence: float, arousal: float) -> list[BodyCue]:
        if valence >= _GLAD:
            return [BodyCue("face", "smile", self._options.scaled(0.3 + 0.3 * valence), 2500)]
        if valence > _SORRY:
            return []
        # Grief is answered by raised inner brows, fright and anger by a concerned frown.
        name = "sad" if arousal < 0.3 else "brow_frown"
        return [BodyCue("face", name, self._options.scaled(0.4), 3000)]
