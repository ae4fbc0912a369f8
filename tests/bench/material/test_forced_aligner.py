"""The aligner on the real voice."""

from __future__ import annotations

import numpy as np
import pytest
import soxr

from voice_avatar.bench.material.forced_aligner import ALIGNER_HZ, align, align_often
from voice_avatar.bench.material.sentences import read_sentences
from voice_avatar.pipeline.spoken import speak
from voice_avatar.stages.tts import TtsEngine

pytest.importorskip("pocketsphinx")


def test_the_aligner_refuses_words_that_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="xyzzyq"):
        align("hello xyzzyq", np.zeros(ALIGNER_HZ, np.int16))


def test_the_aligner_says_nothing_where_the_text_cannot_be() -> None:
    assert align("a long sentence that takes a while", np.zeros(1600, np.int16)) == []


def test_the_aligner_knows_every_word_of_the_sentences() -> None:
    for text in read_sentences():
        assert align(text, np.zeros(1600, np.int16)) == []  # an unknown word would raise


@pytest.mark.models
def test_most_boundaries_are_where_they_were_when_the_aligner_hears_them_again(
    piper: TtsEngine,
) -> None:
    text = read_sentences(1)[0]
    speech = speak(piper, text, "en")
    samples = np.frombuffer(bytes(speech.pcm), "<i2")
    found = align_often(text, soxr.resample(samples, speech.rate_hz, ALIGNER_HZ))
    assert [s.phone.name for s in found][:4] == ["P", "L", "IY", "Z"]
    assert sum(s.is_sure for s in found) > 0.8 * len(found)
    assert all(s.spread_s <= 0.03 for s in found if s.is_sure)
    assert align_often("a long sentence that takes a while", np.zeros(1600, np.int16)) == []
