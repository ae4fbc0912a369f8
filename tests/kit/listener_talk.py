"""A listener, the user in front of it, and the engines behind it: for the tests of turns/."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from hypothesis import strategies as st

from voice_avatar.events.commands import ScoreTurn, Transcribe, TranscribePurpose
from voice_avatar.events.inputs import Transcribed, TurnScored, VadFrame
from voice_avatar.events.payloads import MIC_HZ, WINDOW_SAMPLES, Transcript
from voice_avatar.stages.turn import InterruptOptions, TurnOptions
from voice_avatar.stages.vad import VadOptions
from voice_avatar.turns.facts import Output, TurnCommitted, TurnReady
from voice_avatar.turns.listener import Listener

WINDOW_S = WINDOW_SAMPLES / MIC_HZ
TURN = TurnOptions(
    hold_s=0.0,
    opener_s=0.0,
    unfinished_s=0.0,
    question_s=9.0,
    dictation_s=0.0,
    learning_rate=0.0,
    speculate_probability=0.3,
    min_silence_s=0.2,
    max_silence_s=1.4,
    plain_silence_s=0.7,
    open_ending_s=1.1,
    rescore_s=(0.25, 0.7),
    preroll_s=0.32,
    interim_s=0.0,
    interrupt=InterruptOptions(
        ask_s=0.25,
        speech_s=0.7,
        any_s=1.8,
        pause_s=0.0,
        wait_s=2.5,
        opener_s=0.5,
        noise_s=1.0,
        logprob=-0.6,
    ),
    drop_silence_s=0.6,
    stall_s=0.6,
    max_segment_s=5.0,
)
INTERIM = replace(TURN, interim_s=1.0)
PAUSING = replace(TURN, interrupt=replace(TURN.interrupt, pause_s=0.064))
ANYTHING = replace(
    INTERIM,
    hold_s=0.4,
    learning_rate=0.5,
    opener_s=0.7,
    unfinished_s=0.8,
    interrupt=replace(INTERIM.interrupt, pause_s=0.064),
)
PARTIAL, EARLY, EAGER, INTERRUPT = TranscribePurpose
T = TypeVar("T")


class Talk:
    """A listener, the user in front of it, and the engines behind it.

    Attributes:
        log: all that the listener said, in order.
        is_over_reply: whether the avatar speaks.
    """

    def __init__(self, turn: TurnOptions = TURN, language: str | None = "en") -> None:
        self.listener = Listener(VadOptions(start_windows=3, pause_windows=2), turn, language)
        self.log: list[Output] = []
        self.is_over_reply = False
        self.now_s = 100.0
        self.sample = 0
        self.questions: list[Transcribe] = []
        self.scores: list[ScoreTurn] = []

    def take(self, outputs: list[Output]) -> list[Output]:
        self.log += outputs
        self.questions += [item for item in outputs if isinstance(item, Transcribe)]
        self.scores += [item for item in outputs if isinstance(item, ScoreTurn)]
        return outputs

    def window(self, probability: float, *levels: float) -> list[Output]:
        self.now_s += WINDOW_S
        frame = VadFrame(self.sample, probability, *levels)
        self.sample += WINDOW_SAMPLES
        return self.take(self.listener.frame(frame, self.now_s, reply_is_live=self.is_over_reply))

    def speak(self, seconds: float) -> list[Output]:
        return [item for _ in range(round(seconds / WINDOW_S)) for item in self.window(0.9)]

    def hush(self, seconds: float) -> list[Output]:
        return [item for _ in range(round(seconds / WINDOW_S)) for item in self.window(0.05)]

    def text(self, text: str, language: str = "en", logprob: float = 0.0) -> list[Output]:
        """The recogniser answers its oldest question."""
        transcript = Transcript(text, language, logprob)
        answer = Transcribed(self.questions.pop(0).request_id, transcript)
        return self.take(self.listener.transcribed(answer, self.now_s))

    def no_text(self) -> list[Output]:
        """The recogniser fails at its oldest question."""
        answer = Transcribed(self.questions.pop(0).request_id, None)
        return self.take(self.listener.transcribed(answer, self.now_s))

    def score(self, probability: float) -> list[Output]:
        """The turn model answers its oldest question."""
        answer = TurnScored(self.scores.pop(0).request_id, probability)
        return self.take(self.listener.scored(answer))

    def stall(self, seconds: float) -> list[Output]:
        """No audio comes; ticks come when they are due."""
        end_s = self.now_s + seconds
        due_s = self.listener.deadline_s
        self.now_s = end_s
        if due_s is None or due_s > end_s:
            return []
        return self.take(self.listener.tick(due_s))

    def answered(self) -> list[Output]:
        """The reply that is prepared can be heard."""
        return self.take(self.listener.answered())

    def press(self) -> list[Output]:
        return self.take(self.listener.press())

    def release(self) -> list[Output]:
        return self.take(self.listener.release())

    def commit(self) -> list[Output]:
        return self.take(self.listener.commit())

    def clear(self) -> list[Output]:
        return self.take(self.listener.clear())

    def only(self, kind: type[T]) -> list[T]:
        return only(self.log, kind)


def only(outputs: list[Output], kind: type[T]) -> list[T]:
    return [item for item in outputs if isinstance(item, kind)]


def said(text: str = "Hello there.", probability: float = 0.95, seconds: float = 0.96) -> Talk:
    """A user who has just said something, text and score known."""
    talk = Talk()
    talk.speak(seconds)
    talk.hush(2 * WINDOW_S)
    talk.text(text)
    talk.score(probability)
    return talk


def committed(outputs: list[Output]) -> list[tuple[str, str]]:
    """Text and reason of the turns committed."""
    return [(turn.text, turn.reason) for turn in only(outputs, TurnCommitted)]


HOLD = replace(TURN, hold_s=0.4)


def ready(turn: TurnOptions = HOLD, text: str = "Hello there.", probability: float = 0.95) -> Talk:
    """A user who has just said something; a reply to it is prepared."""
    talk = Talk(turn)
    talk.speak(0.96)
    talk.hush(0.064)
    talk.text(text)
    talk.score(probability)
    assert talk.only(TurnReady)
    return talk


def over_reply(turn: TurnOptions = TURN) -> Talk:
    talk = Talk(turn)
    talk.is_over_reply = True
    return talk


ACTIONS = (
    "speak speak speak hush hush hush click reply text text mhm empty fail sure unsure"
    " press release commit clear stall manual auto answered cut"
).split()


def act(talk: Talk, action: str, seconds: float) -> None:
    match action:
        case "speak":
            talk.speak(seconds)
        case "hush":
            talk.hush(seconds)
        case "click":
            talk.window(0.9)
        case "reply":
            talk.is_over_reply = not talk.is_over_reply
        case "stall":
            talk.stall(seconds)
        case "manual" | "auto":
            talk.listener.set_manual(action == "manual")
        case "press" | "release" | "commit" | "clear" | "answered":
            getattr(talk, action)()
        case "cut":
            talk.listener.was_cut_off()
        case "sure" | "unsure":
            if talk.scores:
                talk.score(0.95 if action == "sure" else 0.05)
        case "fail":
            if talk.questions:
                talk.no_text()
        case _:
            if talk.questions:
                talk.text({"text": "So I said.", "mhm": "Mhm.", "empty": ""}[action])


Steps = list[tuple[str, float]]
STEPS = st.lists(
    st.tuples(st.sampled_from(ACTIONS), st.sampled_from([0.032, 0.1, 0.3, 0.7, 2.0])), max_size=40
)
