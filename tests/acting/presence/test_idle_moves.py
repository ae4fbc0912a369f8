"""What an avatar does while nobody talks."""

from __future__ import annotations

from itertools import pairwise

import pytest

from voice_avatar.acting.presence.idle_moves import IdleMoves
from voice_avatar.acting.presence.options import BodyOptions
from voice_avatar.events.cues import BodyCue


def moves(options: BodyOptions, seconds: float) -> list[tuple[float, BodyCue]]:
    """Lets somebody idle and returns what it did: seconds, cue."""
    life = IdleMoves(options)
    life.begin(0.0)
    out = []
    while life.deadline_s is not None and life.deadline_s < seconds:
        now_s = life.deadline_s
        out += [(now_s, cue) for cue in life.tick(now_s)]
        assert life.deadline_s > now_s
    return out


@pytest.mark.parametrize(("energy", "per_minute"), [(0.0, 5), (0.5, 10), (1.0, 15)])
def test_the_rate_is_that_of_the_persona(energy: float, per_minute: int) -> None:
    done = moves(BodyOptions(energy=energy), 600.0)
    assert len(done) / 10 == pytest.approx(per_minute, rel=0.05)


def test_glances_that_end_by_themselves_and_shifts_of_weight_from_side_to_side_alternate() -> None:
    done = [cue for _, cue in moves(BodyOptions(), 300.0)]
    glances, shifts = done[::2], done[1::2]
    assert {cue.kind for cue in glances} == {"gaze"}
    assert all(700 <= cue.duration_ms <= 1800 for cue in glances)
    assert {cue.lexeme for cue in glances} == {"away_side", "away_up", "down"}
    assert {cue.kind for cue in shifts} == {"posture"}
    assert all(one.lexeme != two.lexeme for one, two in pairwise(shifts))


def test_weight_is_shifted_every_six_to_fifteen_seconds_or_so_at_half_the_energy() -> None:
    times_s = [at_s for at_s, cue in moves(BodyOptions(), 600.0) if cue.kind == "posture"]
    assert all(6.0 <= later - sooner <= 17.0 for sooner, later in pairwise(times_s))


def test_two_avatars_do_not_move_alike_and_one_does_the_same_again() -> None:
    assert moves(BodyOptions(seed=1), 60.0) == moves(BodyOptions(seed=1), 60.0)
    assert moves(BodyOptions(seed=1), 60.0) != moves(BodyOptions(seed=2), 60.0)


def test_it_can_be_told_to_stand_still_and_ends_when_somebody_talks() -> None:
    assert moves(BodyOptions(idle_per_minute=0), 600.0) == []
    life = IdleMoves(BodyOptions())
    life.begin(0.0)
    life.end()
    assert life.deadline_s is None
    assert life.tick(1e9) == []
