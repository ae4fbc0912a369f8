"""How fast a client may send text, and how reports that come too fast are dropped. Pure.

Audio has a limit of its own, see `frames.MicBudget`.
"""

from __future__ import annotations

from typing import Final

from voice_avatar.wire.token_bucket import TokenBucket

MESSAGES_PER_S: Final = 100.0
"""Text messages per second that a client may send: ten times what PROTOCOL.md asks of it."""

MESSAGE_BURST: Final = 500.0
"""Text messages at once; beyond, the client is closed (4429)."""

GAZES_PER_S: Final = 10.0
"""`user.gaze` messages per second that are taken; the rest is dropped."""

TURNS_PER_S: Final = 1.0
"""Typed turns per second that a client may send: each is a prompt to be read, and a reply."""

TURN_BURST: Final = 5.0
"""Typed turns at once."""

TEXT_BYTES_PER_MIN: Final = 65_536.0
"""Bytes of typed turns per minute, and at once."""

TURNS_DROPPED: Final = 20
"""Typed turns over the limit, each dropped, after which a client is closed (4429)."""


class ReportBudget:
    """Limit of reports: a bucket of one second's worth, refilled as they are allowed."""

    def __init__(self, per_s: float, now_s: float) -> None:
        self._per_s = per_s
        self._budget = TokenBucket(per_s, per_s, now_s)
        self._is_over = False

    def take(self, now_s: float) -> bool:
        """Returns whether a report that came at `now_s` is within the limit."""
        is_within = self._budget.take(now_s)
        # Half a second's worth must be there again: else a client at the very limit would be told
        # of each report that is dropped.
        if is_within and self._budget.left >= self._per_s / 2:
            self._is_over = False
        return is_within

    def begins_excess(self) -> bool:
        """Returns whether this is the first refusal since reports were last within the limit."""
        was_over, self._is_over = self._is_over, True
        return not was_over


class TurnBudget:
    """Limit of typed turns, in number and in bytes.

    What is over it is dropped; who goes on is over it for good.
    """

    def __init__(self, now_s: float) -> None:
        self._turns = TokenBucket(TURN_BURST, TURNS_PER_S, now_s)
        self._bytes = TokenBucket(TEXT_BYTES_PER_MIN, TEXT_BYTES_PER_MIN / 60.0, now_s)
        self._dropped = 0

    def take(self, size: int, now_s: float) -> bool:
        """Returns whether a turn of `size` bytes that came at `now_s` is within the limit."""
        if not (self._turns.take(now_s) and self._bytes.take(now_s, size)):
            self._dropped += 1
            return False
        if self._turns.left >= TURN_BURST / 2:
            self._dropped = 0
        return True

    @property
    def begins_excess(self) -> bool:
        """Whether the turn just dropped is the first since turns were last within the limit."""
        return self._dropped == 1

    @property
    def is_exhausted(self) -> bool:
        """Whether too many were dropped since."""
        return self._dropped > TURNS_DROPPED
