"""What the body does at what it hears and sees, and on its own."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from kit.session_talk import TURN, WINDOW_S, Scene, speaking

from voice_avatar.acting.presence.options import BodyOptions
from voice_avatar.events.commands import StartReply
from voice_avatar.events.cues import BodyCue
from voice_avatar.events.inputs import CommitInput, HeadPose, TalkPressed, UserGaze, VadFrame
from voice_avatar.events.payloads import WINDOW_SAMPLES

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
        seconds=30.0,
        turn=replace(TURN, interrupt=replace(TURN.interrupt, any_s=99.0, speech_s=99.0)),
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
