"""Where the user's turn stands, what may happen, and what is done then: a table. Pure.

                 OPEN                  PAUSE, END
      +-------+ ------> +----------+ ------------> +--------+
      | QUIET |         | SPEAKING |               | PAUSED |
      +-------+ <------ +----------+ <------------ +--------+
        ^  ^     DROP                    GO_ON       |    |
        |  |                                         |    |
        |  +--------- SETTLE: committed, dropped ----+    |
        +------------ DROP -------------------------------+

How to read it. `PHASES[phase, what happens]` is what is done and where the turn may stand after it;
what is not listed changes nothing. Where a row names two phases, the deed decides: the reason is on
its right. A deed may tell facts and ask questions whatever the phase after it; `turn_taking.py`
does it.

What is *not* in here, because it changes no phase: the reply that waits (`barge_in.py`), the reply
that ends, what the client sets.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final, NamedTuple

from voice_avatar.events.notices import DropReason, EndReason


class Phase(Enum):
    """Where the user's turn stands."""

    QUIET = auto()
    SPEAKING = auto()
    PAUSED = auto()


class Happening(Enum):
    """What may happen to it.

    Attributes:
        SPEECH: the detector says that speech began, or goes on after a pause.
        PAUSE: the detector says that speech has paused.
        WINDOW: another window of the microphone came, after what the detector says of it.
        TEXT: the recogniser said what it heard.
        NO_TEXT: it failed at the text of the pause that lasts.
        SCORE: the turn model has spoken about the pause that lasts.
        AUDIBLE: the prepared reply can be heard: there is nothing to wait for but silence.
        PRESS: push-to-talk went down.
        RELEASE: push-to-talk went up.
        COMMIT: the client ends the turn.
        CLEAR: the client takes the unfinished turn back.
        STALL: the microphone delivers nothing any more. Who was speaking has paused by that.
    """

    SPEECH = auto()
    PAUSE = auto()
    WINDOW = auto()
    TEXT = auto()
    NO_TEXT = auto()
    SCORE = auto()
    AUDIBLE = auto()
    PRESS = auto()
    RELEASE = auto()
    COMMIT = auto()
    CLEAR = auto()
    STALL = auto()


class Deed(Enum):
    """What is done.

    Attributes:
        OPEN: begin a turn.
        OPEN_NEXT: begin the turn whose speech came while the last one still waited for its text.
        LISTEN: ask for interim texts, or for the words of a candidate.
        FREEZE: keep the text of a turn that gets long.
        PAUSE: ask for text and score.
        END: end the turn whatever the silence; its text is asked for, or known.
        GO_ON: take back what was prepared; the turn goes on.
        WAIT: ask the turn model again while it doubts, then settle.
        WEIGH: let a reply be prepared by what is known now, then settle.
        SETTLE: commit or drop the turn if it is time to.
        DROP: forget the turn, and by the client's wish the one that waits.
    """

    OPEN = auto()
    OPEN_NEXT = auto()
    LISTEN = auto()
    FREEZE = auto()
    PAUSE = auto()
    END = auto()
    GO_ON = auto()
    WAIT = auto()
    WEIGH = auto()
    SETTLE = auto()
    DROP = auto()


class Row(NamedTuple):
    """A row of the table: what is done, and in which phases that may leave the turn."""

    deed: Deed
    to: tuple[Phase, ...]


QUIET, SPEAKING, PAUSED = Phase

PHASES: Final[dict[tuple[Phase, Happening], Row]] = {
    # Nobody speaks. There may be a turn that could not begin yet.
    (QUIET, Happening.SPEECH): Row(Deed.OPEN, (SPEAKING,)),
    (QUIET, Happening.PRESS): Row(Deed.OPEN, (SPEAKING,)),
    (QUIET, Happening.COMMIT): Row(Deed.OPEN, (SPEAKING,)),  # of past audio; ends by the same
    (QUIET, Happening.WINDOW): Row(Deed.OPEN_NEXT, (QUIET, SPEAKING, PAUSED)),  # if one waits
    (QUIET, Happening.CLEAR): Row(Deed.DROP, (QUIET,)),  # the one that waits
    # The user speaks. A pause does not count while the button is held.
    (SPEAKING, Happening.WINDOW): Row(Deed.LISTEN, (SPEAKING,)),
    (SPEAKING, Happening.TEXT): Row(Deed.FREEZE, (SPEAKING,)),
    (SPEAKING, Happening.PAUSE): Row(Deed.PAUSE, (PAUSED, SPEAKING)),  # unless it is held
    (SPEAKING, Happening.RELEASE): Row(Deed.END, (PAUSED,)),
    (SPEAKING, Happening.COMMIT): Row(Deed.END, (PAUSED,)),
    (SPEAKING, Happening.SPEECH): Row(Deed.GO_ON, (SPEAKING,)),  # the button came before the voice
    (SPEAKING, Happening.PRESS): Row(Deed.GO_ON, (SPEAKING,)),
    (SPEAKING, Happening.CLEAR): Row(Deed.DROP, (QUIET,)),
    # The user pauses. All that comes in may be what the end of the turn was waiting for.
    (PAUSED, Happening.WINDOW): Row(Deed.WAIT, (PAUSED, QUIET)),
    (PAUSED, Happening.TEXT): Row(Deed.WEIGH, (PAUSED, QUIET)),
    (PAUSED, Happening.SCORE): Row(Deed.WEIGH, (PAUSED, QUIET)),
    (PAUSED, Happening.AUDIBLE): Row(Deed.SETTLE, (PAUSED, QUIET)),
    (PAUSED, Happening.COMMIT): Row(Deed.END, (PAUSED, QUIET)),
    (PAUSED, Happening.STALL): Row(Deed.END, (PAUSED, QUIET)),  # of speech: first it is a pause
    (PAUSED, Happening.SPEECH): Row(Deed.GO_ON, (SPEAKING, PAUSED)),  # ended by force: it waits
    (PAUSED, Happening.PRESS): Row(Deed.GO_ON, (SPEAKING,)),
    (PAUSED, Happening.CLEAR): Row(Deed.DROP, (QUIET,)),
    (PAUSED, Happening.NO_TEXT): Row(Deed.DROP, (QUIET,)),
}
"""Every phase and what may happen in it. What is not listed changes nothing."""

END_REASONS: Final[dict[Happening, EndReason]] = {
    Happening.RELEASE: "ptt",
    Happening.COMMIT: "commit",
    Happening.STALL: "vad",
}
"""Why a turn is over that something else than silence ended."""

DROP_REASONS: Final[dict[Happening, DropReason]] = {
    Happening.CLEAR: "cleared",
    Happening.NO_TEXT: "failed",
}
"""Why a turn is dropped; else its words say why."""
