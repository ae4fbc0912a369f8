"""Runs one reply: LLM -> chunks -> speech on the reply's clock -> paced out.

Three tasks in one group, joined by bounded queues:

    write (LLM -> chunks)  ->  voice (chunks -> speech, timeline)  ->  egress (pacing)

Notices go out as soon as they are known and the gate is open, always before the audio that they
cover; only audio is paced. The mouth is known when a piece of audio is: it is as large as that is
loud.

To cancel the reply is to cancel the task that runs `ReplyRun.run`: that closes the LLM's
generator, which aborts the request inside the engine, and the synthesizer's generator, which stops
at its next piece.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from voice_avatar.acting.timeline import ReplyTimeline
from voice_avatar.audio.pcm import BYTES_PER_SAMPLE, sample_count
from voice_avatar.conversation.playout import PlayoutOptions
from voice_avatar.errors import EngineError, TtsFailed
from voice_avatar.events.commands import StartReply
from voice_avatar.events.cues import VisemeTrack
from voice_avatar.events.inputs import (
    AudioSent,
    ReplyFailed,
    ReplyGenerated,
    ReplyReady,
    ReplyTextAdded,
    SessionInput,
    ToolCallMade,
)
from voice_avatar.events.notices import (
    Notice,
    ReplyAudio,
    ReplyAudioDone,
    ReplyCallDelta,
    ReplyCallStarted,
    ReplyText,
    WarningNotice,
)
from voice_avatar.events.payloads import (
    LlmRequest,
    SpeakableChunk,
    SpeechPiece,
    SpeechPlan,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolCallStarted,
)
from voice_avatar.pipeline.llm_reading import LlmReading, LlmSaid
from voice_avatar.pipeline.marks import Marks
from voice_avatar.pipeline.outbox import Outbox
from voice_avatar.pipeline.spoken import VoicedChunk
from voice_avatar.pipeline.workers import Workers, in_thread
from voice_avatar.stages.llm import LlmOptions
from voice_avatar.stages.tts import TtsEngine
from voice_avatar.text.chunking import Chunker
from voice_avatar.tools.call_reader import CallReader
from voice_avatar.tools.offers import call_id_of

_CHUNK_LIMIT = 16
_AUDIO_LIMIT = 64
_TOGETHER_MS = 200
"""Audio that goes out together at most, milliseconds: what is between an interruption and the last
frame, where a client reads slowly."""


class ReplyOwner(Protocol):
    """What a reply needs of the conversation that it belongs to."""

    def step(self, event: SessionInput) -> None:
        """Gives the session an event."""

    def allowance(self, reply_id: int) -> int:
        """Returns how many samples of the reply may be sent now."""

    def take_waste(self) -> int:
        """Returns the tokens of replies withdrawn unheard since this was last asked."""

    def due_s(self, reply_id: int, until: int) -> float | None:
        """Returns since when audio of the reply up to sample `until` may be sent; None = always."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """Audio on its way out, and when it was made."""

    pcm: bytes
    made_s: float


@dataclass(frozen=True, slots=True)
class _WriteFailed:
    """Ends the chunks of a reply whose generation failed."""

    code: str
    message: str


class ReplyRun:
    """One reply under way.

    Attributes:
        marks: when its stages happened.
        is_sent: whether audio of it was sent.
    """

    def __init__(
        self,
        start: StartReply,
        request: LlmRequest,
        *,
        workers: Workers,
        llm: LlmOptions,
        chunker: Chunker,
        timeline: ReplyTimeline,
        playout: PlayoutOptions,
        owner: ReplyOwner,
        outbox: Outbox,
        clock: Callable[[], float],
    ) -> None:
        self._start = start
        self._reading = LlmReading(start.reply_id, request, workers=workers, options=llm)
        self._workers = workers
        self._chunker = chunker
        self._timeline = timeline
        self._frame_samples = timeline.rate_hz * playout.frame_ms // 1000
        burst_ms = min(playout.burst_ms, playout.max_ahead_s * 500)
        self._burst_frames = max(1, int(burst_ms / playout.frame_ms))
        self._together_frames = max(1, _TOGETHER_MS // playout.frame_ms)
        self._owner = owner
        self._outbox = outbox
        self._clock = clock
        self._gate = asyncio.Event()
        self._may_speak = asyncio.Event()
        self._may_speak.set()
        self._chunks: asyncio.Queue[SpeakableChunk | _WriteFailed | None] = asyncio.Queue(
            _CHUNK_LIMIT
        )
        self._audio: asyncio.Queue[_Piece | None] = asyncio.Queue(_AUDIO_LIMIT)
        self._held: list[Notice] = []
        self._calls = CallReader(start.reply_id, start.tools)
        self.marks = Marks(start)
        self.is_sent = False
        self._sent = 0
        self._count: int | None = None

    def open_gate(self) -> None:
        """The turn is committed: the reply may be heard."""
        self.marks.commit_s = self._clock()
        # Nothing is awaited in here: what is told from now on comes behind what was held, and the
        # audio, whose task has yet to wake up, behind both.
        self._gate.set()
        for notice in self._held:
            self._outbox.put(notice)
        self._held.clear()

    def pause(self) -> None:
        """The reply stands still: no more of it is made, so that the recogniser is quick."""
        self._may_speak.clear()

    def resume(self) -> None:
        """The reply goes on."""
        self._may_speak.set()

    def _tell(self, notice: Notice) -> None:
        if self._gate.is_set():
            self._outbox.put(notice)
        else:
            self._held.append(notice)

    async def run(self) -> None:
        """Runs the reply until all of it was sent."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._write())
            group.create_task(self._voice())
            group.create_task(self._egress())

    # -- write

    async def _write(self) -> None:
        end: _WriteFailed | None = None
        reply_id = self._start.reply_id
        self.marks.llm_start_s = self._clock()
        try:
            async with aclosing(self._deltas()) as deltas:
                async for delta in deltas:
                    if self.marks.ttft_s is None:
                        self.marks.ttft_s = self._clock()
                    match delta:
                        case TextDelta(text) if self._start.is_silent:
                            await self._pass_on(text, ())
                        case TextDelta(text):
                            done = self._chunker.push(text)
                            await self._pass_on(done.text, done.chunks)
                        case ToolCallStarted():
                            done = self._chunker.flush()  # what leads up to it is to be heard now
                            await self._pass_on(done.text, done.chunks)
                            self._call_made(self._calls.start(delta))
                            if self._calls.is_known:
                                call_id = self._call_id(delta)
                                self._tell(ReplyCallStarted(reply_id, call_id, delta.name))
                        case ToolCallDelta(_, text):
                            self._calls.push(delta)
                            if self._calls.is_known:
                                self._tell(ReplyCallDelta(reply_id, self._call_id(delta), text))
            self._call_made(self._calls.finish())
        except EngineError as error:
            end = _WriteFailed(error.code, error.message)
        # After a failure too: what was written of the reply is said to its last word.
        done = self._chunker.flush()
        await self._pass_on(done.text, done.chunks)
        if self._reading.written is not None:
            # Before the end is passed on: with that the session may declare the reply over.
            self._tell(self._reading.written)
        await self._chunks.put(end)

    def _call_id(self, delta: ToolCallStarted | ToolCallDelta) -> str:
        return call_id_of(self._start.reply_id, delta.index)

    def _call_made(self, call: ToolCall | None) -> None:
        if call is not None:
            self._owner.step(ToolCallMade(self._start.reply_id, call))

    async def _deltas(self) -> AsyncGenerator[LlmSaid, None]:
        """Yields the reply's text and calls: a fixed text, or what the LLM writes."""
        if self._start.text is not None:
            yield TextDelta(self._start.text)
            return
        async with aclosing(self._reading.deltas()) as deltas:
            async for delta in deltas:
                yield delta

    @property
    def tokens(self) -> int:
        """Tokens that the LLM wrote so far: pieces of text, until it says how many they were."""
        return self._reading.tokens

    async def _pass_on(self, text: str, chunks: tuple[SpeakableChunk, ...]) -> None:
        if text:
            reply_id, char = self._start.reply_id, self._timeline.write(text)
            # The session first: it must know of text before a client can have it.
            self._owner.step(ReplyTextAdded(reply_id, text))
            self._tell(ReplyText(reply_id, text, char))
        for chunk in chunks:
            if self.marks.first_chunk_s is None:
                self.marks.first_chunk_s = self._clock()
            # The only wait of the writing: where the voice is far behind, the model stands still.
            await self._chunks.put(chunk)

    # -- voice

    async def _voice(self) -> None:
        failure: TtsFailed | None = None
        while isinstance(chunk := await self._chunks.get(), SpeakableChunk):
            # A chunk that fails leaves a gap, and the next one is tried: the reply has failed only
            # if nothing of it could be said.
            try:
                await self._say(chunk)
            except TtsFailed as error:
                failure = error
        reply_id, self._count = self._start.reply_id, self._timeline.end
        count = self._count
        # Where all of it has gone out, it may be over with the next step, and nothing may come
        # after that.
        if self._sent == count:
            if count:
                self._outbox.put(ReplyAudio(reply_id, count, b"", is_first=False, is_last=True))
            self._tell(ReplyAudioDone(reply_id, count))
        if chunk is not None:
            self._owner.step(ReplyFailed(reply_id, chunk.code, chunk.message, count))
        elif failure is not None and count == 0:
            self._owner.step(ReplyFailed(reply_id, failure.code, failure.message, count))
        else:
            if failure is not None:
                self._tell(WarningNotice(failure.code, failure.message))
            self._owner.step(ReplyGenerated(reply_id, count))
        # Last: once the final audio is sent the session has to know that it was the final one.
        await self._audio.put(None)

    async def _say(self, chunk: SpeakableChunk) -> None:
        """Speaks one chunk. What was placed comes out to the sample, even if the voice fails."""
        tts, thread = self._workers.engines.tts, self._workers.tts
        spoken = VoicedChunk(chunk, self._timeline, tts.capabilities.rate_hz)
        failure: TtsFailed | None = None
        speech = tts.synthesize(chunk)
        try:
            while (part := await self._next_part(tts, speech)) is not None:
                if isinstance(part, SpeechPlan):
                    self._place(spoken, part)
                    continue
                if self.marks.ttfa_s is None:
                    self.marks.ttfa_s = self._clock()
                    self._owner.step(ReplyReady(self._start.reply_id))
                await self._pass_out(*spoken.push(part))
        except TtsFailed as error:
            failure = error
        finally:
            # In the voice's own thread: there it cannot be running.
            thread.submit(speech.close)
        if spoken.placed is not None:
            await self._pass_out(*spoken.finish(is_cut=failure is not None))
        if failure is not None:
            raise failure

    async def _pass_out(self, pcm: bytes, track: VisemeTrack | None) -> None:
        """Hands audio to the egress. The mouth that goes with it is told first: it must be there
        when the audio is, and the audio may wait for long."""
        if track is not None:
            self._tell(track)
        await self._audio.put(_Piece(pcm, self._clock()))

    async def _next_part(
        self, tts: TtsEngine, speech: Iterator[SpeechPlan | SpeechPiece]
    ) -> SpeechPlan | SpeechPiece | None:
        """Has the voice make the next part, once nobody else needs the cores more."""
        await self._may_speak.wait()
        if self._workers.engines.tts is not tts:  # it hung, and may do so in this chunk again
            raise TtsFailed("The voice was replaced in the middle of a chunk.")
        return await in_thread(self._workers.tts, next, speech, None)

    def _place(self, spoken: VoicedChunk, plan: SpeechPlan) -> None:
        placed = spoken.place(plan)
        # The session first: it must know of words before a client can report that it played them.
        self._owner.step(placed.planned)
        for notice in placed.notices:
            self._tell(notice)

    # -- egress

    async def _egress(self) -> None:
        """Lets the reply out once it is committed, no further ahead than the session allows."""
        reply_id, frame = self._start.reply_id, self._frame_samples
        # Until then nobody takes audio: the queue fills up and the voice waits, so that not too
        # much is made of a reply that may never be heard.
        await self._gate.wait()
        rest, made_s = b"", 0.0
        while (piece := await self._audio.get()) is not None:
            rest, made_s = rest + piece.pcm, piece.made_s
            while frames := sample_count(rest) // frame:
                if frames < self._burst_frames and not self._audio.empty():
                    break  # what has been made already may go with it
                at = self._sent
                allowed, due_s = await self._allowed(at, min(frames, self._burst_frames) * frame)
                samples = min(frames, self._together_frames, allowed // frame) * frame
                pcm, rest = _cut(rest, samples)
                is_last = at + samples == self._count
                due_s = max(due_s, made_s)
                self._put(ReplyAudio(reply_id, at, pcm, at == 0, is_last=is_last, due_s=due_s))
        if rest:
            at = self._sent
            _, due_s = await self._allowed(at, sample_count(rest))
            due_s = max(due_s, made_s)
            self._put(ReplyAudio(reply_id, at, rest, at == 0, is_last=True, due_s=due_s))

    async def _allowed(self, at: int, samples: int) -> tuple[int, float]:
        """Waits until `samples` from sample `at` on may be sent.

        Nothing may come between this and the sending.

        Returns:
            How many may be sent now, and since when those that were asked for.
        """
        reply_id, rate_hz = self._start.reply_id, self._timeline.rate_hz
        due_s: float | None = None
        await self._outbox.has_room()
        # The allowance is a clock, not an event: it grows with every sample played, and there is
        # none while the reply is paused.
        while (missing := samples - (allowed := self._owner.allowance(reply_id))) > 0:
            due_s = self._clock() + missing / rate_hz
            await asyncio.sleep(missing / rate_hz)
            await self._outbox.has_room()
        if due_s is None:
            due_s = self._owner.due_s(reply_id, at + samples)
        return allowed, max(due_s or 0.0, self.marks.commit_s or 0.0)

    def _put(self, audio: ReplyAudio) -> None:
        # In the outbox before the session is told: its answer may be the reply's end, which belongs
        # behind its audio.
        self._outbox.put(audio)
        if audio.is_first:
            self.is_sent = True
            self._outbox.put(self.marks.at(self._clock(), self._owner.take_waste()))
        self._sent = audio.start + sample_count(audio.pcm)
        if audio.is_last:
            self._outbox.put(ReplyAudioDone(audio.reply_id, self._sent))
        self._owner.step(AudioSent(audio.reply_id, self._sent))


def _cut(pcm: bytes, samples: int) -> tuple[bytes, bytes]:
    size = samples * BYTES_PER_SAMPLE
    return pcm[:size], pcm[size:]
