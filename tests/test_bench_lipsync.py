"""Lip sync: pairing, arrival and figures on made-up tracks; the aligner on the real voice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("pocketsphinx")

from voice_avatar.bench.forced_aligner import ALIGNER_HZ, HeardPhone, align
from voice_avatar.bench.lipsync import (
    Sentence,
    TimedPhone,
    arrival,
    figures,
    is_closed,
    item,
    measured,
    timed,
)
from voice_avatar.bench.phone_pairs import PlannedSound, paired, planned_sounds
from voice_avatar.bench.sentences import read_sentences
from voice_avatar.command_say import speak
from voice_avatar.config import Config
from voice_avatar.events import PhonemeSpan, VisemePose
from voice_avatar.tts import TtsEngine
from voice_avatar.viseme_tables import AA, DD, IH, PP, SIL, symbol_table

RATE_HZ = 1000  # samples are milliseconds


def pose(sample: int, **weights: float) -> VisemePose:
    numbers = {"PP": PP, "DD": DD, "aa": AA, "I": IH, "sil": SIL}
    return VisemePose(sample, tuple((numbers[name], w) for name, w in weights.items()))


def spans(*parts: tuple[str, int]) -> list[PhonemeSpan]:
    """Returns contiguous spans of (symbol, samples)."""
    at = 0
    out = []
    for symbol, length in parts:
        out.append(PhonemeSpan(symbol, at, at + length))
        at += length
    return out


# -- pairing


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


# -- one phone


def test_a_vowel_arrives_with_its_shape_not_with_the_lips_that_a_consonant_borrows() -> None:
    poses = [pose(0, sil=1.0), pose(100, DD=0.5, aa=0.4), pose(160, aa=0.8), pose(220, aa=0.8)]
    assert arrival(poses, "T", 50, 160) == 100
    assert arrival(poses, "AA", 100, 300) == 160
    assert arrival(poses, "B", 0, 300) is None
    assert arrival(poses, "HH", 0, 300) is None


def test_lips_may_close_while_the_sound_before_lasts() -> None:
    sounds = [PlannedSound("a", 0, 0, 100), PlannedSound("b", 140, 140, 200)]
    heard = [HeardPhone("AA", 0.0, 0.1, True), HeardPhone("B", 0.1, 0.2, True)]
    early = [pose(0, aa=1.0), pose(90, PP=1.0), pose(150, PP=1.0)]
    [_, b] = timed(sounds, heard, early, RATE_HZ)
    assert (b.shown_s, b.is_closed, b.planned_s) == (0.09, True, 0.14)
    assert b.offset_ms(0.09) == pytest.approx(10.0)


def test_an_affricate_begins_with_the_shape_of_its_stop() -> None:
    sounds = [PlannedSound("t", 0, 0, 30), PlannedSound("ʃ", 30, 30, 80)]
    [ch] = timed(sounds, [HeardPhone("CH", 0.0, 0.08)], [pose(0, DD=0.6), pose(30)], RATE_HZ)
    assert ch.shown_s == 0.0


def test_a_sound_of_the_same_shape_before_does_not_count_as_its_own_arrival() -> None:
    sounds = [PlannedSound("m", 0, 0, 100), PlannedSound("b", 100, 100, 200)]
    heard = [HeardPhone("M", 0.0, 0.1), HeardPhone("B", 0.1, 0.2)]
    held = [pose(0, PP=1.0), pose(80, PP=1.0)]
    assert [p.shown_s for p in timed(sounds, heard, held, RATE_HZ)] == [0.0, None]


def test_lips_that_move_past_each_other_between_two_poses_are_seen_closed() -> None:
    poses = [pose(0, PP=0.0), pose(100, PP=1.0), pose(200, aa=1.0)]
    assert is_closed(poses, HeardPhone("B", 0.05, 0.15), RATE_HZ)
    assert is_closed(poses, HeardPhone("B", 0.02, 0.095), RATE_HZ)
    assert not is_closed(poses, HeardPhone("B", 0.15, 0.25), RATE_HZ)
    assert not is_closed([], HeardPhone("B", 0.15, 0.25), RATE_HZ)


# -- figures


def a_phone(name: str, heard_s: float, shown_s: float | None) -> TimedPhone:
    return TimedPhone(HeardPhone(name, heard_s, heard_s + 0.1), heard_s, heard_s, shown_s, True)


def test_a_mouth_that_is_late_is_noticed_sooner_than_one_that_is_early() -> None:
    early, late = a_phone("B", 1.0, 0.9), a_phone("AA", 2.0, 2.1)
    unseen = a_phone("M", 3.0, None)
    found = {f.name: f for f in figures([Sentence("", 4, (early, late, unseen), (-2.0, 4.0))])}
    offset, repeat = found["visemes.offset"].summary, found["aligner.repeat"].summary
    assert offset is not None
    assert repeat is not None
    assert (offset.least, offset.most) == pytest.approx((-100.0, 100.0))
    assert repeat.mean == pytest.approx(3.0)
    assert found["visemes.in_window"].value == 50.0
    assert found["closures.in_window"].value == 100.0
    assert found["closures.shown"].value == 50.0
    assert found["visemes.shown"].value == pytest.approx(200 / 3)
    assert found["paired"].value == 75.0


def test_without_a_phone_there_is_no_distribution_and_no_share() -> None:
    assert all(f.value is None and f.summary is None for f in figures([Sentence("", 0, (), ())]))


def test_an_item_tells_when_each_phone_is_heard_planned_and_shown() -> None:
    [phone] = item(Sentence("x", 1, (a_phone("AA", 1.0, 1.02),), ()))["phones"]
    assert (phone["phone"], phone["heard_s"], phone["shown_s"]) == ("AA", 1.0, 1.02)
    assert phone["is_closed"] is None


# -- the aligner


def test_the_aligner_refuses_words_that_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="xyzzyq"):
        align("hello xyzzyq", np.zeros(ALIGNER_HZ, np.int16))


def test_the_aligner_says_nothing_where_the_text_cannot_be() -> None:
    assert align("a long sentence that takes a while", np.zeros(1600, np.int16)) == []


def test_the_aligner_knows_every_word_of_the_sentences() -> None:
    for text in read_sentences():
        assert align(text, np.zeros(1600, np.int16)) == []  # an unknown word would raise


def test_there_are_enough_sentences_and_they_hold_every_kind_of_closure() -> None:
    sentences = read_sentences()
    assert len(sentences) >= 30
    assert read_sentences(2) == sentences[:2]
    text = " ".join(sentences).lower()
    assert all(text.count(letter) >= 15 for letter in "mbpfv")


@pytest.mark.models
def test_every_sentence_is_followed_and_most_phones_find_their_counterpart(
    piper: TtsEngine,
) -> None:
    for text in read_sentences(6):
        sentence = measured(text, speak(Config(), piper, text, "en"), piper.capabilities)
        assert sentence.heard > 20
        assert len(sentence.phones) > 0.9 * sentence.heard


@pytest.mark.models
def test_speech_that_comes_later_than_its_track_is_seen_to_come_later(piper: TtsEngine) -> None:
    text = read_sentences(1)[0]
    speech = speak(Config(), piper, text, "en")
    late = replace(speech, pcm=bytearray(2 * (speech.rate_hz // 5)) + speech.pcm)
    here, there = (
        {(i, p.name): p.offset_ms(p.planned_s) for i, p in enumerate(sentence.phones)}
        for sentence in (measured(text, s, piper.capabilities) for s in (speech, late))
    )
    moved = [there[key] - here[key] for key in here.keys() & there.keys()]
    assert np.median(moved) == pytest.approx(200.0, abs=10.0)
