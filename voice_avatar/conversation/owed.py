"""Which of the user's turns have an answer, and which are still owed one. Pure.

A turn can be left without its answer in two ways. Its reply was taken back before anything of it
was heard, because the user seemed to go on, and then it was a cough: it is answered again. Or it
ended while a reply played that may not be interrupted: it is answered after that reply.
"""

from __future__ import annotations

from voice_avatar.events.inputs import Answered
from voice_avatar.turns.facts import TurnCommitted


class Owed:
    """The turns of one user, as far as answers are concerned.

    Attributes:
        answered: which turns are answered without being asked for.
        is_interruptible: whether a voice over the reply may end it.
    """

    def __init__(self) -> None:
        self.answered: Answered = "all"
        self.is_interruptible = True
        self._answering: TurnCommitted | None = None
        self._unanswered: TurnCommitted | None = None
        self._later: TurnCommitted | None = None

    def is_answered(self, turn: TurnCommitted) -> bool:
        """Returns whether a turn is answered unless the client asks for it."""
        if self.answered == "detected":
            return turn.reason in ("vad", "semantic")
        return self.answered == "all"

    def answering(self, turn: TurnCommitted | None) -> None:
        """The reply that is live now answers this turn, None = none."""
        self._answering = turn

    def take_back(self) -> TurnCommitted | None:
        """The live reply is taken back unheard; returns the turn that it was to answer."""
        self._unanswered = self._answering
        return self._unanswered

    def forget(self) -> None:
        """The user has said something else: a turn whose reply was taken back is part of it."""
        self._unanswered = None

    def again(self) -> TurnCommitted | None:
        """What took the reply back was nothing; returns the turn to answer again, once."""
        turn, self._unanswered = self._unanswered, None
        return turn

    def keep(self, turn: TurnCommitted) -> None:
        """The turn is to be answered once the live reply is over."""
        self._later = turn

    @property
    def is_later(self) -> bool:
        """Whether a turn waits for the end of the live reply."""
        return self._later is not None

    def pay(self) -> TurnCommitted | None:
        """Returns the turn that waited for the end of the reply, once."""
        turn, self._later = self._later, None
        return turn
