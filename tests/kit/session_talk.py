"""Whole conversations: events in, commands and notices out, without a clock or an engine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from hypothesis import strategies as st

from voice_avatar.acting.presence.options import BodyOptions
from voice_avatar.conversation.history import HistoryOptions
from voice_avatar.conversation.options import SessionOptions
from voice_avatar.conversation.playout import PlayoutOptions
from voice_avatar.conversation.session import Session
from voice_avatar.conversation.setup import SessionSetup
from voice_avatar.events.commands import (
    CancelReply,
    CancelTranscribe,
    Command,
    EndSession,
    OpenGate,
    ScoreTurn,
    StartReply,
    Transcribe,
    WarmPrefix,
)
from voice_avatar.events.cues import BodyCue, TimedWord
from voice_avatar.events.inputs import (
    AudioSent,
    ClearInput,
    CommitInput,
    InterruptRequest,
    PlaybackReport,
    PlaybackState,
    ReplyFailed,
    ReplyGenerated,
    ReplyReady,
    ReplyTextAdded,
    SegmentPlanned,
    SessionInput,
    SettingsChanged,
    TalkPressed,
    TalkReleased,
    TextInput,
    Tick,
    Transcribed,
    TurnScored,
    VadFrame,
)
from voice_avatar.events.notices import (
    ErrorNotice,
    Notice,
    ReplyDone,
    ReplyInterrupted,
    ReplyPaused,
    ReplyRefused,
    ReplyResumed,
    ReplyStarted,
    StateChanged,
    ToolCalled,
    ToolCancelled,
    TranscriptFinal,
    TranscriptInterim,
    TurnEnded,
    TurnForgotten,
    UserSpeechStarted,
    UserSpeechStopped,
    WarningNotice,
)
from voice_avatar.events.payloads import MIC_HZ, WINDOW_SAMPLES, Message, Transcript
from voice_avatar.stages.turn import InterruptOptions, TurnOptions
from voice_avatar.stages.vad import VadOptions

RATE_HZ = 10_000
WINDOW_S = WINDOW_SAMPLES / MIC_HZ
SYSTEM = Message("system", "Be kind.")
HISTORY = HistoryOptions(opening="Hello!")
OPENING = Message("user", "Hello!")
OPTIONS = SessionOptions(
    thinking_after_s=0.3, settle_s=0.3, quiet_after_s=15.0, idle_timeout_s=60.0, max_text_chars=50
)
PLAYOUT = PlayoutOptions(
    max_ahead_s=2.0, assumed_latency_s=0.1, heard_tolerance_s=0.05, stall_limit_s=5.0
)
Output = Command | Notice
T = TypeVar("T")


PLAIN = {
    UserSpeechStarted: "speech started",
    UserSpeechStopped: "speech stopped",
    ScoreTurn: "score",
    WarmPrefix: "warm",
}


def brief(output: Output) -> str:
    """Returns an output in a few words."""
    if (plain := PLAIN.get(type(output))) is not None:
        return plain
    match output:
        case StateChanged(state):
            return f"state {state}"
        case Transcribe(_, _, _, purpose):
            return f"transcribe {purpose}"
        case CancelTranscribe():
            return "drop transcript"
        case TranscriptInterim(turn_id, text):
            return f"interim {turn_id}: {text}"
        case TranscriptFinal(turn_id, text):
            return f"final {turn_id}: {text}"
        case TurnEnded(turn_id, reason):
            return f"ended {turn_id} {reason}"
        case StartReply(reply_id, messages, _, text):
            return f"start {reply_id}: {messages[-1].content if messages else text}"
        case OpenGate(reply_id):
            return f"open {reply_id}"
        case CancelReply(reply_id):
            return f"cancel {reply_id}"
        case ReplyStarted(reply_id, turn_id):
            return f"reply {reply_id} to turn {turn_id}"
        case ReplyInterrupted(reply_id, _, reason, text):
            return f"interrupted {reply_id} by {reason}: {text}"
        case ReplyDone(reply_id, status, text):
            return f"done {reply_id} {status}: {text}"
        case WarningNotice(code) | ErrorNotice(code):
            return code
        case BodyCue(kind, lexeme):
            return f"{kind} {lexeme}"
        case EndSession(reason):
            return f"end {reason}"
    return brief_of_the_rarer(output)


def brief_of_the_rarer(output: Output) -> str:
    match output:
        case ReplyPaused(reply_id, at):
            return f"paused {reply_id} at {at / RATE_HZ:.1f}"
        case ReplyResumed(reply_id, start):
            return f"resumed {reply_id} from {start / RATE_HZ:.1f}"
        case ToolCalled(_, call_id, name, arguments):
            return f"call {call_id}: {name} {arguments}"
        case ToolCancelled(_, call_id, why):
            return f"cancelled {call_id} by {why}"
    raise AssertionError(output)


HIDDEN = (ReplyRefused, TurnForgotten)
"""What is of no concern to most tests."""


def briefs(outputs: Iterable[Output]) -> list[str]:
    """Returns what is told to everybody, and what is done."""
    return [brief(output) for output in outputs if not isinstance(output, HIDDEN)]


TURN = TurnOptions(
    interim_s=0.0,
    min_silence_s=0.2,
    hold_s=0.0,
    opener_s=0.0,
    unfinished_s=0.0,
    question_s=9.0,
    learning_rate=0.0,
    speculate_probability=0.3,
    interrupt=InterruptOptions(pause_s=0.0),
)
PAUSING = replace(TURN, rescore_s=(), interrupt=replace(TURN.interrupt, pause_s=0.064))


class Scene:
    """A session, its user, its engines and its client; time is what they make of it.

    Attributes:
        log: all that the session said, in order.
    """

    def __init__(
        self,
        options: SessionOptions = OPTIONS,
        turn: TurnOptions | None = None,
        history: HistoryOptions = HISTORY,
        body: BodyOptions | None = None,
    ) -> None:
        self.now_s = 1000.0
        self.session = Session(
            SessionSetup(
                options,
                vad=VadOptions(start_windows=3, pause_windows=2),
                turn=turn or replace(TURN, rescore_s=()),
                playout=PLAYOUT,
                history=history,
                system_prompt="Be kind.",
                rate_hz=RATE_HZ,
                context_tokens=2000,
                body=body or BodyOptions(idle_per_minute=0),
            ),
            count_tokens=lambda text: len(text.split()),
            now_s=self.now_s,
        )
        self.sample = 0
        self.questions: list[Transcribe] = []
        self.scores: list[ScoreTurn] = []
        self.texts: dict[int, str] = {}
        self.planned: dict[int, int] = {}
        self.log: list[Output] = []
        self.take(self.session.start(self.now_s))

    def take(self, outputs: tuple[Output, ...]) -> list[str]:
        self.log += outputs
        self.questions += [item for item in outputs if isinstance(item, Transcribe)]
        self.scores += [item for item in outputs if isinstance(item, ScoreTurn)]
        return briefs(outputs)

    def give(self, event: SessionInput) -> list[str]:
        return self.take(self.session.receive(event, self.now_s))

    def only(self, kind: type[T]) -> list[T]:
        return [item for item in self.log if isinstance(item, kind)]

    @property
    def told(self) -> list[str]:
        return briefs(self.log)

    # -- time

    def tick_until(self, end_s: float) -> list[str]:
        """Ticks whenever it is due; a tick must move the deadline on."""
        told: list[str] = []
        while (due_s := self.session.deadline_s) is not None and due_s <= end_s:
            self.now_s = max(self.now_s, due_s)
            told += self.give(Tick())
            if isinstance(self.log[-1], EndSession):
                break
            assert self.session.deadline_s is None or self.session.deadline_s > self.now_s
        self.now_s = max(self.now_s, end_s)
        return told

    def wait(self, seconds: float) -> list[str]:
        """Nothing happens for so long (no microphone audio either)."""
        return self.tick_until(self.now_s + seconds)

    # -- the user

    def windows(self, seconds: float, probability: float) -> list[str]:
        told: list[str] = []
        for _ in range(round(seconds / WINDOW_S)):
            told += self.tick_until(self.now_s + WINDOW_S)
            told += self.give(VadFrame(self.sample, probability))
            self.sample += WINDOW_SAMPLES
        return told

    def speak(self, seconds: float) -> list[str]:
        return self.windows(seconds, 0.9)

    def hush(self, seconds: float) -> list[str]:
        return self.windows(seconds, 0.05)

    def text(self, text: str | None, language: str = "en") -> list[str]:
        """The recogniser answers its oldest question; None = it fails."""
        transcript = None if text is None else Transcript(text, language)
        return self.give(Transcribed(self.questions.pop(0).request_id, transcript))

    def score(self, probability: float) -> list[str]:
        return self.give(TurnScored(self.scores.pop(0).request_id, probability))

    def say(self, text: str, probability: float = 0.95) -> list[str]:
        """The user says something and pauses; all that the engines say of it is known."""
        told = self.speak(0.96) + self.hush(2 * WINDOW_S)
        return told + self.text(text) + self.score(probability)

    def ask(self, text: str, probability: float = 0.95) -> int:
        """The user says something and ends the turn; returns the id of the reply to it."""
        self.say(text, probability)
        self.hush(1.5)
        return self.live_id

    # -- the reply

    @property
    def live_id(self) -> int:
        return self.only(ReplyStarted)[-1].reply_id

    def write(self, reply_id: int, text: str, seconds: float) -> list[str]:
        """A chunk of reply is written and planned, its words evenly spread."""
        before = self.texts.get(reply_id, "")
        start, words, char = self.planned.get(reply_id, 0), text.split(), len(before)
        step = int(seconds * RATE_HZ) // len(words)
        timed = []
        for index, word in enumerate(words):
            bare = word.rstrip(".,!?")
            at = text.index(word, char - len(before))
            begin = start + index * step
            timed.append(TimedWord(bare, begin, begin + step, len(before) + at))
            char = len(before) + at + len(word)
        end = start + int(seconds * RATE_HZ)
        self.texts[reply_id], self.planned[reply_id] = before + text, end
        told = self.give(ReplyTextAdded(reply_id, text))
        return told + self.give(SegmentPlanned(reply_id, 0, text, start, end, tuple(timed)))

    def send(self, reply_id: int, seconds: float) -> list[str]:
        """Audio of the reply is out up to there."""
        return self.give(AudioSent(reply_id, round(seconds * RATE_HZ)))

    def made(self, reply_id: int) -> list[str]:
        return self.give(ReplyGenerated(reply_id, self.planned.get(reply_id, 0)))

    def answer(self, text: str, seconds: float) -> list[str]:
        """All of the live reply is written, made and sent at once."""
        reply_id = self.live_id
        told = self.write(reply_id, text, seconds) + self.made(reply_id)
        return told + self.send(reply_id, self.planned[reply_id] / RATE_HZ)

    def report(self, reply_id: int, seconds: float, state: PlaybackState = "playing") -> list[str]:
        return self.give(PlaybackReport(reply_id, int(seconds * RATE_HZ), state))

    @property
    def history(self) -> list[str]:
        """What the next prompt would hold, after a word of the user's."""
        self.give(TextInput("next"))
        return [f"{message.role}: {message.content}" for message in self.session.history.messages]


