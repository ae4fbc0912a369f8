"""Expressions of one reply, and the mood behind them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from kit.acting_examples import RATE_HZ, WORD_MS, chunk, spoken
from kit.gesture_plans import faces, plan

from voice_avatar.acting.gesture.expressions import ExpressionPlanner
from voice_avatar.acting.gesture.mood import Baseline, Mood
from voice_avatar.acting.gesture.options import GestureOptions
from voice_avatar.acting.gesture.spoken_chunk import spoken_chunk
from voice_avatar.events.cues import FaceCue
from voice_avatar.events.payloads import Cue

NEUTRAL = Baseline()


def planner(
    language: str = "en",
    *,
    baseline: Baseline = NEUTRAL,
    mood: Mood | None = None,
    shown: frozenset[str] | None = None,
    offered: frozenset[str] | None = None,
) -> ExpressionPlanner:
    return ExpressionPlanner(
        GestureOptions(energy=1.0),
        language,
        1,
        baseline=baseline,
        mood=Mood(baseline.valence, baseline.arousal) if mood is None else mood,
        shown=shown,
        offered=offered,
    )


def say(
    face: ExpressionPlanner, text: str, *cues: Cue, at: int = 0, language: str = "en"
) -> list[FaceCue]:
    said = chunk(text, *cues, language=language)
    on_clock = spoken_chunk(
        said, spoken(said), offset=at, language="en", rate_hz=RATE_HZ, overhang_s=0.6
    )
    return face.plan(on_clock, cues, (), ())


@pytest.mark.parametrize(
    ("text", "language", "shown"),
    [
        ("a wonderful happy birthday my friend", "en", {"smile"}),
        ("he died and we cried, it was so sad", "en", {"sad"}),
        ("the train leaves at nine", "en", set()),
        ("生日快乐我很高兴", "zh", {"smile", "happy"}),
        ("他去世了我们很伤心都哭了", "zh", {"sad"}),
    ],
)
def test_the_face_follows_what_the_words_feel_like(
    text: str, language: str, shown: set[str]
) -> None:
    got = {cue.expression for cue in say(planner(language), text, language=language)}
    assert got <= shown
    assert bool(got) == bool(shown)


def test_cues_carry_the_mood_that_results() -> None:
    face = planner()
    (sad,) = say(face, "one two three", Cue("face", "sad", 0))
    (happy,) = say(face, "one two three", Cue("face", "happy", 0), at=1200)
    assert sad.valence == pytest.approx(0.8 * -0.7)
    assert sad.valence < happy.valence < 0.8  # what was felt before is not gone at once


def test_the_mood_calms_down_while_nothing_moves_it() -> None:
    face = planner()
    say(face, "one", Cue("face", "happy", 0))
    before = face.mood
    for at in range(400, 40_000, 400):
        say(face, "one", at=at)
    assert 0 < face.mood.valence < before.valence / 2
    assert 0 < face.mood.arousal < before.arousal / 4


def test_a_mood_carried_over_shows_from_the_first_sample() -> None:
    (sad,) = say(planner(mood=Mood(-0.7, -0.4)), "one two three", at=0)
    assert (sad.expression, sad.sample, sad.source) == ("sad", 0, "rule")
    assert say(planner(mood=Mood(-0.7, -0.4), shown=frozenset({"happy"})), "one two") == []


def test_a_persona_at_rest_shows_nothing_new() -> None:
    assert say(planner(baseline=Baseline("relaxed", 0.4, -0.3)), "one two three") == []


def test_expressions_by_mood_keep_apart() -> None:
    face = planner()
    cues: list[FaceCue] = []
    for at in range(0, 20_000, 2000):
        cues += say(face, "happy sad wonderful terrible lonely", at=at)
    moments = [cue.sample for cue in cues]
    assert all(b - a >= 1500 for a, b in pairwise(moments))


def test_tags_may_ask_only_for_what_the_persona_was_told() -> None:
    cues = (Cue("face", "angry", 0), Cue("face", "happy", 2))
    got = say(planner(offered=frozenset({"happy"})), "one two three", *cues)
    assert [cue.expression for cue in got] == ["happy"]


def test_an_expression_carries_its_place_in_the_emotion_plane() -> None:
    text = chunk("one two three", Cue("face", "sad", 1))
    (sad,) = faces(plan(text, options=GestureOptions(energy=1.0, has_rules=False)))
    assert (sad.expression, sad.source, sad.intensity) == ("sad", "llm", 0.7)
    assert sad.valence < 0
    assert sad.arousal < 0
    assert sad.sample == WORD_MS - 100


def test_a_rule_does_not_contradict_the_mood_that_a_tag_set() -> None:
    text = chunk("I see, thanks but not today really now", Cue("face", "angry", 0))
    moods = [f.expression for f in faces(plan(text, options=GestureOptions()))]
    assert moods[0] == "angry"
    assert "smile" not in moods
    assert "brow_raise" in moods


def test_expressions_by_rule_keep_apart() -> None:
    text = chunk("it is really huge now")
    assert len(faces(plan(text, options=GestureOptions()))) == 1
