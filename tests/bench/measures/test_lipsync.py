"""Lip sync: arrival and figures on made-up tracks; the real voice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from voice_avatar.acting.mouth.viseme_tables import AA, DD, IH, PP, SIL
from voice_avatar.bench.figures.phone_pairs import HeardPhone, PlannedSound
from voice_avatar.bench.figures.shown import is_shown
from voice_avatar.bench.material.forced_aligner import SurePhone
from voice_avatar.bench.material.sentences import read_sentences
from voice_avatar.bench.measures.lipsync import Sentence, TimedPhone, figures, item, measured, timed
from voice_avatar.events.cues import VisemePose
from voice_avatar.pipeline.spoken import speak
from voice_avatar.stages.tts import TtsEngine

pytest.importorskip("pocketsphinx")


RATE_HZ = 1000  # samples are milliseconds


def pose(sample: int, **weights: float) -> VisemePose:
    numbers = {"PP": PP, "DD": DD, "aa": AA, "I": IH, "sil": SIL}
    return VisemePose(sample, tuple((numbers[name], w) for name, w in weights.items()))


def sure(*phones: HeardPhone) -> list[SurePhone]:
    return [SurePhone(phone, 0.0, True) for phone in phones]


def test_lips_may_close_while_the_sound_before_lasts() -> None:
    sounds = [PlannedSound("a", 0, 0, 100), PlannedSound("b", 140, 140, 200)]
    heard = sure(HeardPhone("AA", 0.0, 0.1, True), HeardPhone("B", 0.1, 0.2, True))
    early = [pose(0, aa=1.0), pose(90, PP=1.0), pose(150, PP=1.0)]
    [_, b] = timed(sounds, heard, early, RATE_HZ)
    assert (b.shown_s, b.is_closed, b.planned_s) == (0.09, True, 0.14)
    assert b.offset_ms(0.09) == pytest.approx(10.0)


def test_an_affricate_begins_with_the_shape_of_its_stop() -> None:
    sounds = [PlannedSound("t", 0, 0, 30), PlannedSound("ʃ", 30, 30, 80)]
    heard = sure(HeardPhone("CH", 0.0, 0.08))
    [ch] = timed(sounds, heard, [pose(0, DD=0.6), pose(30)], RATE_HZ)
    assert ch.shown_s == 0.0


def test_a_sound_of_the_same_shape_before_does_not_count_as_its_own_arrival() -> None:
    sounds = [PlannedSound("m", 0, 0, 100), PlannedSound("b", 100, 100, 200)]
    heard = sure(HeardPhone("M", 0.0, 0.1), HeardPhone("B", 0.1, 0.2))
    left = [pose(0, PP=1.0), pose(60, PP=1.0), pose(80, aa=1.0), pose(300)]
    assert [p.shown_s for p in timed(sounds, heard, left, RATE_HZ)] == [0.0, None]


def test_a_shape_that_is_held_for_two_sounds_is_there_when_the_second_begins() -> None:
    sounds = [PlannedSound("m", 0, 0, 100), PlannedSound("b", 100, 100, 200)]
    heard = sure(HeardPhone("M", 0.0, 0.1), HeardPhone("B", 0.1, 0.2))
    held = [pose(0, PP=1.0), pose(170, PP=1.0), pose(200, aa=1.0)]
    assert [p.shown_s for p in timed(sounds, heard, held, RATE_HZ)] == [0.0, 0.1]
    assert is_shown(held, "B", 180)
    assert not is_shown(held, "B", 195)
    assert not is_shown(held, "B", 300)


def test_lips_that_only_begin_to_move_have_not_arrived() -> None:
    sounds = [PlannedSound("a", 0, 0, 100), PlannedSound("b", 100, 100, 200)]
    heard = sure(HeardPhone("AA", 0.0, 0.1), HeardPhone("B", 0.1, 0.2))
    moving = [pose(0, aa=1.0), pose(100, PP=1.0), pose(180, PP=1.0)]
    assert [p.shown_s for p in timed(sounds, heard, moving, RATE_HZ)] == [0.0, 0.1]


def a_phone(name: str, heard_s: float, shown_s: float | None) -> TimedPhone:
    heard = HeardPhone(name, heard_s, heard_s + 0.1)
    return TimedPhone(heard, 0.01, heard_s < 2.0, heard_s, heard_s, shown_s, True)


def test_a_mouth_that_is_late_is_noticed_sooner_than_one_that_is_early() -> None:
    early, late = a_phone("B", 1.0, 0.9), a_phone("AA", 2.0, 2.1)
    unseen = a_phone("M", 3.0, None)
    sentence = Sentence("", 4, (early, late, unseen), 2.0, 44, 1500, 0.001)
    found = {f.name: f for f in figures([sentence])}
    offset, spread = found["visemes.offset"].summary, found["aligner.spread"].summary
    assert offset is not None
    assert spread is not None
    assert (offset.least, offset.most) == pytest.approx((-100.0, 100.0))
    assert spread.mean == pytest.approx(10.0)
    assert found["aligner.sure"].value == pytest.approx(100 / 3)
    sure_only = found["visemes.sure.offset"].summary
    assert sure_only is not None
    assert (sure_only.count, sure_only.mean) == (1, pytest.approx(100.0))
    assert found["track.poses"].value == 22.0
    assert found["track.bytes"].value == 750.0
    assert found["track.cpu"].value == pytest.approx(0.05)
    assert found["visemes.in_window"].value == 50.0
    assert found["closures.in_window"].value == 100.0
    assert found["closures.shown"].value == 50.0
    assert found["visemes.shown"].value == pytest.approx(200 / 3)
    assert found["paired"].value == 75.0


def test_without_a_phone_there_is_no_distribution_and_no_share() -> None:
    assert all(f.value is None and f.summary is None for f in figures([Sentence("", 0, ())]))


def test_an_item_tells_when_each_phone_is_heard_planned_and_shown() -> None:
    [phone] = item(Sentence("x", 1, (a_phone("AA", 1.0, 1.02),)))["phones"]
    assert (phone["phone"], phone["heard_s"], phone["shown_s"]) == ("AA", 1.0, 1.02)
    assert phone["is_closed"] is None


@pytest.mark.models
def test_every_sentence_is_followed_and_most_phones_find_their_counterpart(
    piper: TtsEngine,
) -> None:
    for text in read_sentences(6):
        sentence = measured(text, speak(piper, text, "en"), piper.capabilities)
        assert sentence.heard > 20
        assert len(sentence.phones) > 0.9 * sentence.heard


@pytest.mark.models
def test_speech_that_comes_later_than_its_track_is_seen_to_come_later(piper: TtsEngine) -> None:
    text = read_sentences(1)[0]
    speech = speak(piper, text, "en")
    late = replace(speech, pcm=bytearray(2 * (speech.rate_hz // 5)) + speech.pcm)
    here, there = (
        {(i, p.name): p.offset_ms(p.planned_s) for i, p in enumerate(sentence.phones)}
        for sentence in (measured(text, s, piper.capabilities) for s in (speech, late))
    )
    moved = [there[key] - here[key] for key in here.keys() & there.keys()]
    assert np.median(moved) == pytest.approx(200.0, abs=10.0)
