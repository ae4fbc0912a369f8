"""Pipecat's OpenAIRealtimeLLMService in a small pipeline, with its context aggregators."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from typing import Any

from facts import LONG_TEXT, RATE_HZ, Facts, arguments, microphone, recording, report
from loguru import logger
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import (
    Frame,
    FunctionCallResultFrame,
    InputAudioRawFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMRunFrame,
    LLMTextFrame,
    TTSAudioRawFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.llm_service import FunctionCallParams
from pipecat.services.openai.realtime import events
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.workers.runner import WorkerRunner

ARGS = arguments()
SPEECH = recording(ARGS.speech)
PCM = events.PCMAudioFormat()
logger.remove()
logger.add(sys.stderr, level="WARNING")


class Loudspeaker(FrameProcessor):
    """Takes what comes out of the service, and passes it on."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[Frame] = []

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        self.frames.append(frame)
        await self.push_frame(frame, direction)

    def count(self, kind: type[Frame]) -> int:
        return sum(isinstance(frame, kind) for frame in self.frames)

    def text(self) -> str:
        return "".join(f.text for f in self.frames if isinstance(f, LLMTextFrame))

    def audio_ms(self) -> int:
        sounds = (f.audio for f in self.frames if isinstance(f, TTSAudioRawFrame))
        return sum(len(sound) for sound in sounds) * 500 // RATE_HZ


class Bot:
    """A pipeline, what it said, and what went wrong."""

    def __init__(self, worker: PipelineWorker, context: LLMContext, out: Loudspeaker) -> None:
        self.worker = worker
        self.context = context
        self.out = out
        self.errors: list[str] = []

    async def until(self, is_true: Callable[[], object], what: str) -> None:
        try:
            async with asyncio.timeout(40):
                while not is_true():
                    if self.errors:
                        raise RuntimeError(self.errors[0])
                    await asyncio.sleep(0.02)
        except TimeoutError:
            kinds = [type(frame).__name__ for frame in self.out.frames[-8:]]
            raise RuntimeError(f"no {what}; the last frames: {kinds}") from None

    async def append(self, frame: bytes) -> None:
        await self.worker.queue_frame(InputAudioRawFrame(frame, RATE_HZ, 1))

    def messages(self) -> list[list[Any]]:
        """Returns the context that Pipecat keeps, as role and text."""
        return [[m.get("role"), m.get("content")] for m in self.context.get_messages()]

    def said_by(self, role: str) -> list[str]:
        return [str(text) for who, text in self.messages() if who == role]


@asynccontextmanager
async def bot(
    modality: str = "audio", said: str = "", tools: ToolsSchema | None = None, tool: Any = None
) -> AsyncIterator[Bot]:
    """A bot whose server ends the turns; with `said` it begins with an answer to that."""
    listen = events.AudioInput(
        format=PCM,
        transcription=events.InputAudioTranscription(model="whisper-1"),
        turn_detection=events.TurnDetection(silence_duration_ms=400),
    )
    service = OpenAIRealtimeLLMService(
        api_key="none",
        base_url=f"{ARGS.url}/realtime",
        settings=OpenAIRealtimeLLMService.Settings(
            system_instruction="Be brief.",
            session_properties=events.SessionProperties(
                output_modalities=[modality],
                audio=events.AudioConfiguration(
                    input=listen, output=events.AudioOutput(format=PCM, voice="marin")
                ),
            ),
        ),
    )
    if tool is not None:
        service.register_function("get_weather", tool)
    messages: list[Any] = [{"role": "user", "content": said}] if said else []
    context = LLMContext(messages, tools) if tools else LLMContext(messages)
    both = LLMContextAggregatorPair(context)
    out = Loudspeaker()
    pipeline = Pipeline([both.user(), service, out, both.assistant()])
    params = PipelineParams(
        audio_in_sample_rate=RATE_HZ, audio_out_sample_rate=RATE_HZ, enable_usage_metrics=True
    )
    worker = PipelineWorker(pipeline, params=params)
    talk = Bot(worker, context, out)

    @worker.event_handler("on_pipeline_error")
    async def _failed(_worker: PipelineWorker, frame: Any) -> None:
        talk.errors.append(str(frame.error))

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    try:
        if said:
            await worker.queue_frame(LLMRunFrame())
        yield talk
    finally:
        await worker.cancel()
        with suppress(TimeoutError, asyncio.CancelledError):
            await asyncio.wait_for(running, 20)


async def text_turn() -> Facts:
    async with bot("text", "Good morning.") as talk:
        await talk.until(lambda: talk.said_by("assistant"), "answer in the context")
        return {"text": talk.out.text(), "messages": talk.messages(), "errors": talk.errors}


async def audio_turn() -> Facts:
    async with bot() as talk:
        # A realtime service sends audio once it has a context.
        await talk.worker.queue_frame(LLMRunFrame())
        await talk.until(lambda: talk.out.count(LLMFullResponseEndFrame), "first reply")
        before_ms = talk.out.audio_ms()
        async with microphone(SPEECH, talk.append):
            await talk.until(lambda: talk.said_by("user"), "transcript in the context")
            await talk.until(lambda: talk.out.count(LLMFullResponseEndFrame) > 1, "reply")
            await talk.until(lambda: len(talk.said_by("assistant")) > 1, "reply in the context")
        return {
            "heard": talk.said_by("user"),
            "said": talk.said_by("assistant"),
            "audio_ms": talk.out.audio_ms() - before_ms,
            "errors": talk.errors,
        }


async def function_call() -> Facts:
    asked: list[Any] = []

    async def weather(params: FunctionCallParams) -> None:
        asked.append(dict(params.arguments))
        await params.result_callback({"sky": "blue"})

    schema = FunctionSchema(
        name="get_weather",
        description="Tells the weather.",
        properties={"text": {"type": "string"}},
        required=[],
    )
    tools = ToolsSchema(standard_tools=[schema])
    async with bot("text", "Please get weather for Paris.", tools, weather) as talk:
        await talk.until(lambda: talk.out.count(FunctionCallResultFrame), "result of the call")
        await talk.until(lambda: "result is" in talk.out.text().lower(), "answer")
        return {"asked": asked, "text": talk.out.text(), "errors": talk.errors}


async def interruption() -> Facts:
    async with bot("audio", LONG_TEXT) as talk:
        await talk.until(lambda: talk.out.count(TTSAudioRawFrame), "audio")
        async with microphone(SPEECH, talk.append):
            await talk.until(lambda: talk.out.count(InterruptionFrame), "interruption")
            cut_ms = talk.out.audio_ms()
            await talk.until(lambda: len(talk.said_by("user")) > 1, "transcript")
            await talk.until(lambda: "One" in talk.said_by("assistant")[-1], "second reply")
        return {
            "interruptions": talk.out.count(InterruptionFrame),
            "cut_ms": cut_ms,
            "heard": talk.said_by("user")[1:],
            "said": talk.said_by("assistant"),
            "errors": talk.errors,
        }


report(
    version("pipecat-ai"),
    {
        "text": text_turn,
        "audio": audio_turn,
        "function call": function_call,
        "interruption": interruption,
    },
    ARGS.only,
)
