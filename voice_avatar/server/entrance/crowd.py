"""Who waits at the door, how many at most, and who goes when it is too many. Pure.

Nobody who comes is refused for those who are there already: of these the one goes that has waited
for longest, and first of all the one that has said nothing. So whoever holds places without using
them only pushes out itself, and a client that comes and speaks is through before its turn.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class Crowd(Generic[T]):
    """Those who wait, by address."""

    def __init__(self, most: int, most_each: int) -> None:
        """Makes it.

        Args:
            most: in all.
            most_each: from one address; 0 = any number.
        """
        self._most = most
        self._most_each = most_each
        self._address: dict[T, str] = {}
        self._each: dict[str, dict[T, None]] = {}
        self._heard: set[T] = set()

    def __len__(self) -> int:
        return len(self._address)

    def __contains__(self, who: object) -> bool:
        return who in self._address

    def add(self, who: T, address: str) -> T | None:
        """Lets one in; returns who has to go for it, None for nobody."""
        self._address[who] = address
        mates = self._each.setdefault(address, {})
        mates[who] = None
        leaver = None
        if self._most_each and len(mates) > self._most_each:
            leaver = self._first(mates, who)
        elif len(self._address) > self._most:
            leaver = self._first(self._address, who)
        if leaver is not None:
            self.remove(leaver)
        return leaver

    def heard(self, who: T) -> None:
        """One that waits has said something: those who have not go before it."""
        if who in self._address:
            self._heard.add(who)

    def remove(self, who: T) -> None:
        """One does not wait any more; it need not have waited."""
        address = self._address.pop(who, None)
        if address is None:
            return
        self._heard.discard(who)
        mates = self._each[address]
        del mates[who]
        if not mates:
            del self._each[address]

    def _first(self, some: Iterable[T], newcomer: T) -> T | None:
        others = [one for one in some if one is not newcomer]
        silent = (one for one in others if one not in self._heard)
        return next(silent, others[0] if others else None)
