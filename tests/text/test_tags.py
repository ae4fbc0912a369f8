"""Reply tags: what they may be."""

from __future__ import annotations

import pytest

from voice_avatar.text.tags import MAX_PAUSE_S, Tag, has_key, is_tag, parse_tag
from voice_avatar.vocabulary import vocabulary


@pytest.mark.parametrize(
    ("body", "tag"),
    [
        ("face:happy", Tag("face", "happy")),
        ("face:Joy", Tag("face", "happy")),
        ("Face: happy ", Tag("face", "happy")),
        ("expression:sorrow", Tag("face", "sad")),
        ("mood:angry", Tag("face", "angry")),
        ("gesture:wave", Tag("gesture", "wave")),
        ("anim:waving_arm", Tag("gesture", "wave")),
        ("animation:wave_hands", Tag("gesture", "wave")),
        ("animation:wave hands", Tag("gesture", "wave")),
        ("gesture:thumbs-up", Tag("gesture", "thumbs_up")),
        ("gesture:nod", Tag("head", "nod")),
        ("anim:smile", Tag("face", "smile")),
        ("head:shake", Tag("head", "shake")),
        ("gaze:away", Tag("gaze", "away")),
        ("gaze:user", Tag("gaze", "user")),
        ("look:up", Tag("gaze", "away_up")),
        ("pause:0.5", Tag("pause", "0.5")),
        ("pause:1s", Tag("pause", "1")),
        ("pause:.25", Tag("pause", "0.25")),
        ("wait: 300 ms", Tag("pause", "0.3")),
        ("pause:60", Tag("pause", f"{MAX_PAUSE_S:g}")),
        ("pause", Tag("pause", "0.5")),
        ("joy", Tag("face", "happy")),
        ("wave", Tag("gesture", "wave")),
        ("nods", Tag("head", "nod")),
        ("开心", Tag("face", "happy")),
        ("挥手", Tag("gesture", "wave")),
    ],
)
def test_known_tags_and_their_aliases_are_understood(body: str, tag: Tag) -> None:
    assert parse_tag(body, vocabulary()) == tag


@pytest.mark.parametrize(
    "body", ["face:bored", "gesture:fly", "gaze:moon", "pause:long", "tone:soft", "sparkles", "x:"]
)
def test_tags_outside_the_vocabulary_mean_nothing(body: str) -> None:
    assert parse_tag(body, vocabulary()) is None


def test_a_tag_begins_with_a_letter() -> None:
    assert is_tag("joy")
    assert is_tag("高兴")
    assert not is_tag("1, 2")
    assert not is_tag("")


def test_a_key_and_a_colon_make_a_tag_certain() -> None:
    assert has_key("anim:x", vocabulary())
    assert not has_key("anim", vocabulary())
    assert not has_key("note:x", vocabulary())
