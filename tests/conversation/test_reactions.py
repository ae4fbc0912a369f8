"""What follows of facts: at once, in their place, and nothing else is touched."""

from __future__ import annotations

import pytest
from kit.session_talk import Scene, briefs, speaking

from voice_avatar.conversation import facts
from voice_avatar.conversation.reactions import Output
from voice_avatar.events.inputs import ReplyFailed, SettingsChanged, TextInput
from voice_avatar.events.notices import (
    State,
    StateChanged,
    TurnEnded,
    UserSpeechStopped,
    WarningNotice,
)
from voice_avatar.turns.facts import BargeIn, NoBargeIn, TurnCommitted, TurnDropped, UserPaused


def acted(scene: Scene, *steps: object) -> list[str]:
    outputs = scene.session._reactions.acted(steps, scene.now_s)  # type: ignore[arg-type]
    return briefs(outputs)


def test_what_follows_of_a_fact_stands_in_its_place() -> None:
    scene = speaking()
    before, after = WarningNotice("before", ""), WarningNotice("after", "")
    assert acted(scene, before, BargeIn(), after) == [
        "before",
        "cancel 1",
        "interrupted 1 by voice: ",
        "done 1 interrupted: ",
        "state interrupted",
        "after",
    ]


def test_a_chain_of_facts_is_followed_to_its_end_before_the_next_one() -> None:
    scene = Scene()
    scene.give(TextInput("Hello."))
    scene.log.clear()
    failed = scene.give(ReplyFailed(1, "llm_failed", ""))
    assert [told for told in failed if not told.startswith("start")] == [
        "llm_failed",
        "done 1 failed: ",
        "state listening",
        "state thinking",
        "reply 2 to turn 0",
        "open 2",
    ]


@pytest.mark.parametrize("output", [StateChanged(State.IDLE), TurnEnded(1, "vad", 0.5)])
def test_what_is_no_fact_passes_through(output: Output) -> None:
    assert Scene().session._reactions.act(output, 1000.0) == [output]


def test_a_fact_about_a_reply_that_does_not_wait_lets_nothing_go_on() -> None:
    assert acted(speaking(), NoBargeIn()) == []


def test_the_body_answers_only_to_a_user_who_has_the_floor() -> None:
    assert acted(Scene(), UserPaused()) == []
    assert acted(speaking(), UserPaused()) == []


def test_speech_that_stops_was_speech() -> None:
    assert acted(Scene(), UserSpeechStopped(0)) == ["speech stopped", "state listening"]


def test_a_turn_over_a_reply_that_may_not_be_interrupted_is_owed_and_paid() -> None:
    scene = speaking("Hi.", 1.0)
    scene.give(SettingsChanged(is_interruptible=False))
    turn = TurnCommitted(7, "And you?", "en", "vad", 0.5, scene.now_s, scene.now_s)
    assert acted(scene, turn) == ["final 7: And you?", "ended 7 vad"]
    scene.wait(2.0)
    assert "reply 2 to turn 7" in scene.told


def test_a_turn_that_was_none_leaves_a_reply_alone() -> None:
    scene = speaking()
    assert acted(scene, TurnDropped()) == []
    assert scene.session.is_speaking


def test_history_is_final_when_the_client_says_so() -> None:
    scene = speaking("Hi.", 1.0)
    scene.wait(1.3)
    assert not scene.session.is_speaking
    assert [m.content for m in scene.session.history.messages] == ["Hello."]
    assert acted(scene, facts.ReplyFinal(1)) == []
    assert [m.content for m in scene.session.history.messages] == ["Hello.", "Hi."]
