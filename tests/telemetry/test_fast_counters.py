"""Plain figures of the event loop, as Prometheus reads them."""

from __future__ import annotations

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from voice_avatar.telemetry.fast_counters import FastCounter, FastHistogram


def told(counter: FastCounter | FastHistogram) -> list[str]:
    """Returns the samples that are told, without comments."""
    registry = CollectorRegistry()
    registry.register(counter)
    lines = generate_latest(registry).decode().splitlines()
    return [line for line in lines if not line.startswith("#")]


def test_a_counter_tells_each_of_its_values_from_the_start() -> None:
    counter = FastCounter("bytes", "Bytes.", "direction", ("in", "out"))
    counter.counts["in"] += 3
    assert told(counter) == ['bytes_total{direction="in"} 3.0', 'bytes_total{direction="out"} 0.0']


def test_a_value_on_an_edge_belongs_to_the_bucket_below_it() -> None:
    counter = FastHistogram("late", "How late.", (0.5, 1.0))
    counter.observe(0.5, 2)
    counter.observe(0.75)
    counter.observe(3.0)
    assert told(counter) == [
        'late_bucket{le="0.5"} 2.0',
        'late_bucket{le="1.0"} 3.0',
        'late_bucket{le="+Inf"} 4.0',
        "late_count 4.0",
        "late_sum 4.75",
    ]


def test_a_histogram_of_nothing_is_told_too() -> None:
    assert told(FastHistogram("late", "How late.", (1.0,)))[-2:] == [
        "late_count 0.0",
        "late_sum 0.0",
    ]
