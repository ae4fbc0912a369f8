"""Runs a conversation: feeds the session and does what it commands.

Here are the tasks, the threads and the clock, and no decision about the conversation. Each
`Conversation` is one task group; each reply is a task group of its own inside it, with three tasks
joined by bounded queues:

    write (LLM -> chunks)  ->  voice (chunks -> speech, timeline)  ->  egress (gate, pacing)

To cancel a reply is to cancel its task: that closes the LLM's generator, which aborts the request
inside the engine, and the synthesizer's iterator, which stops at its next piece.

The synchronous engines run in `Workers`, one thread each, shared by all conversations: this is the
only bridge between threads and the event loop.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, TypeVar

from voice_avatar.audio import (
    AudioHistory,
    Reframer,
    StreamResampler,
    dbfs,
    sample_count,
    silence,
)
from voice_avatar.capture import Capture, CaptureOptions
from voice_avatar.chunking import Chunker, ChunkingOptions
from voice_avatar.denoise import Denoiser
from voice_avatar.errors import EngineError, LlmTimeout, TtsFailed
from voice_avatar.events import (
    MIC_HZ,
    AudioSent,
    AudioWindow,
    CancelReply,
    Command,
    EndSession,
    LlmDone,
    LlmRequest,
    Message,
    Notice,
    OpenGate,
    ReplyAudio,
    ReplyAudioDone,
    ReplyFailed,
    ReplyGenerated,
    ReplyNotice,
    ReplyText,
    ReplyTextAdded,
    ScoreTurn,
    SessionInput,
    SpeakableChunk,
    SpeechPlan,
    StageMarks,
    StartReply,
    TextDelta,
    Tick,
    Transcribe,
    Transcribed,
    TranscribePurpose,
    TurnScored,
    VadFrame,
    WarmPrefix,
    WarningNotice,
)
from voice_avatar.gestures import GestureOptions, GesturePlanner
from voice_avatar.llm import LlmEngine, LlmOptions
from voice_avatar.memory import MemoryOptions
from voice_avatar.outbox import Outbox
from voice_avatar.playout import PlayoutOptions
from voice_avatar.session import Session, SessionOptions
from voice_avatar.stt import SttEngine
from voice_avatar.timeline import Placed, ReplyTimeline
from voice_avatar.tts import TtsEngine
from voice_avatar.turn import TurnEngine, TurnOptions
from voice_avatar.vad import VadEngine, VadOptions

T = TypeVar("T")

HISTORY_S = 35
"""Microphone audio kept, seconds: the longest segment decoded, its pre-roll and some slack."""

_WINDOW_LIMIT = 128
_CHUNK_LIMIT = 16
_ITEM_LIMIT = 64
_OUTBOX_LIMIT = 512


@dataclass(frozen=True, slots=True)
class Engines:
    """The engines of a server, loaded and shared. `turn` None = endpoint by silence alone."""

    vad: VadEngine
    turn: TurnEngine | None
    stt: SttEngine
    llm: LlmEngine
    tts: TtsEngine
    denoise: Denoiser | None = None


class Workers:
    """The engines and the threads in which the synchronous ones run.

    One thread per engine: an engine is never entered twice at once, and what is waiting takes its
    turn piece by piece, so that no session starves another.
    """

    def __init__(self, engines: Engines) -> None:
        self.engines = engines
        self.vad = ThreadPoolExecutor(1, "vad")
        self.turn = ThreadPoolExecutor(1, "turn")
        self.stt = ThreadPoolExecutor(1, "stt")
        self.tts = ThreadPoolExecutor(1, "tts")

    def close(self) -> None:
        """Ends the threads once what they do is done. The engines stay as they are."""
        for executor in (self.vad, self.turn, self.stt, self.tts):
            executor.shutdown(wait=True, cancel_futures=True)


@dataclass(frozen=True, slots=True)
class ConversationOptions:
    """The stages' options, and what the avatar is."""

    session: SessionOptions = field(default_factory=SessionOptions)
    vad: VadOptions = field(default_factory=VadOptions)
    turn: TurnOptions = field(default_factory=TurnOptions)
    capture: CaptureOptions = field(default_factory=CaptureOptions)
    chunking: ChunkingOptions = field(default_factory=ChunkingOptions)
    gestures: GestureOptions = field(default_factory=GestureOptions)
    memory: MemoryOptions = field(default_factory=MemoryOptions)
    playout: PlayoutOptions = field(default_factory=PlayoutOptions)
    llm: LlmOptions = field(default_factory=LlmOptions)
    system_prompt: str = "You are Ava, a friendly virtual guide."
    vocabulary: frozenset[str] | None = None


