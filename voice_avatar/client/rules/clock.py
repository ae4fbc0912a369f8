"""Offset between client's and server's clock, from pings. Pure. PROTOCOL.md, section 5."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Exchange:
    """A ping and its pong, milliseconds.

    Attributes:
        t0_ms: ping sent, client's clock.
        t1_ms: ping arrived, server's clock.
        t2_ms: pong sent, server's clock.
        t3_ms: pong arrived, client's clock.
    """

    t0_ms: float
    t1_ms: float
    t2_ms: float
    t3_ms: float

    @property
    def round_trip_ms(self) -> float:
        """Time on the way, there and back."""
        return (self.t3_ms - self.t0_ms) - (self.t2_ms - self.t1_ms)

    @property
    def offset_ms(self) -> float:
        """The server's clock minus the client's, if both ways take the same time."""
        return ((self.t1_ms - self.t0_ms) + (self.t2_ms - self.t3_ms)) / 2


def best(exchanges: Sequence[Exchange]) -> Exchange:
    """Returns the exchange with the smallest round trip, the first of equals.

    Raises:
        ValueError: there is none.
    """
    return min(exchanges, key=lambda exchange: exchange.round_trip_ms)
