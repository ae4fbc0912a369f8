"""What is read of a model's reply; whole talks with it: test_reply_run."""

from __future__ import annotations

import pytest
from kit.edge import engines
from kit.talk import at_work

from voice_avatar.errors import LlmFailed
from voice_avatar.events.payloads import LlmRequest, Message, TextDelta
from voice_avatar.pipeline.llm_reading import LlmReading
from voice_avatar.stages.llm import LlmOptions


async def read(*texts: str) -> str:
    with at_work(engines(*texts)) as workers:
        asked = LlmRequest((Message("user", "Hi."),), 200)
        reading = LlmReading(1, asked, workers=workers, options=LlmOptions())
        said = [delta.text async for delta in reading.deltas() if isinstance(delta, TextDelta)]
        assert reading.written is not None
        return "".join(said)


async def test_a_model_that_says_nothing_is_asked_once_more() -> None:
    assert await read("...", "Hello.") == "Hello."


async def test_nothing_twice_is_a_failure() -> None:
    with pytest.raises(LlmFailed, match="said nothing"):
        await read("...", "")


async def test_a_loop_is_cut() -> None:
    assert len(await read("Yes, yes indeed. " * 100)) < 500
