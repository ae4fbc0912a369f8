"""Gestures, head, gaze and face on the reply's clock."""

from __future__ import annotations

from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.acting_examples import STRESSED_AT_MS, WORD_MS, chunk, spoken
from kit.gesture_plans import faces, gazes, gestures, heads, plan, planner

from voice_avatar.acting.gesture.options import GestureOptions
from voice_avatar.acting.gesture.planner import BodyMove
from voice_avatar.events.cues import FaceCue, GazeCue, GestureCue, HeadCue
from voice_avatar.events.payloads import Cue, CueKind, SpeakableChunk, SpeechPlan, WordSpan
from voice_avatar.vocabulary import vocabulary

# -- timing


def test_a_stroke_falls_on_the_stressed_vowel_of_its_word() -> None:
    text = chunk("one two three four", Cue("gesture", "wave", 2))
    (wave,) = gestures(plan(text, offset=5000))
    assert wave.stroke == 5000 + 2 * WORD_MS + STRESSED_AT_MS
    assert (wave.lexeme, wave.kind, wave.mode, wave.source, wave.id) == (
        "wave", "emblem", "right", "llm", "g1",
    )  # fmt: skip
    assert wave.stroke - wave.stroke_start == 280
    assert wave.stroke_start - wave.start == 320


def test_nothing_starts_before_its_chunk_whose_past_may_be_playing() -> None:
    text = chunk("hello", Cue("gesture", "wave", 0), Cue("head", "nod", 0), Cue("face", "happy", 0))
    moves = plan(text, offset=9000)
    assert {type(move) for move in moves} >= {GestureCue, HeadCue, FaceCue}
    assert min(m.sample if isinstance(m, FaceCue) else m.start for m in moves) == 9000
    # A wave lasts: it comes when the arm is up.
    assert gestures(moves)[0].stroke == 9000 + WORD_MS


def test_what_has_an_apex_is_on_time_or_not_at_all() -> None:
    text = chunk("thank you so")
    assert gestures(plan(text, options=GestureOptions(energy=0.01), unstressed=(1, 2))) == []
    said = gestures(plan(text, options=GestureOptions(energy=0.01), offset=0, unstressed=(0, 2)))
    assert [(g.lexeme, g.stroke) for g in said] == [("hand_on_heart", WORD_MS + STRESSED_AT_MS)]


def test_a_movement_outlasts_its_chunk_only_by_a_retraction() -> None:
    text = chunk("one two", Cue("gesture", "wave", 1), Cue("head", "shake", 1), pause_s=0.1)
    length = 2 * WORD_MS + 100
    moves = plan(text)
    assert length < gestures(moves)[0].end <= length + 600


def test_a_reply_of_tags_alone_moves_for_as_long_as_its_place_lasts() -> None:
    text = chunk("", Cue("gesture", "bow", 0), Cue("head", "nod", 0), Cue("face", "sad", 0),
                 Cue("gaze", "down", 0))  # fmt: skip
    moves = plan(text, offset=100)
    assert {type(move) for move in moves} == {GestureCue, HeadCue, FaceCue, GazeCue}
    (bow,) = gestures(moves)
    assert bow.start == 100
    assert bow.stroke == 100 + 300 + 160
    assert bow.relax <= 1100 < bow.end <= 1500  # only the retraction runs past its place
    assert heads(moves)[0].stroke == 240
    assert faces(moves)[0].sample == 100
    assert gazes(moves) == [GazeCue(1, "down", 100, 1500, "llm", 0.5)]


def test_a_trailing_tag_belongs_to_the_last_word() -> None:
    text = chunk("see you", Cue("gesture", "wave", 2), Cue("gaze", "away", 2))
    moves = plan(text)
    assert gestures(moves)[0].stroke == WORD_MS + STRESSED_AT_MS
    (away,) = [gaze for gaze in gazes(moves) if gaze.source == "llm"]
    assert away.start == 2 * WORD_MS


def test_gestures_that_follow_closely_are_chained_without_rest() -> None:
    text = chunk("one two three four five six", Cue("gesture", "point_self", 0),
                 Cue("gesture", "point_user", 2))  # fmt: skip
    first, second = gestures(plan(text))
    assert first.relax == first.end == second.start
    assert first.stroke_end <= second.start


def test_gestures_far_apart_rest_between() -> None:
    words = " ".join(["word"] * 12)
    text = chunk(words, Cue("gesture", "point_self", 0), Cue("gesture", "point_user", 11))
    first, second = gestures(plan(text))
    assert first.relax < first.end < second.start


def test_a_tag_right_after_the_chunk_before_waits_for_the_hands() -> None:
    movements = planner()
    first = chunk("see you", Cue("gesture", "wave", 1))
    (wave,) = gestures(movements.plan(first, spoken(first), offset=0))
    second = chunk("bye", Cue("gesture", "bow", 0))
    (bow,) = gestures(movements.plan(second, spoken(second), offset=800))
    assert bow.start == min(wave.stroke_end, bow.stroke)
    assert (wave.id, bow.id, movements.number) == ("g1", "g2", 3)


