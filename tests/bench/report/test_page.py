"""The page of a run: what it shows, and that it stands alone."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from voice_avatar.bench.figures.results import Figure, Run, Unit
from voice_avatar.bench.figures.statistics import summary
from voice_avatar.bench.figures.waterfall import STEPS
from voice_avatar.bench.report import page
from voice_avatar.bench.report.svg import Axis, axis, fitting, folded, number, pretty
from voice_avatar.bench.report.turn_plots import MOST_DOTS, MOST_TURNS, PART_OF

VOID = {"meta"}


class Reader(HTMLParser):
    """Checks that tags are closed in order, and keeps what is asked for from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.fetched += [value or "" for key, value in attrs if key in {"src", "href", "srcset"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    assert reader.open == []
    return reader


def drawings(html: str) -> list[ET.Element]:
    """Returns the drawings; a browser is lenient, an XML parser is not."""
    return [ET.fromstring(text) for text in re.findall(r"<svg.*?</svg>", html, re.DOTALL)]


def texts(html: str) -> str:
    return re.sub(r"<[^>]+>", "\n", html)


def spread(name: str, values: list[float], unit: Unit = "ms", title: str = "") -> Figure:
    return Figure(
        name=name, title=title or name, unit=unit, better="lower", summary=summary(values)
    )


def share(name: str, value: float, note: str = "") -> Figure:
    return Figure(name=name, title=name, unit="%", better="lower", value=value, note=note)


def made(kind: str, figures: list[Figure], items: list[dict[str, Any]], **more: Any) -> Run:
    facts: dict[str, Any] = {
        "started": "2026-11-23T10:00:00+00:00",
        "command": f"voice-avatar bench {kind}",
        "subject": {"name": "voice-avatar", "models": {"stt": {"name": "ear", "sha256": "ab12"}}},
        "machine": {"cpu": "A processor", "cores": 2},
        "revision": "abc123",
        "settings": {},
    }
    return Run(kind=kind, figures=figures, items=items, **(facts | more))


# -- runs that were never measured


def turn(number_: int, v2v_s: float, clip: str = "clip") -> dict[str, Any]:
    """Returns a turn of equal steps that add up."""
    return {
        "clip": f"{clip}_{number_}",
        "number": number_,
        "v2v_s": v2v_s,
        "reaction_s": 0.15,
        "stages_s": dict.fromkeys(STEPS, v2v_s / len(STEPS)),
        "trouble": [],
    }


def v2v_run(count: int = 16, **more: Any) -> Run:
    """Returns turns of 400, 450, 500 … ms, in no order."""
    waits_s = [0.4 + 0.05 * (7 * number_ % count) for number_ in range(count)]
    figures = [
        spread("v2v", [1000 * wait_s for wait_s in waits_s], title="voice to voice"),
        share("cut_offs", 6.25, "1 of 16, 95 % CI 1.1..28.3 %; taken to be over too early"),
    ]
    items = [turn(number_, wait_s) for number_, wait_s in enumerate(waits_s)]
    return made("v2v", figures, items, **more)


def load_run(**changes: Any) -> Run:
    points = [
        {"sessions": n, "p50_s": 0.4, "p95_s": 0.5 * n, "turns": 5 * n, "missed": 0,
         "underruns": n - 1, "cpu_percent": 20.0 * n, "rss_mb": 900.0 + n, "loop_p99_s": 0.001 * n}
        | changes
        for n in (1, 2, 4)
    ]  # fmt: skip
    held = Figure(name="capacity", title="sessions held", unit="1", better="higher", value=1)
    figures = [held, spread("load.1.v2v", [0.4], "s")]
    return made("load", figures, [], settings={"points": points})


def interrupt_run() -> Run:
    items = [
        {"kind": "speech", "is_cut": True, "noticed_s": 0.2, "told_s": 0.3, "last_sent_s": None,
         "last_played_s": 0.3 + 0.01 * i, "work_drop_s": None}
        for i in range(4)
    ]  # fmt: skip
    return made("interrupt", [share("false_interruptions", 25.0, "1 of 4")], items)


def lipsync_run() -> Run:
    phones = [
        {"phone": name, "heard_s": at_s, "heard_end_s": at_s + 0.1, "shown_s": shown_s,
         "is_closed": True if name == "P" else None}
        for name, at_s, shown_s in (("P", 0.0, 0.02), ("L", 0.1, 0.08), ("IY", 0.2, None))
    ]  # fmt: skip
    items = [{"text": "Plea <b>", "phones": []}, {"text": "Plea <i>", "phones": phones}]
    return made("lipsync", [spread("visemes.offset", [-20.0, 20.0])], items)


# -- the page


def test_a_page_stands_alone_without_script_or_any_other_file() -> None:
    html = page.render([v2v_run()])
    reader = read(html)
    assert reader.fetched == []
    assert not {"script", "link", "img", "iframe"} & set(reader.tags)
    assert "url(" not in html
    assert "@import" not in html
    assert "prefers-color-scheme: dark" in html


def test_every_drawing_is_well_formed_and_says_in_words_what_it_shows() -> None:
    found = drawings(page.render([v2v_run()]))
    assert len(found) == 5
    for drawing in found:
        assert drawing.get("aria-label")
        assert drawing.get("role") == "img"


def test_every_class_that_is_drawn_has_a_look() -> None:
    html = page.render([v2v_run(), load_run(), interrupt_run(), lipsync_run()])
    style = html.partition("<style>")[2].partition("</style>")[0]
    looks = set(re.findall(r"\.([a-z]+)", style))
    drawn = {
        word
        for drawing in drawings(html)
        for element in drawing.iter()
        for word in (element.get("class") or "").split()
    }
    assert drawn - looks == set()


def test_what_a_server_or_a_recogniser_says_cannot_become_markup() -> None:
    evil = "<script>alert(1)</script>\"'&"
    run = made(
        "v2v",
        [share("cut_offs", 5.0, evil), spread("v2v", [500.0], title=evil)],
        [turn(0, 0.5, clip=evil) | {"heard": evil, evil: 1}],
        subject={"name": evil},
        settings={"server": {evil: evil}},
        command=evil,
        revision=evil,
        started=evil,
        machine={"cpu": evil},
    )
    html = page.render([run])
    assert "script" not in read(html).tags
    assert "<script" not in html
    assert len(drawings(html)) == 4


@pytest.mark.parametrize(
    "kind", ["v2v", "interrupt", "load", "lipsync", "endpoint", "stt", "something new"]
)
def test_a_run_of_nothing_still_has_a_page(kind: str) -> None:
    html = page.render([made(kind, [], [])])
    read(html)
    assert "How to repeat it" in html


def test_figures_conditions_and_items_are_all_in_the_tables() -> None:
    words = texts(page.render([v2v_run(settings={"options": {"seed": 7}, "server": {}})]))
    for expected in (
        "voice to voice ↓",
        "1 of 16, 95 % CI 1.1..28.3 %; taken to be over too early",
        "subject.models.stt.sha256",
        "ab12",
        "settings.options.seed",
        "All 16 items",
        "voice-avatar bench v2v",
        "clip_15",
    ):
        assert expected in words


# -- spoken turns


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


def test_a_page_of_several_benches_compares_only_what_is_alike() -> None:
    load = load_run()
    told_as_list = msgspec.structs.replace(load, settings=load.settings | {"server": ["a.b=1"]})
    one = v2v_run(settings={"server": {"turn.patience": "0.7"}})
    other = v2v_run(settings={"server": {"turn.patience": "1.5"}})
    html = page.render([one, other, told_as_list])
    read(html)
    told = "".join(drawings(html)[0].itertext())
    assert "patience 0.7" in told
    assert "patience 1.5" in told
    assert "Cut-offs against latency" not in page.render([one, told_as_list])


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


def test_stages_of_a_server_that_tells_no_times_are_drawn_one_by_one() -> None:
    figures = [spread("v2v", [1500.0, 1600.0]), spread("told.stt", [900.0], title="recognition")]
    item = {"clip": "a", "v2v_s": 1.5, "stages_s": None}
    html = page.render([made("v2v", figures, [item])])
    assert "What the server tells of its stages" in html
    assert "recognition" in "".join(drawings(html)[0].itertext())


def test_headlines_are_those_of_the_kind_or_the_first_there_are() -> None:
    known = [spread("patience_1.v2v", [500.0]), share("patience_1.cut_offs.paused", 40.0)]
    before = [spread("patience_0.7.v2v", [123.0])]
    html = page.render([made("endpoint", before + known, [])])
    tiles = texts(html[html.index('class="tiles') : html.index("<section")])
    assert "500" in tiles
    assert "123" not in tiles
    html = page.render([made("endpoint", before, [])])
    assert "123" in texts(html[html.index('class="tiles') : html.index("<section")])


def test_four_headlines_are_one_row() -> None:
    figures = [share(name, 5.0) for name in page.HEADLINES["lipsync"]]
    assert 'class="tiles four"' in page.render([made("lipsync", figures, [])])
    assert 'class="tiles four"' not in page.render([made("lipsync", figures[:3], [])])


# -- the other kinds


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


# -- numbers and axes


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (0.004, "0.004"),
        (0.5, "0.5"),
        (3.14159, "3.14"),
        (12.34, "12.3"),
        (120.0, "120"),
        (100, "100"),
        (1234.5, "1\u202f234"),
        (-3.29, "−3.29"),
    ],
)
def test_numbers_are_told_with_the_digits_that_count(value: float, told: str) -> None:
    assert number(value) == told


