"""What a curve says of a server."""

from __future__ import annotations

import pytest

from voice_avatar.bench.figures.capacity import (
    LoadPoint,
    capacity,
    memory_per_session_mb,
    paced_capacity,
)


def point(sessions: int, p95_s: float | None, **rest: float) -> LoadPoint:
    return LoadPoint(sessions, p95_s, p95_s, 10, **rest)  # type: ignore[arg-type]


def test_the_capacity_is_the_largest_load_before_the_first_that_is_not_held() -> None:
    curve = [point(1, 0.4), point(4, 0.59), point(2, 0.5), point(8, 0.61), point(16, 0.5)]
    assert capacity(curve) == 4


@pytest.mark.parametrize("fault", [{"missed": 1}, {"underruns": 1}])
def test_a_load_with_a_missed_turn_or_an_underrun_is_not_held(fault: dict[str, float]) -> None:
    assert capacity([point(1, 0.4), point(2, 0.4, **fault)]) == 1
    late = {"pacing_p99_s": 0.001}
    assert paced_capacity([point(1, 0.4, **late), point(2, 0.4, **late, **fault)]) == 1


def test_a_server_that_does_not_answer_has_no_capacity() -> None:
    assert capacity([point(1, None)]) == 0
    assert capacity([]) == 0


def test_pacing_limits_the_load_where_it_is_told() -> None:
    curve = [point(1, 0.4, pacing_p99_s=0.002), point(50, 0.4, pacing_p99_s=0.03)]
    assert paced_capacity(curve) == 1
    assert paced_capacity([point(1, 0.4)]) is None


def test_memory_grows_per_session_between_the_ends_of_the_curve() -> None:
    curve = [point(5, 0.4, rss_mb=120.0), point(1, 0.4, rss_mb=100.0), point(3, 0.4)]
    assert memory_per_session_mb(curve) == pytest.approx(5.0)
    assert memory_per_session_mb(curve[:1]) is None
