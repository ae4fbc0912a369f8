"""The conversation: what happened in, what to do and what to tell out. Pure.

Theory of operation. `Session.receive(event, now_s)` is the whole interface: it returns commands
for the pipeline and notices for the client, in the order in which they take effect. It owns no
clock, task, queue or engine; a recorded session can be fed to it again and gives the same outputs.

There are two sides and two tables. The user's side is a `turns.Listener`; the avatar's side is
a `Speaker`. Both give facts (a turn began, may be over, went on, is over; a reply began, is heard,
over, cut), and `Reactions` acts on each fact in its order: what the user does drives the replies,
and what becomes of the replies moves what the avatar shows. What it shows is a table
(`states.TRANSITIONS`), and so is what there is to be said (`states.SLOTS`):

- At most one reply is *live* (committed and not over) and at most one is *prepared*
  (speculative, behind its gate). A prepared reply is kept when the committed text is the text it
  answers, and cancelled otherwise.
- The end of a turn waits a little for the prepared reply's first audio, and a reply of which
  nothing was sent yet is taken back when the user goes on: either way the user did not hear that
  the pause was mistaken for an end. What follows is merged with the turn in the next prompt; if
  nothing follows (a cough), the same turn is answered again.
- A voice over a reply that is being heard pauses it before anything else is known of it
  (`ReplyPaused`): its clock stands still and nothing of it is sent. It is then interrupted, or goes
  on at the very sample (`ReplyResumed`); the state stays `speaking`, because most pauses are
  shorter than a change of posture. The listener sees to it that every pause ends.
- To interrupt is one step: cancel the live reply, tell the client `ReplyInterrupted`, and write to
  history what was heard. Reply ids only grow; whoever holds items of a lower id drops them.
- History changes only here: the user's text at commit, the reply's words when it is over. What a
  reply contributes is cut at the last word that was played, and a late report of the client about
  a reply already cut still corrects it until its last report or the next prompt.
- A reply may call tools (`tool_rounds.py`). A call is told when it is whole and the turn committed,
  never before. When the reply is over and results are missing, the session waits (`thinking`, no
  live reply); when all are there, a reply with the results in its prompt follows: prepared behind
  the one that plays, or live at once. What ends a live reply, or a new turn, ends the waiting.
- While nobody is connected (`ClientLost`, `ClientBack`) the playout clock of the live reply and the
  listener's patience stand still: the client plays what it has, and its silence means nothing.
- A reply out of band (`out_of_band.py`) is decided here like any other, and touches none of this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from voice_avatar.conversation.body import Body
from voice_avatar.conversation.out_of_band import OutOfBand
from voice_avatar.conversation.posture import Posture
from voice_avatar.conversation.reactions import Output, Reactions, Step
from voice_avatar.conversation.setup import SessionSetup
from voice_avatar.conversation.speaker import Speaker
from voice_avatar.conversation.states import State
from voice_avatar.events.commands import Command
from voice_avatar.events.inputs import (
    ClearInput,
    ClientBack,
    ClientLost,
    CommitInput,
    HistoryAdded,
    HistoryCut,
    InterruptRequest,
    PlaybackReport,
    ReplyRequest,
    SessionInput,
    SettingsChanged,
    TalkPressed,
    TalkReleased,
    TextInput,
    Tick,
    ToolResult,
    Transcribed,
    TurnScored,
    UserGaze,
    VadFrame,
)
from voice_avatar.events.notices import ErrorNotice, StateChanged, WarningNotice
from voice_avatar.events.payloads import NowPlaying
from voice_avatar.turns.echo_words import AFTER_S, BEFORE_S, is_echo
from voice_avatar.turns.facts import TurnCommitted
from voice_avatar.turns.listener import Listener, nothing_to_commit
from voice_avatar.turns.phases import Phase

_Directed = (
    ClientLost
    | ClientBack
    | SettingsChanged
    | ReplyRequest
    | HistoryAdded
    | HistoryCut
    | ToolResult
    | UserGaze
)


class Session:
    """One user's conversation.

    Attributes:
        history: what was said, as prompts will show it.
    """

    def __init__(
        self,
        setup: SessionSetup,
        *,
        count_tokens: Callable[[str], int],
        now_s: float,
    ) -> None:
        """`count_tokens` is the LLM's; `now_s` is when the conversation begins."""
        options = setup.session
        self._options = options
        self._listener = Listener(setup.vad, setup.turn, options.language or None)
        self._body = Body(setup.body, options.thinking_after_s, now_s)
        self._posture = Posture(options, self._body, now_s)
        self._speaker = Speaker(setup, count_tokens=count_tokens, meant=self._body.meant)
        self._replies = self._speaker.replies
        self._prompts = self._speaker.prompts
        self._calls = self._speaker.rounds.calls
        self._owed = self._speaker.owed
        self.history = self._replies.history
        self._reactions = Reactions(
            options, self._listener, self._speaker, self._body, self._posture
        )
        self._out_of_band = OutOfBand(self._prompts, setup.rate_hz)
        self._alone_s = now_s

    # -- the interface

    def start(self, now_s: float) -> tuple[Output, ...]:
        """Returns what a new session does first: its state, and the greeting if there is one.

        The LLM reads the system prompt meanwhile: the first reply would have to wait for it.
        """
        out: list[Step] = [StateChanged(self.state), *self._prompts.warm(None, now_s)]
        self._body.fall_idle(now_s)
        if greeting := self._options.greeting:
            out += self._speaker.say(greeting, self._reactions.language, now_s, is_apology=False)
        return tuple(self._reactions.acted(out, now_s))

    def receive(self, event: SessionInput, now_s: float) -> tuple[Output, ...]:
        """Takes one event.

        Args:
            event: what happened.
            now_s: when, on any clock that never goes back, seconds.

        Returns:
            What to do and what to tell the client, in order.
        """
        out: list[Output] = []
        # Depth first: all that a fact leads to stands before what was given back after that fact,
        # so that whoever carries it out finds a cause before what depends on it.
        for item in self._dispatch(event, now_s):
            out += self._reactions.act(item, now_s)
        return tuple(out)

    @property
    def state(self) -> State:
        """What the avatar shows."""
        return self._posture.state

    @property
    def is_speaking(self) -> bool:
        """Whether a reply is committed and not over."""
        return self._replies.live is not None

    @property
    def wants_pitch(self) -> bool:
        """Whether the pitch of the user's voice is of use now."""
        return self._reactions.has_user_the_floor and self._body.wants_pitch

    @property
    def deadline_s(self) -> float | None:
        """When a `Tick` is due, None for never."""
        times = [self._posture.deadline_s(is_quiet=self._reactions.is_quiet), self._replies.ends_s]
        if not self._replies.is_alone:
            # Nobody hears the user, sees the avatar or answers its calls while nobody is connected.
            times += [self._listener.deadline_s, self._body.idles_s, self._calls.deadline_s]
        return min((time for time in times if time is not None), default=None)

    def allowance(self, reply_id: int, now_s: float) -> int:
        """Returns how many samples of the reply may be sent now."""
        return self._replies.allowance(reply_id, now_s)

    def playing(self, now_s: float) -> NowPlaying | None:
        """Returns what the user's loudspeaker is believed to play, None = nothing."""
        return self._replies.playing(now_s)

    def due_s(self, reply_id: int, until: int) -> float | None:
        """Returns since when audio of the reply up to sample `until` may be sent; None = always."""
        return self._replies.due_s(reply_id, until)

    # -- dispatch

    def _dispatch(self, event: SessionInput, now_s: float) -> Iterable[Step]:
        match event:
            case VadFrame():  # first: there are thirty of them a second
                return self._heard(event, now_s)
            case Transcribed():
                return self._listener.transcribed(self._without_echo(event, now_s), now_s)
            case TurnScored():
                return self._listener.scored(event)
            case TextInput(text):
                return self._typed(text, now_s)
            case TalkPressed():
                # The reply ends before the listener opens its ear: what is said from now on is
                # said over nothing.
                cut = self._speaker.cut("ptt", now_s)
                return [*cut, *self._body.look_back(), *self._listener.press()]
            case TalkReleased():
                return self._listener.release()
            case CommitInput(start):
                if self._listener.is_active or start is not None:
                    return self._listener.commit(start)
                return [nothing_to_commit()]
            case ClearInput():
                return self._listener.clear()
            case InterruptRequest(reply_id):
                # Without an id it is the conversation's own reply that is meant, never one beside
                # it.
                if reply_id is not None and reply_id in self._out_of_band:
                    return self._out_of_band.cancel(reply_id)
                return self._speaker.interrupt_asked(reply_id, self._reactions.language, now_s)
            case PlaybackReport():
                return self._speaker.reported(event, now_s)
            case Tick():
                return self._tick(now_s)
            case (
                ClientLost()
                | ClientBack()
                | SettingsChanged()
                | ReplyRequest()
                | HistoryAdded()
                | HistoryCut()
                | ToolResult()
                | UserGaze()
            ):
                return self._directed(event, now_s)
            case _ if event.reply_id in self._out_of_band:
                return self._out_of_band.reply_event(event)
            case _:
                return self._speaker.reply_event(event, now_s)

    def _directed(self, event: _Directed, now_s: float) -> Iterable[Step]:
        """What the client does besides talking."""
        match event:
            case ClientLost():
                self._alone_s = now_s
                self._replies.leave_alone(now_s)
            case ClientBack():
                self._rejoined(now_s)
            case SettingsChanged():
                return self._settings(event, now_s)
            case ReplyRequest(is_out_of_band=True):
                return self._out_of_band.ask(event, self._reactions.language)
            case ReplyRequest():
                return self._speaker.asked(event, self._reactions.language, now_s)
            case HistoryAdded() | HistoryCut():
                self._replies.edit(event)
            case ToolResult():
                return self._answered(event, now_s)
            case UserGaze():
                is_free = self._replies.live is None and not self._listener.is_active
                return self._body.see(event, now_s, is_free=is_free)
        return ()

    def _heard(self, frame: VadFrame, now_s: float) -> Iterable[Step]:
        # Who began while they were addressed is heard to the end: a glance away in the middle of a
        # sentence does not end it. After a pause they have to be addressed again.
        is_going_on = self._listener.phase is Phase.SPEAKING
        if not is_going_on and not self._body.is_addressed(now_s):
            frame = replace(frame, probability=0.0, dbfs=-100.0, tail_dbfs=-100.0, f0_hz=0.0)
        # Whether what the user says is said over a reply: not before it is heard, except that an
        # apology does not make a turn of the mhm that began over the reply that failed.
        is_over_reply = self._replies.live is not None and (
            self._replies.is_heard or self._listener.is_active or not self._owed.is_interruptible
        )
        out: list[Step] = [*self._listener.frame(frame, now_s, reply_is_live=is_over_reply)]
        # After the listener: the frame may have begun the turn.
        if self._reactions.has_user_the_floor:
            out += self._body.hear(frame, now_s)
        return out

    def _without_echo(self, event: Transcribed, now_s: float) -> Transcribed:
        """Returns what was recognised, without words if they are the avatar's own."""
        transcript, from_s = event.transcript, self._listener.echo_from_s
        # A turn that has taken the floor is answered, whatever its words: its reply is cut already,
        # and nobody would say anything any more.
        if transcript is None or not transcript.text or from_s is None:
            return event
        played = self._replies.words_played(from_s - BEFORE_S, now_s + AFTER_S, now_s)
        if not is_echo(transcript.text, played):
            return event
        # Emptied and not kept back: the listener waits for an answer to whatever it asks, and drops
        # a turn without words in its time.
        return Transcribed(event.request_id, replace(transcript, text="", is_echo=True))

    # -- what the client gives

    def _typed(self, text: str, now_s: float) -> list[Step]:
        text = " ".join(text.split())
        if not text:
            return [WarningNotice("empty_text", "The text is empty.")]
        if len(text) > self._options.max_text_chars:
            limit = self._options.max_text_chars
            return [WarningNotice("text_too_long", f"Text is limited to {limit} characters.")]
        # Before the spoken turn is cleared: else what was taken back for it were answered again.
        self._owed.forget()
        out: list[Step] = [*self._reactions.acted(self._speaker.cut("text", now_s), now_s)]
        # Acted on before the next turn has its number: it is told of by its own.
        out += self._reactions.acted(self._listener.clear(), now_s)
        self._listener.turn_id += 1
        turn_id, language = self._listener.turn_id, self._reactions.language
        return [*out, TurnCommitted(turn_id, text, language, "text", 0.0, now_s, now_s)]

    def _answered(self, result: ToolResult, now_s: float) -> Iterable[Step]:
        match self._calls.answer(result.call_id, result.output):
            case "late":
                return [WarningNotice("tool_result_late", "Nobody waits for that result any more.")]
            case "unknown":
                return [ErrorNotice("tool_call_unknown", "There is no call of that id.")]
        self._posture.note(now_s)
        return self._reactions.follow_up(now_s)

    # -- settings and time

    def _rejoined(self, now_s: float) -> None:
        """The client is back: time goes on, and its microphone is waited for anew."""
        if not self._replies.is_alone:
            return
        self._calls.give_time(now_s - self._alone_s)
        self._posture.note(now_s)
        self._listener.rejoin(now_s)
        self._replies.rejoin(now_s)

    def _settings(self, event: SettingsChanged, now_s: float) -> list[Command]:
        out: list[Command] = []
        if event.language is not None:
            self._listener.language = event.language or None
        if event.system_prompt is not None:
            self._prompts.system = event.system_prompt
        self._calls.change(event.tools, event.tool_choice, event.follows_up)
        # Warmed once both are set, for both stand at the beginning of every prompt.
        if event.system_prompt is not None or event.tools is not None:
            out += self._prompts.warm(None, now_s)
        if event.endpointing is not None:
            self._listener.set_manual(event.endpointing == "manual")
        if event.detection is not None:
            self._listener.set_detection(event.detection)
        if event.answered is not None:
            self._owed.answered = event.answered
        if event.is_interruptible is not None:
            self._owed.is_interruptible = event.is_interruptible
            self._listener.set_interruptible(event.is_interruptible)
        self._prompts.limit(event)
        return out

    def _tick(self, now_s: float) -> list[Output]:
        """Time goes by. Each step acts before the next one looks: a turn may end a reply."""
        out: list[Output] = []
        if not self._replies.is_alone:
            out += self._reactions.acted(self._listener.tick(now_s), now_s)
            out += self._body.tick_idle(now_s)
            if late := self._calls.time_out(now_s):
                out += [*late, *self._reactions.acted(self._reactions.follow_up(now_s), now_s)]
        # After the listener and the calls: a turn that has ended in this tick cuts the reply, and
        # what is prepared with the results stands behind it before it is over. Last of all the
        # posture, which goes by whether anything is left.
        out += self._reactions.acted(self._speaker.over_if_played(now_s), now_s)
        return [*out, *self._posture.tick(now_s, is_quiet=self._reactions.is_quiet)]
