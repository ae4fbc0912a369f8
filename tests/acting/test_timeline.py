"""One reply on its sample clock: where chunks, words, mouths and gestures are placed."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.acting_examples import RATE_HZ, WORD_MS, chunk, spoken

from voice_avatar.acting.gesture.options import GestureOptions
from voice_avatar.acting.gesture.planner import GesturePlanner
from voice_avatar.acting.gesture.spoken_chunk import MARKUP_ONLY_S
from voice_avatar.acting.mouth.chunk_mouth import EnergyMouth, PlannedMouth
from voice_avatar.acting.mouth.visemes import REST
from voice_avatar.acting.timeline import PlacedChunk, ReplyTimeline
from voice_avatar.events.cues import GestureCue, ReplySegment, TimedWord
from voice_avatar.events.payloads import Cue, SpeakableChunk, SpeechPlan
from voice_avatar.stages.tts import TtsCapabilities


def timeline(rate_hz: int = RATE_HZ, meant: str = "") -> ReplyTimeline:
    voice = TtsCapabilities("test", "test", "en", "en-us", "espeak", RATE_HZ, True)
    planner = GesturePlanner(GestureOptions(), "en", 1, rate_hz, 1)
    return ReplyTimeline(1, rate_hz, voice, planner, meant=meant)


def say(clock: ReplyTimeline, text: SpeakableChunk) -> PlacedChunk:
    clock.write(text.text + " ")
    return clock.place(text, spoken(text))


def segment(placed: PlacedChunk) -> ReplySegment:
    (found,) = (notice for notice in placed.notices if isinstance(notice, ReplySegment))
    return found


def test_a_chunk_begins_where_the_one_before_ended_with_its_pause() -> None:
    clock = timeline()
    first = say(clock, chunk("Well, hello.", pause_s=0.25))
    second = say(clock, chunk("And goodbye."))
    assert (first.start, first.speech_end, first.end) == (0, 2 * WORD_MS, 2 * WORD_MS + 250)
    assert (second.start, second.end) == (first.end, first.end + 2 * WORD_MS)
    assert clock.end == second.end
    assert first.sample_count + second.sample_count == clock.end


def test_words_are_timed_and_found_in_the_whole_text_in_order() -> None:
    clock = timeline()
    say(clock, chunk("No, no."))
    second = segment(say(clock, chunk("No, no.")))
    assert clock.text == "No, no. No, no. "
    assert second.words == (
        TimedWord("No,", 2 * WORD_MS, 3 * WORD_MS, 8),
        TimedWord("no.", 3 * WORD_MS, 4 * WORD_MS, 12),
    )
    assert (second.start, second.end) == (2 * WORD_MS, 4 * WORD_MS)


def test_the_session_and_the_client_are_told_the_same_of_a_chunk() -> None:
    placed = say(timeline(), chunk("Well, hello.", pause_s=0.1))
    told, planned = segment(placed), placed.planned
    assert (told.reply_id, told.index, told.text) == (1, planned.index, planned.text)
    assert (told.start, told.end, told.words) == (planned.start, planned.end, planned.words)


@pytest.mark.parametrize("rate_hz", [RATE_HZ // 2, RATE_HZ * 3])
def test_a_voice_of_another_rate_is_moved_to_the_clock_of_the_reply(rate_hz: int) -> None:
    text = chunk("Well, hello.", pause_s=0.1)
    usual, other = say(timeline(), text), say(timeline(rate_hz), text)
    factor = rate_hz / RATE_HZ
    assert other.end == usual.end * factor
    assert [(word.start, word.end) for word in segment(other).words] == [
        (word.start * factor, word.end * factor) for word in segment(usual).words
    ]


def test_tags_alone_have_a_place_and_no_caption() -> None:
    clock = timeline()
    placed = clock.place(chunk("", Cue("gesture", "wave", 0)), SpeechPlan(0, (), ()))
    assert placed.end == round(MARKUP_ONLY_S * RATE_HZ)
    assert placed.speech_end == 0
    assert [type(notice) for notice in placed.notices] == [GestureCue]
    empty = clock.place(chunk(""), SpeechPlan(0, (), ()))
    assert (empty.sample_count, empty.notices) == (0, ())


def test_a_gesture_that_points_points_at_what_is_meant() -> None:
    def targets(meant: str) -> list[str]:
        text = chunk("Look there now.", Cue("gesture", "point_away", 1))
        placed = say(timeline(meant=meant), text)
        return [move.target for move in placed.notices if isinstance(move, GestureCue)]

    assert "vase" in targets("vase")
    assert set(targets("")) <= {""}


def test_the_mouth_is_that_of_the_sounds_and_comes_to_rest_with_the_speech() -> None:
    placed = say(timeline(), chunk("Well, hello.", pause_s=0.5))
    assert isinstance(placed.mouth, PlannedMouth)
    track = placed.mouth.finish(is_cut=False)
    assert track.until == placed.end
    assert track.poses[0].sample >= placed.start
    assert track.poses[-1].weights == REST
    assert track.poses[-1].sample <= placed.end


def test_a_voice_that_does_not_spell_moves_the_mouth_by_its_energy() -> None:
    clock = timeline()
    clock.write("Hello. ")
    placed = clock.place(chunk("Hello."), SpeechPlan(400, (), (), is_exact=False))
    assert isinstance(placed.mouth, EnergyMouth)
    assert segment(placed).words == ()


@given(
    st.lists(st.sampled_from(["Hi.", "Well, well.", "Yes, [a] no."]), max_size=6),
    st.lists(st.floats(0, 2), min_size=6, max_size=6),
    st.sampled_from([300, RATE_HZ, 2400]),
)
def test_chunks_are_contiguous_whatever_is_said(
    texts: list[str], pauses: list[float], rate_hz: int
) -> None:
    clock = timeline(rate_hz)
    places = [
        say(clock, chunk(text, pause_s=pause_s))
        for text, pause_s in zip(texts, pauses, strict=False)
    ]
    assert all(one.end == other.start for one, other in pairwise(places))
    for placed in places:
        assert placed.start <= placed.speech_end <= placed.end
        for word in segment(placed).words:
            assert placed.start <= word.start <= word.end <= placed.speech_end
            assert clock.text[word.char :].startswith(word.text)
