"""Whether a caller has shown a token that is accepted, and how often it may try.

Whoever shows wrong ones may do so a few dozen times an hour. After that none is looked at any more
but those that were right from the same address before: a neighbour that guesses locks nobody out
who is known.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from enum import Enum
from typing import Final

from voice_avatar.server.caller import Caller, network_of

_log = logging.getLogger(__name__)

GUESSES: Final = 40
"""Wrong tokens from one address within `GUESSES_WINDOW_S`."""

GUESSES_WINDOW_S: Final = 3600.0

_MOST_REMEMBERED: Final = 4096
"""Addresses that are remembered; those that were heard of least lately are forgotten."""


class Verdict(Enum):
    """What a caller's tokens come to."""

    VALID = "valid"
    """One is accepted, or none is needed."""

    MISSING = "missing"
    """None was shown."""

    WRONG = "wrong"
    """None of those shown is accepted."""

    THROTTLED = "throttled"
    """Too many wrong ones came from there: it was not looked at."""


class TokenGate:
    """Looks at tokens."""

    def __init__(
        self,
        tokens: tuple[str, ...],
        note_refused: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Makes it.

        Args:
            tokens: those accepted; none = nobody needs one.
            note_refused: told "wrong" or "throttled" for each caller that is refused.
            clock: tells the time, seconds.
        """
        self._tokens = tokens
        self._note_refused = note_refused
        self._clock = clock
        self._wrong_s: OrderedDict[str, deque[float]] = OrderedDict()
        self._known: OrderedDict[tuple[str, bytes], None] = OrderedDict()

    @property
    def is_open(self) -> bool:
        """Whether nobody needs a token."""
        return not self._tokens

    def look(self, caller: Caller) -> Verdict:
        """Returns what a caller's tokens come to; a wrong one counts."""
        if self.is_open:
            return Verdict.VALID
        if not caller.tokens:
            return Verdict.MISSING
        network = network_of(caller.address)
        marks = [(network, hashlib.sha256(token.encode()).digest()) for token in caller.tokens]
        if self._is_throttled(network) and not any(mark in self._known for mark in marks):
            self._note_refused(Verdict.THROTTLED.value)
            return Verdict.THROTTLED
        if not caller.has_one_of(self._tokens):
            self._count(network)
            return Verdict.WRONG
        for mark, token in zip(marks, caller.tokens, strict=True):
            if Caller().showing(token).has_one_of(self._tokens):
                self._known[mark] = None
                self._known.move_to_end(mark)
        while len(self._known) > _MOST_REMEMBERED:
            self._known.popitem(last=False)
        return Verdict.VALID

    def _is_throttled(self, network: str) -> bool:
        wrong_s = self._wrong_s.get(network)
        return (
            wrong_s is not None
            and len(wrong_s) == GUESSES
            and self._clock() - wrong_s[0] < GUESSES_WINDOW_S
        )

    def _count(self, network: str) -> None:
        wrong_s = self._wrong_s.setdefault(network, deque(maxlen=GUESSES))
        wrong_s.append(self._clock())
        self._wrong_s.move_to_end(network)
        if len(self._wrong_s) > _MOST_REMEMBERED:
            self._wrong_s.popitem(last=False)
        self._note_refused(Verdict.WRONG.value)
        # A line for each: there are few. What was shown is in none of them.
        is_last = self._is_throttled(network)
        what = "tokens from there are not looked at any more" if is_last else "wrong token"
        _log.warning(what, extra={"from": network, "wrong": len(wrong_s)})
