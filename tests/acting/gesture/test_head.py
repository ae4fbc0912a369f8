"""The head by rule: nods that rest, keep apart and give way to tags."""

from __future__ import annotations

from kit.acting_examples import chunk, spoken
from kit.gesture_plans import heads, plan, planner

from voice_avatar.acting.gesture.options import GestureOptions
from voice_avatar.events.payloads import Cue
from voice_avatar.vocabulary import vocabulary


def test_a_rule_rests_before_it_applies_again() -> None:
    text = chunk("that is not mine and not yours and not ours")
    shakes = heads(plan(text, options=GestureOptions()))
    assert [h.lexeme for h in shakes] == ["shake"]
    again = planner(GestureOptions())
    again.plan(text, spoken(text), offset=0)
    assert heads(again.plan(text, spoken(text), offset=9000))


def test_head_movements_by_rule_keep_apart_and_give_way_to_tags() -> None:
    text = chunk("it must not be", Cue("head", "toss", 3))
    assert [h.lexeme for h in heads(plan(text, options=GestureOptions()))] == ["nod", "toss"]
    text = chunk("it must not be", Cue("head", "toss", 1))
    assert [h.lexeme for h in heads(plan(text, options=GestureOptions()))] == ["toss"]


def test_affirmation_nods_twice() -> None:
    (nod,) = heads(plan(chunk("Yes, it will."), options=GestureOptions()))
    once = vocabulary().heads["nod"]
    assert nod.repeats == 2
    assert nod.end - nod.stroke == 2 * once.fall_ms
