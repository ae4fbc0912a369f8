"""The page of a run: what it shows, and that it stands alone."""

from __future__ import annotations

import re

import msgspec
import pytest
from kit.bench_pages import (
    drawings,
    interrupt_run,
    lipsync_run,
    load_run,
    made,
    read,
    share,
    spread,
    turn,
    v2v_run,
)

from voice_avatar.bench.report import page


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
