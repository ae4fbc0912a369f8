"""The first work of every engine, before anybody talks."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from kit.edge import engines

from voice_avatar.engines import llamacpp_llm
from voice_avatar.engines.llamacpp_llm import LlamaCppLlm
from voice_avatar.engines.scripted import ScriptedLlm, ScriptedStt, ScriptedTts, ScriptedTurn
from voice_avatar.errors import LlmFailed
from voice_avatar.events.payloads import LlmDone, LlmRequest, Message, SpeechPiece, TextDelta
from voice_avatar.models.store import ModelStore
from voice_avatar.pipeline.warm_up import warm_up
from voice_avatar.pipeline.workers import Workers
from voice_avatar.stages.engines import Engines
from voice_avatar.stages.llm import LlmCapabilities, LlmOptions

PROMPT = "You are Ava. " + "You know every stone of the old town and are glad to tell of it. " * 8
SLOTS = 3


class Llm(ScriptedLlm):
    """Remembers what it was asked for."""

    def __init__(self, prefix_caches: int = 1) -> None:
        super().__init__()
        self.capabilities = replace(self.capabilities, prefix_caches=prefix_caches)
        self.warmed: list[LlmRequest] = []

    capabilities = LlmCapabilities("scripted", "scripted", 0, True)

    async def warm(self, request: LlmRequest) -> None:
        self.warmed.append(request)


@pytest.fixture
def log() -> list[str]:
    return []


def noting(log: list[str], llm: ScriptedLlm) -> Engines:
    """Returns engines that note what they do."""

    class Turn(ScriptedTurn):
        def score(self, pcm: bytes) -> float:
            log.append("turn")
            return super().score(pcm)

    class Stt(ScriptedStt):
        def transcribe(self, pcm: bytes, language: str | None):  # type: ignore[no-untyped-def]
            log.append(f"stt {language}")
            return super().transcribe(pcm, language)

    class Tts(ScriptedTts):
        def synthesize(self, chunk):  # type: ignore[no-untyped-def]
            for part in super().synthesize(chunk):
                log.append("piece" if isinstance(part, SpeechPiece) else "plan")
                yield part

    return engines(llm=llm, stt=Stt(), tts=Tts(symbol_samples=100), turn=Turn())


async def warmed(loaded: Engines) -> None:
    workers = Workers(loaded)
    try:
        await warm_up(workers, PROMPT, "en")
    finally:
        workers.close()


async def test_every_engine_works_once(log: list[str]) -> None:
    llm = Llm()
    await warmed(noting(log, llm))
    assert log[:3] == ["turn", "stt en", "plan"]
    assert set(log[3:]) == {"piece"}
    [request] = llm.requests
    assert request.messages[0] == Message("system", PROMPT)
    assert request.max_tokens == 1
    assert llm.warmed == []


async def test_every_prefix_cache_reads_the_system_prompt(log: list[str]) -> None:
    llm = Llm(prefix_caches=4)
    await warmed(noting(log, llm))
    assert [request.messages[0].content for request in llm.warmed] == [PROMPT] * 3
    assert {request.cache_key for request in (*llm.requests, *llm.warmed)} == {""}


async def test_an_engine_that_fails_is_told(log: list[str]) -> None:
    class Broken(ScriptedLlm):
        async def generate(self, request: LlmRequest) -> AsyncGenerator[TextDelta | LlmDone, None]:
            raise LlmFailed("No.")
            yield LlmDone("stop", 0, 0)

    with pytest.raises(LlmFailed):
        await warmed(noting(log, Broken()))


# -- with the real model


@pytest_asyncio.fixture
async def llm(store: ModelStore) -> AsyncIterator[LlamaCppLlm]:
    loaded = llamacpp_llm.load(LlmOptions(slots=SLOTS), store)
    yield loaded
    await loaded.aclose()


def prompt_tokens(llm: LlamaCppLlm) -> float:
    """Returns how many tokens of prompts were read so far; those in the cache are not."""
    lines = (line.partition(" ") for line in llm._server.handle_metrics().splitlines())
    return sum(float(value) for key, _, value in lines if key == "llamacpp:prompt_tokens_total")


async def tokens_read(llm: LlamaCppLlm, system: str, user: str) -> float:
    """Returns how many tokens a new conversation has to read before its first token."""
    prompt = (Message("system", system), Message("user", "What is that?"))
    before = prompt_tokens(llm)
    async for _ in llm.generate(LlmRequest(prompt, max_tokens=1, cache_key=user)):
        pass
    return prompt_tokens(llm) - before


@pytest.mark.models
async def test_no_new_conversation_has_to_wait_for_the_system_prompt(
    llm: LlamaCppLlm, log: list[str]
) -> None:
    await warmed(replace(noting(log, Llm()), llm=llm))
    read = [await tokens_read(llm, PROMPT, f"user {n}") for n in range(SLOTS)]
    unread = await tokens_read(llm, PROMPT.replace("Ava", "Bob"), "somebody else")
    assert 0 < max(read) < unread / 2
