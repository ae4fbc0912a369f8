"""What time does to the avatar: it thinks, falls idle, and goes."""

from __future__ import annotations

from dataclasses import replace

from kit.session_talk import OPTIONS, TURN, WINDOW_S, Scene, speaking

from voice_avatar.events.inputs import InterruptRequest, TextInput
from voice_avatar.events.notices import State

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
