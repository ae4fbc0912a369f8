"""The two tables of a conversation: how the avatar bears itself, and what it has to say. Pure.

Theory of operation. Two things stand still until an event moves them, and each has its table.

The *posture* (`State`) is what the avatar shows: `TRANSITIONS`, moved by a `Trigger`. It follows
what is said a little later and more calmly: a reply that is paused is still `speaking`, because
most pauses are shorter than a change of posture.

The *slots* are what is there to be said: `SLOTS`, moved by a `SlotEvent`. There are two places for
replies and one for the waiting between two of them:

- the *prepared* reply is made ahead, behind its gate: for a turn that is probably over, or with the
  results of calls while the reply that called still plays. Nobody hears it, so it costs nothing but
  work to throw it away;
- the *live* reply is committed: the client knows of it, it is heard, paused, interrupted, and what
  was heard of it will be in history;
- *waiting*: the live reply is over, it has called tools, and not all results are there.

Two rules make all of the table. What the user says wins over what is prepared, and what the user
ends is over: so nothing is prepared for a turn while a reply is live (it would answer half a turn),
and whatever goes live ends what was live before. And what is waited for has no other end than its
results, the user, or the reply's failure: so a noise leaves it alone.

`Speaker` carries the table out, one method for each event; `tests/conversation/test_states.py`
holds it to every cell of it, whatever happens. A pair that is not listed does not occur.
"""

from __future__ import annotations

from enum import Enum, auto

from voice_avatar.events.notices import State

__all__ = ["SLOTS", "TRANSITIONS", "SlotEvent", "Slots", "State", "Trigger", "move"]


class Trigger(Enum):
    """What moves the state."""

    USER_SPEAKS = auto()
    COMMITTED = auto()
    AUDIO_OUT = auto()
    REPLY_OVER = auto()
    CUT = auto()
    TAKEN_BACK = auto()
    WAITS = auto()
    SETTLED = auto()
    QUIET = auto()


TRANSITIONS: dict[tuple[State, Trigger], State] = {
    (State.IDLE, Trigger.USER_SPEAKS): State.LISTENING,
    (State.IDLE, Trigger.COMMITTED): State.THINKING,
    (State.LISTENING, Trigger.COMMITTED): State.THINKING,
    (State.LISTENING, Trigger.QUIET): State.IDLE,
    (State.LISTENING, Trigger.WAITS): State.THINKING,
    (State.THINKING, Trigger.AUDIO_OUT): State.SPEAKING,
    (State.THINKING, Trigger.REPLY_OVER): State.LISTENING,
    (State.THINKING, Trigger.CUT): State.INTERRUPTED,
    (State.THINKING, Trigger.TAKEN_BACK): State.LISTENING,
    (State.SPEAKING, Trigger.REPLY_OVER): State.LISTENING,
    (State.SPEAKING, Trigger.CUT): State.INTERRUPTED,
    (State.SPEAKING, Trigger.WAITS): State.THINKING,
    (State.INTERRUPTED, Trigger.SETTLED): State.LISTENING,
    (State.INTERRUPTED, Trigger.COMMITTED): State.THINKING,
}
"""Every change of state. A trigger that is not listed for a state leaves it as it is."""


def move(state: State, trigger: Trigger) -> State:
    """Returns the state after a trigger."""
    return TRANSITIONS.get((state, trigger), state)


class Slots(Enum):
    """What there is to be said.

    NONE: nothing.
    PREPARED: a reply that is made ahead, behind its gate.
    LIVE: a committed reply; it may have called tools.
    LIVE_PREPARED: a committed reply that has called tools, and the one with their results.
    WAITING: no reply, but calls whose results are missing, or wait for the user to be done.
    """

    NONE = auto()
    PREPARED = auto()
    LIVE = auto()
    LIVE_PREPARED = auto()
    WAITING = auto()


class SlotEvent(Enum):
    """What moves the slots; who does it is in brackets.

    READY: the user has probably finished, and the turn would be answered (`Speaker.ready`).
    COMMITTED: the turn is over and is answered (`Speaker.committed`).
    WENT_ON: the user goes on with a turn that was ready (`Speaker.went_on`).
    DROPPED: what seemed a turn was none (`Speaker.dropped`).
    HEARD_OUT: the turn is over and is not answered, or not yet (`Speaker.heard_out`).
    ASKED: the client asks for a reply in the conversation (`Speaker.asked`).
    SAID: a fixed text is said, or an earlier turn is answered (`Speaker.say`, `answer_again`).
    HEARD: audio of the live reply went out (`Speaker.audio_sent`).
    RESULTS: all results are there, and a reply with them is made (`ToolRounds.use_results`).
    FAILED: the live reply fails; what was made of it still plays (`Speaker.failed`).
    OVER: the live reply is played, and nothing of it is waited for (`Speaker.over`).
    WAITS: the live reply is played, and has called tools (`Speaker.waits`).
    CUT: the user or the client ends what is said, or takes it back (`Speaker.cut`).
    """

    READY = auto()
    COMMITTED = auto()
    WENT_ON = auto()
    DROPPED = auto()
    HEARD_OUT = auto()
    ASKED = auto()
    SAID = auto()
    HEARD = auto()
    RESULTS = auto()
    FAILED = auto()
    OVER = auto()
    WAITS = auto()
    CUT = auto()


