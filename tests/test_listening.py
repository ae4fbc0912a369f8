"""The user's side of the conversation: when a turn begins, pauses, goes on, ends, or was none."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.events import (
    MIC_HZ,
    WINDOW_SAMPLES,
    CancelTranscribe,
    ScoreTurn,
    Transcribe,
    Transcribed,
    TranscribePurpose,
    Transcript,
    TranscriptFinal,
    TranscriptInterim,
    TurnScored,
    UserSpeechStarted,
    UserSpeechStopped,
    VadFrame,
)
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
from voice_avatar.turn import InterruptOptions, TurnOptions
from voice_avatar.vad import VadOptions

WINDOW_S = WINDOW_SAMPLES / MIC_HZ
TURN = TurnOptions(
    hold_s=0.0,
    opener_s=0.0,
    unfinished_s=0.0,
    question_s=9.0,
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
    interrupt=replace(TURN.interrupt, pause_s=0.064),
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


# -- a turn


def test_a_turn_is_told_decoded_and_scored_at_its_first_pause() -> None:
    talk = Talk()
    assert talk.hush(0.64) == []
    assert talk.speak(0.96) == [UserSpeechStarted(20 * 512, 0.9), SpeechBegan(False)]
    assert talk.hush(0.064) == [
        UserSpeechStopped(50 * 512),
        Transcribe(1, 10 * 512, 52 * 512, EAGER, "en"),
        ScoreTurn(2, 10 * 512, 52 * 512),
        UserPaused(),
    ]
    assert talk.listener.phase is Phase.PAUSED


def test_a_turn_that_is_surely_over_is_committed_after_the_least_silence() -> None:
    talk = Talk()
    talk.speak(0.96)
    talk.hush(0.064)
    assert talk.text("Hello there.") == [TranscriptInterim(1, "Hello there.", 0, "en")]
    ready, understood = pytest.approx(100.96), talk.now_s
    talk.now_s += 0.01
    assert talk.score(0.95) == [
        TurnMayEnd(),
        TurnReady("Hello there.", "en", ready, understood),
    ]
    assert talk.hush(0.128) == []
    assert talk.hush(0.032) == [
        TurnCommitted(
            1,
            "Hello there.",
            "en",
            "semantic",
            pytest.approx(0.224),
            pytest.approx(100.96),
            understood,
        )
    ]
    assert talk.listener.phase is Phase.QUIET
    assert talk.hush(5.0) == []


def test_a_turn_that_is_surely_not_over_waits_for_the_longest_silence() -> None:
    talk = said(probability=0.05)
    assert committed(talk.hush(1.3)) == []
    [turn] = only(talk.hush(0.1), TurnCommitted)
    assert turn.silence_s == pytest.approx(1.4, abs=WINDOW_S)


def test_a_doubting_turn_model_is_asked_again_and_may_end_the_turn() -> None:
    talk = said(probability=0.05)
    assert len(only(talk.hush(0.64), ScoreTurn)) == 2
    assert talk.hush(0.3) == []
    assert committed(talk.score(0.95)) == [("Hello there.", "semantic")]


def test_a_sure_turn_model_is_not_asked_again() -> None:
    talk = said("So I went home and", 0.95)
    assert only(talk.hush(1.0), ScoreTurn) == []
    assert committed(talk.hush(0.2)) == [("So I went home and", "semantic")]


def test_without_a_word_of_the_turn_model_the_plain_silence_ends_the_turn() -> None:
    talk = Talk()
    talk.speak(0.96)
    talk.hush(0.064)
    talk.text("Hello there.")
    assert committed(talk.hush(0.6)) == []
    assert committed(talk.hush(0.064)) == [("Hello there.", "vad")]
    assert talk.only(TurnReady) == []


def test_without_a_turn_model_the_text_alone_makes_a_turn_ready() -> None:
    talk = Talk(replace(TURN, engine="none"))
    talk.speak(0.96)
    assert only(talk.hush(0.064), ScoreTurn) == []
    assert len(only(talk.text("Hello there."), TurnReady)) == 1
    assert committed(talk.hush(0.7)) == [("Hello there.", "vad")]


def test_a_text_that_comes_after_the_endpoint_commits_at_once() -> None:
    talk = Talk()
    talk.speak(0.96)
    talk.hush(0.064)
    talk.score(0.95)
    assert committed(talk.hush(2.0)) == []
    assert committed(talk.text("Hello there.")) == [("Hello there.", "semantic")]


def test_a_doubtful_turn_is_not_worth_a_prepared_reply() -> None:
    talk = said(probability=0.2)
    assert talk.only(TurnReady) == []
    talk.hush(0.25)
    assert len(only(talk.score(0.5), TurnReady)) == 1
    assert only(talk.hush(0.3), TurnReady) == []


def test_an_open_ending_waits_longer() -> None:
    talk = said("I would like to", 0.95)
    assert committed(talk.hush(0.9)) == []
    assert committed(talk.hush(0.2)) == [("I would like to", "semantic")]


def test_turns_are_numbered() -> None:
    talk = said("One.")
    talk.hush(1.0)
    talk.speak(0.96)
    talk.hush(0.064)
    talk.text("Two.")
    talk.score(0.95)
    talk.hush(1.0)
    assert [turn.turn_id for turn in talk.only(TurnCommitted)] == [1, 2]


def test_the_audio_of_a_turn_never_reaches_back_into_the_turn_before() -> None:
    talk = said("One.")
    talk.hush(0.16)
    assert talk.listener.phase is Phase.QUIET
    first_end = talk.only(UserSpeechStopped)[0].sample
    talk.speak(0.32)
    [question] = only(talk.hush(0.064), Transcribe)
    assert question.start == first_end


# -- pauses within a turn


def test_speech_after_a_pause_goes_on_with_the_turn_and_voids_the_prepared_reply() -> None:
    talk = said("I went home.", 0.5)
    assert talk.hush(0.064) == []
    assert talk.speak(0.64) == [UserSpeechStarted(34 * 512, 0.9), TurnResumed()]
    talk.hush(0.064)
    talk.text("I went home. And slept.")
    assert only(talk.score(0.95), TurnReady)[0].text == "I went home. And slept."
    assert committed(talk.hush(0.3)) == [("I went home. And slept.", "semantic")]
    assert talk.listener.turn_id == 1


def test_where_no_reply_was_prepared_none_is_voided() -> None:
    talk = said(probability=0.1)
    assert only(talk.speak(0.32), TurnResumed) == []


def test_answers_to_an_earlier_pause_end_nothing() -> None:
    talk = Talk()
    talk.speak(0.96)
    talk.hush(0.064)
    talk.speak(0.32)
    assert only(talk.text("I went"), TurnReady) == []
    talk.hush(0.064)
    talk.score(0.95)
    assert committed(talk.hush(0.5)) == []
    talk.score(0.95)
    assert committed(talk.text("I went home.")) == [("I went home.", "semantic")]


def test_a_failure_to_decode_an_earlier_pause_loses_nothing() -> None:
    talk = Talk()
    talk.speak(0.96)
    talk.hush(0.064)
    talk.speak(0.32)
    assert talk.no_text() == []
    talk.hush(0.064)
    talk.text("I went home.")
    assert committed(talk.hush(1.5)) == [("I went home.", "vad")]


def test_a_turn_is_not_committed_while_speech_may_be_rising() -> None:
    talk = said("I went home.", 0.95)
    talk.hush(0.096)
    assert talk.window(0.9) == []
    assert talk.window(0.9) == []
    assert only(talk.window(0.9), TurnResumed) == [TurnResumed()]
    assert talk.only(TurnCommitted) == []


def test_a_click_at_the_endpoint_delays_it_by_no_more_than_itself() -> None:
    talk = said("I went home.", 0.95)
    talk.hush(0.096)
    assert talk.window(0.9) == []
    assert committed(talk.window(0.05)) == [("I went home.", "semantic")]


def test_speech_right_after_the_commit_is_a_turn_with_all_of_its_beginning() -> None:
    talk = said("I went home.", 0.95)
    talk.hush(0.16)
    talk.is_over_reply = True
    outputs = talk.speak(0.32)
    assert SpeechBegan(True) in outputs
    [question] = only(outputs, Transcribe)
    assert question.start <= only(outputs, UserSpeechStarted)[0].sample - 0.2 * MIC_HZ


# -- a reply that is prepared

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


def test_a_turn_waits_for_its_prepared_reply_and_ends_as_soon_as_it_can_be_heard() -> None:
    talk = ready()
    assert talk.hush(0.4) == []
    assert committed(talk.answered()) == [("Hello there.", "semantic")]
    assert talk.answered() == []


def test_a_turn_whose_reply_can_be_heard_waits_for_the_silence_alone() -> None:
    talk = ready()
    assert talk.answered() == []
    assert talk.hush(0.128) == []
    assert committed(talk.hush(0.032)) == [("Hello there.", "semantic")]


def test_the_wait_for_a_prepared_reply_has_an_end() -> None:
    talk = ready()
    assert committed(talk.hush(0.512)) == []
    assert committed(talk.hush(0.064)) == [("Hello there.", "semantic")]


def test_where_no_reply_was_prepared_none_is_waited_for() -> None:
    talk = Talk(HOLD)
    talk.speak(0.96)
    talk.hush(0.064)
    talk.text("Hello there.")
    talk.score(0.2)
    assert talk.only(TurnReady) == []
    assert committed(talk.hush(1.2)) == [("Hello there.", "semantic")]


def test_a_reply_that_was_heard_of_in_an_earlier_pause_says_nothing_about_the_next() -> None:
    talk = ready()
    talk.answered()
    talk.speak(0.32)
    assert talk.answered() == []
    talk.hush(0.064)
    talk.text("Hello there, my friend.")
    assert len(only(talk.score(0.95), TurnReady)) == 1
    assert talk.hush(0.4) == []
    assert committed(talk.answered()) == [("Hello there, my friend.", "semantic")]


def test_a_reply_that_can_be_heard_does_not_end_a_turn_while_speech_may_be_rising() -> None:
    talk = ready()
    talk.hush(0.3)
    talk.window(0.9)
    assert talk.answered() == []
    assert committed(talk.window(0.05)) == [("Hello there.", "semantic")]


def test_an_end_that_the_client_sets_waits_for_no_reply() -> None:
    assert committed(ready().commit()) == [("Hello there.", "commit")]


def test_a_stalled_microphone_waits_for_no_reply() -> None:
    assert committed(ready().stall(1.0)) == [("Hello there.", "vad")]


def test_patience_stretches_the_silence_that_ends_a_turn() -> None:
    talk = ready(replace(HOLD, patience=2.0))
    talk.answered()
    assert committed(talk.hush(0.3)) == []
    assert committed(talk.hush(0.064)) == [("Hello there.", "semantic")]


def test_a_reply_that_comes_after_the_turn_ends_nothing() -> None:
    talk = ready()
    talk.hush(1.0)
    assert talk.answered() == []
    assert talk.listener.phase is Phase.QUIET


# -- a pause that may be the end


def test_a_pause_that_may_be_the_end_is_told_once() -> None:
    talk = said(probability=0.05)
    assert talk.only(TurnMayEnd) == []
    talk.hush(0.2)
    assert TurnMayEnd() in talk.score(0.5)
    talk.hush(0.5)
    assert only(talk.score(0.6), TurnMayEnd) == []
    assert len(talk.only(TurnMayEnd)) == 1


def test_it_is_told_in_every_pause() -> None:
    talk = said("I went home.", 0.5)
    talk.speak(0.32)
    talk.hush(0.064)
    talk.score(0.5)
    assert len(talk.only(TurnMayEnd)) == 2


def test_without_a_turn_model_every_pause_may_be_the_end() -> None:
    talk = Talk(replace(TURN, engine="none"))
    talk.speak(0.96)
    assert TurnMayEnd() in talk.hush(0.064)


def test_neither_in_manual_mode_nor_over_a_reply_is_a_pause_told() -> None:
    for talk in (Talk(replace(TURN, endpointing="manual")), over_reply()):
        talk.speak(0.2)
        talk.hush(0.064)
        if talk.scores:
            talk.score(0.95)
        assert talk.only(TurnMayEnd) == []


def test_the_turn_model_is_asked_about_a_pause_over_a_reply_once_that_is_over() -> None:
    talk = over_reply()
    talk.speak(0.2)
    talk.hush(0.064)
    assert talk.only(ScoreTurn) == []
    talk.is_over_reply = False
    assert len(only(talk.hush(0.032), ScoreTurn)) == 1


# -- a sound that falls away


def fallen(turn: TurnOptions = TURN) -> Talk:
    """A user whose voice has just fallen away; the VAD still takes it for speech."""
    talk = Talk(turn)
    for _ in range(30):
        talk.window(0.9, -20.0, -20.0)
    talk.window(0.7, -24.0, -60.0)
    return talk


def paused(talk: Talk) -> list[Output]:
    """The VAD follows."""
    return [item for _ in range(2) for item in talk.window(0.05, -60.0, -60.0)]


def test_a_sound_that_falls_away_is_decoded_and_scored_before_it_is_a_pause() -> None:
    talk = fallen()
    assert talk.log[-2:] == [Transcribe(1, 0, 31 * 512, EARLY, "en"), ScoreTurn(2, 0, 31 * 512)]
    assert talk.listener.phase is Phase.SPEAKING
    assert talk.window(0.5, -60.0, -60.0) == []


def test_what_was_asked_early_serves_the_pause() -> None:
    talk = fallen()
    assert paused(talk) == [UserSpeechStopped(31 * 512), UserPaused()]
    assert talk.score(0.95) == [TurnMayEnd()]
    assert TurnReady in map(type, talk.text("Hello there."))
    assert committed(talk.hush(0.2)) == [("Hello there.", "semantic")]


def test_silence_is_counted_from_where_the_sound_fell_away() -> None:
    talk = fallen()
    for _ in range(3):
        assert talk.window(0.6, -60.0, -60.0) == []
    assert paused(talk)[0] == UserSpeechStopped(31 * 512)
    talk.score(0.95)
    assert committed(talk.text("Hello there.")) == []
    assert committed(paused(talk)) == [("Hello there.", "semantic")]


def test_an_early_answer_may_come_before_the_pause() -> None:
    talk = fallen()
    assert talk.score(0.9) == []
    assert talk.text("Hello there.") == [TranscriptInterim(1, "Hello there.", 0, "en")]
    assert [type(told) for told in paused(talk)] == [
        UserSpeechStopped,
        UserPaused,
        TurnMayEnd,
        TurnReady,
    ]
    assert committed(talk.hush(0.2)) == [("Hello there.", "semantic")]


def test_an_early_question_is_withdrawn_when_the_sound_comes_back() -> None:
    talk = fallen()
    talk.score(0.9)
    assert talk.window(0.9, -20.0, -20.0) == [CancelTranscribe(1)]
    assert talk.text("Hello the") == []
    assert talk.hush(0.064)[1:] == [
        Transcribe(3, 0, 34 * 512, EAGER, "en"),
        ScoreTurn(4, 0, 34 * 512),
        UserPaused(),
    ]


def test_an_early_answer_to_what_went_on_is_not_the_text_of_the_pause() -> None:
    talk = fallen()
    talk.text("Hello the")
    assert talk.window(0.9, -20.0, -20.0) == []
    assert EAGER in [ask.purpose for ask in only(talk.hush(0.064), Transcribe)]
    assert talk.listener.phase is Phase.PAUSED


def test_an_early_question_that_fails_fails_the_turn_only_once_it_is_a_pause() -> None:
    talk = fallen()
    assert talk.no_text() == []
    paused(talk)
    assert [question.purpose for question in talk.questions] == [EAGER]
    assert talk.no_text() == [TurnDropped(is_failure=True)]


def test_an_interim_text_that_is_still_awaited_gives_way_to_the_early_question() -> None:
    talk = Talk(INTERIM)
    for _ in range(32):
        talk.window(0.9, -20.0, -20.0)
    assert [question.purpose for question in talk.questions] == [PARTIAL]
    told = talk.window(0.7, -24.0, -60.0)
    assert told[0] == CancelTranscribe(1)
    assert talk.text("Hello") == []


def test_a_sound_that_falls_away_means_nothing_while_the_client_ends_turns() -> None:
    manual = fallen(replace(TURN, endpointing="manual"))
    pressed = Talk()
    pressed.press()
    for level in (-20.0, -20.0, -20.0, -60.0):
        pressed.window(0.9, level, level)
    assert manual.questions == pressed.questions == []


# -- the pauses of this user

LEARNING = replace(TURN, learning_rate=1.0, rescore_s=())


def test_a_pause_within_a_turn_that_seemed_over_lengthens_the_next_wait() -> None:
    talk = ready(LEARNING, "I went home.", 0.5)
    talk.hush(0.4)
    talk.speak(0.32)
    talk.hush(0.064)
    talk.text("I went home. And slept.")
    talk.score(0.95)
    assert committed(talk.hush(0.4)) == []
    assert committed(talk.hush(0.2)) == [("I went home. And slept.", "semantic")]


def test_a_pause_within_a_turn_that_did_not_seem_over_teaches_nothing() -> None:
    talk = Talk(LEARNING)
    talk.speak(0.96)
    talk.hush(0.5)
    talk.text("I went")
    talk.score(0.05)
    talk.speak(0.32)
    talk.hush(0.064)
    talk.text("I went home.")
    talk.score(0.95)
    assert committed(talk.hush(0.16)) == [("I went home.", "semantic")]


def test_a_turn_that_proves_to_be_the_rest_of_the_one_before_lengthens_its_own_wait() -> None:
    talk = ready(LEARNING)
    talk.hush(0.5)
    talk.speak(0.32)
    talk.listener.was_cut_off()
    talk.hush(0.064)
    talk.text("My friend.")
    talk.score(0.95)
    assert committed(talk.hush(0.5)) == []
    assert committed(talk.hush(0.2)) == [("My friend.", "semantic")]


def test_what_was_learned_is_forgotten_turn_by_turn() -> None:
    talk = ready(LEARNING)
    talk.hush(0.5)
    talk.speak(0.32)
    talk.listener.was_cut_off()
    waits_s = []
    for _ in range(20):
        talk.hush(0.064)
        talk.text("Hello there.")
        talk.score(0.95)
        [turn] = only(talk.hush(1.2), TurnCommitted)
        waits_s.append(turn.silence_s)
        talk.speak(0.32)
    assert waits_s == sorted(waits_s, reverse=True)
    assert waits_s[0] > 0.6
    assert waits_s[-1] == pytest.approx(0.2, abs=WINDOW_S)


def test_what_was_learned_never_shortens_a_wait() -> None:
    talk = ready(LEARNING, probability=0.5)
    talk.hush(0.1)
    talk.speak(0.32)
    talk.hush(0.064)
    talk.text("Hello there.")
    talk.score(0.1)
    assert committed(talk.hush(1.3)) == []


# -- what turns out to be no turn


def test_speech_without_words_is_forgotten_after_a_while() -> None:
    talk = Talk()
    talk.speak(0.2)
    talk.hush(0.064)
    assert talk.text("") == []
    assert talk.score(0.95) == [TurnMayEnd()]
    assert talk.hush(0.512) == []
    assert talk.hush(0.064) == [TurnDropped()]
    assert talk.listener.phase is Phase.QUIET


def test_interim_text_of_a_turn_that_was_none_is_taken_back() -> None:
    talk = Talk(INTERIM)
    talk.speak(1.5)
    talk.text("Thank")
    talk.hush(0.064)
    talk.text("")
    assert talk.hush(0.6)[-2:] == [TranscriptFinal(1, "", "en"), TurnDropped()]


def test_a_turn_that_cannot_be_decoded_is_dropped_as_a_failure() -> None:
    talk = Talk()
    talk.speak(0.96)
    talk.hush(0.064)
    assert talk.no_text() == [TurnDropped(is_failure=True)]
    assert talk.score(0.95) == []
    assert talk.listener.phase is Phase.QUIET


def test_answers_that_come_after_the_turn_are_ignored() -> None:
    talk = said("One.", 0.05)
    talk.hush(0.3)
    talk.clear()
    assert talk.score(0.95) == []
    assert talk.take(talk.listener.transcribed(Transcribed(99, None), talk.now_s)) == []
    assert talk.take(talk.listener.scored(TurnScored(99, 0.5))) == []


# -- interim transcripts and long turns


def test_interim_text_is_told_every_second_with_what_did_not_change() -> None:
    talk = Talk(INTERIM)
    talk.speak(1.1)
    assert talk.text("I went hole") == [TranscriptInterim(1, "I went hole", 0, "en")]
    assert len(only(talk.speak(0.9), Transcribe)) == 0
    assert [question.purpose for question in only(talk.speak(0.2), Transcribe)] == [PARTIAL]
    assert talk.text("I went home") == [TranscriptInterim(1, "I went home", 9, "en")]
    talk.hush(0.064)
    assert only(talk.text("I went home"), TranscriptInterim) == []


def test_while_a_question_is_open_no_other_interim_text_is_asked_for() -> None:
    talk = Talk(INTERIM)
    assert len(only(talk.speak(3.0), Transcribe)) == 1
    assert talk.no_text() == []
    assert len(only(talk.speak(0.1), Transcribe)) == 1


def test_interim_text_may_be_switched_off() -> None:
    assert only(Talk().speak(4.0), Transcribe) == []


def test_a_long_turn_is_decoded_in_parts() -> None:
    talk = Talk()
    [first] = only(talk.speak(5.2), Transcribe)
    assert (first.start, first.purpose) == (0, PARTIAL)
    assert first.end == pytest.approx(5 * MIC_HZ, abs=WINDOW_SAMPLES)
    talk.text("A long story")
    talk.speak(1.0)
    [last] = only(talk.hush(0.064), Transcribe)
    assert last.start == first.end
    talk.score(0.95)
    talk.text("short.")
    assert committed(talk.hush(0.3)) == [("A long story short.", "semantic")]


def test_a_long_chinese_turn_is_joined_without_spaces() -> None:
    talk = Talk(language="zh")
    talk.speak(5.2)
    talk.text("我要说的是", "zh")
    talk.hush(0.064)
    talk.score(0.95)
    talk.text("你好。", "zh")
    assert committed(talk.hush(0.3)) == [("我要说的是你好。", "semantic")]


def test_no_decode_of_an_endless_turn_is_much_longer_than_a_segment() -> None:
    talk = Talk(INTERIM)
    for _ in range(300):
        talk.speak(0.32)
        while talk.questions:
            talk.text("word")
    lengths_s = [(question.end - question.start) / MIC_HZ for question in talk.only(Transcribe)]
    assert max(lengths_s) < TURN.max_segment_s + INTERIM.interim_s + 0.4


def test_an_answer_about_audio_whose_text_is_already_set_is_ignored() -> None:
    talk = Talk()
    talk.speak(5.024)
    for _ in range(2):
        talk.hush(0.064)
        talk.speak(0.16)
    assert [question.purpose for question in talk.questions] == [PARTIAL, EAGER, EAGER]
    assert talk.text("A lone") == []
    talk.text("A long")
    assert talk.text("A long story") == []
    talk.hush(0.064)
    for _ in range(3):
        talk.score(0.95)
    talk.text("story.")
    assert committed(talk.hush(0.3)) == [("A long story.", "semantic")]


# -- language


def test_a_language_that_is_set_is_never_detected() -> None:
    talk = Talk(language="zh")
    talk.speak(0.96)
    [question] = only(talk.hush(0.064), Transcribe)
    assert question.language == "zh"
    talk.text("你好", "en")
    assert talk.listener.language == "zh"


def test_the_language_of_the_first_turn_is_locked_when_the_turn_ends() -> None:
    talk = Talk(INTERIM, language=None)
    talk.speak(1.1)
    talk.text("Nee", "nl")
    talk.hush(0.064)
    assert talk.questions[0].language is None
    assert only(talk.text("你好。", "zh"), TranscriptInterim)[0].language == "zh"
    talk.score(0.95)
    assert talk.listener.language is None
    [turn] = only(talk.hush(0.3), TurnCommitted)
    assert (turn.language, talk.listener.language) == ("zh", "zh")


def test_a_turn_that_was_none_locks_no_language() -> None:
    talk = Talk(language=None)
    talk.is_over_reply = True
    talk.speak(0.2)
    talk.hush(0.064)
    talk.text("Mhm.", "de")
    talk.hush(1.0)
    assert talk.only(TurnDropped) == [TurnDropped()]
    assert talk.listener.language is None


# -- over a reply


def over_reply(turn: TurnOptions = TURN) -> Talk:
    talk = Talk(turn)
    talk.is_over_reply = True
    return talk


def test_speech_over_a_reply_is_asked_for_its_words_and_a_word_interrupts() -> None:
    talk = over_reply()
    assert SpeechBegan(True) in talk.speak(0.192)
    [question] = only(talk.speak(0.1), Transcribe)
    assert question.purpose is INTERRUPT
    assert talk.text("Wait") == [BargeIn(), TranscriptInterim(1, "Wait", 0, "en")]


def test_an_interruption_is_a_turn_like_any_other() -> None:
    talk = over_reply()
    talk.speak(0.32)
    talk.text("Wait")
    talk.is_over_reply = False
    talk.speak(0.32)
    talk.hush(0.064)
    talk.text("Wait a moment.")
    assert len(only(talk.score(0.95), TurnReady)) == 1
    assert committed(talk.hush(0.3)) == [("Wait a moment.", "semantic")]


def test_a_word_that_is_known_only_at_the_pause_interrupts_too() -> None:
    talk = over_reply()
    talk.speak(0.192)
    talk.hush(0.064)
    assert talk.scores == []
    told = talk.text("Stop.")
    assert told[0] == BargeIn()
    assert isinstance(told[1], ScoreTurn)
    assert told[2:] == [TranscriptInterim(1, "Stop.", 0, "en")]
    ready = TurnReady("Stop.", "en", pytest.approx(100.192), talk.now_s)
    assert talk.score(0.95) == [TurnMayEnd(), ready]


@pytest.mark.parametrize("text", ["Mhm.", "", "Yeah, okay."])
def test_a_backchannel_or_a_cough_over_a_reply_changes_nothing(text: str) -> None:
    talk = over_reply()
    talk.speak(0.32)
    talk.text(text)
    talk.hush(0.064)
    talk.text(text)
    talk.hush(2.0)
    assert talk.scores == []
    assert talk.only(BargeIn) + talk.only(TurnReady) + talk.only(TurnCommitted) == []
    assert talk.only(TurnDropped) == [TurnDropped()]
    assert talk.only(TranscriptInterim) == []
    assert talk.listener.phase is Phase.QUIET


def test_speech_whose_words_stay_unknown_interrupts_by_its_length() -> None:
    talk = over_reply()
    assert only(talk.speak(0.64), BargeIn) == []
    assert only(talk.speak(0.1), BargeIn) == [BargeIn()]


def test_a_recogniser_that_fails_leaves_the_decision_to_the_length() -> None:
    talk = over_reply()
    talk.speak(0.32)
    assert talk.no_text() == []
    assert only(talk.speak(0.4), BargeIn) == [BargeIn()]


def test_a_candidate_that_cannot_be_decoded_is_dropped() -> None:
    talk = over_reply()
    talk.speak(0.2)
    talk.hush(0.064)
    assert talk.no_text() == [TurnDropped(is_failure=True)]


def test_talk_without_words_interrupts_only_after_long() -> None:
    talk = over_reply()
    barged: list[Output] = []
    for _ in range(60):
        barged += only(talk.window(0.9), BargeIn)
        if talk.questions:
            talk.text("Mhm.")
        if barged:
            break
    assert talk.sample / MIC_HZ == pytest.approx(1.8, abs=2 * WINDOW_S)


def test_the_words_of_a_candidate_are_asked_for_again_and_again() -> None:
    talk = over_reply()
    talk.speak(0.32)
    talk.text("Mhm.")
    assert len(only(talk.speak(0.32), Transcribe)) == 1
    assert only(talk.text("Mhm, wait."), BargeIn) == [BargeIn()]


def test_backchannels_in_a_row_do_not_add_up_to_an_interruption() -> None:
    talk = over_reply()
    for _ in range(3):
        talk.speak(0.4)
        while talk.questions:
            talk.text("Mhm.")
        talk.hush(0.4)
        while talk.questions:
            talk.text("Mhm.")
    assert talk.only(BargeIn) == []


def test_an_answer_that_begins_over_the_end_of_a_reply_is_a_turn_however_short() -> None:
    talk = over_reply()
    talk.speak(0.16)
    talk.is_over_reply = False
    talk.speak(0.16)
    talk.hush(0.064)
    talk.text("Yes.")
    assert len(only(talk.score(0.95), TurnReady)) == 1
    assert committed(talk.hush(0.3)) == [("Yes.", "semantic")]


def test_a_backchannel_that_was_over_before_the_reply_is_no_answer_to_it() -> None:
    talk = over_reply()
    talk.speak(0.2)
    talk.hush(0.064)
    talk.is_over_reply = False
    talk.hush(0.032)
    talk.text("Mhm.")
    talk.score(0.95)
    talk.hush(1.0)
    assert talk.only(TurnReady) + talk.only(TurnCommitted) == []
    assert talk.only(TurnDropped) == [TurnDropped()]


def test_words_that_were_over_before_the_reply_are_a_turn_after_it() -> None:
    talk = over_reply()
    talk.speak(0.2)
    talk.hush(0.064)
    talk.is_over_reply = False
    talk.hush(0.032)
    talk.score(0.95)
    assert talk.text("And you?")[-1:] == talk.only(TurnReady)
    assert committed(talk.hush(0.3)) == [("And you?", "semantic")]


def test_a_guess_of_the_recogniser_at_a_short_sound_is_no_interruption_and_no_turn() -> None:
    talk = over_reply()
    talk.speak(0.32)
    assert talk.text("Bye.", logprob=-0.8) == []
    talk.hush(0.064)
    assert talk.text("Emma Chen.", logprob=-0.7) == []
    talk.hush(1.0)
    assert talk.only(BargeIn) + talk.only(TurnReady) + talk.only(TurnCommitted) == []
    assert talk.only(TurnDropped) == [TurnDropped()]


def test_the_same_words_heard_well_interrupt() -> None:
    talk = over_reply()
    talk.speak(0.32)
    assert BargeIn() in talk.text("Bye.", logprob=-0.4)


def test_after_the_reply_every_word_counts_however_badly_it_was_heard() -> None:
    talk = Talk()
    talk.speak(0.96)
    talk.hush(0.064)
    talk.text("Bye.", logprob=-0.8)
    talk.score(0.95)
    assert committed(talk.hush(0.3)) == [("Bye.", "semantic")]


def test_a_sound_in_which_no_word_is_found_never_interrupts_and_is_asked_about_less_and_less() -> (
    None
):
    talk = over_reply()
    asked = 0
    for _ in range(round(8.0 / WINDOW_S)):
        talk.window(0.9)
        if talk.questions:
            talk.text("")
            asked += 1
    assert talk.only(BargeIn) == []
    assert asked <= 9  # every 0.3 s it would be 26 times


# -- a reply that waits


def holds(outputs: list[Output]) -> list[Output]:
    return [item for item in outputs if isinstance(item, MayBargeIn | NoBargeIn | BargeIn)]


def test_the_reply_is_asked_to_wait_before_the_voice_is_a_turn() -> None:
    talk = over_reply(PAUSING)
    assert talk.speak(0.064) == [MayBargeIn()]
    assert talk.listener.phase is Phase.QUIET


def test_what_seemed_a_voice_and_is_no_speech_lets_it_go_on_at_once() -> None:
    talk = over_reply(PAUSING)
    talk.speak(0.064)
    assert talk.hush(0.32) == [NoBargeIn()]
    assert talk.listener.phase is Phase.QUIET


def test_an_interruption_ends_the_wait_by_itself() -> None:
    talk = over_reply(PAUSING)
    talk.speak(0.768)
    assert holds(talk.text("Tell me")) == [BargeIn()]
    talk.is_over_reply = False
    talk.speak(0.32)
    talk.hush(0.064)
    talk.text("Tell me more.")
    talk.score(0.95)
    talk.hush(1.0)
    assert holds(talk.log) == [MayBargeIn(), BargeIn()]


@pytest.mark.parametrize("text", ["", "Mm-hmm.", "Oh."])
def test_a_cough_or_a_hum_lets_it_go_on_as_soon_as_it_is_known(text: str) -> None:
    talk = over_reply(PAUSING)
    talk.speak(0.192)
    assert holds(talk.hush(0.128)) == []
    assert talk.text(text) == [NoBargeIn()]
    assert talk.only(TurnDropped) == []  # the turn itself is open a little longer


def test_a_guess_of_the_recogniser_lets_it_go_on_like_a_cough() -> None:
    talk = over_reply(PAUSING)
    talk.speak(0.192)
    talk.hush(0.128)
    assert talk.text("Bye.", logprob=-0.7) == [NoBargeIn()]


def test_a_short_sound_without_words_stops_the_reply_for_less_than_half_a_second() -> None:
    talk = over_reply(PAUSING)
    onset_s = talk.now_s
    talk.speak(0.224)
    talk.hush(0.192)  # the recogniser takes 0.13 s
    assert talk.text("") == [NoBargeIn()]
    assert talk.now_s - onset_s < 0.5


def test_a_short_sound_is_waited_for_no_longer_even_if_the_recogniser_is_slow() -> None:
    talk = over_reply(PAUSING)
    onset_s = talk.now_s
    talk.speak(0.224)
    assert NoBargeIn() in talk.hush(0.256)
    assert talk.now_s - onset_s < 0.5
    assert BargeIn() in talk.text("Hey.")


def test_a_longer_sound_is_waited_for_until_its_words_are_known() -> None:
    talk = over_reply(PAUSING)
    talk.speak(0.288)
    assert holds(talk.hush(1.0)) == []
    assert holds(talk.text("Mm.")) == [NoBargeIn()]


def test_words_of_assent_let_it_go_on_once_nothing_follows_them() -> None:
    talk = over_reply(PAUSING)
    talk.speak(0.384)
    talk.hush(0.064)
    assert holds(talk.text("Okay, great.")) == []
    assert holds(talk.hush(0.416)) == []
    assert holds(talk.hush(0.064)) == [NoBargeIn()]


def test_words_of_assent_that_begin_a_sentence_keep_it_waiting() -> None:
    talk = over_reply(PAUSING)
    talk.speak(0.384)
    talk.hush(0.064)
    talk.text("Okay, great.")
    talk.hush(0.32)
    talk.speak(0.384)
    assert holds(talk.text("Okay, great. Would you")) == [BargeIn()]
    assert holds(talk.log) == [MayBargeIn(), BargeIn()]


def test_a_word_after_a_hum_makes_it_wait_again() -> None:
    talk = over_reply(PAUSING)
    talk.speak(0.384)
    talk.hush(0.128)
    talk.text("Mhm.")
    talk.hush(0.16)
    talk.speak(0.192)
    talk.hush(0.064)
    talk.text("Mhm. Stop.")
    assert holds(talk.log) == [MayBargeIn(), NoBargeIn(), MayBargeIn(), BargeIn()]


def test_while_the_reply_waits_the_words_are_asked_for_later_and_length_says_less() -> None:
    talk = over_reply(PAUSING)
    assert only(talk.speak(0.736), Transcribe) == []
    assert len(only(talk.speak(0.032), Transcribe)) == 1
    assert talk.speak(0.992) == []
    assert holds(talk.speak(0.064)) == [BargeIn()]


def test_noise_that_goes_on_lets_it_go_on_once_no_word_was_found_in_a_second() -> None:
    talk = over_reply(PAUSING)
    for _ in range(round(5.0 / WINDOW_S)):
        talk.window(0.9)
        if talk.questions:
            talk.text("")
        if talk.only(NoBargeIn):
            break
    assert holds(talk.log) == [MayBargeIn(), NoBargeIn()]
    assert talk.sample / MIC_HZ == pytest.approx(1.2, abs=0.3)
    talk.speak(2.0)
    assert holds(talk.log) == [MayBargeIn(), NoBargeIn()]


def test_words_in_noise_interrupt_though_the_reply_went_on() -> None:
    talk = over_reply(PAUSING)
    for _ in range(round(2.0 / WINDOW_S)):
        talk.window(0.9)
        if talk.questions:
            talk.text("")
    talk.speak(1.0)
    assert holds(talk.text("Please be quiet now")) == [BargeIn()]


def test_a_recogniser_that_fails_lets_it_go_on() -> None:
    talk = over_reply(PAUSING)
    talk.speak(0.192)
    talk.hush(0.128)
    assert talk.no_text() == [TurnDropped(is_failure=True), NoBargeIn()]


def test_a_recogniser_that_hangs_lets_it_go_on_and_may_interrupt_later() -> None:
    talk = over_reply(PAUSING)
    talk.speak(0.384)
    assert holds(talk.hush(2.0)) == []
    assert holds(talk.hush(0.25)) == [NoBargeIn()]
    assert holds(talk.text("Stop.")) == [BargeIn()]


def test_a_dead_microphone_lets_it_go_on_after_the_stall() -> None:
    talk = over_reply(PAUSING)
    talk.speak(0.064)
    assert talk.stall(1.0) == [NoBargeIn()]
    assert talk.listener.deadline_s is None


def test_a_dead_microphone_in_the_middle_of_a_word_waits_for_the_word() -> None:
    talk = over_reply(PAUSING)
    talk.speak(0.192)
    assert holds(talk.stall(1.0)) == []
    assert holds(talk.text("Mhm.")) == [NoBargeIn()]
    assert talk.listener.phase is Phase.QUIET


def test_a_dead_microphone_and_a_recogniser_that_hangs_end_the_wait_by_the_clock() -> None:
    talk = over_reply(PAUSING)
    talk.speak(0.192)
    talk.stall(1.0)
    assert holds(talk.stall(5.0)) == [NoBargeIn()]
    assert talk.listener.deadline_s is None


def test_a_reply_that_ends_while_it_waits_is_not_told_to_go_on() -> None:
    talk = over_reply(PAUSING)
    talk.speak(0.192)
    talk.is_over_reply = False
    talk.speak(0.192)
    talk.hush(0.064)
    talk.text("Yes.")
    talk.score(0.95)
    assert committed(talk.hush(0.3)) == [("Yes.", "semantic")]
    assert holds(talk.log) == [MayBargeIn()]


def test_a_commit_keeps_it_waiting_for_the_words_and_ends_it_with_them() -> None:
    talk = over_reply(PAUSING)
    talk.speak(0.192)
    assert holds(talk.commit()) == []
    assert committed(talk.text("Mhm.")) == [("Mhm.", "commit")]
    assert holds(talk.log) == [MayBargeIn()]


def test_a_commit_of_a_cough_lets_it_go_on() -> None:
    talk = over_reply(PAUSING)
    talk.speak(0.192)
    talk.hush(0.128)
    talk.commit()
    assert talk.text("") == [TurnDropped(), NoBargeIn()]


def test_taking_the_turn_back_lets_it_go_on_even_if_the_user_talks_on() -> None:
    talk = over_reply(PAUSING)
    talk.speak(0.192)
    assert talk.clear() == [TurnDropped(), NoBargeIn()]
    assert holds(talk.speak(1.0)) == []


def test_mhm_that_interrupted_by_its_length_is_a_turn() -> None:
    talk = over_reply()
    talk.speak(0.75)
    talk.is_over_reply = False
    talk.text("Mhm")
    talk.hush(0.064)
    talk.text("Mhm.")
    talk.score(0.95)
    assert committed(talk.hush(0.3)) == [("Mhm.", "semantic")]


# -- push-to-talk


def test_while_the_button_is_held_no_pause_ends_the_turn() -> None:
    talk = Talk()
    assert talk.press() == [SpeechBegan(False)]
    talk.speak(0.5)
    assert only(talk.hush(3.0), Transcribe) == []
    talk.speak(0.5)
    assert talk.listener.deadline_s is not None
    talk.hush(0.5)
    assert talk.listener.deadline_s is None
    assert [question.purpose for question in only(talk.release(), Transcribe)] == [EAGER]
    assert committed(talk.text("One. Two.")) == [("One. Two.", "ptt")]
    [turn] = talk.only(TurnCommitted)
    assert turn.silence_s == 0.0
    assert turn.speech_end_s == pytest.approx(talk.now_s)
    assert talk.only(TurnReady) + talk.only(ScoreTurn) == []


def test_a_button_pressed_and_released_without_a_word_is_no_turn() -> None:
    talk = Talk()
    talk.press()
    [question] = only(talk.release(), Transcribe)
    assert (question.start, question.end) == (0, 0)
    assert talk.text("") == [TurnDropped()]


def test_a_release_without_a_press_is_nothing() -> None:
    talk = said()
    assert talk.release() == []
    assert committed(talk.hush(0.3)) == [("Hello there.", "semantic")]


def test_pressing_in_the_middle_of_a_turn_keeps_its_beginning() -> None:
    talk = said("I went home.", 0.5)
    assert talk.press() == [TurnResumed()]
    talk.hush(2.0)
    [question] = only(talk.release(), Transcribe)
    assert question.start == 0
    assert committed(talk.text("I went home. And slept.")) == [("I went home. And slept.", "ptt")]


def test_pressing_over_a_candidate_makes_a_turn_of_it() -> None:
    talk = over_reply()
    talk.speak(0.2)
    assert talk.press() == []
    talk.is_over_reply = False
    talk.release()
    assert committed(talk.text("Mhm.")) == [("Mhm.", "ptt")]


def test_pressing_again_before_the_text_is_there_goes_on_with_the_turn() -> None:
    talk = Talk()
    talk.press()
    talk.speak(0.5)
    talk.release()
    assert talk.press() == []
    assert committed(talk.text("One.")) == []
    talk.speak(0.5)
    talk.release()
    assert committed(talk.text("One. Two.")) == [("One. Two.", "ptt")]


def test_a_failure_before_the_button_was_pressed_again_does_not_end_the_turn() -> None:
    talk = Talk()
    talk.press()
    talk.speak(0.5)
    talk.release()
    talk.press()
    assert talk.no_text() == []
    talk.release()
    assert committed(talk.text("One.")) == [("One.", "ptt")]


def test_the_last_syllable_after_the_release_is_no_new_turn() -> None:
    talk = Talk()
    talk.press()
    talk.speak(0.5)
    talk.release()
    talk.speak(0.1)
    talk.text("One.")
    talk.is_over_reply = True
    outputs = talk.speak(0.2) + talk.hush(1.0)
    assert only(outputs, SpeechBegan) + only(outputs, Transcribe) == []
    assert [type(item) for item in outputs] == [UserSpeechStopped]


def test_new_speech_while_the_text_is_awaited_is_the_next_turn() -> None:
    talk = Talk()
    talk.press()
    talk.speak(0.5)
    talk.hush(0.1)
    talk.release()
    talk.speak(0.2)
    assert talk.only(SpeechBegan) == [SpeechBegan(False)]
    talk.text("One.")
    talk.is_over_reply = True
    assert SpeechBegan(True) in talk.speak(0.032)
    talk.hush(0.064)
    assert only(talk.text("Two."), BargeIn) == [BargeIn()]
    assert talk.listener.turn_id == 2


def test_even_if_it_is_over_again_when_the_text_comes() -> None:
    talk = Talk()
    talk.press()
    talk.speak(0.5)
    talk.hush(0.1)
    talk.release()
    spoken = talk.speak(0.2)
    talk.hush(0.3)
    talk.text("One.")
    [question] = only(talk.hush(0.032), Transcribe)
    assert question.start <= only(spoken, UserSpeechStarted)[0].sample < question.end
    talk.score(0.95)
    assert committed(talk.text("Two.")) == [("Two.", "semantic")]


def test_pressing_while_the_next_turn_waits_goes_on_with_the_old_one() -> None:
    talk = Talk()
    talk.press()
    talk.speak(0.5)
    talk.hush(0.1)
    talk.release()
    talk.speak(0.2)
    talk.press()
    talk.release()
    talk.no_text()
    assert committed(talk.text("One. Two.")) == [("One. Two.", "ptt")]
    assert only(talk.hush(1.0), SpeechBegan) == []


def test_a_button_held_over_a_stalled_microphone_ends_the_speech_and_not_the_turn() -> None:
    talk = Talk()
    talk.press()
    talk.speak(0.5)
    assert [type(item) for item in talk.stall(5.0)] == [UserSpeechStopped]
    assert talk.listener.phase is Phase.SPEAKING
    assert talk.listener.deadline_s is None


# -- what the client forces


def test_a_commit_ends_the_turn_at_once() -> None:
    talk = said(probability=0.05)
    assert committed(talk.commit()) == [("Hello there.", "commit")]


def test_a_commit_in_the_middle_of_speech_waits_for_its_text_only() -> None:
    talk = Talk()
    talk.speak(0.96)
    assert [question.purpose for question in only(talk.commit(), Transcribe)] == [EAGER]
    assert talk.commit() == []
    assert talk.hush(0.5)[1:] == []
    assert committed(talk.text("Hello there.")) == [("Hello there.", "commit")]


def test_without_a_turn_there_is_nothing_to_commit_and_nothing_to_clear() -> None:
    talk = Talk()
    assert talk.commit() == []
    assert talk.clear() == []
    talk.hush(1.0)
    assert talk.log == []


def test_a_commit_makes_a_turn_of_a_backchannel() -> None:
    talk = over_reply()
    talk.speak(0.2)
    talk.commit()
    assert committed(talk.text("Okay.")) == [("Okay.", "commit")]


def test_a_commit_while_the_button_is_held_ends_the_turn_and_the_release_does_nothing() -> None:
    talk = Talk()
    talk.press()
    talk.speak(0.5)
    talk.commit()
    assert talk.release() == []
    assert committed(talk.text("One.")) == [("One.", "commit")]


def test_a_committed_turn_is_not_said_to_end_once_the_user_speaks_again() -> None:
    talk = Talk()
    talk.speak(0.5)
    talk.hush(0.1)
    talk.commit()
    talk.speak(0.2)
    talk.score(0.95)
    assert [item for item in talk.log if isinstance(item, TurnMayEnd)] == []


def test_clearing_forgets_the_turn_and_all_of_its_audio() -> None:
    talk = Talk()
    talk.press()
    talk.speak(0.5)
    assert talk.clear() == [TurnDropped()]
    assert talk.release() == []
    cleared = talk.sample
    talk.hush(0.1)
    talk.speak(0.2)
    [question] = only(talk.hush(0.064), Transcribe)
    assert question.start == cleared


def test_clearing_forgets_the_turn_that_waits_too() -> None:
    talk = Talk()
    talk.press()
    talk.speak(0.5)
    talk.hush(0.1)
    talk.release()
    talk.speak(0.2)
    talk.clear()
    assert only(talk.speak(0.2), SpeechBegan) == []


# -- manual endpointing


def test_in_manual_mode_silence_ends_nothing() -> None:
    talk = Talk(replace(TURN, endpointing="manual"))
    talk.speak(0.96)
    talk.hush(0.064)
    talk.text("Hello there.")
    talk.score(0.95)
    assert only(talk.hush(20.0), TurnCommitted) == []
    assert talk.only(TurnReady) == []
    assert talk.listener.deadline_s is None
    assert committed(talk.commit()) == [("Hello there.", "commit")]


def test_in_manual_mode_noise_is_forgotten_all_the_same() -> None:
    talk = Talk(replace(TURN, endpointing="manual"))
    talk.speak(0.2)
    talk.hush(0.064)
    talk.text("")
    assert talk.hush(0.6) == [TurnDropped()]


def test_in_manual_mode_a_long_pause_does_not_make_a_decode_too_long() -> None:
    talk = Talk(replace(TURN, endpointing="manual"))
    talk.speak(2.0)
    talk.hush(0.064)
    talk.text("Let me think.")
    talk.hush(10.0)
    talk.speak(1.0)
    [question] = only(talk.commit(), Transcribe)
    assert question.end - question.start < 1.5 * MIC_HZ
    assert committed(talk.text("Done.")) == [("Let me think. Done.", "commit")]


def test_in_manual_mode_a_stalled_microphone_ends_the_speech_and_not_the_turn() -> None:
    talk = Talk(replace(TURN, endpointing="manual"))
    talk.speak(0.5)
    assert [type(item) for item in talk.stall(5.0)] == [UserSpeechStopped, Transcribe, ScoreTurn]
    talk.text("Hello there.")
    assert talk.only(TurnCommitted) == []
    assert committed(talk.commit()) == [("Hello there.", "commit")]


def test_back_in_automatic_mode_a_turn_that_waits_is_committed() -> None:
    talk = Talk(replace(TURN, endpointing="manual"))
    talk.speak(0.96)
    talk.hush(0.064)
    talk.text("Hello there.")
    talk.hush(5.0)
    talk.listener.set_manual(False)
    assert committed(talk.hush(0.032)) == [("Hello there.", "vad")]


# -- a microphone that delivers nothing


def test_a_stalled_microphone_ends_the_turn() -> None:
    talk = Talk()
    talk.speak(0.96)
    assert talk.stall(0.5) == []
    talk.now_s -= 0.5
    outputs = talk.stall(1.0)
    assert [type(item) for item in outputs] == [
        UserSpeechStopped,
        Transcribe,
        ScoreTurn,
        UserPaused,
    ]
    [turn] = only(talk.text("Hello there."), TurnCommitted)
    assert (turn.reason, turn.silence_s) == ("vad", 0.6)
    assert turn.speech_end_s == pytest.approx(100.96)


def test_a_stall_in_a_pause_commits_the_text_that_is_known() -> None:
    talk = said(probability=0.05)
    assert committed(talk.stall(1.0)) == [("Hello there.", "vad")]


def test_a_tick_before_its_time_does_nothing() -> None:
    talk = said(probability=0.05)
    assert talk.take(talk.listener.tick(talk.now_s + 0.5)) == []
    quiet = Talk()
    assert quiet.take(quiet.listener.tick(1e9)) == []


def test_speech_that_comes_after_a_stall_goes_on_with_the_turn() -> None:
    talk = Talk()
    talk.speak(0.96)
    talk.stall(1.0)
    outputs = talk.speak(0.5)
    assert [type(item) for item in outputs] == [UserSpeechStarted]
    assert committed(talk.text("I went")) == []
    talk.hush(0.064)
    talk.text("I went home.")
    assert committed(talk.hush(1.5)) == [("I went home.", "vad")]


def test_speech_that_comes_after_the_stalled_turn_is_a_turn_of_its_own() -> None:
    talk = Talk()
    talk.speak(0.96)
    talk.stall(1.0)
    talk.text("I went")
    talk.is_over_reply = True
    assert SpeechBegan(True) in talk.speak(0.2)


def test_a_backchannel_before_a_stall_does_not_interrupt() -> None:
    talk = over_reply()
    talk.speak(0.2)
    talk.stall(1.0)
    assert talk.text("Mhm.") == [TurnDropped()]


def test_a_stall_after_the_turn_still_ends_the_speech() -> None:
    talk = Talk()
    talk.press()
    talk.speak(0.5)
    talk.release()
    talk.text("One.")
    assert [type(item) for item in talk.stall(5.0)] == [UserSpeechStopped]
    assert talk.listener.deadline_s is None
    assert SpeechBegan(False) in talk.speak(0.2)


# -- whatever happens

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


@given(STEPS)
def test_whatever_happens_the_facts_are_in_order(steps: Steps) -> None:
    talk = Talk(ANYTHING)
    for action, seconds in steps:
        act(talk, action, seconds)
    is_open = is_ready = is_loud = is_waiting = False
    turn_id = request_id = 0
    for item in talk.log:
        match item:
            case UserSpeechStarted() | UserSpeechStopped():
                assert is_loud is isinstance(item, UserSpeechStopped)
                is_loud = not is_loud
            case SpeechBegan():
                assert not is_open
                is_open, turn_id = True, turn_id + 1
            case TurnReady(text):
                assert is_open
                assert not is_ready
                assert text
                is_ready = True
            case TurnResumed():
                assert is_ready
                is_ready = False
            case TurnCommitted(number, text) as turn:
                assert is_open
                assert (number, bool(text)) == (turn_id, True)
                assert turn.silence_s >= 0
                is_open = is_ready = False
                is_waiting = False
            case TurnDropped():
                assert is_open
                is_open = is_ready = False
            case BargeIn():
                assert is_open
                is_waiting = False
            case MayBargeIn():
                is_waiting = True
            case NoBargeIn():
                assert is_waiting
                is_waiting = False
            case TurnMayEnd():
                assert is_open
                assert not is_loud
            case TranscriptInterim(number, text, stable):
                assert is_open
                assert number == turn_id
                assert 0 <= stable <= len(text)
            case Transcribe() | ScoreTurn():
                assert item.request_id > request_id
                assert 0 <= item.start <= item.end <= talk.sample
                request_id = item.request_id
    assert is_open is talk.listener.is_active


@given(STEPS, st.sampled_from(["So I said.", "Mhm.", ""]), st.booleans())
def test_whatever_happened_a_turn_ends_once_the_user_is_silent(
    steps: Steps, text: str, stays_live: bool
) -> None:
    talk = Talk(ANYTHING)
    for action, seconds in steps:
        act(talk, action, seconds)
    talk.listener.set_manual(False)
    talk.release()
    talk.is_over_reply = stays_live
    for _ in range(round(3.0 / WINDOW_S)):
        talk.window(0.05)
        while talk.questions:
            if talk.text(text) and BargeIn() in talk.log:
                talk.is_over_reply = False
    assert talk.listener.phase is Phase.QUIET
    assert not talk.listener._hold.is_on


@given(STEPS)
def test_whatever_happened_a_dead_microphone_ends_the_turn_and_the_ticks(steps: Steps) -> None:
    talk = Talk(ANYTHING)
    for action, seconds in steps:
        act(talk, action, seconds)
    talk.listener.set_manual(False)
    talk.release()
    for _ in range(3):
        while talk.questions:
            talk.text("So I said.")
        talk.stall(10.0)
    assert talk.listener.deadline_s is None
    assert talk.listener.phase is Phase.QUIET


@given(STEPS)
def test_no_audio_is_decoded_for_two_turns(steps: Steps) -> None:
    """Asked for at the end of one turn, audio is not asked for again by the next."""
    talk = Talk(replace(ANYTHING, interim_s=0.0))
    for action, seconds in steps:
        act(talk, action, seconds)
    ends = [0]
    starts: list[int] = []
    for before, item in pairwise(talk.log):
        if isinstance(item, UserSpeechStopped):
            ends.append(item.sample)
        if isinstance(item, SpeechBegan) and isinstance(before, UserSpeechStarted):
            starts.append(before.sample)
            assert before.sample >= ends[-1]
    assert starts == sorted(starts)
