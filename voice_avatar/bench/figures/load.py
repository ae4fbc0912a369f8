"""What many conversations come to: the figures of `bench load`. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from voice_avatar.bench.figures.capacity import (
    LATE_S,
    SLOWDOWN,
    LoadPoint,
    capacity,
    memory_per_session_mb,
    paced_capacity,
)
from voice_avatar.bench.figures.line_events import Subject
from voice_avatar.bench.figures.results import Figure
from voice_avatar.bench.figures.statistics import summary


@dataclass(slots=True)
class LoadTurn:
    """A turn under load.

    Attributes:
        user: whose.
        turn: which, from 0.
        utterance: what was asked.
        v2v_s: from the last sample of speech sent to the first audible one played; None = no reply.
        underruns: times that the loudspeaker ran dry within the reply.
        audio_s: length of the reply's audio that came, seconds.
        mic_late_s: how late the latest microphone frame went out: a client that is itself
            overloaded measures itself.
        trouble: code of an error, "" = none.
    """

    user: int
    turn: int
    utterance: str
    v2v_s: float | None = None
    underruns: int = 0
    audio_s: float = 0.0
    mic_late_s: float = 0.0
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Load:
    """One load: its point on the curve, every turn, and who answered where that was noted."""

    point: LoadPoint
    turns: tuple[LoadTurn, ...]
    subject: Subject = field(default_factory=Subject)


def figures(loads: Sequence[Load]) -> list[Figure]:
    """Returns the figures of all loads, and what follows from them."""
    points = [load.point for load in loads]
    found = [_capacity_figure(points)]
    if (paced := paced_capacity(points)) is not None:
        found.append(
            Figure(
                name="capacity.paced",
                title=f"sessions with pacing lateness p99 <= {LATE_S * 1000:g} ms",
                unit="1",
                better="higher",
                value=paced,
                note="how late a frame of reply audio was handed to the socket, after the time at"
                " which it was made, committed, and allowed by the playout schedule; every question"
                " answered and no underrun at it and every smaller load" + _late_users(points),
            )
        )
    if (grown_mb := memory_per_session_mb(points)) is not None:
        found.append(
            Figure(
                name="memory_per_session",
                title="memory for each further session",
                unit="MB",
                better="lower",
                value=grown_mb,
                note="growth of the resident memory between the smallest and the largest load",
            )
        )
    return found + [figure for load in loads for figure in _load_figures(load)]


def _late_users(points: Sequence[LoadPoint]) -> str:
    """Says at which loads the users were late themselves: those do not measure the server alone."""
    late = [str(p.sessions) for p in points if p.users_p99_s is not None and p.users_p99_s > LATE_S]
    return f"; the users themselves were late at {', '.join(late)}" if late else ""


def _capacity_figure(points: Sequence[LoadPoint]) -> Figure:
    return Figure(
        name="capacity",
        title="sessions held",
        unit="1",
        better="higher",
        value=capacity(points),
        note=f"largest load with p95 <= {SLOWDOWN:g} x p95 of the smallest load, every question"
        " answered and no underrun, as at every smaller load; loads measured: "
        + ", ".join(str(point.sessions) for point in points),
    )


def _load_figures(load: Load) -> list[Figure]:
    point = load.point
    at = f"{point.sessions} session{'s' * (point.sessions > 1)}"
    found = []
    answered = [turn.v2v_s for turn in load.turns if turn.v2v_s is not None]
    if answered:
        found.append(
            Figure(
                name=f"load.{point.sessions}.v2v",
                title=f"voice to voice, {at}",
                unit="s",
                better="lower",
                summary=summary(answered),
                note="last sample of speech sent -> first audible sample played; first turns too",
            )
        )
    plain: Mapping[str, tuple[str, Any, float | None]] = {
        "missed": ("turns without a reply", "1", point.missed),
        "underruns": ("loudspeakers run dry", "1", point.underruns),
        "cpu": ("processor, % of one core", "%", point.cpu_percent),
        "rss": ("resident memory", "MB", point.rss_mb),
        "pacing_p99": ("pacing lateness p99", "ms", _ms(point.pacing_p99_s)),
        "loop_p99": ("event loop lateness p99", "ms", _ms(point.loop_p99_s)),
        "users_p99": ("lateness of the users' own frames p99", "ms", _ms(point.users_p99_s)),
        "users_late": (
            "latest frame of the users",
            "ms",
            _ms(max((turn.mic_late_s for turn in load.turns), default=None)),
        ),
    }
    for name, (title, unit, value) in plain.items():
        if value is not None:
            found.append(
                Figure(
                    name=f"load.{point.sessions}.{name}",
                    title=f"{title}, {at}",
                    unit=unit,
                    better="lower",
                    value=value,
                )
            )
    return found


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else 1000 * seconds
