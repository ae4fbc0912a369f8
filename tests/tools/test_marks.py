"""Marks in texts."""

from __future__ import annotations

import pytest

from voice_avatar.tools.marks import Kind, next_mark, unfinished


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("a <think> b", Kind.THOUGHT),
        ("a </Think > b", Kind.THOUGHT_END),
        ("[/THINK]", Kind.THOUGHT_END),
        ("<|eot_id|>", Kind.TURN_END),
        ("<|im_start|>", Kind.TURN_START),
        ("<|user|>", Kind.ROLE),
        ("<|channel|>", Kind.CHANNEL),
        ("<tool_call>", Kind.CALL),
        ("</tool_call>", Kind.OTHER),
        ("<s>", Kind.OTHER),
    ],
)
def test_a_mark_is_known_by_its_name(text: str, kind: Kind) -> None:
    mark = next_mark(text)
    assert mark is not None
    assert mark.kind is kind


@pytest.mark.parametrize("text", ["[think]", "a < b", "<b>", "<|", "[1]", "<thinker>"])
def test_what_only_looks_like_one_is_none(text: str) -> None:
    assert next_mark(text) is None


@pytest.mark.parametrize(
    ("text", "chars"),
    [("a <", 1), ("a <thi", 4), ("a <|im_en", 7), ("[TH", 3), ("[th", 0), ("a <b>", 0), ("<p", 2)],
)
def test_what_may_begin_one_is_counted(text: str, chars: int) -> None:
    assert unfinished(text) == chars
