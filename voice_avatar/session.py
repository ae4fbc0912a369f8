"""The conversation: what happened in, what to do and what to tell out. Pure.

Theory of operation. `Session.receive(event, now_s)` is the whole interface: it returns commands
for the pipeline and notices for the client, in the order in which they take effect. It owns no
clock, task, queue or engine; a recorded session can be fed to it again and gives the same outputs.

The state is a table (`TRANSITIONS`). The user's side is a `listening.Listener`; its facts (a turn
began, may be over, went on, is over) drive the replies:

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
- A reply may call tools (`tool_use.py`). A call is told when it is whole and the turn committed,
  never before. When the reply is over and results are missing, the session waits (`thinking`, no
  live reply); when all are there, a reply with the results in its prompt follows: prepared behind
  the one that plays, or live at once. What ends a live reply, or a new turn, ends the waiting.
- While nobody is connected (`ClientLost`, `ClientBack`) the playout clock of the live reply and the
  listener's patience stand still: the client plays what it has, and its silence means nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import Enum, auto
from typing import Literal

from voice_avatar import languages
from voice_avatar.bearing import Bearing
from voice_avatar.conversation.setup import SessionSetup
from voice_avatar.events import (
    Answered,
    AudioSent,
    BodyCue,
    CancelReason,
    CancelReply,
    ClearInput,
    ClientBack,
    ClientLost,
    Command,
    CommitInput,
    EndSession,
    ErrorNotice,
    HistoryAdded,
    HistoryCut,
    InterruptRequest,
    Message,
    Notice,
    OpenGate,
    PlaybackReport,
    ReplyDone,
    ReplyFailed,
    ReplyGenerated,
    ReplyInterrupted,
    ReplyPaused,
    ReplyReady,
    ReplyRefused,
    ReplyRequest,
    ReplyResumed,
    ReplyStarted,
    ReplyStatus,
    ReplyTextAdded,
    SegmentPlanned,
    SessionInput,
    SettingsChanged,
    StartReply,
    State,
    StateChanged,
    TalkPressed,
    TalkReleased,
    TextInput,
    Tick,
    ToolCall,
    ToolCallMade,
    ToolResult,
    Transcribed,
    TranscriptFinal,
    TranscriptInterim,
    TurnEnded,
    TurnForgotten,
    TurnScored,
    UserGaze,
    UserSpeechStarted,
    UserSpeechStopped,
    VadFrame,
    WarmPrefix,
    WarningNotice,
)
from voice_avatar.idle_life import IdleLife
from voice_avatar.listening import (
    BargeIn,
    Listener,
    MayBargeIn,
    NoBargeIn,
    Output,
    Phase,
    SpeechBegan,
    TurnCommitted,
    TurnDropped,
    TurnMayEnd,
    TurnReady,
    TurnResumed,
    UserPaused,
)
from voice_avatar.memory import History
from voice_avatar.own_words import AFTER_S, BEFORE_S, is_echo
from voice_avatar.replies import Replies, Reply, turn_key
from voice_avatar.surroundings import Surroundings
from voice_avatar.sympathy import Sympathy
from voice_avatar.thinking import ThinkingPose
from voice_avatar.tool_use import ToolUse, prompt_tokens
from voice_avatar.turns.cues import words_of


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

_REPORT_S = 0.5
"""How long after the end of a reply a report of the client may still correct what was heard."""

CutReason = Literal["voice", "message", "text", "ptt"]


class Session:
    """One user's conversation.

    Attributes:
        state: what the avatar shows.
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
        self._system_prompt = setup.system_prompt
        self._memory = setup.history
        self._rate_hz = setup.rate_hz
        self._count_tokens = count_tokens
        self._context_tokens = setup.context_tokens
        self._listener = Listener(setup.vad, setup.turn, options.language or None)
        self.history = History(setup.history)
        self.state = State.IDLE
        self._replies = Replies(setup.playout, setup.rate_hz, self.history)
        self._active_s = now_s
        self._over_s = now_s
        self._unanswered: TurnCommitted | None = None
        self._answering: TurnCommitted | None = None
        body = setup.body
        self._bearing = Bearing(body, now_s)
        self._surroundings = Surroundings(body)
        self._sympathy = Sympathy(body)
        self._thinking = ThinkingPose(body)
        self._idle = IdleLife(body)
        self._settle_at_s: float | None = None
        self._is_alone = False
        self._answered_turns: Answered = "all"
        self._is_interruptible = True
        self._owed: TurnCommitted | None = None
        self._is_silent = False
        self._alone_s = now_s
        self._use = ToolUse(options.tool_timeout_s, options.max_tool_rounds)
        self._use.change(setup.tools, setup.tool_choice, follows_up=None)

    # -- the interface

    def start(self, now_s: float) -> tuple[Command | Notice, ...]:
        """Returns what a new session does first: its state, and the greeting if there is one.

        The LLM reads the system prompt meanwhile: the first reply would have to wait for it.
        """
        out: list[Command | Notice] = [StateChanged(self.state), *self._warm(None, now_s)]
        self._idle.begin(now_s)
        if self._options.greeting:
            out += self._say(self._options.greeting, now_s, is_apology=False)
        return tuple(out)

    def receive(self, event: SessionInput, now_s: float) -> tuple[Command | Notice, ...]:
        """Takes one event.

        Args:
            event: what happened.
            now_s: when, on any clock that never goes back, seconds.

        Returns:
            What to do and what to tell the client, in order.
        """
        out: list[Command | Notice] = []
        for item in self._dispatch(event, now_s):
            out += self._act(item, now_s)
        return tuple(out)

    @property
    def is_speaking(self) -> bool:
        """Whether a reply is committed and not over."""
        return self._replies.live is not None

    @property
    def wants_pitch(self) -> bool:
        """Whether the pitch of the user's voice is of use now."""
        return self._has_user_the_floor and self._bearing.wants_pitch

    @property
    def _has_user_the_floor(self) -> bool:
        return self._listener.is_active and self._replies.live is None

    @property
    def deadline_s(self) -> float | None:
        """When a `Tick` is due, None for never."""
        times = [self._settle_at_s, self._replies.ends_s, self._thinking.deadline_s]
        if not self._is_alone:
            times += [self._listener.deadline_s, self._idle.deadline_s, self._use.deadline_s]
        if self._is_quiet:
            if self.state is State.LISTENING:
                times.append(self._active_s + self._options.quiet_after_s)
            if self._options.idle_timeout_s:
                times.append(self._active_s + self._options.idle_timeout_s)
        return min((time for time in times if time is not None), default=None)

    @property
    def _is_quiet(self) -> bool:
        is_user_busy = self._listener.is_active and not self._listener.is_waiting
        return self._replies.live is None and not is_user_busy and not self._is_waiting

    @property
    def _is_waiting(self) -> bool:
        """Whether the reply is over and the results of its calls are not all there."""
        return self._replies.live is None and self._use.is_open

    def allowance(self, reply_id: int, now_s: float) -> int:
        """Returns how many samples of the reply may be sent now."""
        live = self._replies.live
        if live is None or live.reply_id != reply_id:
            return 0
        return live.playout.allowance(now_s)

    def playing(self, now_s: float) -> tuple[int, int, bool] | None:
        """Returns the reply being played, its sample at the ear, and whether it stands still."""
        live = self._replies.live
        if live is None or not self._replies.is_heard:
            return None
        return live.reply_id, live.playout.played(now_s), live.playout.is_paused

    def due_s(self, reply_id: int, until: int) -> float | None:
        """Returns since when audio of the reply up to sample `until` may be sent; None = always."""
        live = self._replies.live
        if live is None or live.reply_id != reply_id:
            return None
        return live.playout.due_s(until)

    # -- dispatch

    def _dispatch(self, event: SessionInput, now_s: float) -> list[Output]:
        match event:
            case VadFrame():
                return self._heard(event, now_s)
            case Transcribed():
                return self._listener.transcribed(self._without_echo(event, now_s), now_s)
            case TurnScored():
                return self._listener.scored(event)
            case TextInput(text):
                return self._typed(text, now_s)
            case TalkPressed():
                cut = self._cut("ptt", now_s)
                return [*cut, *self._bearing.look_back(), *self._listener.press()]
            case TalkReleased():
                return self._listener.release()
            case CommitInput(start):
                if self._listener.is_active or start is not None:
                    return self._listener.commit(start)
                message = "There is no unfinished turn to commit."
                return [WarningNotice("nothing_to_commit", message)]
            case ClearInput():
                return self._listener.clear()
            case InterruptRequest(reply_id):
                return self._interrupt_asked(reply_id, now_s)
            case PlaybackReport():
                return self._reported(event, now_s)
            case ClientLost():
                return self._left_alone(now_s)
            case ClientBack():
                return self._rejoined(now_s)
            case SettingsChanged():
                return self._settings(event, now_s)
            case ReplyRequest() | HistoryAdded() | HistoryCut() | ToolResult():
                return self._directed(event, now_s)
            case UserGaze():
                is_free = self._replies.live is None and not self._listener.is_active
                return [*self._surroundings.see(event, now_s, is_free=is_free)]
            case Tick():
                return self._tick(now_s)
            case _:
                return self._reply_event(event, now_s)

    def _heard(self, frame: VadFrame, now_s: float) -> list[Output]:
        is_going_on = self._listener.phase is Phase.SPEAKING
        if not is_going_on and not self._surroundings.is_addressed(now_s):
            frame = replace(frame, probability=0.0, dbfs=-100.0, tail_dbfs=-100.0, f0_hz=0.0)
        out = self._listener.frame(frame, now_s, reply_is_live=self._is_spoken_over)
        if self._has_user_the_floor:
            out += self._bearing.hear(frame, now_s)
        return out

    def _without_echo(self, event: Transcribed, now_s: float) -> Transcribed:
        """Returns what was recognised, without words if they are the avatar's own."""
        transcript = event.transcript
        if transcript is None or not transcript.text:
            return event
        from_s, until_s = self._listener.asked_from_s - BEFORE_S, now_s + AFTER_S
        if not is_echo(transcript.text, self._replies.words_played(from_s, until_s, now_s)):
            return event
        return Transcribed(event.request_id, replace(transcript, text=""))

    @property
    def _is_spoken_over(self) -> bool:
        """Whether what the user says is said over a reply.

        Not before it is heard, except that an apology does not make a turn of the mhm that began
        over the reply that failed.
        """
        is_live = self._replies.live is not None
        is_apology_due = is_live and self._listener.is_active
        is_untouchable = is_live and not self._is_interruptible
        return self._replies.is_heard or is_apology_due or is_untouchable

    def _act(self, item: Output, now_s: float) -> list[Command | Notice]:
        """Turns the listener's facts into commands and notices; the rest passes through."""
        match item:
            case SpeechBegan(is_over_reply):
                facts = self._user_speaks(now_s, is_over_reply=is_over_reply)
            case UserPaused():
                facts = [*self._bearing.pause(now_s)] if self._has_user_the_floor else []
            case TurnMayEnd():
                facts = [*self._bearing.may_end(now_s)] if self._has_user_the_floor else []
            case TurnReady():
                facts = [*self._feel(item.text, len(item.text), item.language, now_s)]
                facts += [*self._bearing.look_away(), *self._prepare(item, now_s)]
            case TurnResumed():
                facts = [*self._withdraw(), *self._bearing.look_back()]
            case TurnCommitted():
                facts = self._committed(item, now_s)
            case TurnDropped(is_failure):
                facts = self._dropped(now_s, is_failure=is_failure)
            case MayBargeIn():
                facts = self._pause(now_s)
            case NoBargeIn():
                facts = self._resume(now_s)
            case BargeIn():
                facts = self._cut("voice", now_s)
            case TranscriptInterim(_, text, stable_chars, language):
                facts = [item, *self._read_ahead(text, now_s)]
                facts += self._feel(text, stable_chars, language, now_s)
            case UserSpeechStarted():
                self._active_s = now_s
                facts = [item, *self._move(Trigger.USER_SPEAKS), *self._bearing.look_back()]
            case UserSpeechStopped():
                self._active_s = now_s
                facts = [item, *self._move(Trigger.USER_SPEAKS)]
            case _:
                return [item]
        return facts

    # -- the user

    def _feel(self, text: str, stable_chars: int, language: str, now_s: float) -> list[BodyCue]:
        """Lets the face answer to what the user says."""
        if not self._has_user_the_floor:
            return []
        return self._sympathy.hear(text, stable_chars, language, now_s)

    def _user_speaks(self, now_s: float, *, is_over_reply: bool) -> list[Command | Notice]:
        self._active_s = now_s
        self._sympathy.begin()
        out = self._move(Trigger.USER_SPEAKS)
        if self._is_waiting:
            out += self._move(Trigger.TAKEN_BACK)
        if not is_over_reply:
            out += self._take_back(now_s)
            out += self._warm(None, now_s)
        return out

    def _warm(self, text: str | None, now_s: float) -> list[Command | Notice]:
        """Lets the LLM read the prompt of a reply to come, once the last reply is final."""
        if now_s - self._over_s >= _REPORT_S:
            self._replies.write()
        if not self._replies.is_written:
            return []
        if text is None and not self.history.messages:
            text = self._memory.opening  # some chat templates refuse a prompt without a user's turn
        return [WarmPrefix(self._prompt(text), self._use.tools)]

    def _read_ahead(self, text: str, now_s: float) -> list[Command | Notice]:
        """Lets the LLM read what the user has said so far: the final text begins like it."""
        is_speaking = self._listener.phase is Phase.SPEAKING
        if not is_speaking or self._replies.live is not None:
            return []
        return self._warm(text, now_s)

    def _take_back(self, now_s: float) -> list[Command | Notice]:
        """Ends a reply of which nothing was sent yet: the user goes on with the turn."""
        if self._replies.live is None or not self._is_interruptible:
            return []
        self._unanswered = turn = self._answering
        if turn is not None and turn.reason in ("vad", "semantic"):
            self._listener.was_cut_off()
        out = self._cut("voice", now_s, Trigger.TAKEN_BACK)
        self._replies.write()
        return out

    def _typed(self, text: str, now_s: float) -> list[Output]:
        text = " ".join(text.split())
        if not text:
            return [WarningNotice("empty_text", "The text is empty.")]
        if len(text) > self._options.max_text_chars:
            limit = self._options.max_text_chars
            return [WarningNotice("text_too_long", f"Text is limited to {limit} characters.")]
        self._unanswered = None
        out: list[Output] = [*self._cut("text", now_s), *self._listener.clear()]
        self._listener.turn_id += 1
        language = self._listener.language or "en"
        out.append(TurnCommitted(self._listener.turn_id, text, language, "text", 0.0, now_s, now_s))
        return out

    def _prepare(self, turn: TurnReady | TurnCommitted, now_s: float) -> list[Command | Notice]:
        if self._replies.live is not None or self._answered_turns == "none":
            return []
        key = _key(turn.text, turn.language)
        out = [*self._end_calls("interrupted"), *self._withdraw()]
        self._replies.write()
        self._replies.prepared = reply = self._replies.new(self._listener.turn_id, key)
        out.append(self._start_of(reply, self._prompt(turn.text), turn, now_s))
        return out

    def _start_of(
        self,
        reply: Reply,
        messages: tuple[Message, ...],
        turn: TurnReady | TurnCommitted | None,
        now_s: float,
        wish: ReplyRequest | None = None,
    ) -> StartReply:
        """Returns the command to make a reply; `wish` goes over what is set for the session."""
        options = self._options
        wish = wish or ReplyRequest("")
        reply.is_silent = self._is_silent if wish.is_silent is None else wish.is_silent
        return StartReply(
            reply.reply_id,
            messages,
            turn.language if turn else self._listener.language or "en",
            speech_end_s=turn.speech_end_s if turn else None,
            transcript_s=turn.text_s if turn else None,
            meant=self._surroundings.meant(now_s),
            feeling=self._replies.feeling(now_s),
            max_tokens=options.max_reply_tokens if wish.max_tokens is None else wish.max_tokens,
            temperature=options.temperature if wish.temperature is None else wish.temperature,
            is_silent=reply.is_silent,
            tools=self._use.tools if wish.tools is None else wish.tools,
            tool_choice=self._use.choice(
                wish.tools, wish.tool_choice, is_follow_up=reply.is_follow_up
            ),
        )

    def _withdraw(self) -> list[Command | Notice]:
        prepared, self._replies.prepared = self._replies.prepared, None
        return [] if prepared is None else [CancelReply(prepared.reply_id)]

    def _committed(self, turn: TurnCommitted, now_s: float) -> list[Command | Notice]:
        self._active_s = now_s
        if self._answered_turns == "none" or (
            self._answered_turns == "detected" and turn.reason not in ("vad", "semantic")
        ):
            return self._heard_out(turn)
        if self._replies.live is not None and not self._is_interruptible:
            self._owed = turn
            return self._heard_out(turn)
        out = self._cut("voice", now_s)
        self._use.begin_turn()
        prepared = self._replies.prepared
        if prepared is None or prepared.key != _key(turn.text, turn.language) or prepared.failure:
            out += self._prepare(turn, now_s)
        self._replies.write()
        self.history.add_user(turn.text, turn_key(turn.turn_id))
        self._unanswered, self._answering = None, turn
        self._bearing.answer()
        out.append(TranscriptFinal(turn.turn_id, turn.text, turn.language))
        out.append(TurnEnded(turn.turn_id, turn.reason, turn.silence_s))
        live, self._replies.prepared = self._replies.prepared, None
        return out + (self._go_live(live, now_s) if live else [])

    def _heard_out(self, turn: TurnCommitted) -> list[Command | Notice]:
        """A turn is over that is not answered unless the client asks for it."""
        out = self._withdraw()
        said = Message("user", turn.text)
        self._replies.edit(HistoryAdded(turn_key(turn.turn_id), said))
        self._unanswered = None
        self._bearing.lose_floor()
        out.append(TranscriptFinal(turn.turn_id, turn.text, turn.language))
        out.append(TurnEnded(turn.turn_id, turn.reason, turn.silence_s))
        return out

    def _directed(
        self, event: ReplyRequest | HistoryAdded | HistoryCut | ToolResult, now_s: float
    ) -> list[Output]:
        """The client gives what a tool gave back, or keeps the conversation itself."""
        if isinstance(event, ToolResult):
            return self._tool_answered(event, now_s)
        if isinstance(event, ReplyRequest):
            return self._requested(event, now_s)
        self._replies.edit(event)
        return []

    def _requested(self, wish: ReplyRequest, now_s: float) -> list[Output]:
        if self._replies.live is not None:
            return [ReplyRefused(wish.ask_id)]
        wish = self.bounded(wish)
        out: list[Output] = [*self._end_calls("interrupted"), *self._withdraw()]
        self._replies.write()
        self._unanswered = self._answering = None
        reply = self._replies.new(0, "")
        out.append(self._start_of(reply, self.prompt_of(wish), None, now_s, wish))
        return [*out, *self._go_live(reply, now_s, wish.ask_id)]

    def bounded(self, wish: ReplyRequest) -> ReplyRequest:
        """Returns a request for a reply that leaves the model room to read."""
        if wish.max_tokens is None:
            return wish
        return replace(wish, max_tokens=self._bounded(wish.max_tokens))

    def _bounded(self, tokens: int) -> int:
        """Returns a limit of at most half the model's window; many clients ask for 4096 tokens."""
        return min(tokens, self._context_tokens // 2) if self._context_tokens else tokens

    def prompt_of(self, wish: ReplyRequest) -> tuple[Message, ...]:
        """Returns the prompt of a reply that is asked for."""
        history = self.history
        if wish.messages is not None:
            history = History(self._memory)
            for message in wish.messages:
                history.insert("", message)
        instructions = self._system_prompt if wish.instructions is None else wish.instructions
        return history.prompt(
            instructions,
            None,
            self._count_tokens,
            self._context_tokens,
            (self._options.max_reply_tokens if wish.max_tokens is None else wish.max_tokens)
            + prompt_tokens(self._use.tools if wish.tools is None else wish.tools),
        )

    def _dropped(self, now_s: float, *, is_failure: bool) -> list[Command | Notice]:
        out = [*self._withdraw(), *self._bearing.look_back()]
        out.append(TurnForgotten(self._listener.turn_id, is_failure))
        self._bearing.lose_floor()
        turn, self._unanswered = self._unanswered, None
        if is_failure:
            out.append(ErrorNotice("stt_failed", "Speech recognition failed."))
        if self._replies.live is not None:
            return out
        if self._is_waiting:
            return out + self._move(Trigger.WAITS) + self._follow_up(now_s)
        if turn is not None:
            return out + self._answer_again(turn, now_s)
        is_apology_due = is_failure and self._options.apologises
        return out + (self._say(self._apology, now_s, is_apology=True) if is_apology_due else [])

    def _left_alone(self, now_s: float) -> list[Output]:
        """Nobody is connected: what is played is not known, and a silence means nothing."""
        self._is_alone, self._alone_s = True, now_s
        if self._replies.live is not None:
            self._replies.live.playout.leave_alone(now_s)
        return []

    def _rejoined(self, now_s: float) -> list[Output]:
        """The client is back: time goes on, and its microphone is waited for anew."""
        if not self._is_alone:
            return []
        self._is_alone = False
        self._use.give_time(now_s - self._alone_s)
        self._active_s = now_s
        self._listener.rejoin(now_s)
        if self._replies.live is not None:
            self._replies.live.playout.rejoin(now_s)
        return []

    def _settings(self, event: SettingsChanged, now_s: float) -> list[Output]:
        out: list[Output] = []
        if event.language is not None:
            self._listener.language = event.language or None
        if event.system_prompt is not None:
            self._system_prompt = event.system_prompt
        self._use.change(event.tools, event.tool_choice, event.follows_up)
        if event.system_prompt is not None or event.tools is not None:
            out += self._warm(None, now_s)
        if event.endpointing is not None:
            self._listener.set_manual(event.endpointing == "manual")
        if event.detection is not None:
            self._listener.set_detection(event.detection)
        if event.answered is not None:
            self._answered_turns = event.answered
        if event.is_interruptible is not None:
            self._is_interruptible = event.is_interruptible
            self._listener.set_interruptible(event.is_interruptible)
        if event.is_silent is not None:
            self._is_silent = event.is_silent
        if event.max_reply_tokens is not None:
            limit = self._bounded(event.max_reply_tokens)
            self._options = replace(self._options, max_reply_tokens=limit)
        if event.temperature is not None:
            self._options = replace(self._options, temperature=event.temperature)
        return out

    # -- replies

    def _answer_again(self, turn: TurnCommitted, now_s: float) -> list[Command | Notice]:
        """Answers a turn whose reply was taken back for a sound that was none."""
        self._replies.write()
        reply = self._replies.new(turn.turn_id, _key(turn.text, turn.language))
        start = self._start_of(reply, self._prompt(None), turn, now_s)
        self._answering = turn
        return [start, *self._go_live(reply, now_s)]

    def _go_live(self, reply: Reply, now_s: float, ask_id: str = "") -> list[Command | Notice]:
        self._replies.live = reply
        if self._is_alone:
            reply.playout.leave_alone(now_s)
        self._thinking.begin(now_s, self._options.thinking_after_s)
        self._settle_at_s = None
        out = self._move(Trigger.COMMITTED)
        out.append(ReplyStarted(reply.reply_id, reply.turn_id, self._rate_hz, ask_id))
        out.append(OpenGate(reply.reply_id))
        for call in reply.calls:
            out.append(self._use.tell(reply.reply_id, reply.turn_id, call, now_s))
        return out + self._calls_made(reply, now_s) + self._over_if_played(now_s)

    def _say(self, text: str, now_s: float, *, is_apology: bool) -> list[Command | Notice]:
        """Speaks a fixed text."""
        self._answering = None
        reply = self._replies.new(0, "")
        reply.is_apology = is_apology
        language = self._listener.language or "en"
        start = StartReply(
            reply.reply_id,
            (),
            language,
            text=text,
            feeling=self._replies.feeling(now_s),
        )
        return [start, *self._go_live(reply, now_s)]

    @property
    def _apology(self) -> str:
        return languages.language(self._listener.language or "en").apology

    def _reply_event(
        self,
        event: ReplyTextAdded
        | ToolCallMade
        | SegmentPlanned
        | ReplyReady
        | AudioSent
        | ReplyGenerated
        | ReplyFailed,
        now_s: float,
    ) -> list[Output]:
        reply = self._replies.find(event.reply_id)
        if reply is None:
            return []
        match event:
            case ReplyTextAdded(_, text):
                reply.text += text
            case ToolCallMade(_, call):
                return [*self._call_made(reply, call, now_s)]
            case SegmentPlanned():
                reply.words += event.words
                if event.feeling is not None:
                    reply.feelings.append((event.start, event.feeling))
            case ReplyReady():
                return self._answered(reply)
            case AudioSent(_, until):
                return [*self._audio_sent(reply, until, now_s)]
            case ReplyGenerated(_, count):
                reply.total = count
            case _:
                reply.failure, reply.total = event, event.sample_count
                if reply is self._replies.live:
                    failed: Notice = ErrorNotice(event.code, event.message)
                    lost = self._end_calls("failed")
                    return [failed, *lost, *self._over_if_played(now_s)]
        is_whole = reply.total is not None
        waiting = self._answered(reply) if is_whole else []
        return [*waiting, *self._calls_made(reply, now_s), *self._over_if_played(now_s)]

    def _answered(self, reply: Reply) -> list[Output]:
        """The turn need not wait for its prepared reply: it can be heard, or has failed."""
        is_speculative = reply is self._replies.prepared and not reply.is_follow_up
        return self._listener.answered() if is_speculative else []

    def _audio_sent(self, reply: Reply, until: int, now_s: float) -> list[Command | Notice]:
        reply.playout.audio_sent(until, now_s)
        self._active_s = now_s
        self._thinking.end()
        return self._move(Trigger.AUDIO_OUT)

    def _reported(self, report: PlaybackReport, now_s: float) -> list[Output]:
        is_last = report.state in ("finished", "stopped")
        if self._replies.correct(report):
            if is_last:
                self._replies.write()
            return []
        live = self._replies.live
        if live is None or live.reply_id != report.reply_id:
            return []
        played = report.played
        if report.state == "finished" and live.total is not None:
            played = live.playout.sent
        live.playout.reported(played, report.state, now_s)
        out = self._over_if_played(now_s)
        if is_last and self._replies.live is not live:
            self._replies.write()
        return [*out]

    def _over_if_played(self, now_s: float) -> list[Command | Notice]:
        live = self._replies.live
        if live is None or not live.is_played_out(now_s):
            return []
        out: list[Command | Notice] = []
        has_nothing = live.total == 0 and not live.calls
        if has_nothing and not live.failure and not live.is_silent:
            out.append(WarningNotice("empty_reply", "The reply has nothing to say."))
        status: ReplyStatus = "failed" if live.failure else "completed"
        played = live.playout.played(now_s)
        spoken = self._replies.end(live, played, now_s)
        self._over_s = now_s
        out.append(ReplyDone(live.reply_id, status, spoken, played))
        self._active_s = now_s
        self._thinking.end()
        if self._owed is not None:
            out += self._end_calls("interrupted")
        if self._is_waiting:
            return out + self._wait(now_s)
        out += self._move(Trigger.REPLY_OVER)
        if live.failure and not live.is_apology and self._options.apologises:
            out += self._say(self._apology, now_s, is_apology=True)
        return out + self._pay(now_s)

    def _pay(self, now_s: float) -> list[Command | Notice]:
        """Answers the turn that came while the last reply could not be interrupted."""
        turn = self._owed
        if turn is None or self._replies.live is not None:
            return []
        self._owed = None
        return self._answer_again(turn, now_s)

    def _pause(self, now_s: float) -> list[Command | Notice]:
        """Lets the live reply stand still, if it is being heard."""
        live = self._replies.live
        if live is None or not self._replies.is_heard:
            return []
        live.playout.pause(now_s)
        return [ReplyPaused(live.reply_id, live.playout.played(now_s))]

    def _resume(self, now_s: float) -> list[Command | Notice]:
        """Lets a paused reply go on."""
        live = self._replies.live
        if live is None or not live.playout.is_paused:
            return []
        live.playout.resume(now_s)
        self._active_s = now_s
        return [ReplyResumed(live.reply_id, live.playout.played(now_s))]

    def _cut(
        self, reason: CutReason, now_s: float, trigger: Trigger = Trigger.CUT
    ) -> list[Command | Notice]:
        """Interrupts the live reply, if there is one, and the waiting for results."""
        live = self._replies.live
        was_waiting = self._is_waiting
        lost = self._end_calls("interrupted")
        if was_waiting:
            self._thinking.end()
            self._settle_at_s = now_s + self._options.settle_s
            lost += self._move(trigger)
        if live is None:
            return lost
        played = live.playout.played(now_s)
        spoken = self._replies.end(live, played, now_s)
        self._over_s = now_s
        out: list[Command | Notice] = [
            CancelReply(live.reply_id),
            ReplyInterrupted(live.reply_id, played, reason, spoken),
            ReplyDone(live.reply_id, "interrupted", spoken, played),
            *lost,
        ]
        self._active_s = now_s
        self._thinking.end()
        self._settle_at_s = now_s + self._options.settle_s
        return out + self._move(trigger)

    def _interrupt_asked(self, reply_id: int | None, now_s: float) -> list[Output]:
        current = self._replies.live.reply_id if self._replies.live else None
        if self._is_waiting:
            current = self._use.reply_id
        if current is None or reply_id not in (None, current):
            return [WarningNotice("nothing_to_interrupt", "That reply is not being spoken.")]
        return [*self._cut("message", now_s), *self._pay(now_s)]

    def _prompt(self, text: str | None, calls: tuple[Message, ...] = ()) -> tuple[Message, ...]:
        return self.history.prompt(
            self._system_prompt,
            text,
            self._count_tokens,
            self._context_tokens,
            self._options.max_reply_tokens + prompt_tokens(self._use.tools),
            calls,
        )

    # -- tools

    def _call_made(self, reply: Reply, call: ToolCall, now_s: float) -> list[Notice]:
        """Tells a call, or keeps it until the turn is committed."""
        reply.calls.append(call)
        if reply is not self._replies.live:
            return []
        return [self._use.tell(reply.reply_id, reply.turn_id, call, now_s)]

    def _calls_made(self, reply: Reply, now_s: float) -> list[Command | Notice]:
        """Once a reply makes no more calls, the one with their results may follow."""
        if reply is self._replies.live and reply.total is not None and reply.calls:
            self._use.is_whole = True
            return self._follow_up(now_s)
        return []

    def _tool_answered(self, result: ToolResult, now_s: float) -> list[Output]:
        match self._use.answer(result.call_id, result.output):
            case "late":
                return [WarningNotice("tool_result_late", "Nobody waits for that result any more.")]
            case "unknown":
                return [ErrorNotice("tool_call_unknown", "There is no call of that id.")]
        self._active_s = now_s
        return [*self._follow_up(now_s)]

    def _follow_up(self, now_s: float) -> list[Command | Notice]:
        """Has the results answered, if all are there: behind the reply that plays, or now."""
        live = self._replies.live
        if not self._use.is_due or self._replies.prepared is not None:
            return []
        if live is None:
            return [] if self._listener.is_active else self._use_results(now_s)
        reply = self._replies.new(live.turn_id, "")
        reply.is_follow_up = True
        self._replies.prepared = reply
        prompt = self._prompt(None, self._results(live.text))
        return [self._start_of(reply, prompt, None, now_s)]

    def _wait(self, now_s: float) -> list[Command | Notice]:
        """The reply is over, and its calls are not in history: goes on with what is there."""
        out = self._move(Trigger.WAITS)
        prepared, self._replies.prepared = self._replies.prepared, None
        if prepared is not None:
            self._settle_calls()
            if prepared.failure is not None:
                out.append(ErrorNotice(prepared.failure.code, prepared.failure.message))
            return out + self._go_live(prepared, now_s)
        self._thinking.begin(now_s, self._options.thinking_after_s)
        return out + self._follow_up(now_s)

    def _use_results(self, now_s: float) -> list[Command | Notice]:
        """Has the results answered now."""
        self._settle_calls()
        reply = self._replies.new(self._use.turn_id, "")
        reply.is_follow_up = True
        start = self._start_of(reply, self._prompt(None), None, now_s)
        return [start, *self._go_live(reply, now_s)]

    def _results(self, text: str) -> tuple[Message, ...]:
        room = self.history.results_tokens(self._context_tokens)
        return self._use.messages(text.strip(), room)

    def _settle_calls(self) -> None:
        """Writes the calls that were answered into history, after the words of their reply."""
        self._replies.settle(self._use.reply_id, self._results(""))
        self._use.close()
        if self._replies.live is None:
            self._replies.write()

    def _end_calls(self, reason: CancelReason) -> list[Command | Notice]:
        """Nobody waits for results any more, nor for the reply that would use them."""
        if not self._use.is_open:
            return []
        lost: list[Command | Notice] = [*self._use.cancel(reason)]
        prepared = self._replies.prepared
        if prepared is not None and prepared.is_follow_up:
            lost += self._withdraw()
        self._settle_calls()
        return lost

    # -- time

    def _tick(self, now_s: float) -> list[Output]:
        out: list[Output] = []
        if not self._is_alone:
            for item in self._listener.tick(now_s):
                out += self._act(item, now_s)
            out += self._idle.tick(now_s)
            if late := self._use.time_out(now_s):
                out += [*late, *self._follow_up(now_s)]
        out += self._over_if_played(now_s)
        out += self._thinking.tick(now_s)
        if self._settle_at_s is not None and now_s >= self._settle_at_s:
            self._settle_at_s = None
            out += self._move(Trigger.SETTLED)
        if self._is_quiet:
            out += self._quiet(now_s)
        return out

    def _quiet(self, now_s: float) -> list[Output]:
        timeout_s = self._options.idle_timeout_s
        if timeout_s and now_s >= self._active_s + timeout_s:
            return [EndSession("idle")]
        if now_s >= self._active_s + self._options.quiet_after_s:
            return self._fall_idle(now_s)
        return []

    def _fall_idle(self, now_s: float) -> list[Output]:
        out = self._move(Trigger.QUIET)
        if out:
            self._idle.begin(now_s)
        return [*out]

    def _move(self, trigger: Trigger) -> list[Command | Notice]:
        state = TRANSITIONS.get((self.state, trigger), self.state)
        if state is self.state:
            return []
        self.state = state
        self._idle.end()
        return [StateChanged(state)]


def _key(text: str, language: str) -> str:
    """Returns what two transcripts have in common when they ask the same thing."""
    return f"{language} {' '.join(words_of(text, language))}"
