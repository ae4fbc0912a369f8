"""What turns come to."""

from __future__ import annotations

import msgspec
import pytest
from kit.bench_turns import result, said
from kit.edge import tone

from voice_avatar.bench.figures.clip import Clip
from voice_avatar.bench.figures.results import Figure
from voice_avatar.bench.figures.turns import TurnResult
from voice_avatar.bench.figures.v2v import figures, item
from voice_avatar.bench.figures.waterfall import STEPS, Waterfall
from voice_avatar.bench.material.clips import with_pause

HZ = 16_000


def by_name(results: list[TurnResult]) -> dict[str, Figure]:
    found = figures(results)
    assert len({figure.name for figure in found}) == len(found)
    return {figure.name: figure for figure in found}


def test_first_turns_stand_apart_and_talk_overs_and_misses_are_no_waits() -> None:
    found = by_name(
        [
            result(0, v2v_s=0.9),
            result(1, v2v_s=0.5),
            result(2, v2v_s=None, talk_overs_s=(-0.2,)),
            result(3, v2v_s=None),
        ]
    )
    summaries = {name: figure.summary for name, figure in found.items()}
    assert summaries["v2v"] is not None
    assert (summaries["v2v"].count, summaries["v2v"].p50) == (2, pytest.approx(700))
    assert summaries["v2v.first_turn"] is not None
    assert summaries["v2v.first_turn"].p50 == pytest.approx(900)
    assert found["missed"].value == 25.0
    assert found["cut_offs"].value == 25.0
    assert found["cut_offs.heard"].value == 25.0


def test_cut_offs_are_counted_by_the_pauses_of_a_clip() -> None:
    natural = Clip("n", tone(1.0), HZ, pauses_s=(0.3,))
    put_in = with_pause(said(1.0), 0.5, 1.0)
    found = by_name(
        [
            result(clip=natural),
            result(clip=natural, commits_s=(-0.4,)),
            result(clip=put_in, commits_s=(-0.4,), v2v_s=3.0),
            result(clip=said()),
        ]
    )
    assert found["cut_offs"].value == 50.0
    assert found["cut_offs.natural"].value == 50.0
    assert found["cut_offs.inserted"].value == 100.0
    assert found["cut_offs.fluent"].value == 0.0
    assert found["cut_offs.heard"].value == 0.0
    assert found["v2v"].summary is not None
    assert found["v2v"].summary.most == pytest.approx(500)  # pauses put in stand apart
    assert found["v2v.inserted_pause"].summary is not None
    assert found["v2v.not_cut_off"].summary is not None
    assert found["v2v.not_cut_off"].summary.count == 2
    assert "v2v.not_cut_off" not in by_name([result()])


def test_errors_are_counted_over_words_and_a_turn_not_heard_counts_whole() -> None:
    found = by_name(
        [
            result(clip=said(text="How old is it?"), heard="how old is it"),
            result(clip=said(text="Go on, please."), heard=""),
            result(clip=said(text=""), heard="whatever"),
        ]
    )
    assert found["wer"].value == pytest.approx(100 * 3 / 7)
    assert "wer" not in by_name([result(heard="")])


def test_speculation_is_a_share_of_the_turns_of_which_it_is_told() -> None:
    told = [result(is_speculative=True), result(is_speculative=False), result()]
    assert by_name(told)["speculation"].value == 50.0
    assert "wasted_tokens" not in by_name(told)
    assert "speculation" not in by_name([result()])
    counted = by_name([result(wasted_tokens=9, is_speculative=True), result(wasted_tokens=0)])
    assert counted["wasted_tokens"].value == 4.5
    assert "9 tokens in 2 turns" in counted["wasted_tokens"].note


def test_every_turn_is_kept_with_its_stages() -> None:
    fall = Waterfall(dict.fromkeys(STEPS, 0.1), 0.004)
    kept = item(result(2, v2v_s=0.8, waterfall=fall, talk_overs_s=(-0.1,)), 1)
    assert msgspec.json.decode(msgspec.json.encode(kept)) == kept
    assert (kept["clip"], kept["session"], kept["number"]) == ("said", 1, 2)
    assert kept["stages_s"]["ttfa"] == 0.1
    assert kept["talk_overs_s"] == [-0.1]
    assert "pcm" not in kept


def test_turns_in_which_the_bench_itself_was_late_are_told() -> None:
    found = by_name([result(mic_late_s=0.2), result(mic_late_s=0.003)])
    assert found["disturbed"].value == 50.0
    assert found["mic_late"].value == pytest.approx(200)


def test_no_turns_have_no_figures_but_counts_of_nothing() -> None:
    assert all(figure.value in (None, 0.0) for figure in figures([]))
