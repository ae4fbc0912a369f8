"""Gestures of one reply: which beats, and what tags may ask for."""

from __future__ import annotations

from itertools import groupby

import pytest
from kit.acting_examples import RATE_HZ, chunk, spoken

from voice_avatar.acting.gesture.hands import HandPlanner
from voice_avatar.acting.gesture.options import GestureOptions
from voice_avatar.acting.gesture.spoken_chunk import spoken_chunk
from voice_avatar.events.cues import GestureCue
from voice_avatar.events.payloads import Cue


def beats(reply_id: int, shown: frozenset[str] | None = None) -> list[GestureCue]:
    planner = HandPlanner(GestureOptions(energy=1.0), frozenset(), reply_id, 1, shown, None)
    said = chunk("lovely little animals everywhere today running over yellow mountains together")
    found: list[GestureCue] = []
    for at in range(0, 80_000, 4000):
        plan = spoken(said)
        found += planner.plan(
            spoken_chunk(said, plan, offset=at, language="en", rate_hz=RATE_HZ, overhang_s=0.6),
            (),
            (),
        )
    return found


@pytest.mark.parametrize("reply_id", range(1, 6))
def test_beats_vary_in_hand_and_size_and_never_run_on(reply_id: int) -> None:
    found = beats(reply_id)
    assert len(found) > 30
    assert {beat.lexeme for beat in found} == {"beat_right", "beat_left", "beat_both"}
    runs = [len(list(run)) for _, run in groupby(beat.lexeme for beat in found)]
    assert max(runs) <= 2
    assert len({beat.amplitude for beat in found}) > len(found) / 2
    rights = sum(beat.lexeme == "beat_right" for beat in found)
    assert rights > len(found) / 3


def test_the_same_reply_beats_the_same_and_another_one_differently() -> None:
    assert beats(1) == beats(1)
    assert [b.lexeme for b in beats(1)] != [b.lexeme for b in beats(2)]


def test_a_client_with_one_beat_gets_that_one() -> None:
    assert {beat.lexeme for beat in beats(1, frozenset({"beat_left"}))} == {"beat_left"}
    assert beats(1, frozenset({"wave"})) == []


def test_a_word_that_was_said_before_is_no_news() -> None:
    planner = HandPlanner(GestureOptions(energy=1.0), frozenset({"oh"}), 1, 1, None, None)
    struck = []
    for at, text in ((0, chunk("oh river")), (4000, chunk("oh mountain river"))):
        on_clock = spoken_chunk(
            text, spoken(text), offset=at, language="en", rate_hz=RATE_HZ, overhang_s=0.6
        )
        struck += [beat.stroke for beat in planner.plan(on_clock, (), ())]
    # 20 ms before the vowel; the second one on "mountain", not on "river" at the end.
    assert struck == [480, 4480]


def test_tags_may_ask_only_for_what_the_persona_was_told() -> None:
    cues = (Cue("gesture", "wave", 0), Cue("gesture", "facepalm", 3))
    said = chunk("one two three four, five", *cues)
    on_clock = spoken_chunk(
        said, spoken(said), offset=0, language="en", rate_hz=RATE_HZ, overhang_s=0.6
    )
    options = GestureOptions(energy=0.0)
    offered = HandPlanner(options, frozenset(), 1, 1, None, frozenset({"wave"}))
    assert [g.lexeme for g in offered.plan(on_clock, cues, ())] == ["wave"]
    free = HandPlanner(options, frozenset(), 1, 1, None, None)
    assert [g.lexeme for g in free.plan(on_clock, cues, ())][:1] == ["wave"]
