"""The `openai` Python SDK at /v1/realtime, /v1/models and the routes for audio."""

from __future__ import annotations

import asyncio
import base64
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import openai
from facts import FRAME_BYTES, LONG_TEXT, RATE_HZ, Facts, arguments, microphone, recording, report

ARGS = arguments()
SPEECH = recording(ARGS.speech)
CLIENT = openai.AsyncOpenAI(
    base_url=ARGS.url.replace("ws", "http", 1), api_key="none", max_retries=0
)
PCM = {"type": "audio/pcm", "rate": RATE_HZ}
TOOL = {
    "type": "function",
    "name": "get_weather",
    "description": "Tells the weather.",
    "parameters": {"type": "object", "properties": {"text": {"type": "string"}}},
}


class Call:
    """A connection and all that was said on it."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.seen: list[Any] = []

    async def next(self) -> Any:
        event = await self.connection.recv()
        self.seen.append(event)
        return event

    async def until(self, kind: str) -> Any:
        try:
            while (event := await self.next()).type != kind:
                if event.type == "error" and kind != "error":
                    raise RuntimeError(f"{event.error.code}: {event.error.message}")
        except BaseException as error:
            error.add_note(f"waited for {kind} after {self.types()[-8:]}")
            raise
        return event

    def types(self, start: int = 0) -> list[str]:
        """Returns the types in order; one that repeats is told once."""
        return [kind for kind, _ in itertools.groupby(event.type for event in self.seen[start:])]

    def text(self, kind: str, start: int = 0) -> str:
        return "".join(event.delta for event in self.seen[start:] if event.type == kind)

    def audio(self, events: list[Any] | None = None) -> bytes:
        heard = self.seen if events is None else events
        deltas = (e.delta for e in heard if e.type == "response.output_audio.delta")
        return b"".join(base64.b64decode(delta) for delta in deltas)

    def audio_ms(self, events: list[Any] | None = None) -> int:
        return len(self.audio(events)) * 500 // RATE_HZ

    async def say(self, text: str, item_id: str | None = None) -> None:
        item: dict[str, Any] = {
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": text}],
        }
        if item_id is not None:
            item["id"] = item_id
        await self.connection.conversation.item.create(item=item)

    async def append(self, frame: bytes) -> None:
        await self.connection.input_audio_buffer.append(audio=base64.b64encode(frame).decode())


@asynccontextmanager
async def call(session: dict[str, Any] | None = None, **connect: Any) -> AsyncIterator[Call]:
    async with CLIENT.realtime.connect(model="gpt-realtime", **connect) as connection:
        talk = Call(connection)
        await talk.until("session.created")
        if session is not None:
            await connection.session.update(session={"type": "realtime", **session})
            await talk.until("session.updated")
        yield talk


def heard(detection: dict[str, Any] | None, pcm: dict[str, Any] = PCM) -> dict[str, Any]:
    """Returns the audio part of a session."""
    listen = {"format": pcm, "turn_detection": detection, "transcription": {"model": "whisper-1"}}
    return {"input": listen, "output": {"format": pcm, "voice": "marin"}}


def loudness(pcm: bytes) -> int:
    """Returns the loudest sample."""
    return max((abs(s) for s in memoryview(pcm).cast("h")), default=0)


async def connecting() -> Facts:
    async with call() as talk:
        created = talk.seen[0].session
        await talk.connection.session.update(
            session={
                "type": "realtime",
                "instructions": "Be brief.",
                "output_modalities": ["text"],
                "max_output_tokens": 100,
            }
        )
        updated = (await talk.until("session.updated")).session
        return {
            "id": created.id,
            "created": created.model_dump(exclude_none=True),
            "instructions": updated.instructions,
            "output_modalities": updated.output_modalities,
            "max_output_tokens": updated.max_output_tokens,
        }


async def text_turn() -> Facts:
    async with call({"output_modalities": ["text"]}) as talk:
        start = len(talk.seen)
        await talk.say("Good morning.")
        await talk.connection.response.create()
        done = (await talk.until("response.done")).response
        return {
            "types": talk.types(start),
            "text": talk.text("response.output_text.delta"),
            "status": done.status,
            "said": [part.text for part in done.output[0].content],
            "usage": done.usage.model_dump(exclude_none=True) if done.usage else None,
        }


async def _spoken_turn(detection: dict[str, Any] | None) -> Facts:
    async with call({"audio": heard(detection)}) as talk:
        start = len(talk.seen)
        if detection is None:
            for at in range(0, len(SPEECH), FRAME_BYTES * 5):
                await talk.append(SPEECH[at : at + FRAME_BYTES * 5])
            await talk.connection.input_audio_buffer.commit()
            await talk.until("conversation.item.input_audio_transcription.completed")
            await talk.connection.response.create()
            done = (await talk.until("response.done")).response
        else:
            async with microphone(SPEECH, talk.append):
                done = (await talk.until("response.done")).response
        events = {event.type: event for event in talk.seen[start:]}
        transcribed = events.get("conversation.item.input_audio_transcription.completed")
        audio = talk.audio()
        started = events.get("input_audio_buffer.speech_started")
        stopped = events.get("input_audio_buffer.speech_stopped")
        return {
            "types": talk.types(start),
            "heard": transcribed.transcript if transcribed else None,
            "item": transcribed.item_id if transcribed else None,
            "committed_item": events["input_audio_buffer.committed"].item_id,
            "said": talk.text("response.output_audio_transcript.delta"),
            "audio_ms": len(audio) * 500 // RATE_HZ,
            "loudest": loudness(audio),
            "status": done.status,
            "speech_ms": [started.audio_start_ms, stopped.audio_end_ms]
            if started and stopped
            else None,
            "recording_ms": len(SPEECH) * 500 // RATE_HZ,
        }


async def audio_turn() -> Facts:
    return await _spoken_turn({"type": "server_vad", "silence_duration_ms": 400})


async def semantic_turn() -> Facts:
    return await _spoken_turn({"type": "semantic_vad", "eagerness": "high"})


async def manual_turn() -> Facts:
    return await _spoken_turn(None)


async def telephone() -> Facts:
    """mu-law, 8 kHz, both ways."""
    detection = {"type": "server_vad", "silence_duration_ms": 400}
    async with call({"audio": heard(detection, {"type": "audio/pcmu"})}) as talk:
        line = bytes(_mu_law(sample) for sample in memoryview(SPEECH).cast("h")[::3])
        async with microphone(line, talk.append, 160, b"\xff"):
            done = (await talk.until("response.done")).response
        audio = talk.audio()
        return {
            "heard": talk.text("conversation.item.input_audio_transcription.delta"),
            "said": talk.text("response.output_audio_transcript.delta"),
            "audio_ms": len(audio) // 8,
            "values": len(set(audio)),
            "status": done.status,
        }


def _mu_law(sample: int) -> int:
    """Returns the code of a sample by G.711."""
    sign, size = (0x80, -sample) if sample < 0 else (0, sample)
    size = min(size, 32_635) + 132
    exponent = size.bit_length() - 8
    return ~(sign | exponent << 4 | (size >> exponent + 3) & 15) & 255


async def function_call() -> Facts:
    session = {"output_modalities": ["text"], "tools": [TOOL], "tool_choice": "auto"}
    async with call(session) as talk:
        start = len(talk.seen)
        await talk.say("Please get weather for Paris.")
        await talk.connection.response.create()
        done = (await talk.until("response.done")).response
        (made,) = (item for item in done.output if item.type == "function_call")
        types = talk.types(start)
        start = len(talk.seen)
        await talk.connection.conversation.item.create(
            item={
                "type": "function_call_output",
                "call_id": made.call_id,
                "output": '{"sky": "blue"}',
            }
        )
        await talk.connection.response.create()
        await talk.until("response.done")
        return {
            "types": types,
            "name": made.name,
            "arguments": made.arguments,
            "streamed": talk.text("response.function_call_arguments.delta"),
            "answer": talk.text("response.output_text.delta", start),
        }


async def spoken_function_call() -> Facts:
    """A call that the user asked for by voice; the answer is spoken."""
    session = {
        "audio": heard({"type": "server_vad", "silence_duration_ms": 400}),
        "tools": [TOOL],
        "tool_choice": "required",
    }
    async with call(session) as talk, microphone(SPEECH, talk.append):
        done = (await talk.until("response.done")).response
        (made,) = (item for item in done.output if item.type == "function_call")
        await talk.connection.session.update(session={"type": "realtime", "tool_choice": "auto"})
        start = len(talk.seen)
        await talk.connection.conversation.item.create(
            item={"type": "function_call_output", "call_id": made.call_id, "output": "blue"}
        )
        await talk.connection.response.create()
        await talk.until("response.done")
        return {
            "name": made.name,
            "said": talk.text("response.output_audio_transcript.delta", start),
            "audio_ms": talk.audio_ms(talk.seen[start:]),
        }


async def interruption() -> Facts:
    """Somebody speaks over the reply; the client stops its loudspeaker and says what it played."""
    async with call({"audio": heard({"type": "server_vad", "silence_duration_ms": 400})}) as talk:
        await talk.say(LONG_TEXT)
        await talk.connection.response.create()
        first = (await talk.until("response.created")).response.id
        item = (await talk.until("response.output_audio.delta")).item_id
        began_s = time.monotonic()
        async with microphone(SPEECH, talk.append):
            start = len(talk.seen)
            await talk.until("input_audio_buffer.speech_started")
            told_ms = int((time.monotonic() - began_s) * 1000)
            over = (await talk.until("response.done")).response
            at = len(talk.seen)
            await talk.connection.conversation.item.truncate(
                item_id=item, content_index=0, audio_end_ms=min(told_ms, 1500)
            )
            await talk.until("conversation.item.truncated")
            after = (await talk.until("response.done")).response
            await talk.connection.conversation.item.retrieve(item_id=item)
            kept = (await talk.until("conversation.item.retrieved")).item
        late = [e.type for e in talk.seen[at:] if getattr(e, "response_id", None) == first]
        old = [e for e in talk.seen if getattr(e, "response_id", None) == first]
        return {
            "is_first": over.id == first != after.id,
            "told_ms": told_ms,
            "status": over.status,
            "reason": over.status_details.reason if over.status_details else None,
            "late": late,
            "audio_ms": talk.audio_ms(old),
            "said": "".join(
                e.delta for e in old if e.type == "response.output_audio_transcript.delta"
            ),
            "kept": kept.content[0].transcript,
            "types": talk.types(start),
            "next": after.status,
        }


async def truncation() -> Facts:
    async with call({"audio": heard(None)}) as talk:
        await talk.say("the quick brown fox jumps over the lazy dog")
        await talk.connection.response.create()
        done = (await talk.until("response.done")).response
        item = done.output[0].id
        whole_ms = talk.audio_ms()
        await talk.connection.conversation.item.truncate(
            item_id=item, content_index=0, audio_end_ms=whole_ms // 2
        )
        cut = await talk.until("conversation.item.truncated")
        await talk.connection.conversation.item.retrieve(item_id=item)
        kept = (await talk.until("conversation.item.retrieved")).item
        await talk.connection.conversation.item.truncate(
            item_id=item, content_index=0, audio_end_ms=whole_ms * 10, event_id="too_far"
        )
        refused = (await talk.until("error")).error
        return {
            "whole_ms": whole_ms,
            "said": talk.text("response.output_audio_transcript.delta"),
            "cut": [cut.item_id == item, cut.audio_end_ms, cut.content_index],
            "kept": kept.content[0].transcript,
            "refused": [refused.type, refused.code, refused.event_id],
        }


async def cancelling() -> Facts:
    async with call({"audio": heard(None)}) as talk:
        await talk.say(LONG_TEXT, "msg_long")
        await talk.connection.response.create()
        await talk.until("response.output_audio.delta")
        await talk.connection.response.cancel()
        done = (await talk.until("response.done")).response
        await talk.connection.response.cancel(event_id="nothing")
        refused = (await talk.until("error")).error
        await talk.connection.conversation.item.delete(item_id="msg_long")
        start = len(talk.seen)
        await talk.say("still here")
        await talk.connection.response.create()
        after = (await talk.until("response.done")).response
        return {
            "status": done.status,
            "reason": done.status_details.reason if done.status_details else None,
            "refused": [refused.type, refused.code, refused.event_id],
            "after": after.status,
            "said": talk.text("response.output_audio_transcript.delta", start),
        }


async def errors() -> Facts:
    """Everything that is refused, by its code, in one session that goes on."""
    async with call({"output_modalities": ["text"]}) as talk:
        connection = talk.connection
        found: dict[str, Any] = {}

        async def refused(name: str) -> None:
            error = (await talk.until("error")).error
            found[name] = {"type": error.type, "code": error.code, "event_id": error.event_id}

        await connection.send({"type": "no.such.event", "event_id": "e1"})
        await refused("unknown event")
        await connection.send({"type": "input_audio_buffer.append", "audio": 7, "event_id": "e2"})
        await refused("wrong type")
        await connection.conversation.item.retrieve(item_id="item_none", event_id="e3")
        await refused("retrieve")
        await connection.conversation.item.delete(item_id="item_none", event_id="e4")
        await refused("delete")
        await connection.input_audio_buffer.commit(event_id="e5")
        await refused("empty commit")
        await connection.session.update(
            session={"type": "realtime", "output_modalities": ["smell"]}, event_id="e6"
        )
        await refused("session value")
        await connection._connection.send("this is no JSON")
        await refused("no JSON")
        await connection.session.update(
            session={"type": "realtime", "output_modalities": ["audio"]}
        )
        await talk.until("session.updated")
        await talk.say(LONG_TEXT)
        await connection.response.create()
        await talk.until("response.output_audio.delta")
        await connection.response.create(event_id="e8")
        await refused("second response")
        await connection.response.cancel()
        done = (await talk.until("response.done")).response
        return {"found": found, "status": done.status}


async def out_of_band() -> Facts:
    async with call({"output_modalities": ["text"]}) as talk:
        await talk.say("Good morning.")
        await talk.until("conversation.item.added")
        start = len(talk.seen)
        content = [{"type": "input_text", "text": "a side question"}]
        await talk.connection.response.create(
            response={
                "conversation": "none",
                "metadata": {"topic": "aside"},
                "output_modalities": ["text"],
                "instructions": "Be brief.",
                "input": [{"type": "message", "role": "user", "content": content}],
            }
        )
        done = (await talk.until("response.done")).response
        types = talk.types(start)
        aside = talk.text("response.output_text.delta", start)
        start = len(talk.seen)
        await talk.connection.response.create()
        await talk.until("response.done")
        return {
            "types": types,
            "conversation": done.conversation_id,
            "metadata": done.metadata,
            "text": aside,
            "after": talk.text("response.output_text.delta", start),
        }


async def items() -> Facts:
    """History is made, read and deleted by the client."""
    async with call({"output_modalities": ["text"]}) as talk:
        await talk.say("first", "msg_mine")
        added = await talk.until("conversation.item.added")
        await talk.connection.conversation.item.retrieve(item_id="msg_mine")
        read = (await talk.until("conversation.item.retrieved")).item
        await talk.say("second")
        await talk.connection.conversation.item.delete(item_id="msg_mine")
        deleted = await talk.until("conversation.item.deleted")
        await talk.connection.response.create()
        await talk.until("response.done")
        return {
            "added": added.item.id,
            "read": read.content[0].text,
            "deleted": deleted.item_id,
            "answer": talk.text("response.output_text.delta"),
        }


async def models() -> Facts:
    listed = [model async for model in CLIENT.models.list()]
    one = await CLIENT.models.retrieve(listed[0].id)
    return {
        "ids": [model.id for model in listed],
        "objects": sorted({model.object for model in listed}),
        "one": one.id,
    }


async def extensions() -> Facts:
    """Events of the avatar, for who asks for them, through a client that does not know them."""
    async with call({"audio": heard(None)}, extra_query={"avatar": "visemes,gestures"}) as talk:
        await talk.say("hello there my friend")
        await talk.connection.response.create()
        await talk.until("response.done")
        ours = [event for event in talk.seen if event.type.startswith("avatar.")]
        async with call({"audio": heard(None)}) as other:
            await other.say("hello there my friend")
            await other.connection.response.create()
            await other.until("response.done")
        return {
            "types": sorted({event.type for event in ours}),
            "unasked": sorted({e.type for e in other.seen if e.type.startswith("avatar.")}),
            "example": ours[0].to_dict() if ours else None,
        }


async def leaving() -> Facts:
    """Who goes away in the middle of a reply leaves a server that takes the next one."""
    async with call({"audio": heard(None)}) as talk:
        await talk.say(LONG_TEXT)
        await talk.connection.response.create()
        await talk.until("response.output_audio.delta")
    await asyncio.sleep(0)
    return {"after": (await text_turn())["status"]}


report(
    openai.__version__,
    {
        "connect": connecting,
        "text": text_turn,
        "audio": audio_turn,
        "semantic": semantic_turn,
        "manual": manual_turn,
        "mu-law": telephone,
        "function call": function_call,
        "spoken function": spoken_function_call,
        "interruption": interruption,
        "truncate": truncation,
        "cancel": cancelling,
        "errors": errors,
        "out of band": out_of_band,
        "items": items,
        "models": models,
        "extensions": extensions,
        "leaving": leaving,
    },
    ARGS.only,
)
