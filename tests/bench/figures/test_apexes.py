"""Apexes against stressed vowels, and what whole replies do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from voice_avatar.acting.mouth.viseme_tables import symbol_table
from voice_avatar.bench.figures.apexes import Apex, apexes, figures, reply_of
from voice_avatar.bench.figures.phone_pairs import HeardPhone
from voice_avatar.events.cues import GazeCue, GestureCue
from voice_avatar.events.payloads import PhonemeSpan, SpeechPlan

RATE_HZ = 1000
TABLE = symbol_table("en-us")
# "map" and "bee": both vowels are stressed, at 120 and at 420.
PARTS = (("m", 100), ("ˈ", 20), ("æ", 130), ("p", 50), ("b", 100), ("ˈ", 20), ("i", 80), ("ː", 100))


def plan() -> SpeechPlan:
    spans, at = [], 0
    for symbol, length in PARTS:
        spans.append(PhonemeSpan(symbol, at, at + length, 0))
        at += length
    return SpeechPlan(at, tuple(spans), ())


def beat(stroke: int, lexeme: str = "beat_right") -> GestureCue:
    return GestureCue(
        1, "g1", lexeme, "beat", "right", 0.5, stroke - 200, stroke - 50, stroke, stroke + 50,
        stroke + 90, stroke + 300, "prosody",
    )  # fmt: skip


HEARD = [
    HeardPhone("M", 1.0, 1.1, True),
    HeardPhone("AE", 1.13, 1.25),
    HeardPhone("P", 1.25, 1.3),
    HeardPhone("B", 1.3, 1.4, True),
    HeardPhone("IY", 1.4, 1.6),
]


def test_an_apex_is_measured_against_the_stressed_vowel_next_to_it() -> None:
    first, second = apexes([beat(1130), beat(1400)], [(1000, plan())], HEARD, TABLE, RATE_HZ)
    assert (first.planned_ms, first.heard_ms) == (pytest.approx(30), pytest.approx(0))
    assert (second.planned_ms, second.heard_ms) == (pytest.approx(0), pytest.approx(0))


def test_what_the_aligner_does_not_hear_has_no_offset() -> None:
    (only,) = apexes([beat(1130)], [(1000, plan())], [], TABLE, RATE_HZ)
    assert only.heard_ms is None
    assert only.planned_ms == pytest.approx(30)


def test_without_stress_nothing_is_measured() -> None:
    flat = SpeechPlan(100, (PhonemeSpan("m", 0, 100, 0),), ())
    assert apexes([beat(50)], [(0, flat)], HEARD, TABLE, RATE_HZ) == []


def test_late_apexes_are_counted_and_early_ones_are_not() -> None:
    found = [Apex("beat_right", "prosody", at, 1.0, at - 0.01) for at in (0.8, 1.03, 1.05)]
    by_name = {figure.name: figure for figure in figures(found, [])}
    assert by_name["apex.planned.late"].value == pytest.approx(100 / 3)
    assert by_name["apex.heard.late"].value == 0.0
    assert by_name["gestures.per_min"].value is None


def test_a_reply_tells_its_gaps_its_gaze_and_its_runs() -> None:
    gestures = [beat(1000), beat(3000), replace(beat(5000), lexeme="beat_left")]
    gazes = [
        GazeCue(1, "away_up", 0, 1000, "rule"),
        GazeCue(1, "away_side", 4000, 6000, "prosody"),
        GazeCue(1, "user", 8000, 10_000, "rule"),
    ]
    reply = reply_of(gestures, gazes, 10_000, RATE_HZ)
    assert (reply.away_s, reply.stare_s, reply.runs) == (3.0, 4.0, 2)
    by_name = {figure.name: figure for figure in figures([], [reply])}
    assert by_name["gaze.mutual"].value == pytest.approx(70)
    assert by_name["gestures.per_min"].value == pytest.approx(18)
    gap = by_name["gestures.gap"].summary
    assert gap is not None
    assert gap.mean == 2.0
