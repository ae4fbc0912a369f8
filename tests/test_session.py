"""Whole conversations: events in, commands and notices out, without a clock or an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import pairwise
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.body import BodyOptions
from voice_avatar.conversation.options import SessionOptions
from voice_avatar.conversation.playout import PlayoutOptions
from voice_avatar.conversation.session import Session
from voice_avatar.conversation.states import TRANSITIONS, Trigger
from voice_avatar.conversation.setup import SessionSetup
from voice_avatar.events import (
    MIC_HZ,
    WINDOW_SAMPLES,
    AudioSent,
    BodyCue,
    CancelReply,
    CancelTranscribe,
    ClearInput,
    ClientBack,
    ClientLost,
    Command,
    CommitInput,
    EndSession,
    ErrorNotice,
    HeadPose,
    InterruptRequest,
    Message,
    Notice,
    OpenGate,
    PlaybackReport,
    PlaybackState,
    ReplyDone,
    ReplyFailed,
    ReplyGenerated,
    ReplyInterrupted,
    ReplyPaused,
    ReplyReady,
    ReplyRefused,
    ReplyResumed,
    ReplyStarted,
    ReplyTextAdded,
    ScoreTurn,
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
    TimedWord,
    ToolCall,
    ToolCalled,
    ToolCallMade,
    ToolCancelled,
    Transcribe,
    Transcribed,
    Transcript,
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
from voice_avatar.listening import Phase
from voice_avatar.memory import MemoryOptions
from voice_avatar.turn import TurnOptions
from voice_avatar.vad import VadOptions

RATE_HZ = 10_000
WINDOW_S = WINDOW_SAMPLES / MIC_HZ
SYSTEM = Message("system", "Be kind.")
MEMORY = MemoryOptions(opening="Hello!")
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
"""What only a dialect that answers it has to know."""


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
    interrupt_pause_s=0.0,
)
PAUSING = replace(TURN, rescore_s=(), interrupt_pause_s=0.064)


class Scene:
    """A session, its user, its engines and its client; time is what they make of it.

    Attributes:
        log: all that the session said, in order.
    """

    def __init__(
        self,
        options: SessionOptions = OPTIONS,
        turn: TurnOptions | None = None,
        memory: MemoryOptions = MEMORY,
        body: BodyOptions | None = None,
    ) -> None:
        self.now_s = 1000.0
        self.session = Session(
            SessionSetup(
                options,
                vad=VadOptions(start_windows=3, pause_windows=2),
                turn=turn or replace(TURN, rescore_s=()),
                playout=PLAYOUT,
                history=memory,
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


# -- question and answer


def test_a_new_session_tells_its_state() -> None:
    assert Scene().told == ["state idle", "warm"]


def test_a_question_is_answered() -> None:
    scene = Scene()
    assert scene.speak(0.96) == ["speech started", "state listening", "warm"]
    assert scene.hush(2 * WINDOW_S) == [
        "speech stopped",
        "transcribe eager",
        "score",
        "head tilt",
    ]
    assert scene.text("What is it?") == ["interim 1: What is it?"]
    assert scene.score(0.95) == ["head nod", "gaze away_up", "start 1: What is it?"]
    assert scene.hush(0.16) == [
        "final 1: What is it?",
        "ended 1 semantic",
        "state thinking",
        "reply 1 to turn 1",
        "open 1",
    ]
    assert scene.write(1, "A chair.", 1.0) == []
    assert scene.send(1, 0.5) == ["state speaking"]
    assert scene.made(1) == []
    assert scene.send(1, 1.0) == []
    assert scene.hush(0.9) == []
    assert scene.hush(0.3) == ["done 1 completed: A chair.", "state listening"]
    assert scene.history == ["user: What is it?", "assistant: A chair.", "user: next"]


def test_the_prompt_is_the_system_message_history_and_the_question() -> None:
    scene = speaking("Hi.", 1.0)
    scene.wait(2.0)
    scene.say("Who are you?")
    [start] = scene.only(StartReply)
    assert start.messages == (
        SYSTEM,
        Message("user", "Hello."),
        Message("assistant", "Hi."),
        Message("user", "Who are you?"),
    )


def test_a_reply_knows_when_the_question_ended_and_was_understood() -> None:
    scene = Scene()
    scene.speak(0.96)
    scene.hush(2 * WINDOW_S)
    scene.text("What is it?")
    scene.wait(0.1)
    scene.score(0.95)
    [start] = scene.only(StartReply)
    assert start.speech_end_s == pytest.approx(1000.96)
    assert start.transcript_s == pytest.approx(1001.024)


def test_the_prompt_is_warmed_while_the_user_speaks_if_it_is_final() -> None:
    scene = Scene()
    scene.log.clear()
    scene.speak(0.2)
    assert scene.only(WarmPrefix) == [WarmPrefix((SYSTEM, OPENING))]
    again = speaking("Hi.", 1.0)
    again.wait(1.1)
    again.log.clear()
    again.speak(0.2)
    assert again.only(WarmPrefix) == []
    later = speaking("Hi.", 1.0)
    later.wait(2.0)
    later.log.clear()
    later.speak(0.2)
    assert [m.content for m in later.only(WarmPrefix)[0].messages] == ["Be kind.", "Hello.", "Hi."]


# -- speculation


def test_a_prepared_reply_is_not_told_and_its_audio_not_allowed_before_the_commit() -> None:
    scene = Scene()
    scene.say("What is it?")
    assert scene.only(ReplyStarted) == []
    assert not scene.session.is_speaking
    assert scene.session.allowance(1, scene.now_s) == 0
    scene.write(1, "A chair.", 1.0)
    scene.hush(0.16)
    assert scene.session.is_speaking
    assert scene.session.allowance(1, scene.now_s) == 2 * RATE_HZ
    assert scene.session.allowance(2, scene.now_s) == 0
    assert scene.session.due_s(1, 320) is None
    scene.give(AudioSent(1, 320))
    assert scene.session.due_s(1, 640) == scene.now_s
    assert scene.session.due_s(2, 640) is None


def test_a_prepared_reply_is_withdrawn_when_the_user_goes_on() -> None:
    scene = Scene()
    scene.say("What is it", 0.5)
    assert scene.speak(0.32) == ["speech started", "gaze user", "cancel 1"]
    scene.hush(2 * WINDOW_S)
    scene.text("What is it good for?")
    assert scene.score(0.95) == ["gaze away_up", "start 2: What is it good for?"]
    assert "open 2" in scene.hush(0.2)
    assert scene.only(CancelReply) == [CancelReply(1)]


def test_a_prepared_reply_in_another_language_is_replaced() -> None:
    scene = Scene()
    scene.say("OK")
    scene.give(SettingsChanged(language="zh"))
    assert scene.hush(0.16)[:2] == ["cancel 1", "start 2: OK"]
    assert scene.only(OpenGate) == [OpenGate(2)]


def test_a_prepared_reply_that_failed_is_tried_again() -> None:
    scene = Scene()
    scene.say("What is it?")
    assert scene.give(ReplyFailed(1, "llm_failed", "No.")) == []
    assert scene.hush(0.16)[:2] == ["cancel 1", "start 2: What is it?"]


def test_a_doubtful_turn_gets_its_reply_at_the_commit() -> None:
    scene = Scene()
    scene.say("What is it?", 0.1)
    assert scene.only(StartReply) == []
    told = scene.hush(1.4)
    assert [item.split(":")[0] for item in told[:3]] == ["start 1", "final 1", "ended 1 semantic"]


def test_a_prepared_reply_of_a_turn_that_is_cleared_is_withdrawn() -> None:
    scene = Scene()
    scene.say("What is it?")
    assert scene.give(ClearInput()) == ["final 1: ", "cancel 1", "gaze user"]


def test_words_that_differ_only_in_case_and_punctuation_need_no_new_reply() -> None:
    scene = Scene()
    scene.say("Hello, there!")
    scene.give(CommitInput())
    assert scene.only(StartReply)[0].reply_id == scene.live_id == 1


# -- interruptions


def test_a_word_over_the_reply_interrupts_it() -> None:
    scene = speaking()
    scene.report(1, 2.2)
    assert scene.speak(0.32) == ["speech started", "transcribe interrupt"]
    assert scene.text("Wait") == [
        "cancel 1",
        "interrupted 1 by voice: One two",
        "done 1 interrupted: One two",
        "state interrupted",
        "interim 2: Wait",
    ]
    scene.speak(0.32)
    scene.hush(2 * WINDOW_S)
    scene.text("Wait a moment.")
    assert scene.score(0.95)[-1] == "start 2: Wait a moment."
    assert scene.hush(0.16)[-3:] == ["state thinking", "reply 2 to turn 2", "open 2"]
    assert scene.history == [
        "user: Hello.",
        "assistant: One two",
        "user: Wait a moment. next",
    ]


def test_a_message_interrupts_the_reply() -> None:
    scene = speaking()
    scene.report(1, 3.0)
    assert scene.give(InterruptRequest()) == [
        "cancel 1",
        "interrupted 1 by message: One two three",
        "done 1 interrupted: One two three",
        "state interrupted",
    ]
    assert scene.wait(0.29) == []
    assert scene.wait(0.02) == ["state listening"]
    assert scene.session.allowance(1, scene.now_s) == 0


def test_a_message_may_name_the_reply() -> None:
    scene = speaking()
    assert scene.give(InterruptRequest(7)) == ["nothing_to_interrupt"]
    assert "cancel 1" in scene.give(InterruptRequest(1))
    assert scene.give(InterruptRequest(1)) == ["nothing_to_interrupt"]
    assert scene.give(InterruptRequest()) == ["nothing_to_interrupt"]


def test_a_typed_turn_interrupts_the_reply_and_is_answered() -> None:
    scene = speaking()
    scene.report(1, 1.0)
    assert scene.give(TextInput("  Tell me\n more ")) == [
        "cancel 1",
        "interrupted 1 by text: One",
        "done 1 interrupted: One",
        "state interrupted",
        "start 2: Tell me more",
        "final 2: Tell me more",
        "ended 2 text",
        "state thinking",
        "reply 2 to turn 2",
        "open 2",
    ]


def test_push_to_talk_interrupts_the_reply_at_once() -> None:
    scene = speaking()
    assert scene.give(TalkPressed()) == [
        "cancel 1",
        "interrupted 1 by ptt: ",
        "done 1 interrupted: ",
        "state interrupted",
    ]
    assert scene.speak(0.96) == ["speech started", "state listening"]
    assert scene.give(TalkReleased()) == ["transcribe eager"]
    assert scene.text("Stop.") == [
        "interim 2: Stop.",
        "start 2: Hello. Stop.",
        "final 2: Stop.",
        "ended 2 ptt",
        "state thinking",
        "reply 2 to turn 2",
        "open 2",
    ]


def test_a_commit_of_speech_over_the_reply_interrupts_it() -> None:
    scene = speaking()
    scene.speak(0.2)
    scene.hush(2 * WINDOW_S)
    scene.give(CommitInput())
    told = scene.text("Okay.")
    assert told[:2] == ["interim 2: Okay.", "cancel 1"]
    assert told[-1] == "open 2"
    assert scene.only(StartReply)[0].reply_id == 2


@pytest.mark.parametrize("text", ["Mhm.", ""])
def test_a_backchannel_or_a_cough_leaves_the_reply_alone(text: str) -> None:
    scene = speaking()
    scene.speak(0.32)
    scene.text(text)
    scene.hush(2 * WINDOW_S)
    scene.text(text)
    scene.hush(1.0)
    assert scene.told == [
        "speech started",
        "transcribe interrupt",
        "speech stopped",
        "transcribe eager",
    ]
    assert scene.session.is_speaking


# -- a reply that pauses


def pausing(played_s: float = 2.2) -> Scene:
    """The avatar has said so much when there is a voice over it."""
    scene = speaking(turn=PAUSING)
    scene.report(1, played_s)
    assert scene.speak(0.064) == [f"paused 1 at {played_s + 0.064:.1f}"]
    return scene


def test_a_voice_over_a_reply_pauses_it_and_its_words_interrupt_it_where_it_paused() -> None:
    scene = pausing()
    assert scene.speak(0.704) == ["speech started", "transcribe interrupt"]
    assert scene.session.state is State.SPEAKING
    assert scene.text("Wait") == [
        "cancel 1",
        "interrupted 1 by voice: One two",
        "done 1 interrupted: One two",
        "state interrupted",
        "interim 2: Wait",
    ]
    [cut] = scene.only(ReplyInterrupted)
    [paused] = scene.only(ReplyPaused)
    assert cut.at == paused.at


@pytest.mark.parametrize("text", ["Mhm.", ""])
def test_a_hum_or_a_cough_lets_a_paused_reply_go_on_where_it_stood(text: str) -> None:
    scene = pausing()
    scene.speak(0.192)
    scene.hush(0.128)
    assert scene.text(text) == ["resumed 1 from 2.3"]
    assert scene.session.state is State.SPEAKING
    assert scene.hush(1.6) == []
    assert scene.hush(0.3) == ["done 1 completed: One two three four.", "state listening"]
    assert scene.only(ReplyResumed)[0].start == scene.only(ReplyPaused)[0].at
    assert scene.history == ["user: Hello.", "assistant: One two three four.", "user: next"]


def test_what_was_no_speech_at_all_lets_it_go_on_at_once() -> None:
    scene = pausing()
    assert scene.hush(0.096) == ["resumed 1 from 2.3"]


def test_a_paused_reply_may_not_be_sent_and_is_not_over_by_itself() -> None:
    scene = pausing()
    assert scene.session.allowance(1, scene.now_s) == 0
    scene.speak(0.3)
    assert scene.wait(0.5) == []
    assert scene.session.is_speaking
    assert scene.session.allowance(1, scene.now_s) == 0
    assert scene.session.due_s(1, 5 * RATE_HZ) is None


def test_a_pause_over_which_nothing_is_heard_any_more_ends() -> None:
    scene = pausing()
    scene.speak(0.192)
    told = scene.wait(5.0)  # neither the microphone nor the recogniser delivers
    assert [text for text in told if "resumed" in text] == ["resumed 1 from 2.3"]
    assert told[-2:] == ["done 1 completed: One two three four.", "state listening"]


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (InterruptRequest(), "message"),
        (InterruptRequest(1), "message"),
        (TextInput("Stop it."), "text"),
        (TalkPressed(), "ptt"),
    ],
)
def test_whatever_else_interrupts_a_paused_reply_interrupts_it_where_it_stood(
    end: SessionInput, reason: str
) -> None:
    scene = pausing(3.0)
    scene.speak(0.192)
    assert f"interrupted 1 by {reason}: One two three" in scene.give(end)
    scene.hush(1.0)
    assert scene.only(ReplyResumed) == []


def test_clearing_the_turn_lets_a_paused_reply_go_on() -> None:
    scene = pausing()
    scene.speak(0.192)
    assert "resumed 1 from 2.3" in scene.give(ClearInput())


def test_a_commit_interrupts_a_paused_reply_when_its_words_are_known() -> None:
    scene = pausing()
    scene.speak(0.192)
    assert "resumed 1 from 2.3" not in scene.give(CommitInput())
    assert "interrupted 1 by voice: One two" in scene.text("Mhm.")


def test_where_the_client_stands_is_believed_and_is_where_it_goes_on() -> None:
    scene = pausing()
    scene.report(1, 2.4, "paused")
    scene.hush(0.096)
    assert [resumed.start for resumed in scene.only(ReplyResumed)] == [24_000]


def test_a_client_that_has_played_all_when_the_pause_reaches_it_ends_the_reply() -> None:
    scene = pausing(3.9)
    assert scene.report(1, 4.0, "finished") == [
        "done 1 completed: One two three four.",
        "state listening",
    ]
    scene.hush(0.5)
    assert scene.only(ReplyResumed) == []


def test_a_reply_that_fails_while_it_is_paused_is_played_to_its_end_first() -> None:
    scene = Scene(turn=PAUSING)
    scene.ask("Hello.")
    scene.write(1, "One two three four.", 4.0)
    scene.send(1, 4.0)
    scene.report(1, 2.0)
    scene.speak(0.064)
    assert scene.give(ReplyFailed(1, "llm_failed", "No.", 40_000)) == ["llm_failed"]
    told = scene.hush(0.128)
    assert told == ["resumed 1 from 2.1"]
    assert scene.hush(2.1)[0] == "done 1 failed: One two three four."


def test_a_voice_before_the_reply_is_heard_pauses_nothing() -> None:
    scene = Scene(turn=PAUSING)
    scene.ask("Hello.")
    scene.speak(0.064)
    assert scene.only(ReplyPaused) == []


def test_a_voice_after_the_reply_pauses_nothing() -> None:
    scene = speaking(turn=PAUSING)
    scene.wait(5.0)
    scene.speak(0.5)
    assert scene.only(ReplyPaused) == []


def test_a_reply_is_paused_again_when_the_voice_comes_again() -> None:
    scene = pausing(1.0)
    scene.hush(0.096)
    scene.hush(0.5)
    told = scene.speak(0.192)
    assert [text for text in told if "paused" in text] == ["paused 1 at 1.7"]


def test_what_comes_of_a_cut_reply_is_ignored() -> None:
    scene = speaking()
    scene.give(InterruptRequest())
    assert scene.write(1, " More.", 1.0) == []
    assert scene.send(1, 5.0) == []
    assert scene.made(1) == []
    assert scene.give(ReplyFailed(1, "llm_failed", "No.")) == []
    assert scene.session.state is State.INTERRUPTED


# -- a pause that was no end

HOLD = replace(TURN, hold_s=0.4)
TAKEN_BACK = [
    "speech started",
    "cancel 1",
    "interrupted 1 by voice: ",
    "done 1 interrupted: ",
    "state listening",
    "warm",
]


def test_a_turn_waits_until_its_prepared_reply_can_be_heard() -> None:
    scene = Scene(turn=HOLD)
    scene.say("What is it?")
    assert scene.hush(0.3) == []
    assert scene.give(ReplyReady(1))[0] == "final 1: What is it?"
    assert scene.session.state is State.THINKING


def test_a_reply_that_is_ready_early_waits_for_the_silence() -> None:
    scene = Scene(turn=HOLD)
    scene.say("What is it?")
    assert scene.give(ReplyReady(1)) == []
    assert scene.hush(0.16)[0] == "final 1: What is it?"


def test_a_turn_does_not_wait_for_a_slow_reply_for_ever() -> None:
    scene = Scene(turn=HOLD)
    scene.say("What is it?")
    assert scene.hush(0.5) == []
    assert scene.hush(0.096)[0] == "final 1: What is it?"


@pytest.mark.parametrize("end", [ReplyGenerated(1, 0), ReplyFailed(1, "llm_failed", "No.", 0)])
def test_a_prepared_reply_that_will_not_be_heard_is_not_waited_for(end: SessionInput) -> None:
    scene = Scene(turn=HOLD)
    scene.say("What is it?")
    scene.hush(0.3)
    assert "final 1: What is it?" in scene.give(end)


def test_readiness_of_a_reply_that_was_withdrawn_ends_nothing() -> None:
    scene = Scene(turn=HOLD)
    scene.say("What is it")
    scene.speak(0.32)
    assert scene.give(ReplyReady(1)) == []
    scene.hush(2 * WINDOW_S)
    scene.text("What is it good for?")
    scene.score(0.95)
    assert scene.give(ReplyReady(1)) == []
    assert scene.hush(0.16) == []
    assert scene.give(ReplyReady(2))[0] == "final 1: What is it good for?"


def test_a_client_that_ends_its_turn_waits_for_nothing() -> None:
    scene = Scene(turn=HOLD)
    scene.say("What is it?")
    assert scene.give(CommitInput())[0] == "final 1: What is it?"


def test_a_reply_that_was_not_heard_yet_is_taken_back_when_the_user_goes_on() -> None:
    scene = Scene()
    scene.ask("I would like a ticket.")
    assert scene.speak(0.32) == TAKEN_BACK
    scene.hush(2 * WINDOW_S)
    scene.text("For two.")
    scene.score(0.95)
    scene.hush(0.16)
    assert scene.live_id == 2
    assert scene.only(StartReply)[-1].messages[-1].content == "I would like a ticket. For two."
    assert scene.session.history.messages[-1].content == "I would like a ticket. For two."


def test_of_a_reply_that_is_taken_back_not_even_the_shortest_word_was_heard() -> None:
    scene = Scene()
    scene.ask("I would like a ticket.")
    scene.write(1, "I see.", 0.06)
    assert scene.speak(0.32) == TAKEN_BACK
    assert scene.history == ["user: I would like a ticket. next"]


def test_after_a_cough_the_turn_is_answered_again() -> None:
    scene = Scene()
    scene.ask("I would like a ticket.")
    scene.speak(0.2)
    scene.hush(2 * WINDOW_S)
    scene.text("")
    scene.score(0.05)
    assert scene.hush(0.6)[-4:] == [
        "start 2: I would like a ticket.",
        "state thinking",
        "reply 2 to turn 1",
        "open 2",
    ]
    assert scene.hush(1.0) == ["gaze away_up", "gesture think"]
    scene.answer("Here you are.", 1.0)
    scene.wait(2.0)
    assert scene.history[-3:] == [
        "user: I would like a ticket.",
        "assistant: Here you are.",
        "user: next",
    ]


def test_after_a_rest_that_cannot_be_recognised_the_turn_is_answered_again_and_it_is_told() -> None:
    scene = Scene()
    scene.ask("I would like a ticket.")
    scene.speak(0.2)
    scene.hush(2 * WINDOW_S)
    assert scene.text(None) == [
        "stt_failed",
        "start 2: I would like a ticket.",
        "state thinking",
        "reply 2 to turn 1",
        "open 2",
    ]


def test_a_turn_is_answered_again_after_every_cough_before_its_reply_is_heard() -> None:
    scene = Scene()
    scene.ask("I would like a ticket.")
    for reply_id in (2, 3):
        scene.speak(0.2)
        scene.hush(2 * WINDOW_S)
        scene.text("")
        scene.hush(0.6)
        assert scene.live_id == reply_id
    assert {start.turn_id for start in scene.only(ReplyStarted)} == {1}
    assert [message.content for message in scene.session.history.messages] == [
        "I would like a ticket."
    ]


def test_a_turn_whose_rest_is_cleared_is_answered_again() -> None:
    scene = Scene()
    scene.ask("I would like a ticket.")
    scene.speak(0.2)
    assert "start 2: I would like a ticket." in scene.give(ClearInput())


def test_once_the_reply_is_heard_a_cough_takes_nothing_back() -> None:
    scene = Scene()
    scene.ask("I would like a ticket.")
    scene.write(1, "Here you are.", 1.0)
    scene.send(1, 0.02)
    assert scene.speak(0.2) == ["speech started"]
    scene.hush(2 * WINDOW_S)
    scene.text("")
    scene.hush(1.0)
    assert scene.only(ReplyInterrupted) == []
    assert scene.session.is_speaking


def test_after_a_cough_a_turn_that_was_typed_meanwhile_is_the_one_that_is_answered() -> None:
    scene = Scene()
    scene.ask("I would like a ticket.")
    scene.speak(0.2)
    told = scene.give(TextInput("For two."))
    assert [line for line in told if line.startswith("start")] == [
        "start 2: I would like a ticket. For two."
    ]
    assert scene.session.is_speaking


def test_a_greeting_that_was_not_heard_yet_gives_way_and_does_not_come_again() -> None:
    scene = Scene(replace(OPTIONS, greeting="Welcome!"))
    assert "cancel 1" in scene.speak(0.2)
    scene.hush(2 * WINDOW_S)
    scene.text("")
    scene.score(0.05)
    scene.hush(1.0)
    assert not scene.session.is_speaking


def test_a_user_who_was_cut_off_is_given_more_time() -> None:
    scene = Scene(turn=replace(TURN, learning_rate=1.0))
    scene.ask("I would like a ticket.")
    scene.speak(0.32)
    scene.hush(2 * WINDOW_S)
    scene.text("For two.")
    scene.score(0.95)
    assert scene.hush(0.9) == []
    assert "final 2: For two." in scene.hush(0.8)


def test_a_turn_typed_after_a_cough_has_no_reply_in_between() -> None:
    scene = Scene()
    scene.ask("I would like a ticket.")
    scene.speak(0.2)
    scene.log.clear()
    scene.give(TextInput("For two."))
    assert [reply.reply_id for reply in scene.only(ReplyStarted)] == [2]
    assert scene.only(ReplyInterrupted) == []


def test_a_turn_typed_before_the_reply_is_heard_is_asked_with_the_one_before() -> None:
    scene = Scene()
    scene.ask("I would like a ticket.")
    told = scene.give(TextInput("For two."))
    assert told[:3] == ["cancel 1", "interrupted 1 by text: ", "done 1 interrupted: "]
    assert "start 2: I would like a ticket. For two." in told


def test_an_apology_that_was_not_heard_yet_gives_way_and_does_not_come_again() -> None:
    scene = Scene()
    scene.ask("Hello.")
    scene.give(ReplyFailed(1, "llm_failed", "Broken."))
    assert "cancel 2" in scene.speak(0.2)
    scene.hush(2 * WINDOW_S)
    scene.text("")
    scene.hush(1.0)
    assert not scene.session.is_speaking
    assert scene.only(StartReply)[-1].reply_id == 2


def test_speech_before_the_greeting_is_heard_says_nothing_about_pauses() -> None:
    scene = Scene(replace(OPTIONS, greeting="Welcome!"), turn=replace(TURN, learning_rate=1.0))
    scene.hush(1.0)
    scene.say("Hello there.")
    assert "final 1: Hello there." in scene.hush(0.16)


@pytest.mark.parametrize("end", [TextInput("Hello."), CommitInput()])
def test_speech_after_an_end_that_the_client_set_says_nothing_about_pauses(
    end: SessionInput,
) -> None:
    scene = Scene(turn=replace(TURN, learning_rate=1.0))
    scene.say("Hello.", 0.5)
    scene.give(end)
    scene.hush(0.8)
    scene.say("I would like a ticket.")
    assert scene.only(ReplyInterrupted)
    assert scene.hush(0.16)[-1].startswith("open")


# -- first reactions


def test_the_avatar_nods_at_a_pause_that_may_be_the_end_and_only_now_and_then() -> None:
    scene = Scene()
    scene.speak(0.5)
    scene.hush(2 * WINDOW_S)
    assert scene.score(0.95) == ["head nod"]
    assert scene.text("I think")[-2:] == ["gaze away_up", "start 1: I think"]
    assert scene.speak(0.2) == ["speech started", "gaze user", "cancel 1"]
    scene.hush(2 * WINDOW_S)
    assert scene.score(0.95) == ["gaze away_up"]


def test_a_pause_in_the_middle_of_a_phrase_gets_no_more_than_a_move_of_the_head() -> None:
    scene = Scene()
    scene.speak(0.5)
    assert scene.hush(2 * WINDOW_S) + scene.score(0.02) + scene.text("I think that") == [
        "speech stopped",
        "transcribe eager",
        "score",
        "head tilt",
        "interim 1: I think that",
    ]


def test_every_pause_is_noticed_at_once_but_not_twice_within_half_a_second() -> None:
    scene = Scene()
    times_s = []
    for _ in range(12):
        scene.speak(0.32)
        if "head tilt" in scene.hush(2 * WINDOW_S):
            times_s.append(scene.now_s)
    assert len(times_s) > 2
    assert all(later - sooner >= 0.6 for sooner, later in pairwise(times_s))


def test_a_glance_aside_ends_when_the_user_goes_on_before_the_text_is_known() -> None:
    scene = Scene()
    scene.speak(0.5)
    scene.hush(2 * WINDOW_S)
    scene.score(0.95)
    scene.speak(0.2)
    scene.hush(2 * WINDOW_S)
    assert scene.score(0.95) == ["gaze away_up"]
    assert scene.speak(0.2) == ["speech started", "gaze user"]


def test_a_glance_aside_ends_when_the_button_is_pressed() -> None:
    scene = Scene()
    scene.speak(0.5)
    scene.hush(2 * WINDOW_S)
    scene.score(0.95)
    scene.speak(0.2)
    scene.hush(2 * WINDOW_S)
    scene.score(0.95)
    assert scene.give(TalkPressed()) == ["gaze user"]


def test_a_glance_aside_ends_when_the_turn_was_none() -> None:
    scene = Scene()
    scene.say("So.")
    scene.speak(0.2)
    scene.hush(2 * WINDOW_S)
    scene.text("")
    assert scene.score(0.95) == ["gaze away_up"]
    assert scene.hush(0.6)[-1] == "gaze user"


def test_there_is_no_reaction_where_silence_ends_nothing() -> None:
    scene = Scene(turn=replace(TURN, endpointing="manual"))
    scene.say("Hello.")
    scene.hush(2.0)
    assert scene.only(BodyCue) == []


def test_there_is_no_reaction_to_what_is_said_over_a_reply() -> None:
    scene = speaking()
    scene.speak(0.2)
    scene.hush(2 * WINDOW_S)
    scene.text("Mhm.")
    scene.hush(1.0)
    assert scene.only(BodyCue) == []


def test_there_is_no_reaction_over_a_reply_to_speech_that_the_client_ended() -> None:
    scene = speaking()
    scene.speak(0.2)
    scene.hush(2 * WINDOW_S)
    assert scene.give(CommitInput()) == []
    assert scene.session.is_speaking
    assert scene.only(BodyCue) == []


def test_nods_come_one_and_a_half_seconds_apart_at_least() -> None:
    scene = Scene()
    times_s = []
    for _ in range(12):
        scene.speak(0.32)
        scene.hush(2 * WINDOW_S)
        if "head nod" in scene.score(0.5):
            times_s.append(scene.now_s)
    assert len(times_s) > 2
    assert all(later - sooner >= 1.5 for sooner, later in pairwise(times_s))


# -- what the body does at what it hears, and on its own


def test_bad_news_is_answered_by_the_face_when_its_words_are_sure_and_once() -> None:
    scene = Scene(turn=replace(TURN, interim_s=0.3))
    scene.speak(0.5)
    assert "face sad" not in scene.text("My dog died")
    scene.speak(0.5)
    assert "face sad" in scene.text("My dog died yesterday and")
    scene.hush(2 * WINDOW_S)
    assert "face sad" not in scene.text("My dog died yesterday and I cried.")


def test_good_news_in_a_short_turn_is_answered_before_the_turn_is_over() -> None:
    scene = Scene()
    told = scene.say("I am so happy!")
    assert "face smile" in told
    assert "ended 1 semantic" not in told


def test_the_face_does_not_answer_to_what_is_said_over_a_reply() -> None:
    scene = speaking()
    scene.speak(0.3)
    scene.hush(2 * WINDOW_S)
    assert "face smile" not in scene.text("Happy.")


def test_an_avatar_to_which_nobody_talks_moves_now_and_then() -> None:
    scene = Scene(body=BodyOptions())
    moves = scene.wait(30.0)
    assert {"gaze", "posture"} == {move.split()[0] for move in moves}
    assert 3 <= len(moves) <= 8
    assert "state listening" in scene.speak(0.2)
    assert all("posture" not in told for told in scene.speak(4.0))


RISING_HZ = (220.0, 250.0, 230.0, 210.0, 190.0, 160.0, 180.0, 200.0)


def invites_a_nod(scene: Scene) -> list[str]:
    """The user speaks for three seconds, goes down with the voice, and speaks on."""
    told: list[str] = []
    for f0_hz in (*RISING_HZ * 12, *[120.0] * 5, *RISING_HZ * 4):
        told += scene.tick_until(scene.now_s + WINDOW_S)
        told += scene.give(VadFrame(scene.sample, 0.9, f0_hz=f0_hz))
        scene.sample += WINDOW_SAMPLES
    return told


def test_the_avatar_nods_while_the_user_speaks_where_the_voice_invites_it() -> None:
    scene = Scene()
    assert not scene.session.wants_pitch
    assert "head nod" in invites_a_nod(scene)
    assert scene.session.wants_pitch


def test_the_avatar_does_not_nod_to_what_is_said_over_its_reply() -> None:
    scene = speaking(
        seconds=30.0, turn=replace(TURN, interrupt_any_s=99.0, interrupt_speech_s=99.0)
    )
    assert "head nod" not in invites_a_nod(scene)
    assert scene.session.is_speaking
    assert not scene.session.wants_pitch


# -- whom the user looks at

LOOKING = BodyOptions(attention="looking", look_grace_s=1.0)


def looks(scene: Scene, target: str | None, seconds: float = 0.5) -> list[str]:
    """The client tells for so long, in silence, what the user looks at."""
    told: list[str] = []
    for _ in range(round(seconds / 0.1)):
        told += scene.give(UserGaze(target)) + scene.hush(0.096)
    return told


def test_speech_of_somebody_who_looks_at_something_else_begins_no_turn() -> None:
    scene = Scene(body=LOOKING)
    looks(scene, "door")
    scene.log.clear()
    scene.speak(1.0)
    assert scene.log == []


def test_speech_of_somebody_who_has_just_looked_at_the_avatar_begins_a_turn() -> None:
    scene = Scene(body=LOOKING)
    looks(scene, "avatar")
    looks(scene, "door", 0.3)
    assert "speech started" in scene.speak(0.5)


def test_a_turn_that_has_begun_goes_on_wherever_the_user_looks() -> None:
    scene = Scene(body=LOOKING)
    looks(scene, "avatar")
    scene.speak(0.5)
    for _ in range(20):
        scene.give(UserGaze("door"))
        assert "speech stopped" not in scene.speak(0.096)


def test_after_a_pause_speech_to_somebody_else_does_not_go_on_with_the_turn() -> None:
    scene = Scene(body=LOOKING)
    looks(scene, "avatar")
    scene.speak(0.5)
    for _ in range(20):
        scene.give(UserGaze("door"))
        scene.speak(0.096)
    scene.hush(0.16)
    scene.text("Where is it?")
    scene.score(0.95)
    scene.give(UserGaze("door"))
    assert "ended 1 semantic" in scene.speak(1.0)


def test_speech_over_the_reply_to_somebody_else_does_not_interrupt_it() -> None:
    scene = Scene(body=LOOKING)
    looks(scene, "avatar")
    scene.ask("Hello.")
    scene.answer("One two three four.", 4.0)
    looks(scene, "door", 1.5)
    scene.log.clear()
    scene.speak(1.0)
    assert scene.log == []


def test_a_button_opens_the_ear_wherever_the_user_looks() -> None:
    scene = Scene(body=LOOKING)
    looks(scene, "door")
    scene.give(TalkPressed())
    assert "speech started" in scene.speak(0.5)


@pytest.mark.parametrize("body", [BodyOptions(), LOOKING])
def test_without_news_of_the_eyes_all_speech_is_heard(body: BodyOptions) -> None:
    scene = Scene(body=body)
    assert "speech started" in scene.speak(0.5)


def test_the_reply_is_told_what_the_user_looked_at() -> None:
    scene = Scene()
    looks(scene, "vase")
    looks(scene, "avatar")
    scene.ask("What is that?")
    assert [start.meant for start in scene.only(StartReply)] == ["vase"]


def test_somebody_who_comes_too_near_makes_the_avatar_draw_back_while_it_speaks() -> None:
    scene = speaking()
    near = UserGaze(head=HeadPose((0.0, 1.6, 0.3), (0.0, 0.0, 0.0, 1.0)), avatar=(0.0, 1.6, 0.0))
    assert scene.give(near) == ["posture lean_back"]


# -- reading ahead


def test_the_prompt_is_warmed_when_a_session_begins() -> None:
    assert Scene().only(WarmPrefix) == [WarmPrefix((SYSTEM, OPENING))]
    without = Scene(memory=MemoryOptions(opening=""))
    assert without.only(WarmPrefix) == [WarmPrefix((SYSTEM,))]


def test_a_prompt_that_the_client_changes_is_warmed_at_once() -> None:
    scene = Scene()
    scene.log.clear()
    scene.give(SettingsChanged(system_prompt="Be brief."))
    assert scene.only(WarmPrefix) == [WarmPrefix((Message("system", "Be brief."), OPENING))]
    assert scene.give(SettingsChanged(language="zh")) == []


def test_the_prompt_is_warmed_once_the_client_has_said_how_much_of_the_reply_was_heard() -> None:
    scene = speaking()
    scene.report(1, 4.0, "finished")
    scene.log.clear()
    scene.speak(0.2)
    assert [[m.content for m in warm.messages] for warm in scene.only(WarmPrefix)] == [
        ["Be kind.", "Hello.", "One two three four."]
    ]


def test_it_is_warmed_after_an_interruption_too() -> None:
    scene = speaking()
    scene.report(1, 3.0)
    scene.give(InterruptRequest())
    scene.report(1, 1.5, "stopped")
    scene.report(1, 0.0, "stopped")
    scene.speak(0.2)
    assert scene.only(WarmPrefix)[-1].messages[-1] == Message("assistant", "One")


def test_a_report_while_the_reply_goes_on_makes_nothing_final() -> None:
    scene = speaking()
    scene.report(1, 3.0)
    scene.give(InterruptRequest())
    scene.report(1, 2.0)
    assert scene.report(1, 1.5, "stopped") == []
    assert scene.session.history.messages[-1] == Message("assistant", "One")


def test_what_was_heard_of_a_reply_that_failed_is_remembered_before_the_apology() -> None:
    scene = Scene()
    scene.ask("Hello.")
    scene.write(1, "One two", 2.0)
    scene.send(1, 2.0)
    scene.give(ReplyFailed(1, "llm_failed", "Broken.", 2 * RATE_HZ))
    assert scene.report(1, 2.0, "finished")[0] == "done 1 failed: One two"
    assert scene.session.history.messages[-1] == Message("assistant", "One two")


def test_the_model_does_not_read_ahead_of_a_reply_that_may_be_corrected() -> None:
    scene = Scene(turn=replace(TURN, interim_s=0.5))
    scene.give(TextInput("Hello."))
    scene.answer("Hi.", 1.0)
    scene.wait(1.1)
    scene.log.clear()
    scene.speak(0.2)
    assert scene.only(WarmPrefix) == []
    scene.speak(0.8)
    scene.text("How old is")
    assert [warm.messages[-1].content for warm in scene.only(WarmPrefix)] == ["How old is"]


def test_the_model_reads_what_was_said_so_far() -> None:
    scene = Scene(turn=replace(TURN, interim_s=0.5))
    scene.speak(0.96)
    assert scene.text("How old is")[-1] == "warm"
    assert scene.only(WarmPrefix)[-1].messages[-1].content == "How old is"
    scene.hush(2 * WINDOW_S)
    assert "warm" not in scene.text("How old is it?")


# -- failures


APOLOGY = "Sorry, I lost my train of thought. Could you say that again?"


def test_a_reply_that_fails_is_played_to_its_end_and_apologised_for() -> None:
    scene = Scene()
    scene.ask("Hello.")
    scene.write(1, "One two three", 3.0)
    scene.send(1, 2.0)
    scene.log.clear()
    assert scene.give(ReplyFailed(1, "llm_failed", "Broken.", 25_000)) == ["llm_failed"]
    assert scene.send(1, 2.5) == []
    assert scene.wait(3.0) == [
        "done 1 failed: One two",
        "state listening",
        f"start 2: {APOLOGY}",
        "state thinking",
        "reply 2 to turn 0",
        "open 2",
        "gaze away_up",
    ]
    scene.answer(APOLOGY, 3.0)
    assert scene.wait(4.0) == [f"done 2 completed: {APOLOGY}", "state listening"]
    assert scene.history == ["user: Hello.", "assistant: One two", "user: next"]


def test_a_reply_that_fails_before_its_first_sound_is_apologised_for_at_once() -> None:
    scene = Scene()
    scene.ask("Hello.")
    assert scene.give(ReplyFailed(1, "llm_timeout", "Late.")) == [
        "llm_timeout",
        "done 1 failed: ",
        "state listening",
        f"start 2: {APOLOGY}",
        "state thinking",
        "reply 2 to turn 0",
        "open 2",
    ]


def test_an_apology_that_fails_is_not_apologised_for() -> None:
    scene = Scene()
    scene.ask("Hello.")
    scene.give(ReplyFailed(1, "llm_failed", "Broken."))
    assert scene.give(ReplyFailed(2, "tts_failed", "Mute.")) == [
        "tts_failed",
        "done 2 failed: ",
        "state listening",
    ]


@pytest.mark.parametrize(("language", "opening"), [("zh", "抱歉"), ("fr", "Sorry")])
def test_an_apology_is_made_in_the_users_language_where_there_is_one(
    language: str, opening: str
) -> None:
    scene = Scene(replace(OPTIONS, language=language))
    scene.ask("Hello.")
    scene.give(ReplyFailed(1, "llm_failed", "Broken."))
    apology = scene.only(StartReply)[-1]
    assert (apology.text or "").startswith(opening)
    assert apology.language == language


def speaking_as_it_fails() -> Scene:
    """The user has begun to speak over the end of a reply that failed; the apology is due."""
    scene = Scene()
    scene.ask("Hello.")
    scene.write(1, "One two three", 3.0)
    scene.send(1, 0.3)
    scene.give(ReplyFailed(1, "llm_failed", "Broken.", 3_000))
    scene.speak(0.2)
    scene.hush(WINDOW_S)
    assert "start 2: " + APOLOGY not in scene.told
    scene.speak(0.25)
    assert "start 2: " + APOLOGY in scene.told
    return scene


def test_an_apology_is_interrupted_by_a_word_that_began_over_the_reply_that_failed() -> None:
    scene = speaking_as_it_fails()
    scene.speak(0.1)
    assert scene.text("Wait")[:2] == ["cancel 2", "interrupted 2 by voice: "]


def test_an_apology_is_not_taken_back_for_a_mhm_that_began_over_the_reply_that_failed() -> None:
    scene = speaking_as_it_fails()
    scene.text("Mhm.")
    scene.hush(2 * WINDOW_S)
    scene.text("Mhm.")
    scene.hush(1.0)
    assert scene.session.is_speaking
    assert scene.only(ReplyInterrupted) == []


def test_speech_that_cannot_be_recognised_is_apologised_for() -> None:
    scene = Scene()
    scene.speak(0.96)
    scene.hush(2 * WINDOW_S)
    assert scene.text(None) == [
        "stt_failed",
        f"start 1: {APOLOGY}",
        "state thinking",
        "reply 1 to turn 0",
        "open 1",
    ]


def test_speech_over_a_reply_that_cannot_be_recognised_does_not_disturb_it() -> None:
    scene = speaking()
    scene.speak(0.2)
    scene.hush(2 * WINDOW_S)
    assert scene.text(None) == ["stt_failed"]
    assert scene.session.is_speaking


def test_a_reply_without_a_word_is_told_as_empty() -> None:
    scene = Scene()
    scene.ask("Hello.")
    assert scene.made(1) == ["empty_reply", "done 1 completed: ", "state listening"]
    assert scene.history == ["user: Hello. next"]


def test_a_prepared_reply_without_a_word_is_over_as_soon_as_it_is_live() -> None:
    scene = Scene()
    scene.say("Hello.")
    assert scene.made(1) == []
    assert scene.hush(0.16)[-6:] == [
        "state thinking",
        "reply 1 to turn 1",
        "open 1",
        "empty_reply",
        "done 1 completed: ",
        "state listening",
    ]


# -- what was heard


def test_a_late_report_corrects_what_was_heard_of_an_interrupted_reply() -> None:
    scene = speaking()
    scene.report(1, 3.0)
    scene.give(InterruptRequest())
    assert scene.only(ReplyDone)[0].spoken_text == "One two three"
    assert scene.report(1, 1.5, "stopped") == []
    assert scene.history == ["user: Hello.", "assistant: One", "user: next"]


def test_a_late_report_may_also_say_that_more_was_heard() -> None:
    scene = speaking()
    scene.report(1, 1.0)
    scene.give(InterruptRequest())
    scene.report(1, 99.0, "finished")
    assert scene.history == ["user: Hello.", "assistant: One two three four.", "user: next"]


def test_after_the_next_prompt_history_stays_as_it_is() -> None:
    scene = speaking()
    scene.report(1, 3.0)
    scene.give(InterruptRequest())
    scene.give(TextInput("go on"))
    scene.report(1, 1.0, "stopped")
    assert scene.history[:2] == ["user: Hello.", "assistant: One two three"]


def test_reports_about_replies_that_do_not_exist_are_ignored() -> None:
    scene = speaking()
    assert scene.report(0, 1.0) + scene.report(7, 1.0) == []
    quiet = Scene()
    assert quiet.report(1, 1.0) == []


def test_a_client_that_has_played_all_ends_the_reply() -> None:
    scene = speaking()
    assert scene.report(1, 4.0, "finished") == [
        "done 1 completed: One two three four.",
        "state listening",
    ]


def test_a_client_that_ran_dry_early_does_not_end_the_reply() -> None:
    scene = Scene()
    scene.ask("Hello.")
    scene.write(1, "One two", 2.0)
    scene.send(1, 1.0)
    assert scene.report(1, 1.0, "finished") == []
    assert scene.session.is_speaking
    scene.send(1, 2.0)
    scene.made(1)
    scene.report(1, 1.0, "playing")
    assert scene.wait(1.1)[:1] == ["done 1 completed: One two"]


def test_a_stalled_client_holds_the_reply_up_and_the_audio_back() -> None:
    scene = speaking()
    scene.report(1, 1.0, "stalled")
    assert scene.session.allowance(1, scene.now_s + 1.0) == 0
    assert scene.wait(4.9) == []
    assert scene.wait(4.0) == ["done 1 completed: One two three four.", "state listening"]


# -- greeting


def test_a_greeting_is_spoken_first_and_remembered() -> None:
    scene = Scene(replace(OPTIONS, greeting="Welcome!"))
    assert scene.told == [
        "state idle",
        "warm",
        "start 1: Welcome!",
        "state thinking",
        "reply 1 to turn 0",
        "open 1",
    ]
    scene.answer("Welcome!", 1.0)
    assert scene.wait(2.0)[-2:] == ["done 1 completed: Welcome!", "state listening"]
    assert scene.history == ["user: Hello!", "assistant: Welcome!", "user: next"]


# -- typed turns, commits, settings


@pytest.mark.parametrize(("text", "code"), [(" \n ", "empty_text"), ("x" * 51, "text_too_long")])
def test_text_that_cannot_be_a_turn_is_refused_and_interrupts_nothing(text: str, code: str) -> None:
    scene = speaking()
    assert scene.give(TextInput(text)) == [code]
    assert scene.session.is_speaking


def test_a_typed_turn_takes_the_place_of_a_spoken_one() -> None:
    scene = Scene()
    scene.say("What is", 0.5)
    assert scene.give(TextInput("What is it?"))[:5] == [
        "final 1: ",
        "cancel 1",
        "gaze user",
        "start 2: What is it?",
        "final 2: What is it?",
    ]
    assert [turn.turn_id for turn in scene.only(TurnEnded)] == [2]


def test_without_a_turn_there_is_nothing_to_commit() -> None:
    assert Scene().give(CommitInput()) == ["nothing_to_commit"]


def test_a_turn_whose_text_is_awaited_is_something_to_commit() -> None:
    scene = Scene()
    scene.speak(0.96)
    scene.hush(2 * WINDOW_S)
    assert scene.give(CommitInput()) == []
    assert "ended 1 commit" in scene.text("Hello.")


def test_settings_apply_from_the_next_turn_on() -> None:
    scene = Scene()
    scene.give(SettingsChanged(system_prompt="Be brief.", language="zh", endpointing="manual"))
    scene.say("你好")
    assert scene.hush(5.0) == []
    scene.give(CommitInput())
    [start] = scene.only(StartReply)
    assert (start.messages[0].content, start.language) == ("Be brief.", "zh")
    scene.give(SettingsChanged(endpointing="auto"))
    scene.give(SettingsChanged(language=""))
    scene.give(TextInput("Hello"))
    assert scene.only(StartReply)[-1].language == "en"


def test_settings_that_are_not_given_stay() -> None:
    scene = Scene(replace(OPTIONS, language="zh"))
    scene.give(SettingsChanged())
    scene.say("你好")
    assert scene.hush(0.2)[-1] == "open 1"
    [start] = scene.only(StartReply)
    assert (start.messages[0], start.language) == (SYSTEM, "zh")


# -- time


def test_the_eyes_go_away_and_then_the_hand_to_the_chin_while_no_audio_is_out() -> None:
    scene = Scene()
    scene.give(TextInput("Hello."))
    assert scene.wait(0.29) == []
    assert scene.wait(0.02) == ["gaze away_up"]
    assert scene.wait(0.38) == []
    assert scene.wait(0.02) == ["gesture think"]
    assert scene.wait(5.0) == []


def test_no_thinking_pose_shows_when_audio_is_out_in_time() -> None:
    scene = Scene()
    scene.give(TextInput("Hello."))
    scene.wait(0.2)
    scene.write(1, "Hi.", 1.0)
    scene.send(1, 0.1)
    assert scene.wait(5.0) == []


def test_a_reply_cut_before_its_thinking_pose_shows_none() -> None:
    scene = Scene()
    scene.give(TextInput("Hello."))
    scene.give(InterruptRequest())
    assert scene.wait(1.0) == ["state listening"]


def test_after_a_while_of_quiet_the_avatar_is_idle_and_then_the_session_ends() -> None:
    scene = speaking("Hi.", 1.0)
    scene.wait(1.2)
    scene.log.clear()
    assert scene.wait(14.0) == []
    assert scene.wait(1.0) == ["state idle"]
    assert scene.wait(44.0) == []
    assert scene.wait(2.0) == ["end idle"]


def test_a_session_without_a_time_limit_does_not_end() -> None:
    scene = Scene(replace(OPTIONS, idle_timeout_s=0.0))
    assert scene.wait(1e6) == []
    assert scene.session.deadline_s is None


def test_neither_speech_nor_a_reply_is_quiet() -> None:
    scene = Scene()
    assert "end idle" not in scene.speak(70.0)
    waiting = Scene()
    waiting.give(TextInput("Hello."))
    assert "end idle" not in waiting.wait(200.0)


def test_quiet_is_counted_from_the_end_of_speech_that_was_none() -> None:
    scene = Scene()
    scene.speak(20.0)
    scene.hush(2 * WINDOW_S)
    scene.text("")
    assert scene.hush(14.0) == []
    assert scene.hush(2.0) == ["state idle"]


def test_a_turn_that_the_client_never_ends_does_not_keep_the_session() -> None:
    scene = Scene(turn=replace(TURN, endpointing="manual"))
    scene.say("Hello.")
    assert scene.hush(14.0) == []
    assert scene.hush(2.0) == ["state idle"]
    assert scene.speak(0.2) == ["speech started", "state listening"]
    assert scene.hush(70.0)[-1] == "end idle"


def test_a_stalled_microphone_ends_a_long_turn_and_does_not_make_the_avatar_idle() -> None:
    scene = Scene(turn=replace(TURN, max_segment_s=100.0, max_silence_s=100.0))
    scene.speak(20.0)
    scene.hush(2 * WINDOW_S)
    scene.text("A long story.")
    scene.score(0.2)
    assert scene.wait(0.61) == [
        "start 1: A long story.",
        "final 1: A long story.",
        "ended 1 vad",
        "state thinking",
        "reply 1 to turn 1",
        "open 1",
    ]
    assert scene.session.state is State.THINKING


# -- every change of state


def listening() -> Scene:
    scene = Scene()
    scene.speak(0.2)
    return scene


def thinking() -> Scene:
    scene = Scene()
    scene.give(TextInput("Hello."))
    return scene


def interrupted() -> Scene:
    scene = speaking()
    scene.give(InterruptRequest())
    return scene


def calling() -> Scene:
    """The avatar speaks, and has called a tool."""
    scene = Scene()
    scene.give(TextInput("Hello."))
    scene.write(1, "Let me look.", 1.0)
    scene.give(ToolCallMade(1, ToolCall("call_1_0", "look", "{}")))
    scene.made(1)
    scene.send(1, 1.0)
    return scene


def called_and_spoken_to() -> Scene:
    scene = calling()
    scene.wait(2.0)
    scene.speak(0.2)
    return scene


CHANGES: dict[tuple[State, Trigger], tuple[Callable[[], Scene], Callable[[Scene], object]]] = {
    (State.IDLE, Trigger.USER_SPEAKS): (Scene, lambda scene: scene.speak(0.2)),
    (State.IDLE, Trigger.COMMITTED): (Scene, lambda scene: scene.give(TextInput("Hello."))),
    (State.LISTENING, Trigger.COMMITTED): (listening, lambda scene: scene.give(TextInput("Hi."))),
    (State.LISTENING, Trigger.WAITS): (
        called_and_spoken_to,
        lambda scene: (scene.say("", 0.05), scene.hush(1.5)),
    ),
    (State.SPEAKING, Trigger.WAITS): (calling, lambda scene: scene.wait(2.0)),
    (State.LISTENING, Trigger.QUIET): (
        listening,
        lambda scene: (scene.give(ClearInput()), scene.hush(16.0)),
    ),
    (State.THINKING, Trigger.AUDIO_OUT): (thinking, lambda scene: scene.send(1, 0.1)),
    (State.THINKING, Trigger.REPLY_OVER): (thinking, lambda scene: scene.made(1)),
    (State.THINKING, Trigger.TAKEN_BACK): (thinking, lambda scene: scene.speak(0.2)),
    (State.THINKING, Trigger.CUT): (thinking, lambda scene: scene.give(InterruptRequest())),
    (State.SPEAKING, Trigger.REPLY_OVER): (speaking, lambda scene: scene.wait(5.0)),
    (State.SPEAKING, Trigger.CUT): (speaking, lambda scene: scene.give(InterruptRequest())),
    (State.INTERRUPTED, Trigger.SETTLED): (interrupted, lambda scene: scene.wait(0.4)),
    (State.INTERRUPTED, Trigger.COMMITTED): (
        interrupted,
        lambda scene: scene.give(TextInput("Hi.")),
    ),
}


def test_every_change_of_state_is_tried() -> None:
    assert set(CHANGES) == set(TRANSITIONS)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: f"{change[0]}-{change[1].name}")
def test_the_state_changes_as_the_table_says(change: tuple[State, Trigger]) -> None:
    make, act = CHANGES[change]
    scene = make()
    assert scene.session.state is change[0]
    scene.log.clear()
    act(scene)
    assert scene.only(StateChanged) == [StateChanged(TRANSITIONS[change])]


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
    interrupt_pause_s=0.064,
)


def played(steps: Steps, scene: Scene | None = None) -> Scene:
    scene = scene or Scene(turn=ANYTHING)
    for action, seconds in steps:
        act(scene, action, seconds)
        if scene.only(EndSession):
            break
    return scene


@given(STEPS)
def test_whatever_happens_replies_are_told_in_order_and_one_at_a_time(steps: Steps) -> None:
    scene = played(steps)
    last_id, turn_id = 0, 0
    prepared: set[int] = set()
    live: int | None = None
    over: set[int] = set()
    final: int | None = None
    paused: int | None = None
    for item in scene.log:
        match item:
            case StartReply(reply_id):
                assert reply_id == last_id + 1
                assert not prepared
                last_id = reply_id
                prepared.add(reply_id)
            case ReplyStarted(reply_id):
                assert live is None
                live = reply_id
                prepared.remove(reply_id)
            case OpenGate(reply_id):
                assert reply_id == live
            case CancelReply(reply_id):
                assert reply_id == live or reply_id in prepared
                prepared.discard(reply_id)
            case ReplyPaused(reply_id):
                assert (reply_id, paused) == (live, None)
                paused = reply_id
            case ReplyResumed(reply_id):
                assert reply_id == live == paused
                paused = None
            case ReplyInterrupted(reply_id, at):
                assert reply_id == live
                assert at >= 0
            case ReplyDone(reply_id):
                assert reply_id == live
                paused = None
                assert reply_id not in over
                over.add(reply_id)
                live = None
            case TranscriptFinal(number, text):
                final = number if text else None
            case TurnEnded(number):
                assert number == final
                assert number > turn_id
                turn_id = number
    assert scene.session.is_speaking is (live is not None)
    for reply_id in range(last_id + 2):
        allowed = scene.session.allowance(reply_id, scene.now_s)
        is_free = reply_id == live and paused is None
        assert 0 <= allowed <= (2 * RATE_HZ if is_free else 0)


@given(STEPS)
def test_whatever_happened_no_reply_stays_paused(steps: Steps) -> None:
    scene = played(steps)
    told = [item for item in scene.log if isinstance(item, ReplyPaused | ReplyResumed | ReplyDone)]
    if told and isinstance(told[-1], ReplyPaused):
        longest_s = ANYTHING.interrupt_wait_s + 1e-6
        assert any("resumed" in text or "done" in text for text in scene.wait(longest_s))


@given(STEPS)
def test_whatever_happens_the_state_follows_the_table(steps: Steps) -> None:
    states = [change.state for change in played(steps).only(StateChanged)]
    allowed = {(state, after) for (state, _), after in TRANSITIONS.items()}
    assert states[0] is State.IDLE
    assert set(pairwise(states)) <= allowed


class Watched(Scene):
    """A scene whose avatar is watched at every step."""

    is_away = False

    def take(self, outputs: tuple[Output, ...]) -> list[str]:
        for output in outputs:
            match output:
                case BodyCue("gaze", target, duration_ms=0):  # others come back by themselves
                    self.is_away = target != "user"
                case StateChanged():
                    self.is_away = False
        is_heard_out = self.session._listener.phase is Phase.SPEAKING
        if is_heard_out and not self.session.is_speaking:
            assert not self.is_away
        cuts = [output for output in outputs if isinstance(output, ReplyInterrupted)]
        if cuts and StateChanged(State.LISTENING) in outputs:
            assert [(cut.at, cut.reason, cut.spoken_text) for cut in cuts] == [(0, "voice", "")]
        return super().take(outputs)


@given(STEPS)
def test_whatever_happens_a_user_who_speaks_is_looked_at_and_loses_no_word_of_a_reply(
    steps: Steps,
) -> None:
    played(steps, Watched(turn=ANYTHING))


@given(STEPS)
def test_whatever_happens_user_and_assistant_alternate_in_every_prompt(steps: Steps) -> None:
    scene = played(steps)
    for start in scene.only(StartReply):
        roles = [message.role for message in start.messages]
        assert start.text is not None or roles[-1] == "user"
        assert roles == (["system"] + ["user", "assistant"] * len(roles))[: len(roles)]


@given(STEPS)
def test_whatever_happened_a_session_that_is_left_alone_ends(steps: Steps) -> None:
    scene = played(steps)
    scene.give(SettingsChanged(endpointing="auto"))
    scene.give(TalkReleased())
    for _ in range(10):
        while scene.questions:
            scene.text("So I said.")
        if scene.session.is_speaking:
            scene.send(scene.live_id, scene.planned.get(scene.live_id, 0) / RATE_HZ)
            scene.made(scene.live_id)
        scene.wait(20.0)
        if scene.only(EndSession):
            break
    assert scene.only(EndSession)


# -- the avatar's own voice in the microphone


STORY = "Rain falls upon green hills."


def test_the_replys_own_words_neither_end_it_nor_are_answered() -> None:
    scene = speaking(STORY, 5.0)
    scene.hush(0.5)
    scene.speak(0.5)
    scene.text("Rain.")
    scene.hush(2 * WINDOW_S)
    scene.text("Rain falls.")
    assert scene.session.is_speaking
    scene.hush(6.0)
    assert scene.history[-2:] == [f"assistant: {STORY}", "user: next"]
    assert not [told for told in scene.told if "interrupted" in told or told.startswith("final 2")]


def test_words_of_the_user_that_hold_some_of_the_replys_interrupt() -> None:
    scene = speaking(STORY, 5.0)
    scene.hush(0.5)
    scene.speak(0.5)
    assert any("interrupted 1" in told for told in scene.text("Rain? Tell me of the sun."))


def test_words_that_were_played_long_before_are_the_users() -> None:
    scene = speaking(STORY, 5.0)
    scene.hush(3.5)
    scene.speak(0.5)
    assert any("interrupted 1" in told for told in scene.text("Rain falls?"))


def test_the_end_of_a_reply_that_is_heard_after_it_is_no_turn() -> None:
    scene = speaking(STORY, 5.0)
    scene.hush(4.3)
    scene.speak(0.96)
    scene.hush(2 * WINDOW_S)
    scene.text("Green hills.")
    scene.hush(2.0)
    assert not [told for told in scene.told if told.startswith(("final 2", "reply 2"))]


def test_a_user_may_say_the_replys_words_after_it() -> None:
    scene = speaking(STORY, 5.0)
    scene.hush(7.0)
    assert not scene.session.is_speaking
    scene.ask("Green hills?")
    assert "final 2: Green hills?" in scene.told


# -- nobody is connected


def test_a_reply_whose_listener_is_away_is_not_over_until_the_listener_is_back() -> None:
    scene = speaking(seconds=4.0)
    scene.wait(1.0)
    scene.give(ClientLost())
    scene.wait(8.0)
    assert not scene.only(ReplyDone)
    assert scene.session.is_speaking
    scene.give(ClientBack())
    scene.report(scene.session._replies.live.reply_id, 4.0, "finished")
    (done,) = scene.only(ReplyDone)
    assert done.status == "completed"


def test_without_a_report_a_reply_goes_on_from_where_it_stood() -> None:
    scene = speaking(seconds=4.0)
    scene.wait(1.0)
    scene.give(ClientLost())
    scene.wait(8.0)
    scene.give(ClientBack())
    scene.wait(2.5)
    assert not scene.only(ReplyDone)
    scene.wait(1.0)
    assert scene.only(ReplyDone)


def test_the_silence_of_a_lost_connection_ends_no_turn() -> None:
    scene = Scene()
    scene.speak(0.96)
    scene.give(ClientLost())
    scene.wait(30.0)
    assert scene.session._listener.is_active
    assert not scene.only(UserSpeechStopped)
    scene.give(ClientBack())
    scene.wait(30.0)
    assert scene.only(UserSpeechStopped)  # a microphone that stays silent ends it after all
