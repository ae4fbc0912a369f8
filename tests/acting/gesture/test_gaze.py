"""Where the avatar looks while it speaks."""

from __future__ import annotations

from itertools import pairwise

import pytest
from kit.acting_examples import RATE_HZ, WORD_MS, chunk, spoken
from kit.gesture_plans import gazes, plan, planner

from voice_avatar.acting.gesture.gaze import STARE_S, GazePlanner
from voice_avatar.acting.gesture.options import GestureOptions
from voice_avatar.acting.gesture.spoken_chunk import SpokenChunk, spoken_chunk
from voice_avatar.events.cues import GazeCue
from voice_avatar.events.payloads import Cue, SpeakableChunk
from voice_avatar.text.speakable import speakable

LONG = "one two three four, five six seven eight nine, ten eleven twelve thirteen"


def on_clock(text: str, *cues: Cue, offset: int = 0, pause_s: float = 0.2) -> SpokenChunk:
    said = chunk(text, *cues, pause_s=pause_s)
    return spoken_chunk(
        said, spoken(said), offset=offset, language="en", rate_hz=RATE_HZ, overhang_s=0.6
    )


def reply(sentences: int, reply_id: int = 1, mutual: float = 0.41) -> tuple[list[GazeCue], int]:
    planner = GazePlanner(GestureOptions(mutual=mutual), reply_id)
    cues: list[GazeCue] = []
    offset = 0
    for _ in range(sentences):
        said = on_clock(LONG, offset=offset)
        cues += planner.plan(said, (), ())
        offset = said.end
    return cues, offset


@pytest.mark.parametrize("reply_id", range(1, 9))
def test_over_a_long_reply_it_looks_at_the_user_for_its_share(reply_id: int) -> None:
    cues, end = reply(10, reply_id)
    away = sum(cue.end - cue.start for cue in cues if cue.target != "user")
    assert 0.35 <= 1 - away / end <= 0.5


@pytest.mark.parametrize("reply_id", range(1, 9))
def test_it_never_stares(reply_id: int) -> None:
    cues, end = reply(10, reply_id, mutual=0.9)
    aways = [cue for cue in cues if cue.target != "user"]
    ends = [0, *(cue.end for cue in aways)]
    starts = [*(cue.start for cue in aways), end]
    longest = max(b - a for a, b in zip(ends, starts, strict=True))
    assert longest <= (STARE_S + 1.0) * RATE_HZ


def test_cues_neither_overlap_nor_go_back() -> None:
    cues, _ = reply(10)
    assert all(a.end <= b.start for a, b in pairwise(cues))
    assert all(cue.start < cue.end for cue in cues)


def test_it_looks_away_to_different_places_for_different_times() -> None:
    cues, _ = reply(10)
    aways = [cue for cue in cues if cue.target != "user"]
    assert {cue.target for cue in aways} == {"away_side", "away_up", "down"}
    assert len({cue.end - cue.start for cue in aways}) > 5


def test_each_sentence_ends_with_a_look_at_the_user() -> None:
    cues, _ = reply(3)
    ends = [cue for cue in cues if cue.target == "user"]
    assert len(ends) == 3
    assert all(cue.end - cue.start == WORD_MS + 200 for cue in ends)


def test_a_short_answer_is_given_to_the_users_face() -> None:
    (only,) = GazePlanner(GestureOptions(), 1).plan(on_clock("yes of course"), (), ())
    assert only.target == "user"


def test_the_head_goes_along_with_what_lasts_and_comes_back_whole() -> None:
    cues, _ = reply(10)
    for cue in cues:
        if cue.target == "user":
            assert cue.head == 1.0
        else:
            assert cue.head == (0.5 if cue.end - cue.start >= 1000 else 0.2)


def test_a_gaze_tag_is_kept() -> None:
    cues = (Cue("gaze", "user", 4),)
    planned = GazePlanner(GestureOptions(), 1).plan(on_clock(LONG, *cues), cues, ())
    (asked,) = [cue for cue in planned if cue.source == "llm"]
    assert (asked.target, asked.start) == ("user", 4 * WORD_MS)
    assert all(cue.end <= asked.start or cue.start >= asked.end for cue in planned if cue != asked)


def test_the_gaze_leaves_as_the_turn_begins_and_returns_as_the_sentence_ends() -> None:
    text = chunk("one two three four five six")
    options = GestureOptions(energy=0.0, has_rules=False, mutual=1.0)
    for reply_id, target in ((1, "away_side"), (2, "away_up")):
        movements = planner(options, reply_id=reply_id)
        first = gazes(movements.plan(text, spoken(text), offset=0))
        assert [(g.target, g.start, g.end) for g in first] == [
            (target, 0, 900),
            ("user", 2000, 2400),
        ]
        second = gazes(movements.plan(text, spoken(text), offset=2400))
        assert [g.target for g in second] == ["user"]


def test_in_the_middle_of_a_sentence_the_gaze_does_not_return() -> None:
    speech = speakable("one two", "en")
    text = SpeakableChunk(0, "one two", speech.spoken, speech.words, is_sentence_end=False)
    movements = planner()
    assert len(gazes(movements.plan(text, spoken(text), offset=0))) == 1
    assert gazes(movements.plan(text, spoken(text), offset=800)) == []


def test_a_gaze_tag_wins_over_the_turn_rules() -> None:
    text = chunk("one two three", Cue("gaze", "away", 0), Cue("gaze", "down", 2))
    assert [(g.target, g.source) for g in gazes(plan(text))] == [("away_side", "llm")]
