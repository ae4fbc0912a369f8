"""The vocabulary: within the protocol, and every other word for a name leads to it."""

from __future__ import annotations

from typing import get_args

from voice_avatar.events.cues import GestureKind, GestureMode
from voice_avatar.events.payloads import CueKind
from voice_avatar.vocabulary import vocabulary


def test_the_vocabulary_is_within_the_protocol() -> None:
    words = vocabulary()
    for lexeme in words.gestures.values():
        assert lexeme.kind in get_args(GestureKind)
        assert lexeme.mode in get_args(GestureMode)
        assert 0 < lexeme.amplitude <= 1
        assert 200 <= lexeme.preparation_ms <= 400
        assert 300 <= lexeme.retraction_ms <= 600
        assert 0 <= lexeme.hold_ms <= 300
    assert words.gesture_names == tuple(words.gestures)
    assert words.expression_names == tuple(words.expressions)
    assert set(words.heads) == {"nod", "shake", "tilt", "toss", "lower"}
    assert set(words.gaze.values()) == {"user", "away_side", "away_up", "down"}
    for expression in words.expressions.values():
        assert -1 <= expression.valence <= 1
        assert -1 <= expression.arousal <= 1
        assert 0 < expression.intensity <= 1
    assert set(words.keys.values()) == set(get_args(CueKind))


def test_every_alias_and_emoji_leads_to_a_name() -> None:
    words = vocabulary()
    tables = {"face": words.expressions, "gesture": words.gestures, "head": words.heads}
    for kind, table in tables.items():
        assert set(words.words[kind].values()) == set(table)
    assert all(
        len(sign) == 1 and name in tables[kind] for sign, (kind, name) in words.emoji.items()
    )
