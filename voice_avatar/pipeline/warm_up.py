"""A first piece of work for everything that a turn needs, so that the first user finds it awake.

Engines have graphs to optimise and memory to touch, the tables of gestures, words and visemes are
read when they are first asked for (8 ms), and the language model has the system prompt to read.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Final

from voice_avatar.acting.gesture.options import GestureOptions
from voice_avatar.acting.gesture.planner import GesturePlanner
from voice_avatar.acting.timeline import ReplyTimeline
from voice_avatar.audio.pcm import silence
from voice_avatar.events.payloads import (
    MIC_HZ,
    WINDOW_SAMPLES,
    LlmRequest,
    Message,
    SpeechPiece,
    SpeechPlan,
)
from voice_avatar.pipeline.spoken import VoicedChunk, chunks_of
from voice_avatar.pipeline.workers import Workers, in_thread
from voice_avatar.text.chunking import Chunker, ChunkingOptions

_NOISE = bytes(range(64)) * (2 * MIC_HZ // 64)
"""A second of something that a recogniser does not throw away unheard."""

_REPLY: Final = "Hello."
_REPLY_HZ: Final = 24_000
"""What a client most often asks for; another one would do."""


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
    calls = (
        in_thread(workers.stt, engines.stt.transcribe, _NOISE, language)
        for _ in range(engines.stt.capabilities.parallel)
    )
    await asyncio.gather(*calls)  # each place of the recogniser has memory of its own to touch
    await _read(workers, system_prompt)
    await _speak(workers, language)


async def _read(workers: Workers, system_prompt: str) -> None:
    """Has the system prompt read into every prefix cache.

    So no new conversation, whichever it gets, has it read while others wait for their next tokens:
    a step of the model reads up to 64 tokens, and everybody's next token comes with the next step.
    """
    llm = workers.engines.llm
    prompt = (Message("system", system_prompt), Message("user", "Hello."))
    request = LlmRequest(prompt, max_tokens=1)
    async with aclosing(llm.generate(request)) as deltas:
        async for _ in deltas:
            pass
    for _ in range(llm.capabilities.prefix_caches - 1):  # they are given out in turn
        await llm.warm(request)


async def _speak(workers: Workers, language: str) -> None:
    """Takes a word all the way that a reply takes."""
    tts = workers.engines.tts
    voice = tts.capabilities
    planner = GesturePlanner(GestureOptions(), language, 0, _REPLY_HZ, 1)
    timeline = ReplyTimeline(0, _REPLY_HZ, voice, planner)
    for chunk in chunks_of(_REPLY, Chunker(ChunkingOptions(), language), timeline):
        spoken = VoicedChunk(chunk, timeline, voice.rate_hz)
        speech = tts.synthesize(chunk)
        while (part := await in_thread(workers.tts, next, speech, None)) is not None:
            match part:
                case SpeechPlan():
                    spoken.place(part)
                case SpeechPiece():
                    spoken.push(part)
        spoken.finish(is_cut=False)
