"""What is wrong with a language model, in one line."""

from __future__ import annotations

import pytest

from voice_avatar.engines.scripted import ScriptedLlm
from voice_avatar.pipeline.llm_check import llm_trouble


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Hello!", ""),
        ("...", "answers with nothing"),
        ("<think>" + "hm " * 100, "reasoning off"),
    ],
)
async def test_a_model_that_says_nothing_is_told_of_in_one_line(said: str, told: str) -> None:
    trouble = await llm_trouble(ScriptedLlm([said]))
    assert told in trouble
    assert bool(told) == bool(trouble)
    assert "\n" not in trouble


async def test_a_model_that_fails_is_told_of_by_its_code() -> None:
    llm = ScriptedLlm(["Hello!"])
    await llm.aclose()
    assert "llm_failed" in await llm_trouble(llm)
