"""Replies that only repeat themselves."""

from __future__ import annotations

import pytest

from voice_avatar.tools.repetition import Repetition, is_loop


@pytest.mark.parametrize("unit", ["a", "no ", "I am sorry about that. ", "x" * 99 + "y" * 99 + " "])
def test_a_loop_is_seen_before_long(unit: str) -> None:
    repetition = Repetition()
    text = "Well. " + unit * 400
    seen = [n for n in range(len(text)) if repetition.push(text[n])]
    assert seen
    assert seen[0] < 2000


@pytest.mark.parametrize(
    "text",
    [
        "Ha ha ha ha ha ha! ",
        "Row, row, row your boat, gently down the stream. " * 3,
        ", ".join(map(str, range(200))),
        "-" * 80,
    ],
)
def test_a_refrain_is_no_loop(text: str) -> None:
    assert not is_loop(text)
