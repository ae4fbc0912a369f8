"""The replies of one conversation that are being made, by id, and what outlives each of them.

The session decides that a reply begins, may be heard, rests or is cut; here that becomes a task
that is started, let go, paused or cancelled. Two things go from one reply to the next: how loud the
voice is, and the number of the last gesture. One more goes the other way: the tokens of replies
that nobody heard, which the next one that is heard reports.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from voice_avatar.acting.gesture.mood import left_by
from voice_avatar.acting.gesture.planner import GesturePlanner
from voice_avatar.acting.mouth.loudness import VoiceLevel
from voice_avatar.acting.timeline import ReplyTimeline
from voice_avatar.conversation.session import Session
from voice_avatar.conversation.setup import SessionSetup
from voice_avatar.errors import EngineError
from voice_avatar.events.commands import StartReply, WarmPrefix
from voice_avatar.events.inputs import SessionInput
from voice_avatar.events.notices import ReplyPaused, ReplyResumed
from voice_avatar.events.payloads import LlmRequest
from voice_avatar.pipeline.out_of_band import OutOfBandOwner
from voice_avatar.pipeline.outbox import Outbox
from voice_avatar.pipeline.owner import ConversationOwner
from voice_avatar.pipeline.reply_run import ReplyOwner, ReplyRun
from voice_avatar.pipeline.workers import Workers
from voice_avatar.text.chunking import Chunker


@dataclass(frozen=True, slots=True)
class _Running:
    """A reply under way and the task that runs it."""

    run: ReplyRun
    task: asyncio.Task[None]


class RepliesUnderWay:
    """Starts, lets out, rests and cancels replies; each one's `reply_run.ReplyOwner`."""

    def __init__(
        self,
        workers: Workers,
        setup: SessionSetup,
        *,
        session_id: str,
        session: Session,
        outbox: Outbox,
        owner: ConversationOwner,
        clock: Callable[[], float],
    ) -> None:
        """Begins without a reply.

        Args:
            workers: the engines and their threads.
            setup: what the conversation is made of.
            session_id: by which the language model knows its prompts again.
            session: says how much of a reply may be sent, and since when.
            outbox: where replies go.
            owner: takes what becomes of them, and runs their tasks.
            clock: the conversation's, seconds.
        """
        self._workers = workers
        self._setup = setup
        self._session_id = session_id
        self._session = session
        self._outbox = outbox
        self._owner = owner
        self._clock = clock
        self._replies: dict[int, _Running] = {}
        self._waste = 0
        self._planner: GesturePlanner | None = None
        self._level = VoiceLevel()
        self._warming: asyncio.Task[None] | None = None

    @property
    def ids(self) -> tuple[int, ...]:
        """Replies of which something is still made or sent, oldest first."""
        return tuple(self._replies)

    # -- what the session commands

    def start(self, start: StartReply) -> None:
        """Begins to make a reply. Nobody hears of it before `open_gate`."""
        if start.is_out_of_band:
            self._start_out_of_band(start)
            return
        options = self._setup
        # Gestures are numbered through the whole session, so each planner goes on where the last
        # one is, even if its reply was cut.
        self._planner = planner = GesturePlanner(
            options.gestures,
            start.language,
            start.reply_id,
            options.rate_hz,
            self._planner.number if self._planner else 1,
            options.vocabulary,
            offered=options.offered,
            baseline=options.baseline,
            mood=left_by(start.feeling, options.baseline),
        )
        run = self._run_of(start, planner, self)
        task = self._owner.spawn(self._run_reply(run, start.reply_id))
        self._replies[start.reply_id] = _Running(run, task)

    def open_gate(self, reply_id: int) -> None:
        """The turn is committed: the reply may be heard."""
        self._replies[reply_id].run.open_gate()

    def cancel(self, reply_id: int) -> None:
        """Ends the making of a reply. Idempotent."""
        # Out of the table at once and not when its task has ended: the session has done with it.
        if running := self._replies.pop(reply_id, None):
            running.task.cancel()

    def rest(self, notice: ReplyPaused | ReplyResumed) -> None:
        """Lets the making of a reply rest while it is paused."""
        if running := self._replies.get(notice.reply_id):
            if isinstance(notice, ReplyPaused):
                running.run.pause()
            else:
                running.run.resume()

    def warm(self, prefix: WarmPrefix) -> None:
        """Has a prompt's beginning read ahead, unless another one is being read."""
        if self._warming is None or self._warming.done():
            self._warming = self._owner.spawn(self._read_prefix(prefix))

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

    # -- what a reply sees of the conversation (`ReplyOwner`)

    def step(self, event: SessionInput) -> None:
        """Gives the session an event."""
        self._owner.step(event)

    def allowance(self, reply_id: int) -> int:
        """Returns how many samples of the reply may be sent now."""
        return self._session.allowance(reply_id, self._clock())

    def take_waste(self) -> int:
        """Returns the tokens of replies withdrawn unheard since this was last asked."""
        waste, self._waste = self._waste, 0
        return waste

    def due_s(self, reply_id: int, until: int) -> float | None:
        """Returns since when audio of the reply up to sample `until` may be sent; None = always."""
        return self._session.due_s(reply_id, until)

    # -- out of band

    def _start_out_of_band(self, start: StartReply) -> None:
        """Starts a reply that has no gate, and whose body is nobody's but its own."""
        options = self._setup
        planner = GesturePlanner(
            options.gestures, start.language, start.reply_id, options.rate_hz, 1, options.vocabulary
        )
        owner = OutOfBandOwner(start.reply_id, self._owner.step)
        run = self._run_of(start, planner, owner)
        run.open_gate()
        task = self._owner.spawn(self._run_out_of_band(run, owner, start.reply_id))
        self._replies[start.reply_id] = _Running(run, task)

    async def _run_out_of_band(self, run: ReplyRun, owner: OutOfBandOwner, reply_id: int) -> None:
        await self._run_reply(run, reply_id)
        owner.over()

    # -- making one

    def _run_of(self, start: StartReply, planner: GesturePlanner, owner: ReplyOwner) -> ReplyRun:
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
                start.reply_id, options.rate_hz, voice, planner, self._level, start.meant
            ),
            playout=options.playout,
            owner=owner,
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
