"""The avatar's side of the conversation: replies from being prepared to what was heard. Pure.

`turns.Listener` makes facts of what the user does; this is the other side, in the same shape.
It is told what has become of the user's turn and of the replies under way, changes what there is to
be said as `states.SLOTS` says, one method for each event, and gives back commands, notices, and
facts (`facts.py`) on which the session acts. It does not know posture, body or listener.

- To interrupt is one step: cancel the live reply, tell the client `ReplyInterrupted`, and write to
  history what was heard. Reply ids only grow; whoever holds items of a lower id drops them.
- A voice over a reply pauses it before anything else is known of it: its clock stands still. The
  listener sees to it that every pause ends.
- History gets the user's text at commit, and a reply's words when it is over. What a reply
  contributes is cut at the last word that was played, and a late report of the client about it
  still corrects it until its last report or the next prompt.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from voice_avatar.conversation.facts import (
    Outcome,
    ReplyAudible,
    ReplyCut,
    ReplyFinal,
    ReplyHeard,
    ReplyMayEnd,
    ReplyOver,
)
from voice_avatar.conversation.history import History
from voice_avatar.conversation.out_of_band import ReplyEvent
from voice_avatar.conversation.owed import Owed
from voice_avatar.conversation.prompts import Prompts, question_key
from voice_avatar.conversation.replies import Replies, Reply, turn_key
from voice_avatar.conversation.setup import SessionSetup
from voice_avatar.conversation.states import Slots
from voice_avatar.conversation.tool_calls import ToolCalls
from voice_avatar.conversation.tool_rounds import ToolRounds
from voice_avatar.events.commands import CancelReply, Command, StartReply
from voice_avatar.events.inputs import (
    AudioSent,
    HistoryAdded,
    PlaybackReport,
    ReplyFailed,
    ReplyGenerated,
    ReplyReady,
    ReplyRequest,
    ReplyTextAdded,
    SegmentPlanned,
    ToolCallMade,
)
from voice_avatar.events.notices import (
    ErrorNotice,
    Notice,
    ReplyDone,
    ReplyInterrupted,
    ReplyPaused,
    ReplyRefused,
    ReplyResumed,
    ReplyStatus,
    TranscriptFinal,
    TurnEnded,
    WarningNotice,
)
from voice_avatar.events.payloads import Message
from voice_avatar.turns.facts import TurnCommitted, TurnReady

CutReason = Literal["voice", "message", "text", "ptt"]


class Speaker:
    """What one avatar says.

    Attributes:
        replies: those that there are, and the history that they leave.
        prompts: what the model is shown.
        rounds: the calls of tools, and the replies with their results.
        owed: turns without an answer.
    """

    def __init__(
        self,
        setup: SessionSetup,
        *,
        count_tokens: Callable[[str], int],
        meant: Callable[[float], str],
    ) -> None:
        """`count_tokens` is the LLM's; `meant` tells what the user means by "that" at a time."""
        options = setup.session
        calls = ToolCalls(options.tool_timeout_s, options.max_tool_rounds)
        calls.change(setup.tools, setup.tool_choice, follows_up=None)
        self.replies = Replies(
            setup.playout, setup.rate_hz, History(setup.history, setup.session.max_text_chars)
        )
        self.prompts = Prompts(setup, self.replies, calls, count_tokens=count_tokens, meant=meant)
        self.rounds = ToolRounds(calls, self.replies, self.prompts)
        self.owed = Owed()

    @property
    def slots(self) -> Slots:
        """What there is to be said."""
        if self.replies.live is not None:
            return Slots.LIVE if self.replies.prepared is None else Slots.LIVE_PREPARED
        if self.replies.prepared is not None:
            return Slots.PREPARED
        return Slots.WAITING if self.rounds.calls.is_open else Slots.NONE

    # -- the user's turns

    def ready(
        self, turn: TurnReady | TurnCommitted, turn_id: int, language: str, now_s: float
    ) -> list[Command | Notice]:
        """Prepares a reply to a turn that is probably over."""
        if self.replies.live is not None:
            return []
        out = [*self.rounds.end("interrupted"), *self.replies.withdraw()]
        self.replies.write()  # from here on the prompt stands: no report changes it any more
        reply = self.replies.new(turn_id, question_key(turn.text, turn.language))
        self.replies.prepared = reply
        prompt = self.prompts.prompt(turn.text)
        return [*out, self.prompts.start(reply, prompt, language, now_s, turn)]

    def committed(
        self, turn: TurnCommitted, turn_id: int, language: str, now_s: float
    ) -> list[Outcome]:
        """Answers a turn: by the prepared reply if the text is still the one that it answers."""
        # First the cut: with the live reply goes the one that was prepared with its results, which
        # must not be taken for the answer to this turn.
        out = self.cut("voice", now_s)
        self.rounds.calls.begin_turn()
        prepared = self.replies.prepared
        key = question_key(turn.text, turn.language)
        if prepared is None or prepared.key != key or prepared.failure:
            out += self.ready(turn, turn_id, language, now_s)
        # After the prompt was made, which already has the turn's text at its end.
        self.replies.write()
        self.replies.history.add_user(turn.text, turn_key(turn.turn_id))
        self.owed.forget()
        self.owed.answering(turn)
        # The client hears that the turn is over before the reply to it begins.
        out += _final(turn)
        live, self.replies.prepared = self.replies.prepared, None
        return out + (self.replies.go_live(live, now_s) if live else [])

    def went_on(self) -> list[CancelReply]:
        """Whatever was prepared is void: the user goes on."""
        return self.replies.withdraw()

    def dropped(self) -> list[CancelReply]:
        """Whatever was prepared is void: there was no turn."""
        return self.replies.withdraw()

    def heard_out(self, turn: TurnCommitted) -> list[Outcome]:
        """A turn is over that is not answered unless the client asks for it."""
        out: list[Outcome] = [*self.replies.withdraw()]
        said = Message("user", turn.text)
        self.replies.edit(HistoryAdded(turn_key(turn.turn_id), said))
        self.owed.forget()
        return out + _final(turn)

    # -- replies that answer no new turn

    def asked(self, request: ReplyRequest, language: str, now_s: float) -> list[Outcome]:
        """Makes the reply that the client asks for; one that is live is not cut for it."""
        if self.replies.live is not None:
            return [ReplyRefused(request.ask_id)]
        request = self.prompts.bounded(request)
        out: list[Outcome] = [*self.rounds.end("interrupted"), *self.replies.withdraw()]
        self.replies.write()
        self.owed.forget()
        self.owed.answering(None)
        reply = self.replies.new(0, "")
        reply.ask_id = request.ask_id
        prompt = self.prompts.prompt_of(request)
        out.append(self.prompts.start(reply, prompt, language, now_s, request=request))
        return out + self.replies.go_live(reply, now_s)

    def answer_again(self, turn: TurnCommitted, language: str, now_s: float) -> list[Outcome]:
        """Answers a turn whose reply was taken back for a sound that was none."""
        self.replies.write()
        reply = self.replies.new(turn.turn_id, question_key(turn.text, turn.language))
        start = self.prompts.start(reply, self.prompts.prompt(None), language, now_s, turn)
        self.owed.answering(turn)
        return [start, *self.replies.go_live(reply, now_s)]

    def say(self, text: str, language: str, now_s: float, *, is_apology: bool) -> list[Outcome]:
        """Speaks a fixed text."""
        # Whoever interrupts this leaves no turn behind that would have to be answered again.
        self.owed.answering(None)
        reply = self.replies.new(0, "")
        reply.is_apology = is_apology
        feeling = self.replies.feeling(now_s)
        start = StartReply(reply.reply_id, (), language, text=text, feeling=feeling)
        return [start, *self.replies.go_live(reply, now_s)]

    def pay(self, language: str, now_s: float) -> list[Outcome]:
        """Answers the turn that came while the last reply could not be interrupted."""
        if self.replies.live is not None:
            return []
        turn = self.owed.pay()
        return [] if turn is None else self.answer_again(turn, language, now_s)

    # -- what became of a reply

    def reply_event(self, event: ReplyEvent, now_s: float) -> list[Outcome]:
        """Takes what was made or sent of a reply; one that is cut, or over, is not known."""
        reply = self.replies.find(event.reply_id)
        if reply is None:
            return []
        match event:
            case ReplyTextAdded(_, text):
                reply.text += text
            case ToolCallMade(_, call):
                return [*self.rounds.call_made(reply, call, now_s)]
            case SegmentPlanned():
                reply.words += event.words
                if event.feeling is not None:
                    reply.feelings.append((event.start, event.feeling))
            case ReplyReady():
                return self.answered(reply)
            case AudioSent(_, until):
                return self.audio_sent(reply, until, now_s)
            case ReplyGenerated(_, count):
                reply.total = count
            case _:
                return self.failed(reply, event)
        if reply is self.replies.live:
            # Not before the reply is whole: a quick result would be answered while calls may
            # follow.
            self.rounds.calls_made()
        # Of a reply without a sound there is never a `ReplyReady`: its end releases the turn
        # instead.
        waiting = self.answered(reply) if reply.total is not None else []
        return [*waiting, ReplyMayEnd(reply.reply_id)]

    def audio_sent(self, reply: Reply, until: int, now_s: float) -> list[Outcome]:
        """Audio of the reply went out up to there."""
        reply.playout.audio_sent(until, now_s)
        return [ReplyHeard(reply.reply_id)]

    def failed(self, reply: Reply, event: ReplyFailed) -> list[Outcome]:
        """No more of the reply comes; what was made of it still plays, and then it is over.

        Of a prepared reply it is not told: it is tried again when the turn is committed.
        """
        reply.failure, reply.total = event, event.sample_count
        if reply is not self.replies.live:
            return [*self.answered(reply), ReplyMayEnd(reply.reply_id)]
        failed = ErrorNotice(event.code, event.message)
        return [failed, *self.rounds.end("failed"), ReplyMayEnd(reply.reply_id)]

    def answered(self, reply: Reply) -> list[Outcome]:
        """The turn need not wait for its prepared reply: it can be heard, or has failed."""
        is_speculative = reply is self.replies.prepared and not reply.is_follow_up
        return [ReplyAudible(reply.reply_id)] if is_speculative else []

    def reported(self, report: PlaybackReport, now_s: float) -> list[Outcome]:
        """The client says how much of a reply it has played."""
        is_last = report.state in ("finished", "stopped")
        # First whether it is about a reply that is over: then it moves nothing but the cut in
        # history.
        if self.replies.correct(report):
            if is_last:
                self.replies.write()
            return []
        live = self.replies.live
        if live is None or live.reply_id != report.reply_id:
            return []
        played = report.played
        if report.state == "finished" and live.total is not None:
            played = live.playout.sent
        live.playout.reported(played, report.state, now_s, report.latency_s)
        over = self.over_if_played(now_s)
        # Last of all: what follows of the reply's end still belongs before it in history.
        return [*over, ReplyFinal(live.reply_id)] if over and is_last else over

    def over_if_played(self, now_s: float) -> list[Outcome]:
        """Ends the live reply if all of it was made, sent and played."""
        live = self.replies.live
        if live is None or not live.is_played_out(now_s):
            return []
        if self.rounds.calls.is_open and not self.owed.is_later:
            return self.waits(live, now_s)
        return self.over(live, now_s)

    def over(self, live: Reply, now_s: float) -> list[Outcome]:
        """The reply is over. A turn that is owed an answer is newer than its calls: they end."""
        out = self._done(live, now_s)
        out += self.rounds.end("interrupted")
        is_apology_due = live.failure is not None and not live.is_apology
        return [*out, ReplyOver(live.reply_id, is_apology_due=is_apology_due)]

    def waits(self, live: Reply, now_s: float) -> list[Outcome]:
        """The reply is over, and its calls are not in history: goes on with what is there."""
        out = [*self._done(live, now_s), ReplyOver(live.reply_id, is_waiting=True)]
        prepared, self.replies.prepared = self.replies.prepared, None
        if prepared is None:
            return out
        # While no reply is live, so that the results are in history at once: the words of the reply
        # that was made of them come behind them.
        self.rounds.settle()
        if prepared.failure is not None:
            # It failed behind the one that played, where nobody had to know; now it is the one.
            out.append(ErrorNotice(prepared.failure.code, prepared.failure.message))
        return out + self.replies.go_live(prepared, now_s)

    def _done(self, live: Reply, now_s: float) -> list[Outcome]:
        out: list[Outcome] = []
        has_nothing = live.total == 0 and not live.calls
        if has_nothing and not live.failure and not live.is_silent:
            out.append(WarningNotice("empty_reply", "The reply has nothing to say."))
        status: ReplyStatus = "failed" if live.failure else "completed"
        played = live.playout.played(now_s)
        spoken = self.replies.end(live, played, now_s)
        out.append(ReplyDone(live.reply_id, status, spoken, played))
        return out

    # -- the user speaks over it

    def pause(self, now_s: float) -> list[Notice]:
        """Lets the live reply stand still, if it is being heard."""
        live = self.replies.live
        if live is None or not self.replies.is_heard:
            return []
        live.playout.pause(now_s)
        return [ReplyPaused(live.reply_id, live.playout.heard(now_s))]

    def resume(self, now_s: float) -> list[Notice]:
        """Lets a paused reply go on."""
        live = self.replies.live
        if live is None or not live.playout.is_paused:
            return []
        live.playout.resume(now_s)
        return [ReplyResumed(live.reply_id, live.playout.played(now_s))]

    def cut(self, reason: CutReason, now_s: float, *, is_taken_back: bool = False) -> list[Outcome]:
        """Interrupts the live reply, if there is one, and the waiting for results."""
        live = self.replies.live
        was_waiting = self.rounds.is_waiting
        # First the calls: their results are to stand behind the reply's words, which are written
        # as soon as it is ended.
        lost = self.rounds.end("interrupted")
        if live is None:
            cut = ReplyCut(self.rounds.calls.reply_id, was_waiting, is_taken_back)
            return [*lost, cut] if was_waiting else [*lost]
        played = live.playout.heard(now_s)
        spoken = self.replies.end(live, played, now_s)
        # First the work stops, then the client is told where: nothing of it may come after that.
        return [
            CancelReply(live.reply_id),
            ReplyInterrupted(live.reply_id, played, reason, spoken),
            ReplyDone(live.reply_id, "interrupted", spoken, played),
            *lost,
            ReplyCut(live.reply_id, is_taken_back=is_taken_back),
        ]

    def interrupt_asked(self, reply_id: int | None, language: str, now_s: float) -> list[Outcome]:
        """The client asks to stop the reply, or the waiting for what follows it."""
        current = self.replies.live.reply_id if self.replies.live else None
        if self.rounds.is_waiting:
            current = self.rounds.calls.reply_id
        if current is None or reply_id not in (None, current):
            return [WarningNotice("nothing_to_interrupt", "That reply is not being spoken.")]
        return [*self.cut("message", now_s), *self.pay(language, now_s)]


def _final(turn: TurnCommitted) -> list[Outcome]:
    return [
        TranscriptFinal(turn.turn_id, turn.text, turn.language),
        TurnEnded(turn.turn_id, turn.reason, turn.silence_s),
    ]
