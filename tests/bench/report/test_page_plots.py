"""Which drawings a kind of run has."""

from __future__ import annotations

from kit.bench_pages import drawings, interrupt_run, lipsync_run

from voice_avatar.bench.report import page


def test_steps_of_an_interruption_that_are_not_told_are_left_out() -> None:
    told = "".join(drawings(page.render([interrupt_run()]))[0].itertext())
    assert "last sample played" in told
    assert "last sample sent" not in told
    assert "315" in told  # the median of 300, 310, 320 and 330


def test_mouth_shapes_are_drawn_against_the_window_and_the_sounds() -> None:
    html = page.render([lipsync_run()])
    offsets, lanes = drawings(html)
    assert [e.get("class") for e in offsets.iter()].count("window") == 1
    assert [e.get("class") for e in offsets.iter()].count("value") == 2
    assert [e.get("class") for e in lanes.iter()].count("tie") == 2
    assert "<i>”" not in html
