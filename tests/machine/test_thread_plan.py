"""The thread plan: one budget of cores, spent where it saves the most."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.machine.thread_plan import MOST_THREADS, PLANNED, Timings, next_probe, plan

ALL = {"llm": 0, "stt": 0, "tts": 0}

timings_of = st.fixed_dictionaries(
    {
        stage: st.dictionaries(st.integers(1, 9), st.floats(1.0, 1000.0), max_size=6)
        for stage in PLANNED
    }
)


def threads(cores: int, asked: dict[str, int], timings: Timings | None = None) -> list[int]:
    """Returns the threads of llm, stt and tts."""
    made = plan(cores, asked, timings or {})
    return [made.of(stage) for stage in PLANNED]


def curve(ms: float, serial: float) -> dict[int, float]:
    """Returns what a stage takes with 1 to 16 threads by Amdahl's law."""
    return {count: ms * (serial + (1 - serial) / count) for count in range(1, 17)}


@pytest.mark.parametrize("cores", [1, 2, 3])
def test_up_to_three_cores_every_engine_has_one_thread_and_nothing_is_measured(cores: int) -> None:
    made = plan(cores, ALL, {})
    assert [(s.stage, s.threads) for s in made.shares] == [
        (stage, 1) for stage in ("vad", "turn", "stt", "llm", "tts")
    ]
    assert [s.why for s in made.shares] == ["single", "single", "plan", "plan", "plan"]
    assert next_probe(cores, ALL, {}) is None


@pytest.mark.parametrize(
    ("cores", "expected"),
    [(4, [2, 1, 1]), (5, [2, 2, 1]), (6, [3, 2, 1]), (8, [4, 3, 1]), (12, [6, 4, 2])],
)
def test_cores_left_over_go_to_the_language_model_and_the_recogniser_first(
    cores: int, expected: list[int]
) -> None:
    assert threads(cores, ALL) == expected


def test_a_large_machine_does_not_give_more_than_is_worth_a_core() -> None:
    given_ = threads(128, ALL)
    assert given_ == threads(64, ALL)
    assert all(n <= MOST_THREADS[stage] for stage, n in zip(PLANNED, given_, strict=True))


@given(st.integers(1, 64), timings_of)
def test_the_threads_of_all_engines_never_exceed_the_cores_but_for_one_each(
    cores: int, timings: Timings
) -> None:
    assert sum(threads(cores, ALL, timings)) <= max(cores, 3)
    assert min(threads(cores, ALL, timings)) >= 1


def test_a_configured_number_wins_and_counts() -> None:
    asked = {"llm": 3, "stt": 0, "tts": 0}
    assert threads(6, asked) == [3, 2, 1]
    assert threads(2, asked) == [3, 1, 1]
    made = plan(6, asked, {"llm": {1: 10.0, 2: 5.0}})
    assert {s.stage: s.why for s in made.shares}["llm"] == "option"


def test_what_computes_elsewhere_takes_no_core_and_no_measuring() -> None:
    asked = {"stt": 0, "tts": 0}
    assert threads(4, asked) == [1, 3, 1]
    assert {s.stage: s.why for s in plan(4, asked, {}).shares}["llm"] == "elsewhere"
    assert next_probe(4, {}, {}) is None


def test_measuring_turns_the_plan_to_whom_it_saves_the_most() -> None:
    slow_stt = {"llm": curve(100, 0.5), "stt": curve(900, 0.1), "tts": curve(50, 0.9)}
    assert threads(6, ALL, slow_stt) == [1, 4, 1]
    assert {s.stage: s.why for s in plan(6, ALL, slow_stt).shares}["stt"] == "tuned"


def test_a_thread_that_saves_nothing_is_not_given() -> None:
    spinning = {"llm": {1: 160.0, 2: 430.0}, "stt": {1: 200.0, 2: 195.0}, "tts": {1: 56.0, 2: 55.0}}
    assert threads(16, ALL, spinning) == [1, 1, 1]
    assert next_probe(16, ALL, spinning) is None


def test_a_thread_that_shortens_nothing_by_itself_ends_the_stage_even_if_more_would() -> None:
    stepped = {"llm": {1: 160.0, 2: 160.0, 3: 20.0}, "stt": {1: 1.0, 2: 1.0}, "tts": {1: 1.0, 2: 1}}
    assert threads(8, ALL, stepped) == [1, 1, 1]


def test_every_stage_is_measured_as_it_is_then_the_most_promising_with_one_more() -> None:
    known: dict[str, dict[int, float]] = {}
    truth = {"llm": curve(150, 0.9), "stt": curve(250, 0.3), "tts": curve(50, 0.5)}
    asked = []
    while (probe := next_probe(6, ALL, known)) is not None:
        asked.append(probe)
        known.setdefault(probe[0], {})[probe[1]] = truth[probe[0]][probe[1]]
    assert asked[:4] == [("llm", 1), ("stt", 1), ("tts", 1), ("stt", 2)]
    assert len(asked) == len(set(asked)) < 9
    assert threads(6, ALL, known) == threads(6, ALL, truth)


@given(st.integers(4, 40), timings_of)
def test_measuring_comes_to_an_end_within_the_threads_that_may_be_given(
    cores: int, truth: dict[str, dict[int, float]]
) -> None:
    known: dict[str, dict[int, float]] = {}
    for _ in range(sum(MOST_THREADS.values()) + 1):
        probe = next_probe(cores, ALL, known)
        if probe is None:
            break
        stage, count = probe
        assert count <= MOST_THREADS[stage]
        known.setdefault(stage, {})[count] = truth[stage].get(count, 500.0)
    assert next_probe(cores, ALL, known) is None


def test_an_engine_with_a_configured_number_is_not_measured() -> None:
    known: dict[str, dict[int, float]] = {}
    asked = {"llm": 2, "stt": 0, "tts": 0}
    for _ in range(20):
        probe = next_probe(8, asked, known)
        if probe is None:
            break
        assert probe[0] != "llm"
        known.setdefault(probe[0], {})[probe[1]] = 100.0 / probe[1]