Observer = Callable[[float, SessionInput | None, tuple[Command | Notice, ...]], None]
"""Called with every step of the session: when, what came in (None = start), what came out."""


@dataclass(slots=True)
class _Marks:
    """When the stages of a reply happened, on the conversation's clock."""

    start: StartReply
    llm_start_s: float | None = None
    ttft_s: float | None = None
    first_chunk_s: float | None = None
    ttfa_s: float | None = None
    commit_s: float | None = None

    def at(self, sent_s: float) -> StageMarks:
        """Returns the marks relative to the end of the user's speech (or to the commit)."""
        zero_s = self.start.speech_end_s
        if zero_s is None:
            zero_s = self.commit_s if self.commit_s is not None else sent_s

        def since(mark_s: float | None) -> float | None:
            return None if mark_s is None else mark_s - zero_s

        is_early = (self.llm_start_s or sent_s) < (self.commit_s or 0.0)
        return StageMarks(
            self.start.reply_id,
            since(self.start.transcript_s),
            since(self.commit_s),
            since(self.llm_start_s),
            since(self.ttft_s),
            since(self.first_chunk_s),
            since(self.ttfa_s),
            since(sent_s),
            is_early,
        )


@dataclass(slots=True)
class _Running:
    """A reply under way."""

    task: asyncio.Task[None]
    gate: asyncio.Event
    marks: _Marks


@dataclass(frozen=True, slots=True)
class _WriteFailed:
    """Ends the chunks of a reply whose generation failed."""

    code: str
    message: str


