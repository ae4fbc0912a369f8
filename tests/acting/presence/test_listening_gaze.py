"""A listener's eyes over minutes of speech."""

from __future__ import annotations

import pytest

from voice_avatar.acting.presence.listening_gaze import LOOK_S, ListeningGaze
from voice_avatar.events.cues import BodyCue

WINDOW_S = 0.032


def looks_away(seconds: float, seed: int = 0) -> list[tuple[float, BodyCue]]:
    eyes = ListeningGaze(seed)
    times = (100.0 + index * WINDOW_S for index in range(round(seconds / WINDOW_S)))
    return [(now_s, cue) for now_s in times for cue in eyes.step(now_s)]


@pytest.mark.parametrize("seed", [0, 1, 123_456_789])
def test_the_speaker_is_looked_at_three_quarters_of_the_time(seed: int) -> None:
    away_s = sum(cue.duration_ms for _, cue in looks_away(600.0, seed)) / 1000
    assert away_s / 600.0 == pytest.approx(0.25, abs=0.02)


def test_nobody_is_stared_at_for_more_than_four_and_a_half_seconds() -> None:
    back_s = 100.0
    for now_s, cue in looks_away(600.0):
        assert LOOK_S[0] - 0.01 <= now_s - back_s <= LOOK_S[1] + 2 * WINDOW_S
        assert cue.kind == "gaze"
        assert cue.lexeme in ("away_side", "down")
        back_s = now_s + cue.duration_ms / 1000


def test_who_speaks_again_after_a_pause_is_looked_at() -> None:
    eyes = ListeningGaze(0)
    for start_s in (100.0, 104.0, 108.0):
        for index in range(60):  # 1.9 s, then silence
            assert eyes.step(start_s + index * WINDOW_S) == []


def test_eyes_that_have_just_come_back_stay() -> None:
    eyes = ListeningGaze(0)
    for index in range(600):
        if index % 60 == 0:
            eyes.meet()
        assert eyes.step(100.0 + index * WINDOW_S) == []
