"""What ran at a cut, and when it ended."""

from __future__ import annotations

import pytest

from voice_avatar.bench.callers.interrupt_call import dropped_s


def test_what_ran_at_the_cut_is_seen_to_end() -> None:
    looks: list[tuple[float, float | None]] = [(1.0, 1.0), (1.2, 1.0), (1.4, 0.0), (1.5, 1.0)]
    assert dropped_s(looks, 1.0, 1.39) == pytest.approx(0.4)


@pytest.mark.parametrize("count", [0.0, None])
def test_what_did_not_run_does_not_end(count: float | None) -> None:
    assert dropped_s([(1.0, count), (1.4, 0.0)], 1.0, 1.3) is None


def test_what_began_after_the_onset_is_not_the_reply_that_was_cut() -> None:
    looks: list[tuple[float, float | None]] = [(1.0, 0.0), (1.2, 1.0), (1.9, 0.0)]
    assert dropped_s(looks, 1.0, 1.4) is None
