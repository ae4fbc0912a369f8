"""Figures, conditions and items as tables."""

from __future__ import annotations

from kit.bench_pages import made, share, spread, texts, v2v_run

from voice_avatar.bench.report import page


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
