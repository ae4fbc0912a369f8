"""Conversations through the server with the real models of the embedded preset."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import pytest
import pytest_asyncio

from voice_avatar import wire
from voice_avatar.client import AvatarConnection, connect
from voice_avatar.client_reply import AudioReceived, Reply
from voice_avatar.command_serve import engines_of
from voice_avatar.config import load
from voice_avatar.server import AvatarServer

pytestmark = [
    pytest.mark.models,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(180),
]

STORY = "Tell me a long story about a castle, a dragon and a brave knight."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def url() -> AsyncIterator[str]:
    """A server that is ready, with a persona that does not greet."""
    persona = str(__file__).replace("test_embedded_conversation.py", "quiet_persona.toml")
    config = load(overrides={"server.port": "0", "server.persona": persona})
    server = AvatarServer(config, lambda: engines_of(config))
    urls: list[str] = []
    serving = asyncio.create_task(server.serve(urls.append))
    while not urls and not serving.done():  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    if serving.done():
        serving.result()
    yield f"ws://127.0.0.1:{server.port}"
    server.stop()
    await serving


async def talk(avatar: AvatarConnection, pcm: bytes) -> Reply:
    """Speaks with an open microphone until a reply is over."""
    microphone = asyncio.create_task(avatar.stream(pcm, 16_000))
    try:
        return await avatar.next_reply()
    finally:
        microphone.cancel()
        await asyncio.gather(microphone, return_exceptions=True)


async def first_audio(avatar: AvatarConnection) -> None:
    async for event in avatar:
        if isinstance(event, AudioReceived):
            return


async def test_a_spoken_question_gets_a_spoken_lip_synced_answer(
    url: str, spoken: Callable[[str], bytes]
) -> None:
    async with asyncio.timeout(60), connect(url) as avatar:
        reply = await talk(avatar, spoken("What is your name?") + bytes(16_000))
    assert reply.user_text.lower().rstrip("?.") == "what is your name"
    assert reply.status == "completed"
    assert reply.text.strip()
    assert reply.spoken_text == reply.text.strip()
    assert reply.audio_s > 0.3
    times = [t_ms for t_ms, _, _ in reply.visemes]
    assert times == sorted(times)
    assert times[-1] <= reply.audio_s * 1000 + 1
    assert {viseme for _, viseme, _ in reply.visemes} - {0}
    assert reply.v2v_ms is not None


async def test_two_people_at_once_get_each_their_answer(
    url: str, spoken: Callable[[str], bytes]
) -> None:
    async def ask(question: str) -> Reply:
        async with connect(url) as avatar:
            return await talk(avatar, spoken(question) + bytes(16_000))

    async with asyncio.timeout(90):
        name, colour = await asyncio.gather(
            ask("What is your name?"), ask("What is your favourite colour?")
        )
    assert "name" in name.user_text
    assert "colo" in colour.user_text
    assert name.status == colour.status == "completed"
    assert name.audio_s > 0.3 < colour.audio_s


async def test_after_an_interruption_by_voice_nothing_of_the_reply_is_heard(
    url: str, spoken: Callable[[str], bytes]
) -> None:
    async with asyncio.timeout(90), connect(url) as avatar:
        await avatar.send_text(STORY)
        await first_audio(avatar)
        microphone = asyncio.create_task(
            avatar.stream(spoken("Stop it please, I have another question."), 16_000)
        )
        interrupted: wire.ReplyInterrupted | None = None
        late = []
        async for event in avatar:
            if isinstance(event, wire.ReplyInterrupted):
                interrupted = event
            if isinstance(event, wire.ReplyStarted) and interrupted:
                break
            if interrupted and isinstance(event, AudioReceived | wire.Visemes | wire.Gesture):
                late.append(event)
        cut = await avatar.next_reply()
        microphone.cancel()
        with suppress(asyncio.CancelledError):
            await microphone
    assert interrupted is not None
    assert interrupted.reason == "voice"
    assert late == []
    assert cut.status == "interrupted"
    assert cut.spoken_text == interrupted.spoken_text
