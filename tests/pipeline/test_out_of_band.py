"""What an out-of-band reply has instead of a conversation."""

from __future__ import annotations

from voice_avatar.events.cues import Feeling
from voice_avatar.events.inputs import AudioSent, SegmentPlanned, SessionInput
from voice_avatar.pipeline.out_of_band import UNLIMITED, OutOfBandOwner


def test_the_session_hears_at_last_that_all_of_it_has_gone_out_and_not_how_far() -> None:
    steps: list[SessionInput] = []
    owner = OutOfBandOwner(7, steps.append)
    owner.step(AudioSent(7, 480))
    owner.step(AudioSent(7, 960))
    assert steps == []
    owner.over()
    assert steps == [AudioSent(7, 960)]


def test_the_session_hears_whatever_else_becomes_of_it() -> None:
    steps: list[SessionInput] = []
    planned = SegmentPlanned(7, 0, "Hi", 0, 480, (), Feeling(0.0, 0.0))
    OutOfBandOwner(7, steps.append).step(planned)
    assert steps == [planned]


def test_it_waits_for_nobody_and_wastes_nothing() -> None:
    owner = OutOfBandOwner(7, lambda _: None)
    assert owner.allowance(7) == UNLIMITED > 24_000 * 86_400
    assert owner.due_s(7, 10**9) is None
    assert owner.take_waste() == 0
