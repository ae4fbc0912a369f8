"""Figures of what passes thousands of times a second: plain numbers, told only when asked for.

The counters of `prometheus_client` may be used from several threads: each step takes a lock and
2 µs, which for every frame in and out was a tenth of what a session cost. These are counted by the
event loop alone.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector


class FastCounter(Collector):
    """A counter with one label.

    Attributes:
        counts: value of the label -> count.
    """

    def __init__(self, name: str, help_text: str, label: str, values: Sequence[str]) -> None:
        self._name = name
        self._help = help_text
        self._label = label
        self.counts = dict.fromkeys(values, 0)

    def collect(self) -> Iterable[CounterMetricFamily]:
        """See `Collector`."""
        family = CounterMetricFamily(self._name, self._help, labels=[self._label])
        for value, count in self.counts.items():
            family.add_metric([value], count)
        return [family]


class FastHistogram(Collector):
    """A histogram without labels."""

    def __init__(self, name: str, help_text: str, edges: Sequence[float]) -> None:
        """`edges` are the upper edges of the buckets, rising; one for all the rest is added."""
        self._name = name
        self._help = help_text
        self._edges = tuple(edges)
        self._counts = [0] * (len(edges) + 1)
        self._sum = 0.0

    def observe(self, value: float, times: int = 1) -> None:
        """Counts a value so many times."""
        self._counts[bisect_left(self._edges, value)] += times
        self._sum += value * times

    def collect(self) -> Iterable[HistogramMetricFamily]:
        """See `Collector`."""
        buckets = []
        total = 0
        for edge, count in zip((*self._edges, float("inf")), self._counts, strict=True):
            total += count
            buckets.append(("+Inf" if edge == float("inf") else str(edge), total))
        return [HistogramMetricFamily(self._name, self._help, buckets, self._sum)]
