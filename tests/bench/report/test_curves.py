"""Curves of several runs, or of several settings."""

from __future__ import annotations

from itertools import pairwise

from kit.bench_pages import drawings, load_run, made, read, share, spread, texts, v2v_run

from voice_avatar.bench.report import page


def test_several_runs_of_v2v_are_drawn_as_a_curve_of_cut_offs_against_latency() -> None:
    runs = [
        v2v_run(settings={"server": {"turn.patience": patience, "session.temperature": "0.0"}})
        for patience in ("0.7", "1.5")
    ]
    html = page.render(runs)
    read(html)
    told = "".join(drawings(html)[0].itertext())
    assert "Cut-offs against latency" in html
    assert "patience 0.7" in told
    assert "patience 1.5" in told
    assert "temperature" not in told  # both have it
    assert "Cut-offs against latency" not in page.render(runs[:1])


def test_servers_are_put_beside_one_another_by_their_names() -> None:
    theirs = v2v_run(subject={"name": "pipecat-ai", "version": "1.14.0"})
    html = page.render([v2v_run(settings={"server": {"turn.patience": "1"}}), theirs])
    read(html)
    waits, cut_offs, *_ = ("".join(drawing.itertext()) for drawing in drawings(html))
    for told in (waits, cut_offs):
        assert "voice-avatar" in told
        assert "pipecat-ai 1.14.0" in told
        assert "patience" not in told  # there is only one of each
    rows = [cell.strip() for cell in texts(html[: html.index("<h1>Voice to voice")]).splitlines()]
    assert rows.count("6.25") == 2
    assert rows.count("–") == 2 * 4  # reactions, misses, word errors, waste


def test_runs_that_differ_in_nothing_are_told_apart_by_revision_or_date() -> None:
    other = v2v_run(revision="def456")
    told = "".join(drawings(page.render([v2v_run(), other]))[0].itertext())
    assert "abc123" in told
    assert "def456" in told
    later = v2v_run(started="2026-11-24T10:00:00+00:00")
    told = "".join(drawings(page.render([v2v_run(), later]))[0].itertext())
    assert "2026-11-24" in told


def test_names_of_points_that_are_close_do_not_lie_on_one_another() -> None:
    figures = [
        figure
        for patience in ("0.7", "1", "1.5")
        for figure in (
            spread(f"patience_{patience}.v2v", [500.0, 501.0]),
            share(f"patience_{patience}.cut_offs.paused", 0.0, "0 of 5"),
        )
    ]
    (drawing, *_) = drawings(page.render([made("endpoint", figures, [])]))
    names = [e for e in drawing.iter() if (e.text or "").startswith("patience ")]
    heights = sorted(float(e.get("y", "0")) for e in names if e.tag.endswith("text"))
    assert len(heights) == 3
    assert all(b - a >= 14 for a, b in pairwise(heights))
    # Of five clips none was cut off: that can be 43 %.
    doubts = [e for e in drawing.iter() if e.get("class") == "doubt"]
    assert len(doubts) == 3
    assert float(doubts[0].get("y2", "0")) < float(doubts[0].get("y1", "0")) - 50


def test_the_settings_of_the_endpoint_bench_are_a_curve_too() -> None:
    figures = [
        figure
        for patience in ("0.7", "3")
        for figure in (
            spread(f"patience_{patience}.v2v", [500.0, 600.0]),
            share(f"patience_{patience}.cut_offs.paused", 40.0),
        )
    ]
    told = "".join(drawings(page.render([made("endpoint", figures, [])]))[0].itertext())
    assert "patience 0.7" in told
    assert "patience 3" in told


def test_a_load_is_drawn_with_its_limits_and_what_broke_is_told() -> None:
    html = page.render([load_run()])
    curves = "".join(drawings(html)[0].itertext())
    assert "1.5 × p95 of the smallest load" in curves
    assert "10 ms" in curves
    assert "run dry" in texts(html)


def test_a_server_that_tells_nothing_of_itself_has_a_load_curve_of_its_latency_alone() -> None:
    html = page.render([load_run(cpu_percent=None, rss_mb=None, loop_p99_s=None)])
    assert html.count("not told by the server") == 3


def test_a_load_at_which_no_turn_was_answered_can_be_drawn() -> None:
    read(page.render([load_run(p50_s=None, p95_s=None)]))