# -- what is chosen


def test_a_clause_has_at_most_one_big_gesture() -> None:
    text = chunk("one two three four, five six",
                 *(Cue("gesture", name, word) for name, word in
                   [("wave", 0), ("bow", 2), ("point_self", 3), ("clap", 5)]))  # fmt: skip
    assert [g.lexeme for g in gestures(plan(text))] == ["wave", "point_self", "clap"]


def test_two_gestures_on_one_word_are_one() -> None:
    text = chunk("one two", Cue("gesture", "point_self", 1), Cue("gesture", "point_user", 1))
    assert [g.lexeme for g in gestures(plan(text))] == ["point_self"]


def test_only_the_vocabulary_is_played() -> None:
    text = chunk("one two", *(Cue(kind, "unheard_of", 0) for kind in get_args(CueKind)))
    assert plan(text) == tuple(gazes(plan(text)))


def test_only_what_the_client_can_show_is_played() -> None:
    asked = (("gesture", "wave"), ("gesture", "bow"), ("face", "sad"), ("face", "happy"))
    text = chunk("one two", *(Cue(kind, name, 1) for kind, name in asked))
    limited = planner(allowed=frozenset({"bow", "happy"}))
    moves = limited.plan(text, spoken(text), offset=0)
    assert [g.lexeme for g in gestures(moves)] == ["bow"]
    assert [f.expression for f in faces(moves)] == ["happy"]


def test_a_client_that_shows_no_beats_gets_none() -> None:
    text = chunk("lovely little animals everywhere today")
    for allowed, expected in (
        (frozenset({"bow"}), set()),
        (frozenset({"beat_right"}), {"beat_right"}),
    ):
        limited = planner(GestureOptions(has_rules=False), allowed=allowed)
        got: list[GestureCue] = []
        for at in (0, 2000, 4000, 6000):
            got += gestures(limited.plan(text, spoken(text), offset=at))
        assert {g.lexeme for g in got} == expected


