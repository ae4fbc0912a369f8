"""The face in numbers, from `data/faces/face.toml`: expressions, limits, gaze, blinks. Pure.

Arrays have one column for each of ARKit's 52 shapes, in the order of `viseme_sets.ARKIT`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from voice_avatar.acting.mouth.viseme_sets import ARKIT
from voice_avatar.acting.mouth.viseme_tables import VISEMES, arkit_weights

Curves = npt.NDArray[np.float32]
"""Weights over time: (frames, shapes), 0..1."""

LIMIT_HZ: Final = 60
"""Limits hold for so long a step: 1/60 s."""

_MOUTH: Final = ("jaw", "mouth", "cheekPuff", "tongue")


@dataclass(frozen=True, slots=True)
class BlinkTable:
    """How often and how fast the lids close; times are seconds.

    Attributes:
        rest_per_s: blinks per second while silent.
        talking_per_s: likewise while talking.
        close_s: least and most time to close.
        open_s: time to open.
        gap_s: least time from one to the next.
        pull_s: a blink due this soon comes at once when something invites it.
    """

    rest_per_s: float
    talking_per_s: float
    close_s: tuple[float, float]
    open_s: float
    gap_s: float
    pull_s: float


@dataclass(frozen=True, slots=True)
class GazeTable:
    """Where targets are and how eyes get there.

    Attributes:
        targets: target -> degrees to the avatar's left, degrees up.
        full_deg: turn of the eye at which its shape has weight 1.
        saccade_s: time of a shift that has no size, seconds.
        saccade_s_deg: more of it for each degree.
        blink_deg: a shift this large invites a blink.
    """

    targets: Mapping[str, tuple[float, float]]
    full_deg: float
    saccade_s: float
    saccade_s_deg: float
    blink_deg: float


@dataclass(frozen=True, slots=True)
class FaceTables:
    """All of it. Arrays are not to be written to.

    Attributes:
        visemes: (15, 52), weights of each viseme.
        expressions: names, in the order of the rows of `shapes`.
        shapes: (expressions, 52), weights at intensity 1.
        flashes: expressions that come on top of the mood.
        mouth: (52,) of bool, shapes of jaw, lips and tongue.
        limit: (52,), most change in 1/60 s.
        keeps_peak: (52,) of bool, shapes whose peaks are kept when they have to be slowed down.
        closed: (15,), share of an expression's mouth that each viseme takes away.
        speaking: share of it that is left in speech.
        settle_s: time until it is back, seconds.
        open: sum of viseme weights from which on a mouth speaks.
        mood_decay_s: time from a mood to the baseline, seconds.
        flash_decay_s: likewise of a flash.
        release_fast_s: time of mouth and lids to rest after a reply, seconds.
        release_slow_s: likewise of the rest of the face.
        blink: see `BlinkTable`.
        gaze: see `GazeTable`.
    """

    visemes: Curves
    expressions: tuple[str, ...]
    shapes: Curves
    flashes: frozenset[str]
    mouth: npt.NDArray[np.bool_]
    limit: Curves
    keeps_peak: npt.NDArray[np.bool_]
    closed: Curves
    speaking: float
    settle_s: float
    open: float
    mood_decay_s: float
    flash_decay_s: float
    release_fast_s: float
    release_slow_s: float
    blink: BlinkTable
    gaze: GazeTable


@cache
def face_tables() -> FaceTables:
    """Returns the tables of the package."""
    folder = resources.files("voice_avatar").joinpath("data", "faces")
    return parse(folder.joinpath("face.toml").read_text("utf-8"))


def parse(toml_text: str) -> FaceTables:
    """Reads the tables.

    Raises:
        KeyError, TypeError, ValueError: they are none (package data is checked by tests).
    """
    data: dict[str, Any] = tomllib.loads(toml_text)
    layers = {name: row.pop("layer") for name, row in data["expressions"].items()}
    limits = _limits(data["limits"])
    mouth, decay, release = data["mouth"], data["decay"], data["release"]
    return FaceTables(
        visemes=np.stack([_row(arkit_weights(((v, 1.0),))) for v in range(len(VISEMES))]),
        expressions=tuple(data["expressions"]),
        shapes=np.stack([_row(_both_sides(row)) for row in data["expressions"].values()]),
        flashes=frozenset(name for name, layer in layers.items() if layer == "flash"),
        mouth=np.array([name.startswith(_MOUTH) for name in ARKIT]),
        limit=np.array([limits[name][0] for name in ARKIT], np.float32),
        keeps_peak=np.array([limits[name][1] for name in ARKIT]),
        closed=np.array([mouth["closed"].get(name, 0.0) for name in VISEMES], np.float32),
        speaking=mouth["speaking"],
        settle_s=mouth["settle_ms"] / 1000,
        open=mouth["open"],
        mood_decay_s=decay["mood_ms"] / 1000,
        flash_decay_s=decay["flash_ms"] / 1000,
        release_fast_s=release["fast_ms"] / 1000,
        release_slow_s=release["slow_ms"] / 1000,
        blink=_blink(data["blink"]),
        gaze=_gaze(data["gaze"], data["eyes"]),
    )


def _both_sides(row: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a row whose shapes have their sides: "browDown" is browDownLeft and -Right."""
    named: dict[str, Any] = {}
    for name, value in row.items():
        sides = (name,) if name in ARKIT else (f"{name}Left", f"{name}Right")
        for side in sides:
            if side not in ARKIT:
                raise ValueError(f"{side} is no shape of ARKit's")
            named[side] = value
    return named


def _row(weights: Mapping[str, float]) -> Curves:
    row = np.zeros(len(ARKIT), np.float32)
    for name, weight in weights.items():
        row[ARKIT.index(name)] = weight
    return row


def _limits(rows: dict[str, dict[str, Any]]) -> dict[str, tuple[float, bool]]:
    """Returns shape -> most change, whether its peaks are kept."""
    named = dict.fromkeys(ARKIT, rows.pop("other")) | _both_sides(rows)
    return {name: (row["most"], row["keep"] == "peak") for name, row in named.items()}


def _blink(row: Mapping[str, Any]) -> BlinkTable:
    least, most = row["close_ms"]
    return BlinkTable(
        row["rest_per_min"] / 60,
        row["talking_per_min"] / 60,
        (least / 1000, most / 1000),
        row["open_ms"] / 1000,
        row["gap_ms"] / 1000,
        row["pull_ms"] / 1000,
    )


def _gaze(targets: Mapping[str, Any], eyes: Mapping[str, float]) -> GazeTable:
    return GazeTable(
        {name: (left, up) for name, (left, up) in targets.items()},
        eyes["full_deg"],
        eyes["saccade_ms"] / 1000,
        eyes["saccade_ms_deg"] / 1000,
        eyes["blink_deg"],
    )