SLOTS: dict[tuple[Slots, SlotEvent], Slots] = {
    # A turn is probably over: a reply is made ahead, in place of an older one; who waited for
    # results waits no more, as the user has said something else.
    (Slots.NONE, SlotEvent.READY): Slots.PREPARED,
    (Slots.PREPARED, SlotEvent.READY): Slots.PREPARED,
    (Slots.WAITING, SlotEvent.READY): Slots.PREPARED,
    (Slots.LIVE, SlotEvent.READY): Slots.LIVE,
    (Slots.LIVE_PREPARED, SlotEvent.READY): Slots.LIVE_PREPARED,
    # A turn is over: what was prepared for it goes live, or a reply made now; what was live is cut.
    (Slots.NONE, SlotEvent.COMMITTED): Slots.LIVE,
    (Slots.PREPARED, SlotEvent.COMMITTED): Slots.LIVE,
    (Slots.WAITING, SlotEvent.COMMITTED): Slots.LIVE,
    (Slots.LIVE, SlotEvent.COMMITTED): Slots.LIVE,
    (Slots.LIVE_PREPARED, SlotEvent.COMMITTED): Slots.LIVE,
    # The user goes on: whatever was prepared is void, what is live is not touched.
    (Slots.NONE, SlotEvent.WENT_ON): Slots.NONE,
    (Slots.PREPARED, SlotEvent.WENT_ON): Slots.NONE,
    (Slots.WAITING, SlotEvent.WENT_ON): Slots.WAITING,
    (Slots.LIVE, SlotEvent.WENT_ON): Slots.LIVE,
    (Slots.LIVE_PREPARED, SlotEvent.WENT_ON): Slots.LIVE,
    # There was no turn. What may follow of that (an answer once more, an apology) is SAID.
    (Slots.NONE, SlotEvent.DROPPED): Slots.NONE,
    (Slots.PREPARED, SlotEvent.DROPPED): Slots.NONE,
    (Slots.WAITING, SlotEvent.DROPPED): Slots.WAITING,
    (Slots.LIVE, SlotEvent.DROPPED): Slots.LIVE,
    (Slots.LIVE_PREPARED, SlotEvent.DROPPED): Slots.LIVE,
    # The turn is kept in history, and nobody answers it now.
    (Slots.NONE, SlotEvent.HEARD_OUT): Slots.NONE,
    (Slots.PREPARED, SlotEvent.HEARD_OUT): Slots.NONE,
    (Slots.WAITING, SlotEvent.HEARD_OUT): Slots.WAITING,
    (Slots.LIVE, SlotEvent.HEARD_OUT): Slots.LIVE,
    (Slots.LIVE_PREPARED, SlotEvent.HEARD_OUT): Slots.LIVE,
    # The client wants a reply. One that is live is not cut for it: the client may do that itself.
    (Slots.NONE, SlotEvent.ASKED): Slots.LIVE,
    (Slots.PREPARED, SlotEvent.ASKED): Slots.LIVE,
    (Slots.WAITING, SlotEvent.ASKED): Slots.LIVE,
    (Slots.LIVE, SlotEvent.ASKED): Slots.LIVE,
    (Slots.LIVE_PREPARED, SlotEvent.ASKED): Slots.LIVE_PREPARED,
    # Only ever after something else has made room.
    (Slots.NONE, SlotEvent.SAID): Slots.LIVE,
    # What is heard may be paused and interrupted; what is there to be said stays the same.
    (Slots.LIVE, SlotEvent.HEARD): Slots.LIVE,
    (Slots.LIVE_PREPARED, SlotEvent.HEARD): Slots.LIVE_PREPARED,
    # The reply with the results is made behind the one that plays, or is live at once.
    (Slots.LIVE, SlotEvent.RESULTS): Slots.LIVE_PREPARED,
    (Slots.WAITING, SlotEvent.RESULTS): Slots.LIVE,
    # Calls of a reply that failed are given up, and what was prepared with their results.
    (Slots.LIVE, SlotEvent.FAILED): Slots.LIVE,
    (Slots.LIVE_PREPARED, SlotEvent.FAILED): Slots.LIVE,
    # A turn that is owed an answer ends the waiting before it begins.
    (Slots.LIVE, SlotEvent.OVER): Slots.NONE,
    (Slots.LIVE_PREPARED, SlotEvent.OVER): Slots.NONE,
    (Slots.LIVE, SlotEvent.WAITS): Slots.WAITING,
    (Slots.LIVE_PREPARED, SlotEvent.WAITS): Slots.LIVE,
    # An end from outside ends the waiting too; what is prepared for a turn has nothing to do with
    # it.
    (Slots.NONE, SlotEvent.CUT): Slots.NONE,
    (Slots.PREPARED, SlotEvent.CUT): Slots.PREPARED,
    (Slots.WAITING, SlotEvent.CUT): Slots.NONE,
    (Slots.LIVE, SlotEvent.CUT): Slots.NONE,
    (Slots.LIVE_PREPARED, SlotEvent.CUT): Slots.NONE,
}
"""Every event of the slots, and what is there to be said after it."""
