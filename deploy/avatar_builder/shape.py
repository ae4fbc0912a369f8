"""A person's build: which of MakeHuman's targets are mixed, and how much of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product

from avatar_builder.source import Floats, Source


@dataclass(frozen=True, slots=True)
class Build:
    """A person's build. Every number is 0 to 1; 0.5 is average.

    Attributes:
        gender: `female` or `male`.
        age: 0.5 is 25 years, 1 is 90 years.
        muscle, weight, height, proportions: 0.5 is average.
        ancestry: Shares of `african`, `asian` and `caucasian`, which sum to one.
        details: MakeHuman's detail targets by path (`nose/nose-hump-decr`), with their weights.
        rest: ARKit shapes that the face has at rest; a lid that is lower at rest closes by less.
    """

    gender: str
    age: float
    muscle: float
    weight: float
    height: float
    proportions: float
    ancestry: Mapping[str, float]
    details: Mapping[str, float] = field(default_factory=dict)
    rest: Mapping[str, float] = field(default_factory=dict)


def _around(value: float, low: str, middle: str, high: str) -> dict[str, float]:
    """Split a value between the middle and one of the ends, as MakeHuman does."""
    end, share = (low, 1 - 2 * value) if value < 0.5 else (high, 2 * value - 1)
    return {middle: 1 - share, end: share}


def macro_weights(build: Build) -> dict[str, float]:
    """Return the weight of every macro target that has a part in `build`.

    A target is named by the values that it combines, and weighs the product of their shares.
    """
    gender = build.gender
    ages = _around(max(build.age, 0.5), "young", "young", "old")
    muscles = _around(build.muscle, "minmuscle", "averagemuscle", "maxmuscle")
    weights = _around(build.weight, "minweight", "averageweight", "maxweight")
    heights = _around(build.height, "minheight", "", "maxheight")
    proportions = _around(build.proportions, "uncommonproportions", "", "idealproportions")
    mixed: dict[str, float] = {}
    for (ancestry, share), (age, of_age) in product(build.ancestry.items(), ages.items()):
        mixed[f"macrodetails/{ancestry}-{gender}-{age}"] = share * of_age
    for (age, a), (muscle, m), (weight, w) in product(
        ages.items(), muscles.items(), weights.items()
    ):
        frame = f"{gender}-{age}-{muscle}-{weight}"
        mixed[f"macrodetails/universal-{frame}"] = a * m * w
        for height, h in heights.items():
            mixed[f"macrodetails/height/{frame}-{height}"] = a * m * w * h
        for proportion, p in proportions.items():
            mixed[f"macrodetails/proportions/{frame}-{proportion}"] = a * m * w * p
    return {name: weight for name, weight in mixed.items() if weight and not name.endswith("-")}


def shaped(source: Source, build: Build) -> Floats:
    """Return the base mesh's positions (vertices, 3) for `build`, decimetres."""
    positions = source.mesh.positions.copy()
    for name, weight in macro_weights(build).items():
        if source.has_target(name):
            positions += weight * source.target(name)
    for name, weight in build.details.items():
        positions += weight * source.target(name)
    return positions
