"""Characters that a server has cut in two. Pure."""

from __future__ import annotations

import re
from typing import Final

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_PAIR: Final = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_BYTES: Final = re.compile("[\udc80-\udcff]+")


class HalfCharacters:
    """Joins halves: of surrogate pairs, and bytes of UTF-8, which are surrogates here too.

    Bytes are what "surrogateescape" makes of them. What never becomes whole is left out.
    """

    def __init__(self) -> None:
        self._held = ""

    def push(self, text: str) -> str:
        """Takes text; returns what is whole of it and of what was held."""
        if not self._held and not _SURROGATE.search(text):
            return text
        text = _PAIR.sub(_from_pair, self._held + text)
        kept = len(text) - _unfinished(text)
        text, self._held = text[:kept], text[kept:]
        return _SURROGATE.sub("", _BYTES.sub(_from_bytes, text))


def _unfinished(text: str) -> int:
    """Returns how many characters at the end may be the beginning of one."""
    if "\ud800" <= text[-1:] <= "\udbff":
        return 1
    runs = list(_BYTES.finditer(text))
    if not runs or runs[-1].end() < len(text):
        return 0
    raw = runs[-1][0][-3:].encode("utf-8", "surrogateescape")
    for count in range(len(raw), 0, -1):
        try:
            raw[-count:].decode()
        except UnicodeDecodeError as error:
            if error.start == 0 and error.reason == "unexpected end of data":
                return count
    return 0


def _from_pair(found: re.Match[str]) -> str:
    return found[0].encode("utf-16-be", "surrogatepass").decode("utf-16-be")


def _from_bytes(found: re.Match[str]) -> str:
    return found[0].encode("utf-8", "surrogateescape").decode("utf-8", "ignore")
