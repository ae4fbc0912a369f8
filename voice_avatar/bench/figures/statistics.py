"""What many measured values come to. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from voice_avatar.bench.figures.results import Summary

RESAMPLES: Final = 2000
"""Bootstrap resamples. Another seed then moves an end of a 95 % interval by about 1.5 % of its
width: sqrt(0.025 x 0.975 / 2000) over the normal density there, 0.058, of a width of 3.92."""

_INTERVAL: Final = (2.5, 97.5)

_Z: Final = 1.96
"""Of the normal distribution: 95 %."""


def summary(values: Sequence[float], *, seed: int = 0) -> Summary:
    """Returns a distribution in numbers.

    Args:
        values: at least one.
        seed: of the bootstrap: equal values give equal intervals.

    Raises:
        ValueError: no values.
    """
    if not values:
        raise ValueError("there is nothing to summarise")
    data = np.asarray(values, np.float64)
    chance = np.random.default_rng(seed)
    drawn = data[chance.integers(0, data.size, (RESAMPLES, data.size))]
    p50, p90, p95, p99 = np.percentile(data, (50, 90, 95, 99))
    return Summary(
        count=data.size,
        mean=float(data.mean()),
        p50=float(p50),
        p90=float(p90),
        p95=float(p95),
        p99=float(p99),
        least=float(data.min()),
        most=float(data.max()),
        p50_ci=_interval(np.percentile(drawn, 50, axis=1)),
        p95_ci=_interval(np.percentile(drawn, 95, axis=1)),
    )


def wilson(part: int, whole: int) -> tuple[float, float]:
    """Returns the 95 % score interval of a share (E. B. Wilson, JASA 22, 1927).

    Args:
        part: how many it was.
        whole: of how many, at least one.
    """
    share, spread = part / whole, _Z**2 / whole
    middle = (share + spread / 2) / (1 + spread)
    half = math.sqrt(share * (1 - share) * spread + spread**2 / 4) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def _interval(estimates: np.typing.NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.percentile(estimates, _INTERVAL)
    return float(low), float(high)