def speaking(
    text: str = "One two three four.", seconds: float = 4.0, turn: TurnOptions | None = None
) -> Scene:
    """The avatar has begun to speak."""
    scene = Scene(turn=turn)
    scene.ask("Hello.")
    scene.answer(text, seconds)
    scene.log.clear()
    return scene


# -- whatever happens

ACTIONS = (
    "speak speak hush hush text text mhm empty fail sure unsure wait"
    " press release commit clear type interrupt interrupt_old manual auto language"
    " write write ready ready send send made made broken playing paused stalled finished stopped"
).split()
Steps = list[tuple[str, float]]
STEPS = st.lists(
    st.tuples(st.sampled_from(ACTIONS), st.sampled_from([0.032, 0.1, 0.3, 1.0, 3.0])), max_size=50
)


def act(scene: Scene, action: str, seconds: float) -> None:
    """Does one thing; replies are picked from the last three that were started."""
    ids = [start.reply_id for start in scene.only(StartReply)][-3:] or [1]
    reply_id = ids[int(seconds * 1000) % len(ids)]
    match action:
        case "speak":
            scene.speak(seconds)
        case "hush":
            scene.hush(seconds)
        case "wait":
            scene.wait(seconds)
        case "press" | "release" | "commit" | "clear":
            commands = (TalkPressed(), TalkReleased(), CommitInput(), ClearInput())
            scene.give(commands["press release commit clear".split().index(action)])
        case "type":
            scene.give(TextInput("Typed."))
        case "interrupt" | "interrupt_old":
            scene.give(InterruptRequest(None if action == "interrupt" else reply_id))
        case "manual" | "auto":
            scene.give(SettingsChanged(endpointing="manual" if action == "manual" else "auto"))
        case "language":
            scene.give(SettingsChanged(language="zh" if seconds < 1 else "en"))
        case "write":
            scene.write(reply_id, "One two. ", seconds)
        case "send":
            scene.send(reply_id, scene.planned.get(reply_id, 0) / RATE_HZ)
        case "ready":
            scene.give(ReplyReady(reply_id))
        case "made":
            scene.made(reply_id)
        case "broken":
            scene.give(ReplyFailed(reply_id, "llm_failed", "", scene.planned.get(reply_id, 0)))
        case "playing" | "paused" | "stalled" | "finished" | "stopped":
            scene.report(reply_id, seconds, action)
        case "sure" | "unsure":
            if scene.scores:
                scene.score(0.95 if action == "sure" else 0.2)
        case _:
            said = {"text": "So I said.", "mhm": "Mhm.", "empty": "", "fail": None}[action]
            if scene.questions:
                scene.text(said)


ANYTHING = replace(
    TURN,
    hold_s=0.4,
    interim_s=0.5,
    learning_rate=0.5,
    speculate_probability=0.1,
    interrupt=replace(TURN.interrupt, pause_s=0.064),
)


def played(steps: Steps, scene: Scene | None = None) -> Scene:
    scene = scene or Scene(turn=ANYTHING)
    for action, seconds in steps:
        act(scene, action, seconds)
        if scene.only(EndSession):
            break
    return scene
