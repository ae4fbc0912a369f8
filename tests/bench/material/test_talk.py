"""Made talk."""

from __future__ import annotations

from itertools import islice

import pytest

from voice_avatar.bench.material.talk import REPLY_SENTENCES, languages, replies


@pytest.mark.parametrize("language", languages())
def test_talk_is_the_same_for_the_same_seed_and_fills_every_slot(language: str) -> None:
    first = list(islice(replies(language, 3), 40))
    assert first == list(islice(replies(language, 3), 40))
    assert first != list(islice(replies(language, 4), 40))
    assert len(set(first)) > 35
    assert not any("{" in text or "}" in text for text in first)
    sentences = sum(text.count(mark) for text in first for mark in ".?!。？！")
    assert sentences == 40 * REPLY_SENTENCES
