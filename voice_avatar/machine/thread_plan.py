"""How many threads each engine computes with: one budget of cores for all of them. Pure.

Recogniser, language model and synthesizer run at once: with several users at any time, with a
single one while the next prompt is read during an interim transcript, or a reply is spoken over.
llama.cpp's threads wait for one another by spinning, so that one that has no core holds up all the
others: 2 threads on 2 cores fall from 12 ms a token to 115 to 180 as soon as another stage runs
(docs/decisions.md). So each of the three has one thread, and only cores that are left over are
given out, one by one, to whom a further thread saves the most time of a turn. No engine ever has
more threads than leaves one core for each thread of the others.

How much it saves is known for what was measured on this machine (`Timings`) and assumed for the
rest, so the same rule makes the plan before anything was measured, says what to measure next, and
makes the final plan.

The detector of speech and the turn model have one thread and are not in the budget: a window takes
the first 0.1 ms of 32, and the second is done before the recogniser, beside which it runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

PLANNED: Final = ("llm", "stt", "tts")
"""Stages that the budget is for; at equal gain the first is given a core first."""


MOST_THREADS: Final[Mapping[str, int]] = {"llm": 8, "stt": 4, "tts": 2}
"""More are not tried: 4 is the default of CTranslate2; a small language model is bound by memory
before it has 8; Piper makes its first audio in 56 ms with 1 thread and in 43 with 2."""

ASSUMED_MS: Final[Mapping[str, float]] = {"llm": 300.0, "stt": 200.0, "tts": 56.0}
"""What a stage takes of a turn with one thread, where it was not measured, milliseconds: of the
embedded preset on a server core of 2022, but for the language model, which grows first in a better
preset, twice that."""

_SERIAL: Final[Mapping[str, float]] = {"llm": 0.2, "stt": 0.5, "tts": 0.5}
"""Part of a stage that no further thread shortens, where it was not measured. With a core to itself
a second thread left 0.6 of the language model's time, 0.75 of the recogniser's and 0.77 of the
synthesizer's (docs/decisions.md)."""

_LEAST_GAIN = 0.05
"""Part of a stage's time that a further thread must save to be worth a core."""

Timings = Mapping[str, Mapping[int, float]]
"""Stage -> threads -> milliseconds that its part of a turn took with so many, measured alone or
with one thread of another stage beside it."""

Why = Literal["option", "plan", "tuned", "single", "elsewhere"]


@dataclass(frozen=True, slots=True)
class ThreadOptions:
    """How the engines share the processor.

    Attributes:
        cores: cores to plan for; 0 = those that the process may use (affinity, quota of its
            control group, two hardware threads of a core counted once).
        is_tuned: whether a first start measures what further threads save on this machine. It is
            kept in the model cache; where no core is left over (3 or fewer, with all models in
            the server) there is nothing to measure.
        tune_s: longest time that a start may spend on measuring, seconds; what it does not get to
            is measured by the next.
    """

    cores: int = 0
    is_tuned: bool = True
    tune_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Share:
    """The threads of one engine.

    Attributes:
        stage: "vad", "turn", "stt", "llm" or "tts".
        threads: how many, 1 or more.
        why: "option" = configured; "plan" = by the number of cores; "tuned" = by what was
            measured; "single" = it always has one; "elsewhere" = it computes on a GPU or another
            machine, or does not compute at all.
        ms: what was measured of it, threads -> milliseconds.
    """

    stage: str
    threads: int
    why: Why
    ms: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class ThreadPlan:
    """The threads of all engines.

    Attributes:
        cores: what was planned for.
        shares: one for each stage, in the order of a turn.
    """

    cores: int
    shares: tuple[Share, ...]

    def of(self, stage: str) -> int:
        """Returns how many a stage has."""
        return next(share.threads for share in self.shares if share.stage == stage)


def plan(cores: int, asked: Mapping[str, int], timings: Timings) -> ThreadPlan:
    """Shares out the cores.

    Args:
        cores: how many there are.
        asked: stages that compute on these cores -> their option `threads`, 0 = by the plan.
        timings: what was measured.
    """
    given, _ = _share_out(cores, asked, timings)
    shares = []
    for stage in ("vad", "turn", "stt", "llm", "tts"):
        ms = timings.get(stage, {})
        why: Why = "single"
        if stage in PLANNED:
            why = "elsewhere" if stage not in asked else "option" if asked[stage] else "plan"
        if why == "plan" and len(ms) > 1:
            why = "tuned"
        shares.append(Share(stage, given.get(stage, 1), why, ms if why == "tuned" else {}))
    return ThreadPlan(cores, tuple(shares))


def next_probe(cores: int, asked: Mapping[str, int], timings: Timings) -> tuple[str, int] | None:
    """Returns what should be measured next, (stage, threads); None = the plan is settled."""
    _, unknown = _share_out(cores, asked, timings)
    return unknown


def _share_out(
    cores: int, asked: Mapping[str, int], timings: Timings
) -> tuple[dict[str, int], tuple[str, int] | None]:
    """Returns the threads of every stage, and the first measurement that they were guessed for."""
    given = {stage: asked[stage] or 1 for stage in PLANNED if stage in asked}
    may_grow = [stage for stage in given if not asked[stage]]
    unknown: tuple[str, int] | None = None
    for _ in range(cores - sum(given.values())):
        gains = {
            stage: _gain_ms(stage, given[stage], timings)
            for stage in may_grow
            if given[stage] < MOST_THREADS[stage]
        }
        stage = max(gains, key=gains.__getitem__, default=None)
        if stage is None:
            break
        for probe in (*((each, 1) for each in may_grow), (stage, given[stage] + 1)):
            if unknown is None and probe[1] not in timings.get(probe[0], {}):
                unknown = probe
        if gains[stage] <= 0.0:
            break
        given[stage] += 1
    return given, unknown


def _gain_ms(stage: str, threads: int, timings: Timings) -> float:
    """Returns what one more thread saves, milliseconds; 0 for less than is worth a core."""
    now_ms = _estimate_ms(stage, threads, timings)
    gain_ms = now_ms - _estimate_ms(stage, threads + 1, timings)
    return gain_ms if gain_ms >= _LEAST_GAIN * now_ms else 0.0


def _estimate_ms(stage: str, threads: int, timings: Timings) -> float:
    """Returns what was measured, or what follows from fewer threads by Amdahl's law."""
    known = timings.get(stage, {})
    if threads in known:
        return known[threads]
    near = max((count for count in known if count < threads), default=None)
    if near is None:
        return ASSUMED_MS[stage] * _scale(_SERIAL[stage], threads)
    serial = _SERIAL[stage]
    if near > 1 and 1 in known:
        serial = (known[near] / known[1] * near - 1.0) / (near - 1.0)
        serial = min(1.0, max(0.0, serial))
    return known[near] * _scale(serial, threads) / _scale(serial, near)


def _scale(serial: float, threads: int) -> float:
    """Returns the time with so many threads, in times of that with one (Amdahl's law)."""
    return serial + (1.0 - serial) / threads
