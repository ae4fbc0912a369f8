"""A first piece of work for every engine, so that the first turn of a user finds them awake."""

from __future__ import annotations

from contextlib import aclosing

from voice_avatar.audio import silence
from voice_avatar.events import (
    MIC_HZ,
    WINDOW_SAMPLES,
    ChunkWord,
    LlmRequest,
    Message,
    SpeakableChunk,
)
from voice_avatar.workers import Workers, in_thread

_NOISE = bytes(range(64)) * (2 * MIC_HZ // 64)
"""A second of something that a recogniser does not throw away unheard."""

_WORDS = SpeakableChunk(0, "Hello.", "Hello.", (ChunkWord(0, 6, 0, 6),))


async def warm_up(workers: Workers, system_prompt: str, language: str) -> None:
    """Lets every engine work once, each in its own thread.

    Args:
        workers: the engines and their threads.
        system_prompt: what most sessions will begin with.
        language: ISO 639-1 code that most sessions will speak.

    Raises:
        EngineError: an engine cannot do its work.
    """
    engines = workers.engines
    await in_thread(workers.vad, engines.vad.open().step, silence(WINDOW_SAMPLES))
    if engines.turn is not None:
        await in_thread(workers.turn, engines.turn.score, silence(MIC_HZ))
    await in_thread(workers.stt, engines.stt.transcribe, _NOISE, language)
    prompt = (Message("system", system_prompt), Message("user", "Hello."))
    request = LlmRequest(prompt, max_tokens=1)
    async with aclosing(engines.llm.generate(request)) as deltas:
        async for _ in deltas:
            pass
    # The caches are filled in turn, so that no new conversation, whichever it gets, has the system
    # prompt read while others wait for their next tokens.
    for _ in range(engines.llm.capabilities.prefix_caches - 1):
        await engines.llm.warm(request)
    speech = engines.tts.synthesize(_WORDS)
    while await in_thread(workers.tts, next, speech, None) is not None:
        pass
