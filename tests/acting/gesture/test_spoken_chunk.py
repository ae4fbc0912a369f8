"""A chunk on the reply's clock, as planners see it."""

from __future__ import annotations

from kit.acting_examples import RATE_HZ, STRESSED_AT_MS, WORD_MS, chunk, spoken

from voice_avatar.acting.gesture.spoken_chunk import MARKUP_ONLY_S, SpokenChunk, spoken_chunk
from voice_avatar.events.payloads import Cue, SpeakableChunk, SpeechPlan

OFFSET = 5000


def placed(text: SpeakableChunk, plan: SpeechPlan | None = None) -> SpokenChunk:
    return spoken_chunk(
        text, plan or spoken(text), language="en", offset=OFFSET, rate_hz=RATE_HZ, overhang_s=0.6
    )


def test_words_are_moved_to_where_the_chunk_begins() -> None:
    got = placed(chunk("Well, hello there."))
    assert [(word.start, word.end) for word in got.words] == [
        (OFFSET + n * WORD_MS, OFFSET + (n + 1) * WORD_MS) for n in range(3)
    ]
    assert all(word.anchor >= word.start + STRESSED_AT_MS for word in got.words)
    assert len(got.weights) == 3
    assert got.is_sentence_end


def test_a_pause_lengthens_the_chunk_and_a_movement_may_outlast_both() -> None:
    got = placed(chunk("Well, hello.", pause_s=0.5))
    assert got.speech_end == OFFSET + 2 * WORD_MS
    assert got.end == got.speech_end + got.samples(0.5)
    assert got.limit == got.end + got.samples(0.6)


def test_tags_alone_have_time_of_their_own() -> None:
    got = placed(chunk("", Cue("gesture", "wave", 0)), SpeechPlan(0, (), ()))
    assert got.speech_end == OFFSET
    assert got.end == OFFSET + got.samples(MARKUP_ONLY_S)
    assert got.word(0) is None
    assert got.clause(0) == 0


def test_what_trails_the_words_belongs_to_the_last() -> None:
    got = placed(chunk("Well, hello."))
    assert got.word(2) == got.word(1) == got.words[1]
    assert [got.clause(index) for index in range(3)] == [0, 1, 1]
