"""Conversations through the server with the real models of the embedded preset."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import numpy as np
import pytest
import pytest_asyncio
from kit.realtime_line import RATE_HZ, RealtimeLine, realtime
from msgspec import Meta

from voice_avatar.audio.pcm import resample, silence
from voice_avatar.cli.serve import engines_of
from voice_avatar.client.connection import AvatarConnection, connect
from voice_avatar.client.playback import AudioReceived, Reply
from voice_avatar.config.load import load
from voice_avatar.events.payloads import Message
from voice_avatar.server.port import AvatarServer
from voice_avatar.wire import client_messages, cue_messages, turn_messages

pytestmark = [
    pytest.mark.models,
    pytest.mark.asyncio(loop_scope="module"),
]

STORY = "Tell me a long story about a castle, a dragon and a brave knight."


PP = 1
"""The viseme of closed lips: p, b, m."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[AvatarServer]:
    """A server that is ready, with a persona that does not greet, and short replies."""
    persona = str(Path(__file__).parents[1] / "data" / "quiet_persona.toml")
    config = load(
        overrides={
            "server.port": "0",
            "server.persona": persona,
            "session.max_reply_tokens": "32",
        }
    )
    server = AvatarServer(config, lambda: engines_of(config))
    urls: list[str] = []
    serving = asyncio.create_task(server.serve(urls.append))
    while not urls and not serving.done():  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    if serving.done():
        serving.result()
    yield server
    server.stop()
    await serving


@pytest.fixture
def url(server: AvatarServer) -> str:
    return f"ws://127.0.0.1:{server.port}"


def history(server: AvatarServer) -> list[Message]:
    """Returns what the only session's next prompt will hold."""
    (session,) = server.sessions
    return list(session.conversation.session.history.messages)


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


def check_track(reply: Reply) -> None:
    """Checks that mouth and captions cover the audio that was received, and nothing else."""
    times = [t_ms for t_ms, _, _ in reply.visemes]
    assert times == sorted(times)
    assert times[0] == 0
    assert times[-1] <= reply.audio_s * 1000 + 1
    assert (
        sum(weight for t_ms, viseme, weight in reply.visemes if t_ms == times[-1] and viseme) == 0
    )
    assert max(np.diff(times)) < 1500
    assert " ".join(segment.text for segment in reply.segments) == " ".join(reply.text.split())
    assert [s.start_ms for s in reply.segments[1:]] == [s.end_ms for s in reply.segments[:-1]]
    assert reply.segments[-1].end_ms == pytest.approx(reply.audio_s * 1000, abs=1)
    for start_ms, end_ms in closures(reply):
        shut = [w for t, v, w in reply.visemes if v == PP and start_ms - 60 <= t <= end_ms + 60]
        assert max(shut, default=0) > 0.7


def closures(reply: Reply) -> list[tuple[float, float]]:
    """Returns when words are spoken whose letters surely close the lips."""
    return [
        (start_ms, end_ms)
        for segment in reply.segments
        for text, start_ms, end_ms, _ in segment.words
        if "m" in text.lower() or text.lower().startswith(("b", "pr", "pl", "pe", "po"))
    ]


def audible(reply: Reply) -> bool:
    return bool(np.abs(np.frombuffer(bytes(reply.audio), "<i2")).max() > 1000)


async def test_a_greeting_is_spoken_with_mouth_captions_and_a_wave(url: str) -> None:
    hello = client_messages.SessionHello(persona="ava")
    async with asyncio.timeout(240), connect(url, hello=hello) as avatar:
        reply = await avatar.next_reply()
    assert reply.turn_id == 0
    assert reply.spoken_text == "Hi, I'm Ava. What would you like to know?"
    assert audible(reply)
    assert closures(reply)
    check_track(reply)
    assert reply.cues


