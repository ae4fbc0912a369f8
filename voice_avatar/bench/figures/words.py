"""Texts as they are compared: only what counts as right or wrong is left. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_ABBREVIATIONS: Final = {"mr": "mister", "mrs": "missus", "dr": "doctor", "ok": "okay"}
_NUMBER: Final = re.compile(r"\d+")


def scorable(text: str, language: str) -> str:
    """Returns text with only what counts as right or wrong.

    Lower case, numbers and titles as words, no punctuation; Chinese without spaces.
    """
    from num2words import num2words

    text = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    if language == "zh":
        return "".join(c for c in text if c.isalnum())
    text = _NUMBER.sub(lambda match: f" {num2words(int(match[0]), lang=language)} ", text)
    kept = "".join(c if c.isalnum() or c == "'" else " " for c in text)
    return " ".join(_ABBREVIATIONS.get(word, word) for word in kept.split())