@pytest.mark.parametrize(
    ("values", "ends"),
    [([3, 97], (0, 100)), ([-190, 320], (-200, 400)), ([], (0, 1)), ([0], (0, 1))],
)
def test_an_axis_has_round_ends_and_holds_all(values: list[float], ends: tuple[int, int]) -> None:
    scale = axis(values, 0, 500)
    assert (scale.low, scale.high) == pytest.approx(ends)
    assert 2 <= len(scale.ticks()) <= 8
    assert scale.ticks()[-1] == pytest.approx(scale.high)


@pytest.mark.parametrize("digit", [1, 3, 7])
@pytest.mark.parametrize("power", range(-6, 7))
def test_an_axis_of_any_size_has_a_few_ticks(power: int, digit: int) -> None:
    span = digit * 10.0**power
    scale = axis([span], 0, 500)
    assert 3 <= len(scale.ticks()) <= 8
    assert scale.low <= 0 < span <= scale.high * (1 + 1e-9)


def test_an_axis_of_ratios_puts_equal_ratios_equally_far_apart() -> None:
    scale = axis([2.0, 700.0], 0, 300, is_log=True)
    assert scale.ticks() == pytest.approx([1, 10, 100, 1000])
    assert [scale.at(tick) for tick in scale.ticks()] == pytest.approx([0, 100, 200, 300])


def test_what_lies_beyond_an_axis_is_put_at_its_end() -> None:
    assert Axis(0, 10, 100, 200).at(99) == 200


def test_words_are_cut_to_what_fits() -> None:
    assert fitting("short", 200) == "short"
    assert fitting("a rather long name", 60).endswith("…")
    assert folded("short", 200) == ["short"]
    assert folded("one two three four", 60) == ["one two", "three fo…"]
    assert folded("onetwothreefour", 60) == ["onetwoth…"]
    assert pretty("a -> b <= c >= d") == "a → b ≤ c ≥ d"
