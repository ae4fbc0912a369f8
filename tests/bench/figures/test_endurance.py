"""What is left of a server after many clients."""

from __future__ import annotations

import pytest

from voice_avatar.bench.figures.endurance import (
    SPARE_FILES,
    Look,
    different,
    has_failed,
    leftover_figures,
    memory_figures,
    slope_mb_per_h,
    troubles,
    waited,
)


def test_memory_grows_by_least_squares_once_it_has_settled() -> None:
    # 60 MB in the first ten minutes, then 6 MB an hour.
    rising = [
        Look(60.0 * m, rss_mb=100.0 + (6.0 * m if m < 10 else 60 + m / 10)) for m in range(60)
    ]
    assert slope_mb_per_h(rising) == pytest.approx(6.0)
    short = [Look(float(s), rss_mb=100.0 if s >= 10 else 50.0) for s in range(30)]
    assert slope_mb_per_h(short) == pytest.approx(0.0, abs=1e-6)
    assert slope_mb_per_h(short[:2]) is None
    assert slope_mb_per_h([Look(float(s)) for s in range(30)]) is None


def test_what_was_not_there_before_is_left_over() -> None:
    before = Look(0.0, sessions=1, replies=0, requests=0, files=20)
    after = Look(9.0, sessions=3, replies=0, requests=1, files=21 + SPARE_FILES)
    assert after.left_over(before) == {"sessions": 2, "requests": 1, "files": 1}
    assert Look(9.0, sessions=1, files=20 + SPARE_FILES).left_over(before) == {}
    (told,) = leftover_figures(after, before)
    assert (told.value, told.note) == (4, "2 sessions, 1 requests, 1 files")
    assert has_failed([told], ("leftover",))
    assert has_failed(leftover_figures(None, before), ("leftover",))
    assert not has_failed(leftover_figures(before, before), ("leftover",))


def test_only_what_was_not_foreseen_is_trouble() -> None:
    log = (
        "12:00:00 info    ready\n12:00:00 warning trouble code=stt_failed\n"
        "12:00:01 error   session failed OverflowError < _grown:196\n"
        "Task exception was never retrieved\nTraceback (most recent call last):\n"
    )
    assert len(troubles(log)) == 3
    assert troubles("") == []
    assert different(["12:00:00 error a", "12:00:07 error a", "error b"]) == [
        {"log": "error a", "count": 2},
        {"log": "error b", "count": 1},
    ]


def test_waits_are_told_with_the_longest() -> None:
    waits, longest = waited("ping", "pings", [0.001, 0.002, 0.1])
    assert waits.summary is not None
    assert waits.summary.p50 == pytest.approx(2.0)
    assert longest.value == pytest.approx(100.0)
    assert waited("ping", "pings", []) == []


def test_memory_is_told_where_it_is_known() -> None:
    looks = [Look(0.0, rss_mb=90.0, threads=3), Look(1.0, rss_mb=120.0), Look(2.0, rss_mb=100.0)]
    told = {figure.name: figure.value for figure in memory_figures(looks)}
    assert told == {"rss.before": 90, "rss.most": 120, "rss.after": 100, "threads.most": 3}
    assert memory_figures([Look(0.0)]) == []
