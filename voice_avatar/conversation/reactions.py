"""What follows of every fact: the rules by which the two sides of a conversation meet. Pure.

The listener tells of the user's turns, the speaker of the avatar's replies (`facts.py`); here each
fact becomes commands, notices, and further facts, which are acted on at once and in their place. So
the order of what goes out is the order of what happened, however long the chain: a reply that is
over is told, then what the avatar shows, then the apology for it or the answer that was owed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from voice_avatar import languages
from voice_avatar.conversation import facts
from voice_avatar.conversation.body import Body
from voice_avatar.conversation.options import SessionOptions
from voice_avatar.conversation.posture import Posture
from voice_avatar.conversation.speaker import Speaker
from voice_avatar.conversation.states import Trigger
from voice_avatar.events.commands import Command, OpenGate
from voice_avatar.events.cues import BodyCue
from voice_avatar.events.notices import (
    DropReason,
    ErrorNotice,
    Notice,
    ReplyStarted,
    TranscriptInterim,
    TurnForgotten,
    UserSpeechStarted,
    UserSpeechStopped,
    WarningNotice,
)
from voice_avatar.turns.facts import (
    BargeIn,
    MayBargeIn,
    NoBargeIn,
    SpeechBegan,
    TurnCommitted,
    TurnDropped,
    TurnMayEnd,
    TurnReady,
    TurnWentOn,
    UserPaused,
)
from voice_avatar.turns.facts import Fact as UserFact
from voice_avatar.turns.listener import Listener
from voice_avatar.turns.phases import Phase

_ECHO: Final = "What was heard were the words that the avatar was saying: taken for its echo."

Output = Command | Notice
Step = Output | UserFact | facts.Fact
"""What one of the two sides gives back: something to do or to tell, or a fact to act on."""


class Reactions:
    """The rules of one conversation."""

    def __init__(
        self,
        options: SessionOptions,
        listener: Listener,
        speaker: Speaker,
        body: Body,
        posture: Posture,
    ) -> None:
        self._options = options
        self._listener = listener
        self._speaker = speaker
        self._body = body
        self._posture = posture
        self._replies = speaker.replies
        self._prompts = speaker.prompts
        self._rounds = speaker.rounds
        self._owed = speaker.owed

    @property
    def language(self) -> str:
        """What is spoken, ISO 639-1."""
        return self._listener.language or "en"

    @property
    def has_user_the_floor(self) -> bool:
        """Whether the user speaks, and to nobody's reply."""
        return self._listener.is_active and self._replies.live is None

    @property
    def is_quiet(self) -> bool:
        """Whether nobody does anything: neither says something nor waits for something."""
        is_user_busy = self._listener.is_active and not self._listener.is_waiting
        return self._replies.live is None and not is_user_busy and not self._rounds.is_waiting

    def acted(self, steps: Iterable[Step], now_s: float) -> list[Output]:
        """Acts on every fact, in order; commands and notices stay where they are among them."""
        return [output for step in steps for output in self.act(step, now_s)]

    def act(self, item: Step, now_s: float) -> list[Output]:
        """Turns a fact of the user's side into commands and notices; the rest passes through."""
        out: Iterable[Step]
        match item:
            case SpeechBegan(is_over_reply):
                out = self._user_speaks(now_s, is_over_reply=is_over_reply)
            case UserPaused():
                return [*self._body.pause(now_s)] if self.has_user_the_floor else []
            case TurnMayEnd():
                return [*self._body.may_end(now_s)] if self.has_user_the_floor else []
            case TurnReady():
                out = self._ready(item, now_s)
            case TurnWentOn():
                return [*self._speaker.went_on(), *self._body.look_back()]
            case TurnCommitted():
                out = self._committed(item, now_s)
            case TurnDropped(reason):
                out = self._dropped(now_s, reason)
            case MayBargeIn():
                return [*self._speaker.pause(now_s)]
            case NoBargeIn():
                if resumed := self._speaker.resume(now_s):
                    self._posture.note(now_s)
                return [*resumed]
            case BargeIn():
                out = self._speaker.cut("voice", now_s)
            case TranscriptInterim(_, text, stable_chars, language):
                return [item, *self._read_on(text, stable_chars, language, now_s)]
            case UserSpeechStarted():
                self._posture.note(now_s)
                moved = self._posture.move(Trigger.USER_SPEAKS)
                return [item, *moved, *self._body.look_back()]
            case UserSpeechStopped():
                self._posture.note(now_s)
                return [item, *self._posture.move(Trigger.USER_SPEAKS)]
            case (
                facts.ReplyAudible()
                | facts.ReplyBegan()
                | facts.ReplyHeard()
                | facts.ReplyMayEnd()
                | facts.ReplyOver()
                | facts.ReplyCut()
                | facts.ReplyFinal()
            ):
                return self._act_on_reply(item, now_s)
            case _:
                return [item]
        return self.acted(out, now_s)

    def _act_on_reply(self, item: facts.Fact, now_s: float) -> list[Output]:
        """The same for the avatar's side."""
        out: Iterable[Step]
        match item:
            case facts.ReplyAudible():
                out = self._listener.answered()
            case facts.ReplyBegan():
                out = self._began(now_s)
            case facts.ReplyHeard():
                return [*self._posture.heard(now_s)]
            case facts.ReplyMayEnd():
                # First what its calls lead to: a reply that is over waits for nothing any more
                # that was not made ready before.
                out = [*self.follow_up(now_s), *self._speaker.over_if_played(now_s)]
            case facts.ReplyOver():
                out = self._over(item, now_s)
            case facts.ReplyCut():
                return [*self._posture.cut(item, now_s)]
            case facts.ReplyFinal():
                self._replies.write()
                return []
        return self.acted(out, now_s)

    # -- the user

    def _read_on(
        self, text: str, stable_chars: int, language: str, now_s: float
    ) -> list[Command | BodyCue]:
        """Lets the LLM read what the user has said so far, and the face answer to it.

        The final text begins like it, so that little is left to read when the turn is over.
        """
        out: list[Command | BodyCue] = []
        if self._listener.phase is Phase.SPEAKING and self._replies.live is None:
            out += self._prompts.warm(text, now_s)
        if self.has_user_the_floor:
            out += self._body.feel(text, stable_chars, language, now_s)
        return out

    def _user_speaks(self, now_s: float, *, is_over_reply: bool) -> list[Step]:
        """A turn begins. A reply of which nothing was sent yet ends: the user goes on."""
        self._posture.note(now_s)
        self._body.turn_began()
        out: list[Step] = [*self._posture.move(Trigger.USER_SPEAKS)]
        if self._rounds.is_waiting:  # the results are still waited for, but behind a listening face
            out += self._posture.move(Trigger.TAKEN_BACK)
        # Over a reply nothing is decided yet: the listener says so once it is (`BargeIn`).
        if is_over_reply:
            return out
        if self._replies.live is not None and self._owed.is_interruptible:
            turn = self._owed.take_back()
            if turn is not None and turn.reason in ("vad", "semantic"):
                self._listener.was_cut_off()  # the pause was taken for an end: wait longer for it
            out += self._speaker.cut("voice", now_s, is_taken_back=True)
            self._replies.write()  # at once, as nothing of it can have been played
        # After history is written: what is warmed is what the next prompt will begin with.
        return [*out, *self._prompts.warm(None, now_s)]

    def _ready(self, turn: TurnReady, now_s: float) -> list[Step]:
        out: list[Step] = []
        if self.has_user_the_floor:
            out += self._body.feel(turn.text, len(turn.text), turn.language, now_s)
        out += self._body.look_away()
        if self._owed.answered != "none":
            out += self._speaker.ready(turn, self._listener.turn_id, self.language, now_s)
        return out

    def _committed(self, turn: TurnCommitted, now_s: float) -> list[Step]:
        self._posture.note(now_s)
        is_untouchable = self._replies.live is not None and not self._owed.is_interruptible
        if not self._owed.is_answered(turn) or is_untouchable:
            # Heard out either way, for its words belong in history. What is owed is only an answer
            # that the user would have got, had the reply been one that can be interrupted.
            if self._owed.is_answered(turn):
                self._owed.keep(turn)
            self._body.lose_floor()
            return [*self._speaker.heard_out(turn)]
        self._body.answer()
        turn_id = self._listener.turn_id
        return [*self._speaker.committed(turn, turn_id, self.language, now_s)]

    def _dropped(self, now_s: float, reason: DropReason) -> list[Step]:
        """What seemed a turn was none: all is as before it, and what it held up goes on."""
        out: list[Step] = [*self._speaker.dropped(), *self._body.look_back()]
        out.append(TurnForgotten(self._listener.turn_id, reason))
        if reason == "echo":
            out.append(WarningNotice("input_echo", _ECHO))
        self._body.lose_floor()
        # Taken even where it is not used below: a reply that is live, or results that are waited
        # for, are all the answer there will be.
        turn = self._owed.again()
        if reason == "failed":
            out.append(ErrorNotice("stt_failed", "Speech recognition failed."))
        if self._replies.live is not None:
            return out
        if self._rounds.is_waiting:
            return [*out, *self._posture.move(Trigger.WAITS), *self.follow_up(now_s)]
        if turn is not None:
            return [*out, *self._speaker.answer_again(turn, self.language, now_s)]
        return out + (self._apologise(now_s) if reason == "failed" else [])

    # -- the avatar

    def _apologise(self, now_s: float) -> list[Step]:
        if not self._options.apologises:
            return []
        language = self.language
        text = languages.language(language).apology
        return [*self._speaker.say(text, language, now_s, is_apology=True)]

    def _began(self, now_s: float) -> list[Step]:
        """Lets the live reply out: the client hears of it before anything of it can come."""
        live = self._replies.live
        assert live is not None
        out: list[Step] = [*self._posture.began(now_s)]
        out.append(ReplyStarted(live.reply_id, live.turn_id, live.playout.rate_hz, live.ask_id))
        # The gate lets out what it has held, text and all; the calls, to which that text leads up,
        # come after it.
        out.append(OpenGate(live.reply_id))
        out += self._rounds.begin(live, now_s)
        self._rounds.calls_made()
        # One that was made ahead may be whole, without a word: then it is over already.
        return [*out, facts.ReplyMayEnd(live.reply_id)]

    def _over(self, fact: facts.ReplyOver, now_s: float) -> list[Step]:
        """What follows a reply: results, an apology, or the answer that is still owed."""
        # The posture first: whatever follows begins from a listening face, as `COMMITTED` moves
        # none that speaks.
        out: list[Step] = [*self._posture.over(fact, now_s)]
        if fact.is_waiting:
            return [*out, *self.follow_up(now_s)]
        if fact.is_apology_due:
            out += self._apologise(now_s)
        # Not while there is an apology to be heard: then the turn stays owed until that is over.
        return [*out, *self._speaker.pay(self.language, now_s)]

    def follow_up(self, now_s: float) -> Iterable[Step]:
        """Has the results of calls answered, if all are there and nobody speaks."""
        is_user_heard = self._listener.is_active
        return self._rounds.follow_up(self.language, now_s, is_user_heard=is_user_heard)
