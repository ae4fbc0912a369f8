"""The avatar among people, on synthetic tracks of head motion (see tests/kit/head_motion.py)."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from kit import head_motion

from voice_avatar.acting.presence.options import BodyOptions
from voice_avatar.acting.presence.proximity import Proximity
from voice_avatar.events.cues import BodyCue
from voice_avatar.events.inputs import UserGaze
from voice_avatar.wire import client_messages
from voice_avatar.wire.inputs import session_input
from voice_avatar.wire.text import decode_text

LOOKING = BodyOptions(attention="looking")


def reports(name: str) -> list[tuple[float, UserGaze]]:
    """Returns a track as the session gets it: seconds, report."""
    track = json.loads((head_motion.FOLDER / f"{name}.json").read_text("utf-8"))
    assert track["synthetic"]
    out = []
    for row in track["track"]:
        message = decode_text(json.dumps(row["message"]))
        assert isinstance(message, client_messages.UserGaze)
        event = session_input(message)
        assert isinstance(event, UserGaze)
        out.append((row["at_s"], event))
    return out


class Watched:
    """An avatar near which a track is played.

    Attributes:
        cues: what its body did: seconds, kind, lexeme.
        heeds: whether speech was meant for it: seconds -> yes or no.
    """

    def __init__(self, name: str, options: BodyOptions = LOOKING, *, is_free: bool = True) -> None:
        self.around = Proximity(options)
        self.cues: list[tuple[float, str, str]] = []
        self.heeds: dict[float, bool] = {}
        self.amplitudes: list[float] = []
        for at_s, report in reports(name):
            for cue in self.around.see(report, at_s, is_free=is_free):
                assert isinstance(cue, BodyCue)
                self.cues.append((at_s, cue.kind, cue.lexeme))
                self.amplitudes.append(cue.amplitude)
            self.heeds[at_s] = self.around.is_addressed(at_s)

    @property
    def did(self) -> list[str]:
        return [f"{kind} {lexeme}" for _, kind, lexeme in self.cues]


@pytest.mark.parametrize("name", head_motion.TRACKS)
def test_the_tracks_are_what_their_generator_makes(name: str) -> None:
    file = head_motion.FOLDER / f"{name}.json"
    assert file.read_text("utf-8") == head_motion.track(name), (
        "run: python tests/kit/head_motion.py"
    )


def test_somebody_who_walks_up_is_looked_at_and_smiled_at_once_when_near() -> None:
    seen = Watched("walks_up")
    assert seen.did == ["gaze user", "gaze user", "face smile"]
    glance_s, _, smile_s = (at_s for at_s, _, _ in seen.cues)
    assert glance_s < 3.0 < smile_s < 4.0
    assert not seen.heeds[1.0]
    assert seen.heeds[6.0]


def test_nobody_is_smiled_at_while_a_reply_or_the_user_moves_the_face() -> None:
    assert Watched("walks_up", is_free=False).did == []


def test_somebody_who_comes_too_near_makes_the_avatar_draw_back_even_while_it_speaks() -> None:
    seen = Watched("comes_too_near", is_free=False)
    assert seen.did == ["posture lean_back", "posture step_back", "posture upright"]
    lean_s, step_s, up_s = (at_s for at_s, _, _ in seen.cues)
    assert 1.0 < lean_s < 2.1
    assert 1.5 <= step_s - lean_s < 1.7
    assert 4.5 < up_s < 6.0


def test_speech_to_somebody_else_is_not_meant_for_the_avatar() -> None:
    seen = Watched("talks_to_somebody_else")
    assert seen.heeds[1.0]
    assert seen.heeds[3.5]  # people look away while they speak: the look is still good
    assert not seen.heeds[5.5]
    assert not seen.heeds[7.0]
    assert seen.heeds[8.0]


def test_unless_it_heeds_all_that_is_heard() -> None:
    seen = Watched("talks_to_somebody_else", replace(LOOKING, attention="always"))
    assert all(seen.heeds.values())


def test_somebody_far_away_is_looked_at_and_not_listened_to() -> None:
    seen = Watched("looks_from_afar")
    assert seen.did == ["gaze user"]
    assert not any(seen.heeds.values())


def test_the_object_that_was_looked_at_before_the_question_is_meant() -> None:
    seen = Watched("asks_about_a_vase")
    assert seen.around.meant(4.0) == "vase"
    assert seen.around.meant(9.0) == ""
    assert seen.heeds[2.5]


def test_a_calm_persona_draws_back_less() -> None:
    calm = Watched("comes_too_near", replace(LOOKING, energy=0.0), is_free=False)
    lively = Watched("comes_too_near", replace(LOOKING, energy=1.0), is_free=False)
    assert calm.did == lively.did
    assert calm.amplitudes[0] < lively.amplitudes[0]
