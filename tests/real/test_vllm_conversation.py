"""One conversation through the real server with the real vLLM, recogniser and voice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from kit.vllm_model import configure_cpu, safetensors

from voice_avatar.audio.wav import write_wav
from voice_avatar.client.connection import connect
from voice_avatar.client.playback import AudioReceived
from voice_avatar.engines.tables import EngineTables, LlmTables
from voice_avatar.engines.vllm_llm import VllmOptions
from voice_avatar.models.store import ModelStore
from voice_avatar.stages.llm import LlmOptions

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(900),
]

START_S = 600.0
"""Longest start of all engines; vLLM alone takes half a minute on two cores."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def url(store: ModelStore) -> AsyncIterator[str]:
    """A server that is ready, whose LLM is vLLM and everything else the default."""
    from voice_avatar.cli.serve import engines_of
    from voice_avatar.config.load import Config, ServerOptions
    from voice_avatar.server.port import AvatarServer

    configure_cpu()
    folder = str(await asyncio.to_thread(safetensors, store))
    config = Config(
        server=ServerOptions(host="127.0.0.1", port=0),
        llm=LlmOptions("vllm", folder, context_tokens=2048, slots=4),
        engines=EngineTables(llm=LlmTables(vllm=VllmOptions(is_eager=True))),
    )
    ready = asyncio.Event()
    server = AvatarServer(config, lambda: engines_of(config))
    serving = asyncio.create_task(server.serve(on_ready=lambda _: ready.set()))
    waiting = asyncio.create_task(ready.wait())
    async with asyncio.timeout(START_S):
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if not ready.is_set():
        waiting.cancel()
        serving.result()
    yield f"ws://127.0.0.1:{server.port}"
    server.stop()
    await serving


async def test_a_spoken_question_gets_a_spoken_answer_from_vllm_that_can_be_interrupted(
    url: str, spoken: Callable[[str], bytes], tmp_path: Path
) -> None:
    question = tmp_path / "question.wav"
    write_wav(question, spoken("What is your name?"), 16_000)
    async with asyncio.timeout(120), connect(url) as avatar:
        greeting = await avatar.next_reply()
        assert greeting.turn_id == 0

        answer = await avatar.talk(question)
        assert answer.status == "completed"
        assert answer.user_text.lower().rstrip("?") == "what is your name"
        assert answer.text.strip()
        assert answer.spoken_text == answer.text
        assert answer.audio_s > 0.3
        assert answer.visemes
        assert answer.v2v_ms is not None

        typed = await avatar.ask("Say hello to my friend.")
        assert (typed.status, typed.user_text) == ("completed", "Say hello to my friend.")
        assert typed.text.strip()

        await avatar.send_text("Tell me a very long story about a castle and a dragon.")
        async for event in avatar:
            if isinstance(event, AudioReceived) and event.reply_id > typed.reply_id:
                break
        await avatar.interrupt()
        cut = await avatar.next_reply()
        assert cut.status == "interrupted"
    assert answer.reply_id < typed.reply_id < cut.reply_id
