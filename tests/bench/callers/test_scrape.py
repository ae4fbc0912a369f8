"""What a server's own figures say."""

from __future__ import annotations

import pytest

from voice_avatar.bench.callers.scrape import Reading, metrics_url, quantile, read
from voice_avatar.telemetry.metrics import Metrics


def test_the_figures_of_our_server_are_read() -> None:
    metrics = Metrics()
    metrics.set_running(replies=2, requests=1)
    before = read(metrics.exposition()[0].decode())
    for late_s in [0.0005] * 98 + [0.03] * 2:
        metrics.note_lateness(late_s)
    after = read(metrics.exposition()[0].decode())
    assert after.running_replies == 2
    assert after.running_requests == 1
    assert after.cpu_s is not None
    assert after.rss_bytes is not None
    assert quantile(before.lateness, after.lateness, 0.5) == pytest.approx(0.00025, abs=0.0002)
    assert 0.02 < (quantile(before.lateness, after.lateness, 0.99) or 0) <= 0.05
    assert quantile(before.pacing, after.pacing, 0.5) is None
    metrics.note_pacing(4, 0.02)
    paced = read(metrics.exposition()[0].decode())
    assert 0.015 < (quantile(after.pacing, paced.pacing, 0.5) or 0) <= 0.02


def test_a_server_that_tells_nothing_has_no_lateness() -> None:
    assert read("something_else 3\n") == Reading()
    assert quantile({}, {}, 0.99) is None


def test_figures_are_on_the_port_of_the_sessions() -> None:
    assert metrics_url("wss://a.example:8765/v1/ws?x=1") == "https://a.example:8765/metrics"
