"""The thread plan of a machine: what is measured, when, and what is kept of it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from voice_avatar.engines.faster_whisper_stt import FasterWhisperOptions
from voice_avatar.engines.tables import EngineTables, SttTables
from voice_avatar.errors import EngineUnavailable, SttFailed
from voice_avatar.machine import tuning
from voice_avatar.machine.thread_plan import ThreadOptions
from voice_avatar.machine.trials import EngineOptions
from voice_avatar.machine.tuning import plan_threads, tune
from voice_avatar.models.store import ModelStore
from voice_avatar.stages.llm import LlmOptions
from voice_avatar.stages.stt import SttOptions
from voice_avatar.stages.tts import TtsOptions

ALL = {"llm": 0, "stt": 0, "tts": 0}
FOUR = ThreadOptions(cores=4)


class Machine:
    """A machine on which two threads take a half of the time of one, and a clock."""

    def __init__(self, each_s: float = 0.5) -> None:
        self.now_s = 100.0
        self.each_s = each_s
        self.measured: list[tuple[str, int]] = []
        self.fails_on: tuple[str, int] | None = None

    def clock(self) -> float:
        return self.now_s

    def measure(self, stage: str, threads: int) -> float:
        if (stage, threads) == self.fails_on:
            raise SttFailed("out of memory")
        self.measured.append((stage, threads))
        self.now_s += self.each_s
        return 240.0 / threads


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()

    class Trials:
        def __init__(self, engines: EngineOptions, store: ModelStore) -> None:
            self.measure = machine.measure

    monkeypatch.setattr(tuning, "Trials", Trials)
    return machine


@pytest.fixture
def engines(tmp_path: Path) -> EngineOptions:
    """Options whose models are files."""
    for name in ("stt", "llm", "tts"):
        (tmp_path / name).write_text(name)
    return EngineOptions(
        SttOptions(model=str(tmp_path / "stt")),
        LlmOptions(model=str(tmp_path / "llm")),
        TtsOptions(voice=str(tmp_path / "tts")),
    )


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "home", offline=True)


def kept(store: ModelStore) -> list[Path]:
    return sorted((store.home / "threads").glob("*"))


# -- the time that it may take


def test_it_measures_until_the_plan_is_settled() -> None:
    machine = Machine(0.1)
    known = tune(4, ALL, {}, machine.measure, limit_s=5.0, clock=machine.clock)
    assert machine.measured == [("llm", 1), ("stt", 1), ("tts", 1), ("llm", 2)]
    assert known["llm"] == {1: 240.0, 2: 120.0}


def test_nothing_is_begun_that_would_end_after_the_limit() -> None:
    machine = Machine(2.0)
    tune(4, ALL, {}, machine.measure, limit_s=5.0, clock=machine.clock)
    assert machine.now_s - 100.0 <= 5.0
    assert len(machine.measured) == 2


def test_no_time_is_no_measuring() -> None:
    machine = Machine()
    assert tune(4, ALL, {}, machine.measure, limit_s=0.0, clock=machine.clock) == {}
    assert machine.measured == []


def test_what_fails_ends_the_measuring_and_keeps_what_is_known() -> None:
    machine = Machine()
    machine.fails_on = ("stt", 1)
    known = tune(4, ALL, {}, machine.measure, limit_s=5.0, clock=machine.clock)
    assert known == {"llm": {1: 240.0}}


def test_each_measurement_is_told_before_it_is_made() -> None:
    machine = Machine()
    told: list[tuple[str, int, int]] = []

    def note(stage: str, threads: int) -> None:
        told.append((stage, threads, len(machine.measured)))

    tune(4, ALL, {}, machine.measure, limit_s=9.0, clock=machine.clock, on_probe=note)
    assert told == [("llm", 1, 0), ("stt", 1, 1), ("tts", 1, 2), ("llm", 2, 3)]


# -- the plan of this machine


def test_where_no_core_is_left_over_nothing_is_looked_at(
    machine: Machine, engines: EngineOptions, store: ModelStore
) -> None:
    missing = replace(engines, stt=SttOptions(model="whisper-base"))
    made = plan_threads(ThreadOptions(cores=2), missing, store)
    assert [share.threads for share in made.shares] == [1] * 5
    assert machine.measured == []
    assert not store.home.exists()


def test_a_first_start_measures_and_a_second_one_remembers(
    machine: Machine, engines: EngineOptions, store: ModelStore
) -> None:
    first = plan_threads(FOUR, engines, store)
    assert first.of("llm") == 2
    assert {share.stage: share.why for share in first.shares}["llm"] == "tuned"
    count = len(machine.measured)
    assert count == 4
    assert plan_threads(FOUR, engines, store) == first
    assert len(machine.measured) == count
    (file,) = kept(store)
    facts = json.loads(file.read_bytes())["facts"]
    assert facts["cores"] == 4
    assert facts["processor"]


def test_a_start_goes_on_where_the_one_before_ran_out_of_time(
    machine: Machine, engines: EngineOptions, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = ThreadOptions(cores=4, tune_s=1.2)
    real = tuning.tune

    def with_its_clock(*args: object, **options: object) -> object:
        return real(*args, **options, clock=machine.clock)  # type: ignore[arg-type]

    monkeypatch.setattr(tuning, "tune", with_its_clock)
    assert plan_threads(short, engines, store).of("llm") == 2
    assert machine.measured == [("llm", 1), ("stt", 1)]
    plan_threads(short, engines, store)
    assert machine.measured == [("llm", 1), ("stt", 1), ("tts", 1), ("llm", 2)]


@pytest.mark.parametrize(
    "change",
    [
        lambda e: replace(
            e, tables=EngineTables(stt=SttTables(FasterWhisperOptions(compute_type="float32")))
        ),
        lambda e: Path(e.llm.model).write_text("another model") and e,
    ],
)
def test_other_models_are_measured_anew(
    machine: Machine,
    engines: EngineOptions,
    store: ModelStore,
    change: Callable[[EngineOptions], EngineOptions],
) -> None:
    plan_threads(FOUR, engines, store)
    count = len(machine.measured)
    plan_threads(FOUR, change(engines), store)
    assert len(machine.measured) == 2 * count
    assert len(kept(store)) == 2


def test_measuring_can_be_switched_off_and_left_to_others(
    machine: Machine, engines: EngineOptions, store: ModelStore
) -> None:
    by_cores = plan_threads(replace(FOUR, is_tuned=False), engines, store)
    assert plan_threads(FOUR, engines, store, may_measure=False) == by_cores
    assert machine.measured == []
    assert kept(store) == []


def test_a_damaged_file_is_measured_over(
    machine: Machine, engines: EngineOptions, store: ModelStore
) -> None:
    plan_threads(FOUR, engines, store)
    (file,) = kept(store)
    file.write_text("{")
    plan_threads(FOUR, engines, store)
    assert len(machine.measured) == 8
    assert json.loads(file.read_bytes())["ms"]["llm"] == {"1": 240.0, "2": 120.0}


def test_a_model_that_is_not_to_be_had_is_left_to_whoever_loads_it(
    machine: Machine, engines: EngineOptions, store: ModelStore
) -> None:
    missing = replace(engines, stt=SttOptions(model="whisper-large-v3-turbo"))
    made = plan_threads(FOUR, missing, store)
    assert made.of("llm") == 2
    assert machine.measured == []


def test_an_engine_that_cannot_be_loaded_is_no_end(
    engines: EngineOptions,
    store: ModelStore,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def unavailable(*engine: object) -> object:
        raise EngineUnavailable("no such library")

    monkeypatch.setattr("voice_avatar.machine.trials.load_engine", unavailable)
    with caplog.at_level(logging.WARNING):
        assert plan_threads(FOUR, engines, store).of("llm") == 2
    assert caplog.messages == ["threads not measured"]


def test_a_folder_that_cannot_be_written_costs_only_the_memory(
    machine: Machine, engines: EngineOptions, store: ModelStore, caplog: pytest.LogCaptureFixture
) -> None:
    store.home.write_text("a file where the folder should be")
    with caplog.at_level(logging.WARNING):
        assert plan_threads(FOUR, engines, store).of("llm") == 2
    assert caplog.messages == ["measurements not kept"]
