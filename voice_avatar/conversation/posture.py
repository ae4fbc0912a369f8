"""How the avatar bears itself as the conversation goes: its state, and what time does to it. Pure.

The state is moved by triggers (`states.TRANSITIONS`); here are also the clocks that go by it: how
long `interrupted` lasts, when a silence makes `idle` of `listening`, and when it ends the session.
"""

from __future__ import annotations

from voice_avatar.conversation.body import Body
from voice_avatar.conversation.facts import ReplyCut, ReplyOver
from voice_avatar.conversation.options import SessionOptions
from voice_avatar.conversation.states import State, Trigger, move
from voice_avatar.events.commands import EndSession
from voice_avatar.events.cues import BodyCue
from voice_avatar.events.notices import StateChanged


class Posture:
    """The bearing of one avatar.

    Attributes:
        state: what it shows.
    """

    def __init__(self, options: SessionOptions, body: Body, now_s: float) -> None:
        self.state = State.IDLE
        self._options = options
        self._body = body
        self._active_s = now_s
        self._settle_at_s: float | None = None

    def move(self, trigger: Trigger) -> list[StateChanged]:
        """Changes the state as the table says."""
        state = move(self.state, trigger)
        if state is self.state:
            return []
        self.state = state
        self._body.stir()
        return [StateChanged(state)]

    def note(self, now_s: float) -> None:
        """Something happens: silence is counted from here."""
        self._active_s = now_s

    # -- the avatar's side

    def began(self, now_s: float) -> list[StateChanged]:
        """A reply is live, and nothing of it is heard yet."""
        self._body.think(now_s)
        self._settle_at_s = None
        return self.move(Trigger.COMMITTED)

    def heard(self, now_s: float) -> list[StateChanged]:
        """The reply is heard."""
        self._active_s = now_s
        self._body.stop_thinking()
        return self.move(Trigger.AUDIO_OUT)

    def over(self, fact: ReplyOver, now_s: float) -> list[StateChanged]:
        """The reply is over by itself: the user may speak, or results are waited for."""
        self._active_s = now_s
        self._body.stop_thinking()
        if not fact.is_waiting:
            return self.move(Trigger.REPLY_OVER)
        self._body.think(now_s)
        return self.move(Trigger.WAITS)

    def cut(self, fact: ReplyCut, now_s: float) -> list[StateChanged]:
        """The reply was ended. One that was taken back unheard was, for the user, never there."""
        if not fact.was_waiting:
            self._active_s = now_s
        self._body.stop_thinking()
        self._settle_at_s = now_s + self._options.settle_s
        return self.move(Trigger.TAKEN_BACK if fact.is_taken_back else Trigger.CUT)

    # -- time

    def deadline_s(self, *, is_quiet: bool) -> float | None:
        """Returns when `tick` is due, None = never; `is_quiet`: nobody does anything."""
        times = [self._settle_at_s, self._body.thinks_s]
        if is_quiet and self.state is State.LISTENING:
            times.append(self._active_s + self._options.quiet_after_s)
        if is_quiet and self._options.idle_timeout_s:
            times.append(self._active_s + self._options.idle_timeout_s)
        return min((time for time in times if time is not None), default=None)

    def tick(self, now_s: float, *, is_quiet: bool) -> list[BodyCue | StateChanged | EndSession]:
        """Does what is due; a session that nobody uses ends before it shows that it is idle."""
        out: list[BodyCue | StateChanged | EndSession] = [*self._body.tick_thinking(now_s)]
        if self._settle_at_s is not None and now_s >= self._settle_at_s:
            self._settle_at_s = None
            out += self.move(Trigger.SETTLED)
        if not is_quiet:
            return out
        timeout_s = self._options.idle_timeout_s
        if timeout_s and now_s >= self._active_s + timeout_s:
            return [*out, EndSession("idle")]
        if now_s >= self._active_s + self._options.quiet_after_s:
            fallen = self.move(Trigger.QUIET)
            if fallen:
                self._body.fall_idle(now_s)
            out += fallen
        return out
