"""Drawings of turns."""

from __future__ import annotations

from itertools import pairwise

import pytest
from kit.bench_pages import drawings, made, read, spread, turn, v2v_run

from voice_avatar.bench.figures.waterfall import STEPS
from voice_avatar.bench.report import page
from voice_avatar.bench.report.turn_plots import MOST_DOTS, MOST_TURNS, PART_OF


def test_the_steps_of_the_median_and_of_the_slowest_turn_are_told() -> None:
    html = page.render([v2v_run()])
    # Of 16 waits of 400 to 1150 ms, the 8th is as good a median as the 9th.
    median, slowest = drawings(html)[:2]
    assert "750 ms" in "".join(median.itertext())
    assert "1150 ms" in "".join(slowest.itertext())
    for step in STEPS.values():
        assert step in "".join(median.itertext())
    assert "first reaction, 150 ms" in "".join(median.itertext())


def test_the_steps_of_a_turn_are_drawn_end_to_end_over_the_whole_wait() -> None:
    timeline = drawings(page.render([v2v_run()]))[0]
    kinds = set(PART_OF.values())
    bars = [e for e in timeline.iter() if e.tag.endswith("rect") and e.get("class") in kinds]
    places = [(float(e.get("x", "0")), float(e.get("width", "0"))) for e in bars]
    assert len(places) == len(STEPS)
    for (x, width), (following, _) in pairwise(places):
        assert following == pytest.approx(x + width, abs=0.2)
    answer = next(e for e in timeline.iter() if e.get("class") == "avatar")
    assert float(answer.get("x", "0")) == pytest.approx(sum(places[-1]), abs=0.2)


def test_of_many_turns_as_many_as_can_be_read_are_drawn_from_the_quickest_to_the_slowest() -> None:
    html = page.render([v2v_run(count=300)])
    assert f"{MOST_TURNS} of 300 turns" in html
    stacks = drawings(html)[3]
    told = [e.text or "" for e in stacks.iter() if (e.text or "").startswith("clip_")]
    assert len(told) == MOST_TURNS
    ranks = {f"clip_{number_}": 7 * number_ % 300 for number_ in range(300)}
    order = [ranks[name.partition(" ")[0]] for name in told]
    assert (order[0], order[-1]) == (0, 299)
    assert order == sorted(order)


@pytest.mark.parametrize("count", [1, 16, MOST_DOTS, MOST_DOTS + 1, 400])
def test_every_value_is_in_the_distribution(count: int) -> None:
    html = page.render([v2v_run(count=count)])
    (drawing,) = (d for d in drawings(html) if "values: p50" in (d.get("aria-label") or ""))
    marks = [e for e in drawing.iter() if e.get("class") == "value"]
    if count <= MOST_DOTS:
        assert len(marks) == count
    else:
        hints = ["".join(e.itertext()) for e in marks]
        assert sum(int(hint.partition(" ")[0]) for hint in hints) == count


def test_turns_without_an_answer_or_without_stages_are_no_obstacle() -> None:
    silent = turn(0, 0.5) | {"v2v_s": None, "stages_s": None}
    plain = turn(1, 0.6) | {"stages_s": None}
    html = page.render([made("v2v", [spread("v2v", [600.0])], [silent, plain])])
    read(html)
    assert "Where the wait went" not in html
    assert "How the waits are spread" in html


def test_stages_of_a_server_that_tells_no_times_are_drawn_one_by_one() -> None:
    figures = [spread("v2v", [1500.0, 1600.0]), spread("told.stt", [900.0], title="recognition")]
    item = {"clip": "a", "v2v_s": 1.5, "stages_s": None}
    html = page.render([made("v2v", figures, [item])])
    assert "What the server tells of its stages" in html
    assert "recognition" in "".join(drawings(html)[0].itertext())
