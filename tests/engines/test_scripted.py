"""The scripted engines: exact, repeatable, and able to fail on demand."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import numpy as np
import pytest
from kit.edge import hush, tone

from voice_avatar.engines.scripted import (
    KEPT_REQUESTS,
    ScriptedLlm,
    ScriptedStt,
    ScriptedTts,
    ScriptedTurn,
    ScriptedVad,
)
from voice_avatar.errors import ContextExceeded, LlmFailed, TtsFailed, VadFailed
from voice_avatar.events.payloads import (
    WINDOW_SAMPLES,
    LlmDone,
    LlmRequest,
    Message,
    SpeakableChunk,
    SpeechPiece,
    SpeechPlan,
)
from voice_avatar.text.chunking import Chunker, ChunkingOptions

REQUEST = LlmRequest((Message("user", "How are you?"),), max_tokens=8)


async def texts(llm: ScriptedLlm, request: LlmRequest = REQUEST) -> list[str]:
    async with aclosing(llm.generate(request)) as deltas:
        return [delta.text async for delta in deltas if not isinstance(delta, LlmDone)]


def chunk(text: str) -> SpeakableChunk:
    chunker = Chunker(ChunkingOptions(), "en")
    chunks = (*chunker.push(text).chunks, *chunker.flush().chunks)
    assert len(chunks) == 1
    return chunks[0]


def test_loud_windows_are_speech_and_quiet_ones_are_not() -> None:
    stream = ScriptedVad().open()
    size = 2 * WINDOW_SAMPLES
    assert stream.step(tone(1.0)[:size]) > 0.5 > stream.step(hush(1.0)[:size])
    stream.reset()
    with pytest.raises(VadFailed):
        stream.step(b"\0\0")


def test_the_turn_is_as_finished_as_it_was_made() -> None:
    assert ScriptedTurn(0.3).score(tone(1.0)) == 0.3
    assert ScriptedTurn().score(b"") == 0.0


def test_a_transcript_has_as_many_words_as_the_speech_is_long() -> None:
    stt = ScriptedStt()
    assert stt.transcribe(hush(0.5) + tone(1.25) + hush(0.5), "en").text == "One two three."
    assert stt.transcribe(hush(2.0), None).text == ""
    assert ScriptedStt(lambda seconds: f"{seconds:.0f}").transcribe(tone(2.0), "zh").text == "2"


async def test_the_llm_says_its_replies_in_turn() -> None:
    llm = ScriptedLlm(("One.", "Two words."))
    assert [await texts(llm) for _ in range(3)] == [["One."], ["Two", " words."], ["One."]]
    assert await texts(ScriptedLlm()) == ["You", " said:", " How", " are", " you?"]
    assert await texts(ScriptedLlm([""])) == []
    assert len(llm.requests) == 3


async def test_the_llm_keeps_its_newest_requests_only() -> None:
    llm = ScriptedLlm(("One.", "Two.", "Three."))
    for number in range(KEPT_REQUESTS + 10):
        assert await texts(llm) == [("One.", "Two.", "Three.")[number % 3]]
    assert len(llm.requests) == KEPT_REQUESTS


async def test_the_llm_ends_with_why_it_ended() -> None:
    llm = ScriptedLlm(("a b c", "a"))
    short = LlmRequest(REQUEST.messages, max_tokens=2)
    for request, reason, count in ((short, "length", 2), (REQUEST, "stop", 1)):
        async with aclosing(llm.generate(request)) as deltas:
            done = [delta async for delta in deltas][-1]
        assert done == LlmDone(reason, 3, count)  # type: ignore[arg-type]


async def test_the_llm_takes_the_time_that_it_is_told_to_take() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    await texts(ScriptedLlm(["a b"], token_s=0.5, sleep=sleep))
    assert slept == [0.5, 0.5, 0.5]


async def test_the_llm_fails_where_it_is_told_to() -> None:
    llm = ScriptedLlm(["a b c"], fails_after=2)
    async with aclosing(llm.generate(REQUEST)) as deltas:
        await anext(deltas)
        await anext(deltas)
        with pytest.raises(LlmFailed):
            await anext(deltas)
    assert (llm.running, llm.aborted) == (0, 0)


async def test_a_hanging_request_is_counted_and_can_be_aborted() -> None:
    llm = ScriptedLlm(["a b"], hangs_after=1)
    asking = asyncio.create_task(texts(llm))
    await asyncio.sleep(0.01)
    assert llm.running == 1
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert (llm.running, llm.aborted) == (0, 1)


async def test_closing_the_llm_ends_what_hangs() -> None:
    llm = ScriptedLlm(["a b"], hangs_after=1)
    asking = asyncio.create_task(texts(llm))
    await asyncio.sleep(0.01)
    await llm.aclose()
    with pytest.raises(LlmFailed):
        await asking


async def test_the_llm_refuses_what_exceeds_its_window() -> None:
    with pytest.raises(ContextExceeded):
        await texts(ScriptedLlm(context_tokens=10))


def test_a_voice_covers_every_sample_and_word() -> None:
    spoken = chunk("Hello, dear friend!")
    plan, *pieces = ScriptedTts().synthesize(spoken)
    assert isinstance(plan, SpeechPlan)
    assert [s.start for s in plan.spans[1:]] == [s.end for s in plan.spans[:-1]]
    assert plan.spans[0].start == 0
    assert plan.spans[-1].end == plan.sample_count
    assert [w.word for w in plan.words] == [0, 1, 2]
    sound = b"".join(p.pcm for p in pieces if isinstance(p, SpeechPiece))
    assert len(sound) == 2 * plan.sample_count
    assert [p.start for p in pieces if isinstance(p, SpeechPiece)][:2] == [0, 3200]
    assert np.abs(np.frombuffer(sound, "<i2")).max() > 1000


def test_a_voice_sounds_the_same_every_time() -> None:
    first, second = (list(ScriptedTts().synthesize(chunk("Same again."))) for _ in range(2))
    assert first == second


def test_a_voice_fails_on_the_symbol_that_it_is_told_to() -> None:
    with pytest.raises(TtsFailed):
        list(ScriptedTts(fails_on="z").synthesize(chunk("A zebra.")))
