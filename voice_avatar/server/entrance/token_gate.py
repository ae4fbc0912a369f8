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

from voice_avatar.server.caller import Caller, network_of, shown_in_logs
from voice_avatar.server.entrance.address_budgets import MOST_ADDRESSES, Sayings

_log = logging.getLogger(__name__)

GUESSES: Final = 40
"""Wrong tokens from one address within `GUESSES_WINDOW_S`."""

GUESSES_WINDOW_S: Final = 3600.0


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
        self._sayings = Sayings()

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
            self._refuse(network, Verdict.THROTTLED)
            return Verdict.THROTTLED
        if not caller.has_one_of(self._tokens):
            self._count(network)
            return Verdict.WRONG
        for mark, token in zip(marks, caller.tokens, strict=True):
            if Caller().showing(token).has_one_of(self._tokens):
                self._known[mark] = None
                self._known.move_to_end(mark)
        while len(self._known) > MOST_ADDRESSES:
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
        if len(self._wrong_s) > MOST_ADDRESSES:
            self._wrong_s.popitem(last=False)
        self._refuse(network, Verdict.WRONG)

    def _refuse(self, network: str, why: Verdict) -> None:
        self._note_refused(why.value)
        # Few lines, and what was shown is in none of them.
        shown = shown_in_logs(network)
        if (count := self._sayings.about(shown, self._clock())) is not None:
            _log.warning("tokens refused", extra={"from": shown, "why": why.value, "count": count})
