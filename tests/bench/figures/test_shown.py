"""When a shape is seen."""

from __future__ import annotations

from voice_avatar.acting.mouth.viseme_tables import AA, DD, IH, PP, SIL
from voice_avatar.bench.figures.phone_pairs import HeardPhone
from voice_avatar.bench.figures.shown import arrival, is_closed
from voice_avatar.events.cues import VisemePose

RATE_HZ = 1000  # samples are milliseconds


def pose(sample: int, **weights: float) -> VisemePose:
    numbers = {"PP": PP, "DD": DD, "aa": AA, "I": IH, "sil": SIL}
    return VisemePose(sample, tuple((numbers[name], w) for name, w in weights.items()))


def test_a_vowel_arrives_with_its_shape_not_with_the_lips_that_a_consonant_borrows() -> None:
    poses = [pose(0, sil=1.0), pose(100, DD=0.5, aa=0.4), pose(160, aa=0.8), pose(220, aa=0.8)]
    assert arrival(poses, "T", 50, 160) == 100
    assert arrival(poses, "AA", 100, 300) == 160
    assert arrival(poses, "B", 0, 300) is None
    assert arrival(poses, "HH", 0, 300) is None


def test_lips_that_move_past_each_other_between_two_poses_are_seen_closed() -> None:
    poses = [pose(0, PP=0.0), pose(100, PP=1.0), pose(200, aa=1.0)]
    assert is_closed(poses, HeardPhone("B", 0.05, 0.15), RATE_HZ)
    assert is_closed(poses, HeardPhone("B", 0.02, 0.095), RATE_HZ)
    assert not is_closed(poses, HeardPhone("B", 0.15, 0.25), RATE_HZ)
    assert not is_closed([], HeardPhone("B", 0.15, 0.25), RATE_HZ)