async def test_spoken_questions_get_spoken_answers_and_are_remembered_as_heard(
    server: AvatarServer, url: str, spoken: Callable[[str], bytes]
) -> None:
    async with asyncio.timeout(240), connect(url) as avatar:
        first = await talk(avatar, spoken("What is your name?"))
        second = await talk(avatar, spoken("Where can I find the museum?"))
        third = await avatar.ask("Thank you very much.")
        remembered = history(server)
    assert first.user_text.lower().rstrip("?.") == "what is your name"
    assert "museum" in second.user_text
    assert third.user_text == "Thank you very much."
    for reply in (first, second, third):
        assert reply.status == "completed"
        assert reply.spoken_text == reply.text.strip()
        assert reply.spoken_text
        assert audible(reply)
        assert "[" not in reply.text
        check_track(reply)
    for reply in (first, second):
        assert reply.v2v_ms is not None
        assert reply.metrics is not None
        assert reply.metrics.sent_ms is not None
    contents = [message.content for message in remembered]
    assert contents[:5] == [
        first.user_text,
        first.spoken_text,
        second.user_text,
        second.spoken_text,
        third.user_text,
    ]
    # The last reply is written down with its last report, or else with the next turn: whether the
    # report is there yet is a matter of milliseconds.
    assert contents[5:] in ([], [third.spoken_text])


async def test_two_people_at_once_get_each_their_answer(
    url: str, spoken: Callable[[str], bytes]
) -> None:
    async def ask(question: str) -> Reply:
        async with connect(url) as avatar:
            return await talk(avatar, spoken(question) + bytes(16_000))

    async with asyncio.timeout(240):
        name, colour = await asyncio.gather(
            ask("What is your name?"), ask("What is your favourite colour?")
        )
    assert "name" in name.user_text
    assert "colo" in colour.user_text
    assert name.status == colour.status == "completed"
    assert name.audio_s > 0.3 < colour.audio_s


async def test_after_an_interruption_by_voice_nothing_of_the_reply_is_heard_nor_remembered(
    server: AvatarServer, url: str, spoken: Callable[[str], bytes]
) -> None:
    async with asyncio.timeout(240), connect(url) as avatar:
        await avatar.send_text(STORY)
        await first_audio(avatar)
        await asyncio.sleep(0.8)
        microphone = asyncio.create_task(
            avatar.stream(spoken("Stop it please, I have another question."), 16_000)
        )
        paused = interrupted = None
        pauses = []
        late = []
        async for event in avatar:
            if isinstance(event, turn_messages.ReplyPaused):
                paused = event
                pauses.append(event)
            if isinstance(event, turn_messages.ReplyResumed):
                paused = None
            if paused and isinstance(event, AudioReceived) and not interrupted:
                late.append(event)
            if isinstance(event, turn_messages.ReplyInterrupted):
                interrupted = event
            if isinstance(event, turn_messages.ReplyStarted) and interrupted:
                break
            if interrupted and isinstance(
                event, AudioReceived | cue_messages.Visemes | cue_messages.Gesture
            ):
                late.append(event)
        cut = await avatar.next_reply()
        remembered = history(server)
        microphone.cancel()
        with suppress(asyncio.CancelledError):
            await microphone
    assert interrupted is not None
    assert interrupted.reason == "voice"
    assert pauses
    assert interrupted.ts_ms > pauses[0].ts_ms  # it was silent before it knew the words
    assert late == []
    assert cut.status == "interrupted"
    assert cut.spoken_text == interrupted.spoken_text
    assert cut.text.startswith(cut.spoken_text)
    assert len(cut.spoken_text) < len(cut.text)
    assert remembered[0].content == STORY
    heard = "".join(m.content for m in remembered if m.role == "assistant")
    assert cut.text.startswith(heard)
    assert abs(len(heard) - len(cut.spoken_text)) < 25  # a late report may correct it by a word
    assert "stop" in remembered[-1].content.lower()


