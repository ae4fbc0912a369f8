"""What an attack is, and what its attackers saw. Values only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field

from voice_avatar.bench.attacks.sockets import Target


@dataclass(slots=True)
class Seen:
    """What the attackers saw; it goes from process to process.

    Attributes:
        ends: how a connection of theirs ended ("open" = they ended it) -> how many.
        sent: bytes.
        counts: further counts, by name.
        closed_s: from the opening of a connection to its end by the server, seconds.
    """

    ends: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    closed_s: list[float] = field(default_factory=list)


Run = Callable[[Target, float, Seen], Coroutine[None, None, None]]
"""Attacks a server for so many seconds, and writes down what it sees."""


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack.

    Attributes:
        name: of its figures.
        row: of the acceptance figures that it is for (docs/decisions.md).
        title: for a person.
        run: does it.
        is_honest: it is no attack, but what others are measured by.
    """

    name: str
    row: int
    title: str
    run: Run
    is_honest: bool = False
