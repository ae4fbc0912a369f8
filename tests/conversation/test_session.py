"""Whole conversations: what comes in, and what the session makes of it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from kit.session_talk import (
    ANYTHING,
    OPTIONS,
    PAUSING,
    RATE_HZ,
    STEPS,
    SYSTEM,
    WINDOW_S,
    Output,
    Scene,
    Steps,
    played,
    speaking,
)

from voice_avatar.conversation.states import TRANSITIONS
from voice_avatar.events.commands import CancelReply, EndSession, OpenGate, StartReply
from voice_avatar.events.cues import BodyCue
from voice_avatar.events.inputs import (
    ClientBack,
    ClientLost,
    CommitInput,
    InterruptRequest,
    PlaybackReport,
    SettingsChanged,
    TalkPressed,
    TalkReleased,
    TextInput,
)
from voice_avatar.events.notices import (
    ReplyDone,
    ReplyInterrupted,
    ReplyPaused,
    ReplyResumed,
    ReplyStarted,
    State,
    StateChanged,
    TranscriptFinal,
    TurnEnded,
    TurnForgotten,
    UserSpeechStopped,
    WarningNotice,
)
from voice_avatar.turns.phases import Phase

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


# -- whatever happens


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
        longest_s = ANYTHING.interrupt.wait_s + 1e-6
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


# -- no turn goes without a word


def test_a_spoken_turn_that_typing_ends_is_told_of_by_its_own_number() -> None:
    scene = Scene()
    scene.speak(0.96)
    scene.give(TextInput("Typed."))
    assert [turn.turn_id for turn in scene.only(TurnForgotten)] == [1]
    assert [turn.turn_id for turn in scene.only(TurnEnded)] == [2]


def test_words_that_the_avatar_was_saying_are_dropped_with_a_word_to_the_client() -> None:
    scene = speaking("One two three four five six seven eight nine ten.", 5.0)
    scene.hush(2.0)
    scene.speak(0.6)
    scene.hush(0.2)
    while scene.questions:
        scene.text("Five six.")
    scene.hush(1.0)
    assert [turn.reason for turn in scene.only(TurnForgotten)] == ["echo"]
    assert [warning.code for warning in scene.only(WarningNotice)] == ["input_echo"]
    assert scene.only(ReplyInterrupted) == []


def test_a_turn_that_has_interrupted_is_answered_even_with_the_words_of_the_avatar() -> None:
    scene = speaking("One two three four five six seven eight nine ten.", 5.0, turn=PAUSING)
    scene.hush(2.0)
    scene.speak(3.0)  # its length interrupts: the recogniser is late
    assert len(scene.only(ReplyInterrupted)) == 1
    scene.hush(0.2)
    while scene.questions:
        scene.text("Five six.")
    scene.hush(3.0)
    assert [final.text for final in scene.only(TranscriptFinal)] == ["Five six."]
    assert len(scene.only(ReplyStarted)) == 1
    assert scene.only(TurnForgotten) == []


def test_a_button_that_was_held_over_silence_is_answered_with_the_end_of_its_turn() -> None:
    scene = Scene()
    scene.give(TalkPressed())
    scene.hush(0.5)
    scene.give(TalkReleased())
    scene.text("")
    assert scene.only(TurnForgotten) == [TurnForgotten(1, "wordless")]


def test_a_button_that_was_not_down_and_goes_up_is_told_that_there_is_nothing() -> None:
    assert Scene().give(TalkReleased()) == ["nothing_to_commit"]


@pytest.mark.parametrize(
    ("latency_s", "heard"), [(0.0, "One two"), (0.04, "One two"), (0.3, "One")]
)
def test_what_was_heard_is_what_had_left_the_loudspeaker(latency_s: float, heard: str) -> None:
    scene = Scene()
    reply_id = scene.ask("Hello.")
    scene.answer("One two three four.", 4.0)
    scene.give(PlaybackReport(reply_id, 20_100, "playing", latency_s))
    scene.give(InterruptRequest(None))
    [cut] = scene.only(ReplyInterrupted)
    assert cut.at == pytest.approx(20_100 - latency_s * RATE_HZ, abs=1)
    assert cut.spoken_text == heard
    scene.give(PlaybackReport(reply_id, 20_100, "stopped", latency_s))
    assert f"assistant: {heard}" in scene.history
