"""A stock Pipecat 1.14 server, for measuring it and for trying the adapter on the real thing.

It is no part of the tests that run by themselves: Pipecat wants an environment of its own.

    python3 -m venv .venv-pipecat
    .venv-pipecat/bin/pip install 'pipecat-ai[whisper,piper,silero,openai,websocket]==1.14.0' \\
        uvicorn xllamacpp
    .venv-pipecat/bin/python tests/peers/pipecat_server.py --port 8801            no models
    .venv-pipecat/bin/python tests/peers/pipecat_server.py --port 8801 \\
        --models "$(voice-avatar models path)"           Whisper, SmolLM2 and Piper, as ours

    voice-avatar bench v2v --dialect pipecat --url ws://127.0.0.1:8801/ws --clips DIR

Every session is a pipeline of its own, with the defaults of Pipecat: Silero VAD, Smart Turn v3,
context aggregators, RTVI. Without models the recogniser always hears the same, the language model
always says the same, and the voice is a tone that is there at once: what is left is the framework.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import struct
from collections.abc import AsyncGenerator
from pathlib import Path

import uvicorn
from fastapi import FastAPI, WebSocket
from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import (
    Frame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.serializers.protobuf import ProtobufFrameSerializer
from pipecat.services.stt_service import SegmentedSTTService
from pipecat.services.tts_service import TTSService
from pipecat.transports.websocket.fastapi import (
    FastAPIWebsocketParams,
    FastAPIWebsocketTransport,
)
from pipecat.utils.time import time_now_iso8601
from pipecat.workers.runner import WorkerRunner

PROMPT = "You are Ava, a friendly virtual guide. Answer in one or two short sentences."
RATE_HZ = 24_000


class SameEar(SegmentedSTTService):
    """Always hears the same."""

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame, None]:
        yield TranscriptionFrame("How old is the bridge?", "", time_now_iso8601())


class SameThought(FrameProcessor):
    """Always says the same."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        await self.push_frame(LLMFullResponseStartFrame())
        await self.push_frame(LLMTextFrame("It is a hundred and forty years old. "))
        await self.push_frame(LLMTextFrame("Nobody has counted its stones."))
        await self.push_frame(LLMFullResponseEndFrame())


class ToneVoice(TTSService):
    """Says 60 ms of tone for each letter, at once."""

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame, None]:
        samples = int(0.06 * RATE_HZ) * len(text)
        tone = (int(8000 * math.sin(n * 2 * math.pi * 220 / RATE_HZ)) for n in range(samples))
        pcm = struct.pack(f"<{samples}h", *tone)
        for at in range(0, len(pcm), RATE_HZ // 5):
            yield TTSAudioRawFrame(pcm[at : at + RATE_HZ // 5], RATE_HZ, 1, context_id=context_id)


def scripted() -> list[FrameProcessor]:
    """Returns a recogniser, a language model and a voice without models."""
    return [SameEar(), SameThought(), ToneVoice(push_start_frame=True, push_stop_frames=True)]


def embedded(models: Path, llm_url: str) -> list[FrameProcessor]:
    """Returns those of Pipecat, with the models of the `embedded` preset."""
    from pipecat.services.openai.llm import OpenAILLMService
    from pipecat.services.piper.tts import PiperTTSService
    from pipecat.services.whisper.stt import WhisperSTTService

    voice = "en_US-joe-medium"
    return [
        WhisperSTTService(
            device="cpu",
            compute_type="int8",
            settings=WhisperSTTService.Settings(model=str(models / "whisper-base")),
        ),
        OpenAILLMService(
            api_key="none",
            base_url=llm_url,
            settings=OpenAILLMService.Settings(
                model="smollm2-135m-instruct", temperature=0.0, max_tokens=60
            ),
        ),
        PiperTTSService(
            download_dir=models / voice, settings=PiperTTSService.Settings(voice=voice)
        ),
    ]


def serve_llm(models: Path) -> str:
    """Starts llama.cpp's own server in this process and returns its address."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(next((models / "smollm2-135m-instruct").glob("*.gguf")))
    params.n_ctx, params.n_parallel = 8192, 4
    params.cpuparams.n_threads = 1
    server = xllamacpp.Server(params)
    serve_llm.kept = server  # type: ignore[attr-defined]  # it stops when it is let go
    return f"{server.listening_address}/v1"


async def converse(socket: WebSocket, services: list[FrameProcessor]) -> None:
    """Runs the pipeline of one session to its end."""
    transport = FastAPIWebsocketTransport(
        websocket=socket,
        params=FastAPIWebsocketParams(
            audio_in_enabled=True,
            audio_out_enabled=True,
            serializer=ProtobufFrameSerializer(),
        ),
    )
    stt, llm, tts = services
    context = LLMContext([{"role": "system", "content": PROMPT}])
    both = LLMContextAggregatorPair(
        context, user_params=LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer())
    )
    pipeline = Pipeline(
        [transport.input(), stt, both.user(), llm, tts, transport.output(), both.assistant()]
    )
    worker = PipelineWorker(pipeline, params=PipelineParams(enable_metrics=True))

    @transport.event_handler("on_client_disconnected")
    async def _gone(_transport: FastAPIWebsocketTransport, _socket: WebSocket) -> None:
        await worker.cancel()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()


def main() -> None:
    """Serves until it is interrupted."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8801)
    parser.add_argument("--models", type=Path, help="folder of the models of the embedded preset")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    if not args.verbose:
        logger.remove()
    llm_url = serve_llm(args.models) if args.models else ""
    app = FastAPI()

    @app.websocket("/ws")
    async def session(socket: WebSocket) -> None:
        await socket.accept()
        services = (
            await asyncio.to_thread(embedded, args.models, llm_url) if args.models else scripted()
        )
        await converse(socket, services)

    uvicorn.run(app, host="127.0.0.1", port=args.port, log_level="warning")


if __name__ == "__main__":
    main()
