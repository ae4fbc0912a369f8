"""What each address may ask for as time passes: new connections, and lines in the log. Pure.

How many connections of an address there may be at once is in `crowd.py`. What is remembered of
addresses is bounded: of too many, the one that was heard of least lately is forgotten, and has its
whole budget again. It takes as many others to make that happen.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from voice_avatar.wire.token_bucket import TokenBucket

MOST_ADDRESSES: Final = 4096
"""Addresses that are remembered."""

CONNECTS_PER_S: Final = 2.0
"""New connections a second from one address, for each that may wait (`server.per_address`)."""

CONNECT_BURST: Final = 16.0
"""New connections at once from one address, likewise: the page loads up to a hundred files, each
by a connection of its own, and several users may share an address."""

SAYING_S: Final = 60.0
"""Shortest time between two lines in the log about one address, seconds."""


class ConnectBudget:
    """How many new connections are taken from an address."""

    def __init__(self, each: int, most: int = MOST_ADDRESSES) -> None:
        """Makes it.

        Args:
            each: connections of one address that may wait at once; 0 = any number, as fast as
                they come.
            most: addresses that are remembered.
        """
        self._burst = CONNECT_BURST * each
        self._per_s = CONNECTS_PER_S * each
        self._most = most
        self._left: OrderedDict[str, TokenBucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._left)

    def take(self, address: str, now_s: float) -> bool:
        """Returns whether one more connection that came at `now_s` is taken."""
        if not self._burst:
            return True
        bucket = self._left.get(address)
        if bucket is None:
            bucket = self._left[address] = TokenBucket(self._burst, self._per_s, now_s)
            if len(self._left) > self._most:
                self._left.popitem(last=False)
        else:
            self._left.move_to_end(address)
        return bucket.take(now_s)


class Sayings:
    """Whether the log is told of an address: a line a minute at most."""

    def __init__(self, every_s: float = SAYING_S, most: int = MOST_ADDRESSES) -> None:
        """Makes it.

        Args:
            every_s: shortest time between two lines, seconds.
            most: addresses that are remembered.
        """
        self._every_s = every_s
        self._most = most
        self._said: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._said)

    def about(self, address: str, now_s: float) -> int | None:
        """Something has happened that the log may be told of.

        Returns:
            How many times it has happened since the last line, this one too; None = no line now.
        """
        said = self._said.get(address)
        if said is not None and now_s - said[0] < self._every_s:
            self._said[address] = said[0], said[1] + 1
            self._said.move_to_end(address)
            return None
        self._said[address] = now_s, 0
        self._said.move_to_end(address)
        if len(self._said) > self._most:
            self._said.popitem(last=False)
        return 1 if said is None else said[1] + 1
