"""The thread plan of this machine, and the measuring that it asks for.

`thread_plan.py` decides what to measure, `trials.py` does it; here is what lies between them:
the cores, the time that a start may spend, and the file that keeps what was measured, so that only
a first start pays. It holds for one processor, number of cores, set of packages and set of models.
Nothing here is fatal: what cannot be measured is planned without.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from voice_avatar.errors import VoiceAvatarError
from voice_avatar.machine.cores import processor, usable_cores
from voice_avatar.machine.thread_plan import ThreadOptions, ThreadPlan, Timings, next_probe, plan
from voice_avatar.machine.trials import EngineOptions, Trials
from voice_avatar.models.files import write_durably
from voice_avatar.models.store import ModelStore

_log = logging.getLogger(__name__)

_PACKAGES: Final = ("ctranslate2", "faster-whisper", "onnxruntime", "piper-tts", "xllamacpp")
_FOLDER: Final = "threads"

Measure = Callable[[str, int], float]
"""(stage, threads) -> milliseconds of its part of a turn."""


def nothing(stage: str, threads: int) -> None:
    """Tells nobody what is measured."""


def plan_threads(
    options: ThreadOptions,
    engines: EngineOptions,
    store: ModelStore,
    *,
    may_measure: bool = True,
    on_probe: Callable[[str, int], None] = nothing,
) -> ThreadPlan:
    """Returns the thread plan of this machine. Blocks while it measures, if there is need.

    Args:
        options: how to plan.
        engines: what is planned for.
        store: where the models and the measurements are.
        may_measure: whether to measure what is not known yet, and to fetch the models for that.
        on_probe: told the stage and its threads before each measurement.
    """
    cores = options.cores or usable_cores()
    asked = engines.asked()
    if not options.is_tuned or next_probe(cores, asked, {}) is None:
        return plan(cores, asked, {})
    try:
        facts = _facts(cores, asked, engines, store, may_fetch=may_measure)
    except VoiceAvatarError:  # whoever loads the engines tells it better
        return plan(cores, asked, {})
    kept = store.home / _FOLDER / f"{_digest(facts)}.json"
    timings = _read(kept)
    if may_measure and next_probe(cores, asked, timings) is not None:
        measure = Trials(engines, store).measure
        timings = tune(cores, asked, timings, measure, limit_s=options.tune_s, on_probe=on_probe)
        _write(kept, facts, timings)
    return plan(cores, asked, timings)


def tune(
    cores: int,
    asked: Mapping[str, int],
    timings: Timings,
    measure: Measure,
    *,
    limit_s: float,
    clock: Callable[[], float] = time.monotonic,
    on_probe: Callable[[str, int], None] = nothing,
) -> Timings:
    """Measures until the plan is settled or the time is up, and returns all that is known then.

    Nothing is begun that would end too late if it took as long as the longest one before.

    Args:
        cores, asked, timings: see `threads.plan`.
        measure: does it; where it fails, nothing more is measured.
        limit_s: longest time for all of it, seconds.
        clock: seconds.
        on_probe: told the stage and its threads before each measurement.
    """
    known = {stage: dict(ms) for stage, ms in timings.items()}
    begun_s = now_s = clock()
    longest_s = 0.0
    while now_s + longest_s - begun_s < limit_s:
        probe = next_probe(cores, asked, known)
        if probe is None:
            break
        stage, threads = probe
        on_probe(stage, threads)
        try:
            ms = measure(stage, threads)
        except VoiceAvatarError as error:
            _log.warning("threads not measured", extra={"stage": stage, "code": error.code})
            break
        known.setdefault(stage, {})[threads] = ms
        longest_s = max(longest_s, clock() - now_s)
        now_s = clock()
    return known


# -- keeping what was measured


class _Kept(msgspec.Struct, frozen=True):
    """A file of measurements: what they hold for, and stage -> threads -> milliseconds."""

    facts: dict[str, Any]
    ms: dict[str, dict[int, float]]


def _facts(
    cores: int,
    asked: Mapping[str, int],
    engines: EngineOptions,
    store: ModelStore,
    *,
    may_fetch: bool,
) -> dict[str, Any]:
    """Returns what measurements depend on.

    Raises:
        ModelError: a model is not here, and is not to be had.
    """
    names = {"stt": engines.stt.model, "llm": engines.llm.model, "tts": engines.tts.voice}
    models = {}
    for stage in sorted(asked):
        if may_fetch:
            store.resolve(names[stage])
        models[stage] = store.fingerprint(names[stage])
    return {
        "processor": processor(),
        "cores": cores,
        "packages": {name: _version(name) for name in _PACKAGES},
        "models": models,
        "compute_type": engines.tables.stt.faster_whisper.compute_type,
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _digest(facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(msgspec.json.encode(facts, order="sorted")).hexdigest()[:16]


def _read(path: Path) -> Timings:
    """Returns what was measured before; nothing where there is no such file, or it is damaged."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Kept).ms
    except (OSError, msgspec.DecodeError):
        return {}


def _write(path: Path, facts: dict[str, Any], timings: Timings) -> None:
    """Keeps what was measured, where the folder can be written."""
    ms = {stage: dict(times) for stage, times in timings.items()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, msgspec.json.encode(_Kept(facts, ms)))
    except OSError as error:
        _log.warning("measurements not kept", extra={"reason": error.strerror})
