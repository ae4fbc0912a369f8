"""The body between replies: when the head moves, and how."""

from __future__ import annotations

from itertools import pairwise

from voice_avatar.acting.presence.listening_body import ListeningBody
from voice_avatar.acting.presence.options import BodyOptions
from voice_avatar.events.cues import BodyCue
from voice_avatar.events.inputs import VadFrame
from voice_avatar.events.payloads import MIC_HZ, WINDOW_SAMPLES

WINDOW_S = WINDOW_SAMPLES / MIC_HZ


class Listening:
    """An avatar that listens to a voice of known pitch.

    Attributes:
        cues: what its body did: seconds, cue.
    """

    def __init__(self, options: BodyOptions | None = None) -> None:
        self.body = ListeningBody(options or BodyOptions(), 100.0)
        self.start = 0
        self.cues: list[tuple[float, BodyCue]] = []

    @property
    def now_s(self) -> float:
        return 100.0 + self.start / MIC_HZ

    def hear(self, seconds: float, f0_hz: float = 0.0, probability: float = 0.9) -> None:
        for _ in range(round(seconds / WINDOW_S)):
            frame = VadFrame(self.start, probability, f0_hz=f0_hz)
            self.start += WINDOW_SAMPLES
            self.cues += [(self.now_s, cue) for cue in self.body.hear(frame, self.now_s)]

    def talk(self, seconds: float) -> None:
        for _ in range(round(seconds / (8 * WINDOW_S))):
            for f0_hz in (220.0, 250.0, 230.0, 210.0, 190.0, 160.0, 180.0, 200.0):
                self.hear(WINDOW_S, f0_hz)

    def invite(self) -> None:
        self.hear(0.16, 120.0)

    def hush(self, seconds: float) -> None:
        self.hear(seconds, probability=0.05)

    @property
    def nods(self) -> list[BodyCue]:
        return [cue for _, cue in self.cues if cue.lexeme == "nod"]


def test_the_head_nods_where_the_voice_invites_it() -> None:
    scene = Listening()
    scene.talk(2.0)
    scene.invite()
    scene.talk(1.0)
    assert [cue for _, cue in scene.cues] == [BodyCue("head", "nod", 0.3, 400)]


def test_after_much_speech_it_nods_twice() -> None:
    scene = Listening()
    scene.talk(6.0)
    scene.invite()
    scene.talk(1.0)
    assert [(cue.repeats, cue.amplitude, cue.duration_ms) for cue in scene.nods] == [(2, 0.4, 800)]


def test_what_was_said_before_the_last_nod_makes_no_double_nod() -> None:
    scene = Listening()
    scene.talk(6.0)
    scene.invite()
    scene.talk(2.0)
    scene.invite()
    scene.talk(1.0)
    assert [cue.repeats for cue in scene.nods] == [2, 1]


def test_a_nod_that_is_due_takes_the_place_of_the_small_move_at_a_pause() -> None:
    scene = Listening()
    scene.talk(2.0)
    assert scene.body.pause(scene.now_s) == [BodyCue("head", "tilt", 0.2, 300)]
    scene.talk(2.0)
    scene.invite()
    assert [cue.lexeme for cue in scene.body.pause(scene.now_s)] == ["nod"]
    scene.hush(2.0)
    assert scene.nods == []  # it was given already


def test_a_nod_does_not_follow_a_move_of_the_head_at_once() -> None:
    scene = Listening()
    scene.talk(2.0)
    scene.invite()
    scene.hear(0.48)
    assert scene.body.pause(scene.now_s) != []
    scene.hush(1.0)
    assert scene.nods == []


def test_there_are_eight_nods_in_any_minute_at_most() -> None:
    scene = Listening()
    for _ in range(60):
        scene.talk(2.0)
        scene.invite()
        scene.hush(0.9)
    times_s = [at_s for at_s, cue in scene.cues if cue.lexeme == "nod"]
    assert len(times_s) > 16
    assert all(ninth - first >= 60.0 for first, ninth in zip(times_s, times_s[8:], strict=False))
    assert all(later - sooner >= 1.5 for sooner, later in pairwise(times_s))


def test_a_calm_persona_nods_less_often_and_less_far() -> None:
    calm, lively = Listening(BodyOptions(energy=0.0)), Listening(BodyOptions(energy=1.0))
    for scene in (calm, lively):
        for _ in range(15):
            scene.talk(2.0)
            scene.invite()
            scene.hush(0.9)
    assert len(calm.nods) == 4
    assert len(lively.nods) == 8
    assert calm.nods[0].amplitude < 0.3 < lively.nods[0].amplitude


def test_where_no_nods_are_wanted_the_voice_is_of_no_use() -> None:
    scene = Listening(BodyOptions(nods_per_minute=0))
    assert not scene.body.wants_pitch
    scene.talk(3.0)
    scene.invite()
    scene.hush(1.0)
    assert scene.cues == []
    assert scene.body.may_end(scene.now_s) == [BodyCue("gaze", "away_up", 0.4, 0)]


def test_a_listener_who_looks_aside_does_not_nod() -> None:
    scene = Listening()
    scene.talk(2.0)
    scene.invite()
    scene.body.look_away()
    scene.hush(1.0)
    assert scene.cues == []


def test_what_invited_a_nod_is_forgotten_when_the_turn_is_over() -> None:
    scene = Listening()
    scene.talk(2.0)
    scene.invite()
    scene.body.answer()
    scene.hush(1.0)
    assert scene.cues == []
