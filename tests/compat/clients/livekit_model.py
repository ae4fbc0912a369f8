"""The realtime model of LiveKit's OpenAI plugin: the session alone, without a LiveKit server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from facts import LONG_TEXT, RATE_HZ, Facts, arguments, microphone, recording, report
from livekit import rtc
from livekit.agents import llm
from livekit.plugins.openai.realtime import RealtimeModel
from openai.types.realtime.realtime_audio_input_turn_detection import ServerVad

ARGS = arguments()
SPEECH = recording(ARGS.speech)
logging.basicConfig(level=logging.WARNING)


class Talk:
    """A session, and what it told."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.told: list[dict[str, Any]] = []
        self.errors: list[str] = []
        self.generations: asyncio.Queue[Any] = asyncio.Queue()
        self.transcripts: asyncio.Queue[str] = asyncio.Queue()
        self.speech_began = asyncio.Event()
        session.on("openai_server_event_received", self.told.append)
        session.on("error", lambda event: self.errors.append(str(event.error)))
        session.on("generation_created", self.generations.put_nowait)
        session.on("input_speech_started", lambda _: self.speech_began.set())
        session.on("input_audio_transcription_completed", self._heard)

    def _heard(self, event: Any) -> None:
        if event.is_final:
            self.transcripts.put_nowait(event.transcript)

    async def append(self, frame: bytes) -> None:
        self.session.push_audio(rtc.AudioFrame(frame, RATE_HZ, 1, len(frame) // 2))

    async def add(self, *items: Any) -> None:
        """Puts items at the end of the conversation."""
        context = self.session.chat_ctx.copy()
        context.items.extend(items)
        await self.session.update_chat_ctx(context)

    async def say(self, text: str) -> None:
        await self.add(llm.ChatMessage(role="user", content=[text]))

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.told if event["type"] == kind]

    async def until(self, kind: str, count: int = 1) -> dict[str, Any]:
        async with asyncio.timeout(40):
            while len(self.of(kind)) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        return self.of(kind)[count - 1]


class Reply:
    """What a generation came to."""

    def __init__(self) -> None:
        self.text = ""
        self.audio_ms = 0.0
        self.message_id = ""
        self.calls: list[Any] = []
        self.began = asyncio.Event()

    async def take(self, generation: Any) -> Reply:
        async def calls() -> None:
            async for call in generation.function_stream:
                self.calls.append(call)

        reading = asyncio.create_task(calls())
        async for message in generation.message_stream:
            self.message_id = message.message_id
            await asyncio.gather(self._words(message), self._sound(message))
        await reading
        return self

    async def _words(self, message: Any) -> None:
        async for text in message.text_stream:
            self.text += text

    async def _sound(self, message: Any) -> None:
        async for frame in message.audio_stream:
            self.audio_ms += frame.duration * 1000
            self.began.set()


@asynccontextmanager
async def call(**options: Any) -> AsyncIterator[Talk]:
    detection = ServerVad(type="server_vad", silence_duration_ms=400, create_response=True)
    model = RealtimeModel(
        base_url=ARGS.url.replace("ws", "http", 1),
        api_key="none",
        **{"turn_detection": detection, **options},
    )
    session = model.session()
    talk = Talk(session)
    try:
        await session.update_instructions("Be brief.")
        await talk.until("session.updated")
        yield talk
    finally:
        await session.aclose()
        await model.aclose()


async def text_turn() -> Facts:
    async with call(modalities=["text"]) as talk:
        await talk.say("Good morning.")
        reply = await Reply().take(await talk.session.generate_reply())
        return {"text": reply.text, "audio_ms": reply.audio_ms, "errors": talk.errors}


async def audio_turn() -> Facts:
    async with call() as talk, microphone(SPEECH, talk.append):
        heard = await asyncio.wait_for(talk.transcripts.get(), 40)
        generation = await asyncio.wait_for(talk.generations.get(), 40)
        reply = await Reply().take(generation)
        return {
            "heard": heard,
            "said": reply.text,
            "audio_ms": reply.audio_ms,
            "errors": talk.errors,
        }


async def manual_turn() -> Facts:
    """The agent ends the turns: `commit_audio`, then `generate_reply`."""
    async with call(turn_detection=None) as talk:
        async with microphone(SPEECH, talk.append):
            await asyncio.sleep(len(SPEECH) / 2 / RATE_HZ)
        talk.session.commit_audio()
        heard = await asyncio.wait_for(talk.transcripts.get(), 40)
        reply = await Reply().take(await talk.session.generate_reply())
        return {"heard": heard, "said": reply.text, "errors": talk.errors}


async def function_call() -> Facts:
    async with call(modalities=["text"]) as talk:
        schema = {
            "name": "get_weather",
            "description": "Tells the weather.",
            "parameters": {"type": "object", "properties": {"text": {"type": "string"}}},
        }

        async def weather(raw_arguments: dict[str, object]) -> str:
            return "blue"

        await talk.session.update_tools([llm.function_tool(weather, raw_schema=schema)])
        await talk.say("Please get weather for Paris.")
        asked = await Reply().take(await talk.session.generate_reply())
        (made,) = asked.calls
        output = llm.FunctionCallOutput(
            call_id=made.call_id, name=made.name, output="blue", is_error=False
        )
        await talk.add(output)
        answer = await Reply().take(await talk.session.generate_reply())
        return {
            "name": made.name,
            "arguments": made.arguments,
            "answer": answer.text,
            "errors": talk.errors,
        }


async def interruption() -> Facts:
    """Speech over the reply; then what an AgentSession does: cut the message to what was played."""
    async with call() as talk:
        await talk.say(LONG_TEXT)
        generation = await talk.session.generate_reply()
        await asyncio.wait_for(talk.generations.get(), 40)
        reply = Reply()
        reading = asyncio.create_task(reply.take(generation))
        await asyncio.wait_for(reply.began.wait(), 40)
        async with microphone(SPEECH, talk.append):
            await asyncio.wait_for(talk.speech_began.wait(), 40)
            talk.session.interrupt()
            talk.session.truncate(
                message_id=reply.message_id, modalities=["audio", "text"], audio_end_ms=300
            )
            await talk.until("conversation.item.truncated")
            await asyncio.wait_for(reading, 40)
            after = await Reply().take(await asyncio.wait_for(talk.generations.get(), 40))
        done = talk.of("response.done")[0]["response"]
        return {
            "status": done["status"],
            "audio_ms": reply.audio_ms,
            "next": after.text,
            "errors": talk.errors,
        }


async def cancelling() -> Facts:
    async with call(turn_detection=None) as talk:
        await talk.say(LONG_TEXT)
        generation = await talk.session.generate_reply()
        reply = Reply()
        reading = asyncio.create_task(reply.take(generation))
        await asyncio.wait_for(reply.began.wait(), 40)
        talk.session.interrupt()
        await asyncio.wait_for(reading, 40)
        done = (await talk.until("response.done"))["response"]
        await talk.session.update_chat_ctx(llm.ChatContext.empty())
        await talk.say("still here")
        again = await Reply().take(await talk.session.generate_reply(instructions="Go on."))
        return {
            "status": done["status"],
            "reason": (done.get("status_details") or {}).get("reason"),
            "again": again.text,
            "errors": talk.errors,
        }


report(
    version("livekit-plugins-openai"),
    {
        "text": text_turn,
        "audio": audio_turn,
        "manual": manual_turn,
        "function call": function_call,
        "interruption": interruption,
        "cancel": cancelling,
    },
    ARGS.only,
)
