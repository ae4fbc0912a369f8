"""The waterfall of stages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.bench_turns import EARLY

from voice_avatar.bench.figures.waterfall import STEPS, waterfall


def test_an_endpoint_wait_counts_for_what_is_left_when_the_voice_is_ready() -> None:
    fall = waterfall(EARLY, zero_s=0.0, arrived_s=0.405, onset_s=0.42)
    assert fall.steps_s["commit"] == pytest.approx(0.05)
    assert fall.steps_s["stt"] == pytest.approx(0.154)  # the marks are placed by the first audio
    assert fall.steps_s["onset"] == pytest.approx(0.015)
    assert fall.residual_s == pytest.approx(0.004)
    assert fall.total_s == pytest.approx(0.42)


def test_an_endpoint_wait_before_the_work_hides_the_recognition() -> None:
    late = EARLY | {"commit": 0.145, "stt": 0.12}
    fall = waterfall(late, zero_s=0.0, arrived_s=0.401, onset_s=0.401)
    assert fall.steps_s["commit"] == pytest.approx(0.145)
    assert fall.steps_s["stt"] == 0.0
    assert fall.steps_s["llm_start"] == pytest.approx(0.006)


def test_the_time_until_the_pause_is_noticed_is_no_recognition() -> None:
    fall = waterfall(EARLY, zero_s=0.0, arrived_s=0.401, onset_s=0.401, noticed_s=0.07)
    assert fall.steps_s["noticed"] == pytest.approx(0.07)
    assert fall.steps_s["stt"] == pytest.approx(0.08)
    late = waterfall(
        EARLY | {"commit": 0.145}, zero_s=0.0, arrived_s=0.401, onset_s=0.401, noticed_s=0.07
    )
    assert late.steps_s["commit"] == pytest.approx(0.075)


def test_work_that_was_done_before_the_end_of_speech_costs_nothing() -> None:
    marks = {"stt": -0.4, "llm_start": -0.3, "ttft": -0.2, "first_chunk": -0.1, "ttfa": 0.02}
    fall = waterfall(
        marks | {"commit": 0.2, "sent": 0.2}, zero_s=-0.05, arrived_s=0.2, onset_s=0.22
    )
    assert [fall.steps_s[name] for name in ("stt", "llm_start", "ttft", "first_chunk")] == [0] * 4
    assert fall.steps_s["ttfa"] == pytest.approx(0.02)
    assert fall.steps_s["commit"] == pytest.approx(0.18)


_S = st.floats(-2, 3)


@given(
    st.dictionaries(st.sampled_from(sorted(set(STEPS) - {"onset", "noticed"})), _S),
    st.none() | _S,
    _S,
    st.floats(-1, 5),
    st.none() | _S,
)
def test_steps_are_never_negative_and_sum_to_the_wait(
    marks_s: dict[str, float],
    zero_s: float | None,
    arrived_s: float,
    onset_s: float,
    noticed_s: float | None,
) -> None:
    fall = waterfall(
        marks_s, zero_s=zero_s, arrived_s=arrived_s, onset_s=onset_s, noticed_s=noticed_s
    )
    assert set(fall.steps_s) == set(STEPS)
    assert min(fall.steps_s.values()) >= 0.0
    assert fall.total_s == pytest.approx(max(0.0, onset_s), abs=1e-9)
