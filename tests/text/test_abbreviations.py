"""Which full stops end a sentence."""

from __future__ import annotations

import pytest

from voice_avatar.text.abbreviations import ends_sentence, is_initials


@pytest.mark.parametrize(
    ("text", "after", "ends"),
    [
        ("Mr.", "S", False), ("done.", "N", True), ("fig.", "3", False), ("fig.", "A", True),
        ("etc.", "T", True), ("etc.", "a", False), ("U.S.", "I", False), ("I.", "T", True),
        ("line\n2.", "T", False), ('so."', "h", False), ('so."', "H", True), ("in 2.", "T", True),
    ],
)  # fmt: skip
def test_full_stops_are_judged_by_their_word(text: str, after: str, ends: bool) -> None:
    assert ends_sentence(text, after, "en") is ends


def test_initials_are_single_capitals() -> None:
    assert is_initials("J")
    assert is_initials("U.S")
    assert not is_initials("Ph.D")
    assert not is_initials("a.m")
