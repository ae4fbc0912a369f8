"""What is read of a model's reply; whole talks with it: test_reply_run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import cast

import pytest
from kit.edge import engines
from kit.talk import at_work

from voice_avatar.errors import LlmFailed, LlmTimeout
from voice_avatar.events.payloads import (
    LlmDelta,
    LlmDone,
    LlmRequest,
    LlmThinking,
    Message,
    TextDelta,
)
from voice_avatar.pipeline.llm_reading import LlmReading
from voice_avatar.stages.llm import LlmEngine, LlmOptions


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


class Thinker:
    """A model that reasons for so many steps before it speaks; each takes a while."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    async def generate(self, request: LlmRequest) -> AsyncGenerator[LlmDelta, None]:
        for _ in range(self.steps):
            await asyncio.sleep(0.1)
            yield LlmThinking()
        yield TextDelta("Tea it is.")
        yield LlmDone("stop")


async def thought(steps: int, options: LlmOptions) -> list[LlmDelta]:
    with at_work(engines("unused")) as workers:
        loaded = workers.engines
        workers.engines = replace(loaded, llm=cast("LlmEngine", Thinker(steps)))
        asked = LlmRequest((Message("user", "Hi."),), 200)
        reading = LlmReading(1, asked, workers=workers, options=options)
        try:
            return [delta async for delta in reading.deltas()]
        finally:
            workers.engines = loaded


@pytest.mark.virtual_time
async def test_a_model_that_reasons_for_longer_than_a_first_token_may_take_is_heard() -> None:
    options = LlmOptions(first_token_timeout_s=10.0, between_tokens_timeout_s=60.0)
    assert await thought(150, options) == [TextDelta("Tea it is.")]


@pytest.mark.virtual_time
async def test_a_model_that_reasons_without_end_is_given_up() -> None:
    options = LlmOptions(first_token_timeout_s=10.0, between_tokens_timeout_s=60.0)
    with pytest.raises(LlmTimeout):
        await thought(400, options)
