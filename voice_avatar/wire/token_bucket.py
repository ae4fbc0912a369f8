"""How much of something may come: so much at once, and so much of it again each second. Pure."""

from __future__ import annotations


class TokenBucket:
    """A bucket that is full at first and is refilled as time passes.

    Attributes:
        left: what may come now.
    """

    def __init__(
        self, burst: float, per_s: float, now_s: float, *, left: float | None = None
    ) -> None:
        """Fills the bucket.

        Args:
            burst: what it holds.
            per_s: what flows in each second.
            now_s: when, seconds.
            left: what is in it at first, None = all that it holds.
        """
        self._burst = burst
        self._per_s = per_s
        self._at_s = now_s
        self.left = burst if left is None else left

    def take(self, now_s: float, amount: float = 1.0) -> bool:
        """Takes so much out; returns whether it was there, else nothing is taken."""
        self.left = min(self._burst, self.left + (now_s - self._at_s) * self._per_s)
        self._at_s = now_s
        if amount > self.left:
            return False
        self.left -= amount
        return True
