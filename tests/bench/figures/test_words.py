"""Which words count."""

from __future__ import annotations

import pytest

from voice_avatar.bench.figures.words import scorable


@pytest.mark.parametrize(
    ("text", "language", "scored"),
    [
        ("Mr. Smith’s 12 dogs -- OK?", "en", "mister smith's twelve dogs okay"),
        ("Half-past 3.", "en", "half past three"),
        ("你好， 世界！", "zh", "你好世界"),
        ("Les 2 forêts", "fr", "les deux forêts"),
    ],
)
def test_only_what_counts_as_wrong_is_scored(text: str, language: str, scored: str) -> None:
    assert scorable(text, language) == scored