@pytest.mark.parametrize("said", ["Yeah.", "Okay.", "Right."])
async def test_a_listeners_word_pauses_the_reply_which_then_goes_on_to_its_last_sample(
    url: str, spoken: Callable[[str], bytes], said: str
) -> None:
    async with asyncio.timeout(240), connect(url) as avatar:
        await avatar.send_text(STORY)
        await first_audio(avatar)
        await asyncio.sleep(0.8)
        microphone = asyncio.create_task(avatar.stream(spoken(said), 16_000))
        told = []
        async for event in avatar:
            told.append(event)
            if isinstance(event, turn_messages.ReplyDone):
                break
        reply = await avatar.next_reply()
        microphone.cancel()
        with suppress(asyncio.CancelledError):
            await microphone
    assert reply.status == "completed"
    assert reply.spoken_text == reply.text.strip()
    pauses = [event for event in told if isinstance(event, turn_messages.ReplyPaused)]
    resumes = [event for event in told if isinstance(event, turn_messages.ReplyResumed)]
    assert len(pauses) == len(resumes) > 0
    for paused, resumed in zip(pauses, resumes, strict=True):
        assert resumed.ts_ms > paused.ts_ms
        between = told[told.index(paused) : told.index(resumed)]
        assert not [event for event in between if isinstance(event, AudioReceived)]
    [done] = [event for event in told if isinstance(event, turn_messages.ReplyAudioDone)]
    assert len(reply.audio) == 2 * done.sample_count
    check_track(reply)


async def test_a_client_of_the_realtime_protocol_talks_and_interrupts(
    server: AvatarServer, url: str, spoken: Callable[[str], bytes]
) -> None:
    async def say(line: RealtimeLine, text: str) -> None:
        pcm = resample(spoken(text), 16_000, RATE_HZ)
        await line.say(pcm + silence(2 * RATE_HZ), speed=1.0)

    async with asyncio.timeout(240), realtime(url) as line:
        await line.update(audio={"input": {"transcription": {"model": "whisper-1"}}})
        await say(line, "Where can I find the museum?")
        done = await line.until("response.done")
        (heard,) = line.of("conversation.item.input_audio_transcription.completed")
        assert "museum" in heard["transcript"]
        assert done["response"]["status"] == "completed"
        said = done["response"]["output"][0]["content"][0]["transcript"]
        samples = np.frombuffer(line.audio(), "<i2")
        assert np.abs(samples).max() > 1000
        assert len(samples) / RATE_HZ > len(said) * 0.03
        await line.write(STORY)
        await line.send("response.create")
        item_id = (await line.until("response.output_item.added"))["item"]["id"]
        await line.until("response.output_audio.delta")
        talking = asyncio.create_task(say(line, "Stop please, I have another question."))
        await line.until("input_audio_buffer.speech_started")
        await line.send(
            "conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=100
        )
        await line.until("conversation.item.truncated")
        await talking
        await line.until("response.created")
        contents = [message.content for message in history(server)]
        assert contents[1] == said
        assert "question" in contents[-1].lower()
        assert STORY in contents[2]
        assert len("".join(contents[3:-1])) < 12  # what was heard of the story in 100 ms
        assert line.codes() == []


async def test_the_model_calls_a_real_function_and_its_result_is_in_the_next_prompt(
    server: AvatarServer, url: str
) -> None:
    """With a tool that has to be called: the small model calls none by itself."""
    asked: list[str] = []

    async def weather(city: Annotated[str, Meta(max_length=12)]) -> str:
        """Tells the weather in a city."""
        asked.append(city)
        return '{"sky":"sunny","celsius":21}'

    hello = client_messages.SessionHello(
        tool_choice="weather", capabilities=client_messages.Capabilities(pause=True)
    )
    async with connect(url, hello=hello, tools={"weather": weather}) as avatar:
        async with asyncio.timeout(120):
            called = await avatar.ask("What is the weather like in Paris?")
            answered = await avatar.next_reply()
            if not answered.spoken_text.strip():  # it wrote the result's mark and no word, twice
                answered = await avatar.next_reply()  # so it is sorry
        said = history(server)
    assert called.text == ""
    assert len(asked) == 1
    assert answered.spoken_text.strip()
    assert "tool_call" not in answered.text
    assert [message.role for message in said[:3]] == ["user", "assistant", "tool"]
    assert said[1].calls[0].name == "weather"
    assert said[2].content == '{"sky":"sunny","celsius":21}'
