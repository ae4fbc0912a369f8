"""The offset between the clocks of client and server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.client.rules.clock import Exchange, best

TIMES = st.floats(0, 1000)


@given(TIMES, TIMES, TIMES, st.floats(-1e6, 1e6))
def test_the_offset_is_wrong_by_at_most_half_of_what_the_ways_differ_by(
    there_ms: float, stays_ms: float, back_ms: float, offset_ms: float
) -> None:
    arrived = 50.0 + there_ms + offset_ms
    exchange = Exchange(50.0, arrived, arrived + stays_ms, 50.0 + there_ms + stays_ms + back_ms)
    assert exchange.round_trip_ms == pytest.approx(there_ms + back_ms, abs=1e-6)
    error_ms = exchange.offset_ms - offset_ms
    assert error_ms == pytest.approx((there_ms - back_ms) / 2, abs=1e-6)


def test_the_quickest_exchange_counts_and_the_first_of_equals() -> None:
    slow, quick, again = (
        Exchange(0.0, 10.0, 10.0, 30.0),
        Exchange(0.0, 10.0, 10.0, 20.0),
        Exchange(5.0, 15.0, 15.0, 25.0),
    )
    assert best([slow, quick, again]) is quick
    with pytest.raises(ValueError, match="empty"):
        best([])
