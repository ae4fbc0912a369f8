"""Poses by key: what is left out stays."""

from __future__ import annotations

from voice_avatar.acting.clips.poses import merged


def test_a_key_takes_what_it_leaves_out_from_the_one_before() -> None:
    before = {"right": {"at": [1, 2, 3], "palm": "up"}, "body": {"head": {"turn": 4}}}
    assert merged(before, {"right": {"palm": "in"}}) == {
        "right": {"at": [1, 2, 3], "palm": "in"},
        "body": {"head": {"turn": 4}},
    }
