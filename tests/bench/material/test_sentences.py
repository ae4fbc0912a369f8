"""The sentences that are said."""

from __future__ import annotations

import numpy as np
import pytest

from voice_avatar.bench.material.forced_aligner import align
from voice_avatar.bench.material.sentences import read_calibration, read_sentences

pytest.importorskip("pocketsphinx")


def test_the_sentences_for_fitting_are_others_and_known_to_the_aligner() -> None:
    sentences = read_calibration()
    assert len(sentences) >= 60
    assert not {*sentences} & {*read_sentences()}
    for text in sentences:
        assert align(text, np.zeros(1600, np.int16)) == []


def test_there_are_enough_sentences_and_they_hold_every_kind_of_closure() -> None:
    sentences = read_sentences()
    assert len(sentences) >= 30
    assert read_sentences(2) == sentences[:2]
    text = " ".join(sentences).lower()
    assert all(text.count(letter) >= 15 for letter in "mbpfv")