class Conversation:
    """One user's conversation on shared engines.

    Use as `async with Conversation(...) as conversation`; feed it with `hear` and `submit`, and
    send what `notices` yields. Leaving the block stops everything that runs for it.

    Attributes:
        session: the decisions (read only).
        rate_hz: clock of the replies.
    """

    def __init__(
        self,
        workers: Workers,
        options: ConversationOptions,
        *,
        session_id: str,
        rate_hz: int,
        clock: Callable[[], float] = time.monotonic,
        observer: Observer | None = None,
        on_mic: Callable[[bytes], None] | None = None,
    ) -> None:
        self._workers = workers
        self._engines = engines = workers.engines
        self._options = options
        self._session_id = session_id
        self.rate_hz = rate_hz
        self._clock = clock
        self._observer = observer
        self._on_mic = on_mic
        turn = options.turn
        self.session = Session(
            options.session,
            vad=options.vad,
            turn=turn,
            playout=options.playout,
            memory=options.memory,
            system_prompt=options.system_prompt,
            rate_hz=rate_hz,
            count_tokens=engines.llm.count_tokens,
            context_tokens=engines.llm.capabilities.context_tokens,
            now_s=clock(),
        )
        self._vad = engines.vad.open()
        self._denoise = engines.denoise.open() if engines.denoise else None
        self._capture: Capture | None = None
        self._history = AudioHistory(HISTORY_S * MIC_HZ)
        self._windows: deque[AudioWindow] = deque()
        self._heard = asyncio.Event()
        self._jobs: deque[Transcribe] = deque()
        self._job_came = asyncio.Event()
        self._rearm = asyncio.Event()
        self._outbox = Outbox(_OUTBOX_LIMIT)
        self._replies: dict[int, _Running] = {}
        self._gestures = 1
        self._warming: asyncio.Task[None] | None = None
        self._group: asyncio.TaskGroup | None = None
        self._main: asyncio.Task[None] | None = None
        self._ended = asyncio.Event()

    # -- life

    async def __aenter__(self) -> Conversation:
        started = asyncio.Event()
        self._main = asyncio.create_task(self._run(started), name=f"{self._session_id}")
        await started.wait()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._main is not None
        self._main.cancel()
        await asyncio.wait([self._main])
        if not self._main.cancelled() and kind is None:
            self._main.result()

    async def _run(self, started: asyncio.Event) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                group.create_task(self._listen())
                group.create_task(self._recognise())
                group.create_task(self._keep_time())
                group.create_task(self._end())
                self._carry_out(None, self.session.start(self._clock()))
                started.set()
        except* _SessionEnded:
            pass
        finally:
            started.set()
            self._outbox.close()

    async def _end(self) -> None:
        await self._ended.wait()
        raise _SessionEnded

    # -- what the server calls

    @property
    def backlog(self) -> int:
        """Notices that wait to be sent."""
        return len(self._outbox)

    async def notices(self) -> AsyncIterator[Notice]:
        """Yields notices in the order in which they are to be sent; audio comes paced.

        Ends when the session ends by itself. Raises what made the conversation fail.
        """
        while (notice := await self._outbox.get()) is not None:
            yield notice
        if self._main is not None and self._main.done() and not self._main.cancelled():
            self._main.result()

    def submit(self, event: SessionInput) -> None:
        """Gives the session an event of the client."""
        self._step(event)

    def hear(self, pcm: bytes, rate_hz: int, pts: int | None = None) -> None:
        """Takes microphone audio. Never blocks.

        Args:
            pcm: samples at `rate_hz`.
            rate_hz: the client's rate; it may change.
            pts: index of the first sample on the client's clock.

        Raises:
            AudioUnsupported: the rate is out of range.
            AudioInvalid: not whole samples.
        """
        capture = self._capture
        if capture is None or capture.rate_hz != rate_hz:
            start = 0 if capture is None else capture.next_window
            self._capture = capture = Capture(self._options.capture, rate_hz, start=start)
        captured = capture.push(pcm, pts)
        if captured.lost:
            self._warn("input_gap", f"{captured.lost} samples of microphone audio are missing.")
        if captured.is_clipping:
            self._warn("input_clipping", "The microphone is too loud: its audio is clipped.")
        self._windows.extend(captured.windows)
        if len(self._windows) > _WINDOW_LIMIT:
            self._warn("input_overrun", "Microphone audio comes faster than it can be heard.")
            while len(self._windows) > _WINDOW_LIMIT:
                self._windows.popleft()
        self._heard.set()

    def _warn(self, code: str, message: str) -> None:
        self._outbox.put(WarningNotice(code, message))

    # -- the session

    def _step(self, event: SessionInput) -> None:
        now_s = self._clock()
        self._carry_out(event, self.session.receive(event, now_s))

    def _carry_out(
        self, event: SessionInput | None, outputs: tuple[Command | Notice, ...]
    ) -> None:
        if self._observer is not None:
            self._observer(self._clock(), event, outputs)
        for output in outputs:
            match output:
                case Transcribe():
                    self._jobs.append(output)
                    self._job_came.set()
                case ScoreTurn():
                    self._spawn(self._score(output))
                case StartReply():
                    self._start_reply(output)
                case OpenGate(reply_id):
                    self._open_gate(reply_id)
                case CancelReply(reply_id):
                    if running := self._replies.pop(reply_id, None):
                        running.task.cancel()
                case WarmPrefix(messages):
                    self._warm(messages)
                case EndSession():
                    self._ended.set()
                case _:
                    self._outbox.put(output)
        self._rearm.set()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        assert self._group is not None
        return self._group.create_task(work)

    async def _keep_time(self) -> None:
        """Gives the session a tick whenever its deadline has come."""
        while True:
            self._rearm.clear()
            deadline_s = self.session.deadline_s
            wait_s = None if deadline_s is None else max(0.001, deadline_s - self._clock())
            try:
                async with asyncio.timeout(wait_s):
                    await self._rearm.wait()
            except TimeoutError:
                self._step(Tick())

    # -- ears

    async def _listen(self) -> None:
        while True:
            await self._heard.wait()
            self._heard.clear()
            windows = list(self._windows)
            self._windows.clear()
            if not windows:
                continue
            for window, pcm, probability in await self._in_thread(
                self._workers.vad, self._probe, windows
            ):
                self._history.append(pcm)
                if self._on_mic is not None:
                    self._on_mic(pcm)
                self._step(VadFrame(window.start, probability, dbfs(pcm)))

    def _probe(self, windows: list[AudioWindow]) -> list[tuple[AudioWindow, bytes, float]]:
        """Cleans windows and tells their speech probability (VAD thread)."""
        probed = []
        for window in windows:
            pcm = self._denoise.process(window.pcm) if self._denoise else window.pcm
            probed.append((window, pcm, self._vad.step(pcm)))
        return probed

    async def _recognise(self) -> None:
        while True:
            await self._job_came.wait()
            self._job_came.clear()
            while self._jobs:
                job = self._jobs.popleft()
                if job.purpose is TranscribePurpose.PARTIAL and self._jobs:
                    self._step(Transcribed(job.request_id, None))
                    continue
                await self._transcribe(job)

    async def _transcribe(self, job: Transcribe) -> None:
        pcm = self._history.read(job.start, job.end)
        try:
            transcript = await self._in_thread(
                self._workers.stt, self._engines.stt.transcribe, pcm, job.language
            )
        except EngineError:
            transcript = None
        self._step(Transcribed(job.request_id, transcript))

    async def _score(self, command: ScoreTurn) -> None:
        turn = self._engines.turn
        if turn is None:
            return
        pcm = self._history.read(command.start, command.end)
        try:
            probability = await self._in_thread(self._workers.turn, turn.score, pcm)
        except EngineError:
            return
        self._step(TurnScored(command.request_id, probability))

    def _warm(self, messages: tuple[Message, ...]) -> None:
        if self._warming is None or self._warming.done():
            self._warming = self._spawn(self._read_prefix(messages))

    async def _read_prefix(self, messages: tuple[Message, ...]) -> None:
        try:
            await self._engines.llm.warm(self._request(messages, priority=1))
        except EngineError:
            return

    def _request(self, messages: tuple[Message, ...], *, priority: int) -> LlmRequest:
        session = self._options.session
        return LlmRequest(
            messages,
            max_tokens=session.max_reply_tokens,
            temperature=session.temperature,
            cache_key=self._session_id,
            priority=priority,
        )

    async def _in_thread(self, executor: Executor, call: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(executor, call, *args)

    # -- replies

    def _start_reply(self, start: StartReply) -> None:
        gate = asyncio.Event()
        marks = _Marks(start)
        task = self._spawn(self._reply(start, gate, marks))
        self._replies[start.reply_id] = _Running(task, gate, marks)

    def _open_gate(self, reply_id: int) -> None:
        if running := self._replies.get(reply_id):
            running.marks.commit_s = self._clock()
            running.gate.set()

    async def _reply(self, start: StartReply, gate: asyncio.Event, marks: _Marks) -> None:
        chunks: asyncio.Queue[SpeakableChunk | _WriteFailed | None] = asyncio.Queue(_CHUNK_LIMIT)
        items: asyncio.Queue[ReplyNotice | bytes | None] = asyncio.Queue(_ITEM_LIMIT)
        planner = GesturePlanner(
            self._options.gestures,
            start.language,
            start.reply_id,
            self.rate_hz,
            self._gestures,
            self._options.vocabulary,
        )
        voice = self._engines.tts.capabilities
        timeline = ReplyTimeline(start.reply_id, self.rate_hz, voice, planner)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._write(start, timeline, chunks, items, marks))
                group.create_task(self._voice(timeline, chunks, items, marks))
                group.create_task(self._egress(start.reply_id, gate, items, marks))
        finally:
            self._gestures = max(self._gestures, planner.number)
            self._replies.pop(start.reply_id, None)

    async def _write(
        self,
        start: StartReply,
        timeline: ReplyTimeline,
        chunks: asyncio.Queue[SpeakableChunk | _WriteFailed | None],
        items: asyncio.Queue[ReplyNotice | bytes | None],
        marks: _Marks,
    ) -> None:
        """LLM -> speakable chunks."""
        chunker = Chunker(self._options.chunking, start.language)
        end: _WriteFailed | None = None

        async def pass_on(text: str, ready: tuple[SpeakableChunk, ...]) -> None:
            if text:
                char = timeline.write(text)
                self._step(ReplyTextAdded(start.reply_id, text))
                await items.put(ReplyText(start.reply_id, text, char))
            for chunk in ready:
                if marks.first_chunk_s is None:
                    marks.first_chunk_s = self._clock()
                await chunks.put(chunk)

        marks.llm_start_s = self._clock()
        try:
            async with aclosing(self._texts(start)) as texts:
                async for text in texts:
                    if marks.ttft_s is None:
                        marks.ttft_s = self._clock()
                    done = chunker.push(text)
                    await pass_on(done.text, done.chunks)
        except EngineError as error:
            end = _WriteFailed(error.code, error.message)
        done = chunker.flush()
        await pass_on(done.text, done.chunks)
        await chunks.put(end)

    async def _texts(self, start: StartReply) -> AsyncGenerator[str, None]:
        """Yields the reply's text: a fixed one, or what the LLM writes."""
        if start.text is not None:
            yield start.text
            return
        options = self._options.llm
        request = self._request(start.messages, priority=0)
        wait_s = options.first_token_timeout_s
        async with aclosing(self._engines.llm.generate(request)) as deltas:
            while True:
                try:
                    async with asyncio.timeout(wait_s):
                        delta = await anext(deltas, None)
                except TimeoutError as error:
                    raise LlmTimeout("The language model did not answer in time.") from error
                match delta:
                    case TextDelta(text):
                        wait_s = options.between_tokens_timeout_s
                        yield text
                    case LlmDone() | None:
                        return

    async def _voice(
        self,
        timeline: ReplyTimeline,
        chunks: asyncio.Queue[SpeakableChunk | _WriteFailed | None],
        items: asyncio.Queue[ReplyNotice | bytes | None],
        marks: _Marks,
    ) -> None:
        """Chunks -> speech on the reply's clock."""
        failure: EngineError | None = None
        while isinstance(chunk := await chunks.get(), SpeakableChunk):
            try:
                await self._say(chunk, timeline, items, marks)
            except TtsFailed as error:
                failure = error
        reply_id, count = timeline.reply_id, timeline.end
        if chunk is not None:
            self._step(ReplyFailed(reply_id, chunk.code, chunk.message, count))
        elif failure is not None and count == 0:
            self._step(ReplyFailed(reply_id, failure.code, failure.message, count))
        else:
            if failure is not None:
                self._warn(failure.code, failure.message)
            self._step(ReplyGenerated(reply_id, count))
        await items.put(None)

    async def _say(
        self,
        chunk: SpeakableChunk,
        timeline: ReplyTimeline,
        items: asyncio.Queue[ReplyNotice | bytes | None],
        marks: _Marks,
    ) -> None:
        """Speaks one chunk. What was placed comes out to the sample, even if the voice fails."""
        tts = self._engines.tts
        speech = tts.synthesize(chunk)
        resampler = StreamResampler(tts.capabilities.rate_hz, self.rate_hz)
        placed: Placed | None = None
        failure: TtsFailed | None = None
        made = 0
        try:
            while (part := await self._in_thread(self._workers.tts, next, speech, None)) is not None:
                if isinstance(part, SpeechPlan):
                    placed = timeline.place(chunk, part, is_last=False)
                    self._step(placed.planned)
                    for notice in placed.notices:
                        await items.put(notice)
                    continue
                if marks.ttfa_s is None:
                    marks.ttfa_s = self._clock()
                pcm = resampler.push(part.pcm)
                made += sample_count(pcm)
                await items.put(pcm)
        except TtsFailed as error:
            failure = error
        finally:
            # In the voice's own thread: there it cannot be running.
            self._workers.tts.submit(speech.close)
        if placed is not None:
            tail = resampler.push(b"", is_last=True)
            missing = placed.end - placed.start - made - sample_count(tail)
            await items.put(tail + silence(missing))
        if failure is not None:
            raise failure

    async def _egress(
        self,
        reply_id: int,
        gate: asyncio.Event,
        items: asyncio.Queue[ReplyNotice | bytes | None],
        marks: _Marks,
    ) -> None:
        """Lets the reply out once it is committed, no further ahead than the session allows."""
        frame_samples = self.rate_hz * self._options.playout.frame_ms // 1000
        frames = Reframer(frame_samples)
        at = 0
        await gate.wait()
        while (item := await items.get()) is not None:
            if not isinstance(item, bytes):
                self._outbox.put(item)
                continue
            for pcm in frames.push(item):
                await self._send_audio(ReplyAudio(reply_id, at, pcm, is_first=at == 0), marks)
                at += frame_samples
        rest = frames.flush()
        if at or rest:
            last = ReplyAudio(reply_id, at, rest, is_first=at == 0, is_last=True)
            await self._send_audio(last, marks)
        self._outbox.put(ReplyAudioDone(reply_id, at + sample_count(rest)))

    async def _send_audio(self, audio: ReplyAudio, marks: _Marks) -> None:
        samples = sample_count(audio.pcm)
        while (room := self.session.allowance(audio.reply_id, self._clock())) < samples:
            await asyncio.sleep((samples - room) / self.rate_hz)
        await self._outbox.put_audio(audio)
        if audio.is_first:
            self._outbox.put(marks.at(self._clock()))
        self._step(AudioSent(audio.reply_id, audio.start + samples))


class _SessionEnded(Exception):
    """Ends the task group of a conversation that is over."""
