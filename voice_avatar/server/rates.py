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