def test_beats_fall_on_stressed_content_words_well_apart() -> None:
    words = "the green river runs quickly under the bridge toward distant yellow mountains"
    text = chunk(words)
    beats = gestures(
        plan(text, options=GestureOptions(energy=1.0, has_rules=False), unstressed=(3,))
    )
    assert len(beats) >= 2
    assert all(b.kind == "beat" and b.source == "prosody" for b in beats)
    assert all(b.stroke - a.stroke >= 1200 for a, b in pairwise(beats))
    struck = {b.stroke // WORD_MS for b in beats}
    assert all(b.stroke % WORD_MS == STRESSED_AT_MS - 20 for b in beats)
    assert not struck & {0, 3, 6}


def test_energy_scales_amplitudes_and_the_number_of_beats() -> None:
    text = chunk(" ".join(["mountain"] * 20), Cue("gesture", "wave", 0))

    def energetic(energy: float) -> list[GestureCue]:
        return gestures(plan(text, options=GestureOptions(energy=energy, has_rules=False)))

    calm, lively = energetic(0.2), energetic(1.0)
    assert len(energetic(0.0)) == 1 < len(calm) < len(lively)
    assert calm[0].amplitude < lively[0].amplitude <= 1.0


def test_an_intensifier_makes_the_next_beat_bigger() -> None:
    options = GestureOptions(energy=0.5)
    plain = gestures(plan(chunk("rather mountains"), options=options))
    strong = gestures(plan(chunk("really mountains"), options=options))
    assert [g.kind for g in plain + strong] == ["beat", "beat"]
    assert strong[0].amplitude > plain[0].amplitude


def test_tags_go_before_rules_and_rules_before_beats() -> None:
    text = chunk("it is everything now", Cue("gesture", "wave", 2))
    assert [g.lexeme for g in gestures(plan(text, options=GestureOptions()))] == ["wave"]
    text = chunk("it is everything now")
    (sweep,) = gestures(plan(text, options=GestureOptions()))
    assert (sweep.lexeme, sweep.source) == ("sweep", "rule")


def test_a_rule_without_time_to_prepare_is_left_out() -> None:
    text = chunk("everything now")
    rushed = SpeechPlan(800, (), (WordSpan(0, 0, 400), WordSpan(1, 400, 800)))
    calm = GestureOptions(energy=0.0)
    assert gestures(planner(calm).plan(text, rushed, offset=0)) == []


@pytest.mark.parametrize(
    ("text", "language", "kind", "name"),
    [
        ("Yes, I can.", "en", HeadCue, "nod"),
        ("Well, it is, absolutely, mine.", "en", HeadCue, "nod"),
        ("That is not mine.", "en", HeadCue, "shake"),
        ("I can't go.", "en", HeadCue, "shake"),
        ("I can’t go.", "en", HeadCue, "shake"),
        ("Maybe we go.", "en", HeadCue, "tilt"),
        ("We have to go.", "en", HeadCue, "nod"),
        ("This is everything we have.", "en", GestureCue, "sweep"),
        ("He came, but she left.", "en", GestureCue, "contrast_right"),
        ("I don't know that man.", "en", GestureCue, "shrug"),
        ("So, first, the news.", "en", GestureCue, "count_one"),
        ("It is a huge dog.", "en", GestureCue, "big"),
        ("Will we go there today?", "en", GestureCue, "open_palm"),
        ("Oh, hello my friend.", "en", GestureCue, "wave"),
        ("Oh, hello my friend.", "en", FaceCue, "smile"),
        ("Oh, hello my friend.", "en", GazeCue, "user"),
        ("Um, that is hard.", "en", GazeCue, "away_up"),
        ("Is it you who did it?", "en", GestureCue, "point_user"),
        ("你好，我的朋友。", "zh", GestureCue, "bow"),
        ("朋友们，再见了。", "zh", GestureCue, "wave"),
        ("这个不是我的。", "zh", HeadCue, "shake"),
        ("好的，没问题。", "zh", HeadCue, "nod"),
        ("我们需要所有的人。", "zh", GestureCue, "sweep"),
        ("他来了，但是她走了。", "zh", GestureCue, "contrast_right"),
        ("也许他会来。", "zh", HeadCue, "tilt"),
        ("我不知道他在哪。", "zh", GestureCue, "shrug"),
        ("我们明天去好吗？", "zh", GestureCue, "open_palm"),
        ("我们首先，第一，看书。", "zh", GestureCue, "count_one"),
    ],
)
def test_words_move_the_avatar(text: str, language: str, kind: type[BodyMove], name: str) -> None:
    calm = GestureOptions(energy=0.3)
    moves = plan(chunk(text, language=language), options=calm, language=language)
    names = [
        move.expression if isinstance(move, FaceCue)
        else move.target if isinstance(move, GazeCue)
        else move.lexeme
        for move in moves
        if isinstance(move, kind) and move.source == "rule"
    ]  # fmt: skip
    assert name in names


def test_unstressed_pronouns_point_at_nobody() -> None:
    text = chunk("Is it you who did it now")
    options = GestureOptions(energy=0.0)
    assert gestures(plan(text, options=options, unstressed=(2,))) == []


def test_without_a_rule_file_tags_and_beats_remain() -> None:
    text = chunk("yes buongiorno montagna", Cue("gesture", "wave", 1), language="it")
    moves = plan(text, options=GestureOptions(), language="it")
    assert [g.lexeme for g in gestures(moves)] == ["wave"]
    assert heads(moves) == []
    assert gestures(plan(chunk("buongiorno montagna", language="it"), options=GestureOptions(),
                         language="it"))  # fmt: skip


# -- always


_TEXTS = st.lists(
    st.sampled_from(
        "yes no but everything I you hello , . ? really mountain first second huge maybe thanks"
        " sorry 你好 不是 所有 ！".split()
    ),
    max_size=25,
).map(" ".join)


_TAGS = st.sampled_from(
    [("gesture", n) for n in vocabulary().gestures] + [("head", n) for n in vocabulary().heads]
    + [("face", n) for n in vocabulary().expressions] + [("gaze", n) for n in vocabulary().gaze]
)  # fmt: skip


@given(
    st.lists(
        st.tuples(_TEXTS, st.lists(st.tuples(_TAGS, st.integers(0, 25)), max_size=5)), max_size=3
    ),
    st.sampled_from(["en", "zh", "fr"]),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.booleans(),
)
def test_every_movement_is_ordered_and_within_its_reply(
    chunks: list[tuple[str, list[tuple[tuple[CueKind, str], int]]]],
    language: str,
    energy: float,
    is_timed: bool,
) -> None:
    movements = planner(GestureOptions(energy=energy), language)
    offset = 0
    beats: list[int] = []
    ids: list[str] = []
    for number, (words, tags) in enumerate(chunks):
        text = chunk(words, language=language)
        cues = tuple(Cue(kind, name, min(at, len(text.words))) for (kind, name), at in tags)
        text = SpeakableChunk(number, text.text, text.spoken, text.words, cues)
        speech = spoken(text) if is_timed else SpeechPlan(len(text.spoken) * 60, (), (), False)
        end = offset + (speech.sample_count or 800)
        limit = end + 600
        for move in movements.plan(text, speech, offset=offset):
            points = _points(move)
            assert offset <= points[0] <= points[-1] <= limit
            assert points == sorted(points)
            if isinstance(move, GestureCue):
                ids.append(move.id)
                beats += [move.stroke] if move.kind == "beat" and move.source == "prosody" else []
                assert 0 < move.amplitude <= 1
            if isinstance(move, FaceCue):
                assert 0 < move.intensity <= 1
        offset += speech.sample_count
    assert all(after - before >= 1200 for before, after in pairwise(beats))
    assert ids == [f"g{i + 1}" for i in range(len(ids))]


def _points(move: BodyMove) -> list[int]:
    match move:
        case GestureCue():
            return [
                move.start,
                move.stroke_start,
                move.stroke,
                move.stroke_end,
                move.relax,
                move.end,
            ]
        case HeadCue():
            return [move.start, move.stroke, move.end]
        case GazeCue():
            return [move.start, move.end]
        case FaceCue():
            return [move.sample]
