"""Which planned sound is which heard one."""

from __future__ import annotations

from voice_avatar.acting.mouth.viseme_tables import symbol_table
from voice_avatar.bench.figures.phone_pairs import PlannedSound, paired, planned_sounds
from voice_avatar.events.payloads import PhonemeSpan


def spans(*parts: tuple[str, int]) -> list[PhonemeSpan]:
    """Returns contiguous spans of (symbol, samples)."""
    at = 0
    out = []
    for symbol, length in parts:
        out.append(PhonemeSpan(symbol, at, at + length))
        at += length
    return out


def test_stress_marks_and_length_marks_belong_to_their_sound_and_gaps_to_none() -> None:
    plan = spans(("^", 5), ("m", 10), ("ˈ", 20), ("i", 30), ("ː", 40), (" ", 50), ("b", 60))
    assert planned_sounds(plan, symbol_table("en-us"), 1000) == [
        PlannedSound("m", 1005, 1005, 1015),
        PlannedSound("i", 1015, 1035, 1105),
        PlannedSound("b", 1155, 1155, 1215),
    ]


def test_diphthongs_and_affricates_are_one_phone_that_begins_with_their_first_symbol() -> None:
    assert paired(list("tʃeɪndʒ"), ["CH", "EY", "N", "JH"]) == [(0, 0), (2, 1), (4, 2), (5, 3)]


def test_sounds_on_which_the_dictionary_disagrees_are_left_out() -> None:
    assert paired(list("ðiɹuːf"), ["DH", "AH", "R", "UW", "F"]) == [(0, 0), (2, 2), (3, 3), (5, 4)]
    assert paired([], ["P"]) == paired(["p"], []) == []
