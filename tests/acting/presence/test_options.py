"""The body's options."""

from __future__ import annotations

import pytest

from voice_avatar.acting.presence.options import BodyOptions, can_show
from voice_avatar.events.cues import BodyCue


def test_an_amount_is_what_it_says_at_half_the_energy_and_never_beyond_one() -> None:
    assert BodyOptions().scaled(0.3) == 0.3
    assert BodyOptions(energy=0.0).scaled(0.7) == 0.4
    assert BodyOptions(energy=1.0).scaled(0.9) == 1.0


@pytest.mark.parametrize(
    ("cue", "is_shown"),
    [
        (BodyCue("gesture", "think", 0.5, 0), False),
        (BodyCue("gesture", "wave", 0.5, 0), True),
        (BodyCue("face", "sad", 0.5, 0), False),
        (BodyCue("head", "nod", 0.5, 0), True),
        (BodyCue("gaze", "user", 0.5, 0), True),
        (BodyCue("posture", "lean_in", 0.5, 0), True),
    ],
)
def test_a_client_gets_the_gestures_and_faces_that_it_knows(cue: BodyCue, is_shown: bool) -> None:
    assert can_show(cue, frozenset({"wave", "smile"})) is is_shown
    assert can_show(cue, None)
