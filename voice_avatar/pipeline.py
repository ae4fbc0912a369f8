"""Runs a conversation: feeds the session and does what it commands.

Here are the tasks and the clock, and no decision about the conversation. Each `Conversation` is
one task group; each reply is a task group of its own inside it (`speaking.py`). The synchronous
engines run in `Workers`, one thread each, shared by all conversations.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Protocol

from voice_avatar.aside import AsideFloor
from voice_avatar.audio import AudioHistory, silence
from voice_avatar.body import can_show
from voice_avatar.capture import Capture
from voice_avatar.chunking import Chunker
from voice_avatar.conversation.session import Session
from voice_avatar.conversation.setup import SessionSetup
from voice_avatar.echo import EchoGuard
from voice_avatar.errors import EngineError
from voice_avatar.events import (
    MIC_HZ,
    WINDOW_SAMPLES,
    AudioWindow,
    BodyCue,
    CancelReply,
    CancelTranscribe,
    Command,
    EndSession,
    ErrorNotice,
    LlmRequest,
    Notice,
    OpenGate,
    ReplyAudio,
    ReplyPaused,
    ReplyResumed,
    ScoreTurn,
    SessionInput,
    StartReply,
    Tick,
    Transcribe,
    Transcribed,
    TranscribePurpose,
    Transcript,
    TurnScored,
    VadFrame,
    WarmPrefix,
    WarningNotice,
)
from voice_avatar.gestures import GesturePlanner
from voice_avatar.hearing import Heard, Hearing, Listening
from voice_avatar.loudness import VoiceLevel
from voice_avatar.loudspeaker import Loudspeaker
from voice_avatar.mood import left_by
from voice_avatar.outbox import Outbox
from voice_avatar.speaking import Floor, ReplyRun
from voice_avatar.timeline import ReplyTimeline
from voice_avatar.workers import Engines, Workers, in_thread

__all__ = ["Conversation", "Engines", "Tape", "Workers"]

HISTORY_S = 35
"""Microphone audio kept, seconds: the longest segment decoded, its pre-roll and some slack."""

_WINDOW_LIMIT = 128
"""Windows that may wait for the VAD (4 s): beyond, the oldest are dropped."""

_URGENCY = {
    TranscribePurpose.EAGER: 0,
    TranscribePurpose.INTERRUPT: 0,
    TranscribePurpose.EARLY: 1,
    TranscribePurpose.PARTIAL: 2,
}
"""Who goes first where recognisers are few: what somebody waits for."""

_OUTBOX_LIMIT = 512
"""Notices that may wait to be sent before reply audio has to wait too."""


class Tape(Protocol):
    """Keeps what a conversation was made of (see `recorder.py`)."""

    def step(
        self, now_s: float, event: SessionInput | None, outputs: tuple[Command | Notice, ...]
    ) -> None:
        """A step of the session: when, what came in (None = its start), what came out."""

    def mic(self, pcm: bytes) -> None:
        """Microphone audio, 16 kHz, without gaps."""

    def reply_audio(self, audio: ReplyAudio) -> None:
        """Reply audio that goes out."""

    def close(self) -> None:
        """The conversation is over."""


@dataclass(frozen=True, slots=True)
class _Running:
    """A reply under way and the task that runs it."""

    run: ReplyRun
    task: asyncio.Task[None]


class _SessionOver(Exception):  # noqa: N818 - not an error: it ends a task group
    """Ends the task group of a conversation that is over."""


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
        setup: SessionSetup,
        *,
        session_id: str,
        clock: Callable[[], float] = time.monotonic,
        tape: Tape | None = None,
    ) -> None:
        self._workers = workers
        self._setup = setup
        self._session_id = session_id
        self.rate_hz = setup.rate_hz
        self._clock = clock
        self._tape = tape
        engines = workers.engines
        self.session = Session(setup, count_tokens=engines.llm.count_tokens, now_s=clock())
        denoise = engines.denoise.open() if engines.denoise else None
        self._loudspeaker = Loudspeaker(setup.rate_hz) if setup.hears_itself else None
        guard = EchoGuard(setup.rate_hz) if setup.hears_itself else None
        self._hearing = Hearing(engines.vad.open(), denoise, guard, setup.echo)
        self._capture: Capture | None = None
        self._history = AudioHistory(HISTORY_S * MIC_HZ)
        self._windows: deque[AudioWindow] = deque()
        self._is_overrun = False
        self._is_hearing = False
        self._all_heard = asyncio.Event()
        self._all_heard.set()
        self._unwanted: dict[int, threading.Event] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._rings_s = 0.0
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._outbox = Outbox(_OUTBOX_LIMIT)
        self._replies: dict[int, _Running] = {}
        self._waste = 0
        self._planner: GesturePlanner | None = None
        self._level = VoiceLevel()
        self._warming: asyncio.Task[None] | None = None
        self._group: asyncio.TaskGroup | None = None
        self._main: asyncio.Task[None] | None = None

    # -- life

    async def __aenter__(self) -> Conversation:
        started = asyncio.Event()
        self._main = asyncio.create_task(self._run(started), name=self._session_id)
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
        if self._tape is not None:
            self._tape.close()
        if not self._main.cancelled() and kind is None:
            self._main.result()

    async def _run(self, started: asyncio.Event) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                group.create_task(self._end())
                self._carry_out(None, self.session.start(self._clock()), self._clock())
                started.set()
        except* _SessionOver:
            pass
        finally:
            started.set()
            self._outbox.close()
            if self._timer is not None:
                self._timer.cancel()

    async def _end(self) -> None:
        """Ends the group: by itself, or because what the event loop calls directly has failed."""
        await self._ended
        raise _SessionOver

    def _fail(self, error: Exception) -> None:
        if not self._ended.done():
            self._ended.set_exception(error)

    # -- what the server calls

    @property
    def is_speaking(self) -> bool:
        """Whether a reply is committed and not over."""
        return self.session.is_speaking

    @property
    def is_over(self) -> bool:
        """Whether it has ended, by itself or because it failed."""
        return self._ended.done() or (self._main is not None and self._main.done())

    def when_over(self, tell: Callable[[], None]) -> None:
        """Has `tell` called once nothing of the conversation runs any more."""
        assert self._main is not None
        self._main.add_done_callback(lambda _: tell())

    @property
    def backlog(self) -> int:
        """Notices that wait to be sent."""
        return len(self._outbox)

    async def notices(self) -> AsyncIterator[Notice]:
        """Yields notices in the order in which they are to be sent; audio comes paced.

        Ends when the session ends by itself. Raises what made the conversation fail.
        """
        while (notice := await self._outbox.get()) is not None:
            if self._tape is not None and isinstance(notice, ReplyAudio):
                self._tape.reply_audio(notice)
            if self._loudspeaker is not None:
                self._loudspeaker.note(notice)
            yield notice
        if self._main is not None and self._main.done() and not self._main.cancelled():
            self._main.result()

    def submit(self, event: SessionInput) -> None:
        """Gives the session an event of the client."""
        self.step(event)

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
            self._capture = capture = Capture(self._setup.capture, rate_hz, start=start)
        captured = capture.push(pcm, pts)
        if captured.lost:
            self._warn("input_gap", f"{captured.lost} samples of microphone audio are missing.")
        if captured.is_clipping:
            self._warn("input_clipping", "The microphone is too loud: its audio is clipped.")
        self._windows.extend(captured.windows)
        if len(self._windows) > _WINDOW_LIMIT:
            if not self._is_overrun:
                self._warn("input_overrun", "Microphone audio comes faster than it can be heard.")
            self._is_overrun = True
            while len(self._windows) > _WINDOW_LIMIT:
                self._windows.popleft()
        self._listen()

    async def heard(self) -> None:
        """Waits until all microphone audio that was taken has been listened to."""
        await self._all_heard.wait()

    def _warn(self, code: str, message: str) -> None:
        self._outbox.put(WarningNotice(code, message))

    # -- the session (step, allowance and take_waste are what a reply sees of the conversation)

    def step(self, event: SessionInput) -> None:
        """Gives the session an event and carries out what it says."""
        now_s = self._clock()
        self._carry_out(event, self.session.receive(event, now_s), now_s)

    def allowance(self, reply_id: int) -> int:
        """Returns how many samples of the reply may be sent now."""
        return self.session.allowance(reply_id, self._clock())

    def take_waste(self) -> int:
        """Returns the tokens of replies withdrawn unheard since this was last asked."""
        waste, self._waste = self._waste, 0
        return waste

    def due_s(self, reply_id: int, until: int) -> float | None:
        """Returns since when audio of the reply up to sample `until` may be sent; None = always."""
        return self.session.due_s(reply_id, until)

    def _carry_out(
        self, event: SessionInput | None, outputs: tuple[Command | Notice, ...], now_s: float
    ) -> None:
        if self._tape is not None:
            self._tape.step(now_s, event, outputs)
        for output in outputs:
            match output:
                case Transcribe():
                    self._unwanted[output.request_id] = threading.Event()
                    self._spawn(self._transcribe(output))
                case CancelTranscribe(request_id):
                    if unwanted := self._unwanted.get(request_id):
                        unwanted.set()
                case ScoreTurn():
                    self._spawn(self._score(output))
                case StartReply():
                    self._start_reply(output)
                case OpenGate(reply_id):
                    self._replies[reply_id].run.open_gate()
                case CancelReply(reply_id):
                    if running := self._replies.pop(reply_id, None):
                        running.task.cancel()
                case WarmPrefix():
                    self._warm(output)
                case EndSession():
                    if not self._ended.done():
                        self._ended.set_result(None)
                case BodyCue() if not can_show(output, self._setup.vocabulary):
                    pass
                case ReplyPaused() | ReplyResumed():
                    self._outbox.put(output)
                    self._rest(output)
                case _:
                    self._outbox.put(output)
        if outputs or not isinstance(event, VadFrame):
            self._wind_up(now_s)  # a window that changes nothing brings no deadline nearer

    def _rest(self, notice: ReplyPaused | ReplyResumed) -> None:
        """Lets the making of a reply rest while it is paused."""
        if running := self._replies.get(notice.reply_id):
            if isinstance(notice, ReplyPaused):
                running.run.pause()
            else:
                running.run.resume()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        assert self._group is not None
        return self._group.create_task(work)

    def _wind_up(self, now_s: float) -> None:
        """Has the timer ring when the session's deadline comes, at the latest.

        Deadlines mostly move away: a timer that rings too early and is wound up again costs less
        than one that is set anew at each of them.
        """
        deadline_s = self.session.deadline_s
        if deadline_s is None or (self._timer is not None and self._rings_s <= deadline_s):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._rings_s = max(now_s + 0.001, deadline_s)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._rings_s - now_s, self._ring)

    def _ring(self) -> None:
        """Gives the session a tick if its deadline has come. Called by the event loop."""
        self._timer = None
        if self._ended.done():
            return
        try:
            now_s, deadline_s = self._clock(), self.session.deadline_s
            if deadline_s is not None and now_s >= deadline_s:
                self.step(Tick())
            self._wind_up(now_s)
        except Exception as error:  # the boundary of a conversation
            self._fail(error)

    # -- ears

    def _listen(self) -> None:
        """Has the windows that wait heard, unless some are being heard."""
        if self._is_hearing:
            return
        if not self._windows:
            self._all_heard.set()
            return
        self._all_heard.clear()
        self._is_hearing = True
        windows = tuple(self._windows)
        self._windows.clear()
        self._is_overrun = False
        wanted = Listening(self._hearing, windows, wants_pitch=self.session.wants_pitch)
        if self._loudspeaker is not None:
            mic_end = windows[-1].start + WINDOW_SAMPLES
            live = self.session.playing(self._clock())
            spoken, playing = self._loudspeaker.take(mic_end, live)
            wanted = replace(wanted, spoken=spoken, playing=playing)
        self._workers.hearing.submit(wanted, self._listened)

    def _listened(self, heard: list[Heard] | Exception) -> None:
        """Takes what was heard. Called by the event loop: what fails here ends the conversation."""
        self._is_hearing = False
        if self._ended.done():
            return
        try:
            if isinstance(heard, Exception):
                raise heard
            for window in heard:
                self._take(window)
            self._listen()
        except Exception as error:  # the boundary of a conversation
            self._fail(error)

    def _take(self, heard: Heard) -> None:
        for failure in heard.failures:
            self._outbox.put(ErrorNotice(failure.code, failure.message))
        pcm = silence(heard.start - self._history.end) + heard.pcm
        self._history.append(pcm)
        if self._tape is not None:
            self._tape.mic(pcm)
        self.step(
            VadFrame(heard.start, heard.probability, heard.dbfs, heard.tail_dbfs, heard.f0_hz)
        )

    async def _transcribe(self, job: Transcribe) -> None:
        transcript = None
        try:
            if job.purpose is not TranscribePurpose.PARTIAL or self._workers.stt_places.has_spare:
                transcript = await self._transcript(job)
        except EngineError:
            pass  # the session takes None for it
        finally:
            del self._unwanted[job.request_id]
        self.step(Transcribed(job.request_id, transcript))

    async def _transcript(self, job: Transcribe) -> Transcript:
        pcm, unwanted = self._history.read(job.start, job.end), self._unwanted[job.request_id]
        stt = self._workers.engines.stt
        async with self._workers.stt_places.place(_URGENCY[job.purpose]):
            return await in_thread(
                self._workers.stt,
                stt.transcribe,
                pcm,
                job.language,
                lambda: not unwanted.is_set(),
            )

    async def _score(self, command: ScoreTurn) -> None:
        turn = self._workers.engines.turn
        if turn is None:
            return
        pcm = self._history.read(command.start, command.end)
        try:
            probability = await in_thread(self._workers.turn, turn.score, pcm)
        except EngineError as error:  # silence decides instead
            self._outbox.put(ErrorNotice(error.code, error.message))
            return
        self.step(TurnScored(command.request_id, probability))

    # -- mouth

    def _warm(self, prefix: WarmPrefix) -> None:
        if self._warming is None or self._warming.done():
            self._warming = self._spawn(self._read_prefix(prefix))

    async def _read_prefix(self, prefix: WarmPrefix) -> None:
        try:
            session = self._setup.session
            request = LlmRequest(
                prefix.messages,
                session.max_reply_tokens,
                session.temperature,
                self._session_id,
                priority=1,
                tools=prefix.tools,
            )
            await self._workers.engines.llm.warm(request)
        except EngineError:
            return  # only an optimisation is lost

    def _start_reply(self, start: StartReply) -> None:
        options = self._setup
        if start.is_out_of_band:
            self._start_beside(start)
            return
        self._planner = planner = GesturePlanner(
            options.gestures,
            start.language,
            start.reply_id,
            self.rate_hz,
            self._planner.number if self._planner else 1,
            options.vocabulary,
            told=options.told,
            baseline=options.baseline,
            mood=left_by(start.feeling, options.baseline),
        )
        run = self._run_of(start, planner, self)
        task = self._spawn(self._run_reply(run, start.reply_id))
        self._replies[start.reply_id] = _Running(run, task)

    def _start_beside(self, start: StartReply) -> None:
        """Starts a reply out of band: it has no gate, and its body is nobody's but its own."""
        options = self._setup
        planner = GesturePlanner(
            options.gestures, start.language, start.reply_id, self.rate_hz, 1, options.vocabulary
        )
        floor = AsideFloor(start.reply_id, self.step)
        run = self._run_of(start, planner, floor)
        run.open_gate()
        task = self._spawn(self._run_beside(run, floor, start.reply_id))
        self._replies[start.reply_id] = _Running(run, task)

    async def _run_beside(self, run: ReplyRun, floor: AsideFloor, reply_id: int) -> None:
        await self._run_reply(run, reply_id)
        floor.over()

    def _run_of(self, start: StartReply, planner: GesturePlanner, floor: Floor) -> ReplyRun:
        options = self._setup
        voice = self._workers.engines.tts.capabilities
        return ReplyRun(
            start,
            LlmRequest(
                start.messages,
                start.max_tokens,
                start.temperature,
                self._session_id,
                tools=start.tools,
                tool_choice=start.tool_choice,
            ),
            workers=self._workers,
            llm=options.llm,
            chunker=Chunker(options.chunking, start.language),
            timeline=ReplyTimeline(
                start.reply_id, self.rate_hz, voice, planner, self._level, start.meant
            ),
            playout=options.playout,
            floor=floor,
            outbox=self._outbox,
            clock=self._clock,
        )

    async def _run_reply(self, run: ReplyRun, reply_id: int) -> None:
        try:
            with self._workers.reply():
                await run.run()
        finally:
            self._replies.pop(reply_id, None)
            if not run.is_sent:
                self._waste += run.tokens
