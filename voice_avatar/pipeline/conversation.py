"""Runs a conversation: feeds the session and does what it commands.

Here are the tasks and the clock, and no decision about the conversation. Each `Conversation` is
one task group; each reply is a task group of its own inside it (`reply_run.py`). The synchronous
engines run in `Workers`, one thread each, shared by all conversations.

The session is asked in one place (`step`) and its commands are carried out in one place
(`_carry_out`). What has a state of its own is a part beside this file: `Ears` (the microphone),
`Answers` (transcripts and turns), `Alarm` (the deadline), `RepliesUnderWay`, the `Outbox`. The
parts give the session events and know nothing of one another.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from types import TracebackType
from typing import Any

from voice_avatar.acting.presence.options import can_show
from voice_avatar.conversation.session import Session
from voice_avatar.conversation.setup import SessionSetup
from voice_avatar.events.commands import (
    CancelReply,
    CancelTranscribe,
    Command,
    EndSession,
    OpenGate,
    ScoreTurn,
    StartReply,
    Transcribe,
    WarmPrefix,
)
from voice_avatar.events.cues import BodyCue
from voice_avatar.events.inputs import SessionInput, VadFrame
from voice_avatar.events.notices import Notice, ReplyAudio, ReplyDone, ReplyPaused, ReplyResumed
from voice_avatar.pipeline.alarm import Alarm
from voice_avatar.pipeline.answers import Answers
from voice_avatar.pipeline.ears import Ears
from voice_avatar.pipeline.outbox import Outbox
from voice_avatar.pipeline.replies_under_way import RepliesUnderWay
from voice_avatar.pipeline.tape import Tape
from voice_avatar.pipeline.workers import Workers

_OUTBOX_LIMIT = 512
"""Notices that may wait to be sent before reply audio has to wait too."""


class _SessionOver(Exception):  # noqa: N818 - not an error: it ends a task group
    """Ends the task group of a conversation that is over."""


class Conversation:
    """One user's conversation on shared engines.

    Use as `async with Conversation(...) as conversation`; feed it with `hear` and `submit`, and
    send what `notices` yields. Leaving the block stops everything that runs for it.

    Attributes:
        session: the decisions (read only).
        ears: its microphone (read only; `hear` and `heard` are the way in).
        replies: those under way (read only).
        tape: what keeps it; None = nothing does.
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
        self._setup = setup
        self._session_id = session_id
        self.rate_hz = setup.rate_hz
        self._clock = clock
        self.tape = tape
        count_tokens = _told(workers.engines.llm.count_tokens, tape)
        self.session = session = Session(setup, count_tokens=count_tokens, now_s=clock())
        self._outbox = outbox = Outbox(_OUTBOX_LIMIT)
        self.ears = Ears(
            workers, setup, session=session, outbox=outbox, owner=self, clock=clock, tape=tape
        )
        self._answers = Answers(workers, self.ears.history, outbox, self)
        self._alarm = Alarm(session, self, clock)
        self.replies = RepliesUnderWay(
            workers,
            setup,
            session_id=session_id,
            session=session,
            outbox=outbox,
            owner=self,
            clock=clock,
        )
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
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
        if self.tape is not None:
            # Nothing of the conversation runs any more, so nothing comes after this.
            await self.tape.aclose()
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
            self._alarm.stop()

    async def _end(self) -> None:
        """Ends the group: by itself, or because what the event loop calls directly has failed."""
        await self._ended
        raise _SessionOver

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
            # Kept before it is yielded: whoever sends it may never come back for the next one.
            if self.tape is not None:
                if isinstance(notice, ReplyAudio):
                    self.tape.reply_audio(notice)
                elif isinstance(notice, ReplyDone):
                    self.tape.reply_over(notice.reply_id)
            self.ears.note(notice)
            yield notice
        if self._main is not None and self._main.done() and not self._main.cancelled():
            self._main.result()

    def submit(self, event: SessionInput) -> None:
        """Gives the session an event of the client."""
        self.step(event)

    def hear(self, pcm: bytes, rate_hz: int, pts: int | None = None) -> None:
        """Takes microphone audio (see `Ears.hear`). Never blocks.

        Raises:
            AudioUnsupported: the rate is out of range.
            AudioInvalid: not whole samples.
        """
        self.ears.hear(pcm, rate_hz, pts)

    async def heard(self) -> None:
        """Waits until all microphone audio that was taken has been listened to."""
        await self.ears.heard()

    # -- what its parts ask of it (`ConversationOwner`)

    @property
    def has_ended(self) -> bool:
        """Whether the session is over or something has failed, even if tasks of it still end."""
        return self._ended.done()

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Runs a task in the conversation's group: it ends with it, and ends it if it fails."""
        assert self._group is not None
        return self._group.create_task(work)

    def fail(self, error: Exception) -> None:
        """Ends the conversation for what failed in a call of the event loop."""
        if not self._ended.done():
            self._ended.set_exception(error)

    def step(self, event: SessionInput) -> None:
        """Gives the session an event and carries out what it says."""
        now_s = self._clock()
        self._carry_out(event, self.session.receive(event, now_s), now_s)

    def _carry_out(
        self, event: SessionInput | None, outputs: tuple[Command | Notice, ...], now_s: float
    ) -> None:
        # The tape is first: if carrying a command out fails, it holds what was to be done.
        if self.tape is not None:
            self.tape.step(now_s, event, outputs)
        # In the order in which the session said them: a notice goes out before the reply that
        # follows it begins, and a reply is cancelled before the next one takes its place.
        for output in outputs:
            match output:
                case Transcribe():
                    self._answers.transcribe(output)
                case CancelTranscribe(request_id):
                    self._answers.withdraw(request_id)
                case ScoreTurn():
                    self._answers.score(output)
                case StartReply():
                    self.replies.start(output)
                case OpenGate(reply_id):
                    self.replies.open_gate(reply_id)
                case CancelReply(reply_id):
                    self.replies.cancel(reply_id)
                case WarmPrefix():
                    self.replies.warm(output)
                case EndSession():
                    if not self._ended.done():
                        self._ended.set_result(None)
                case BodyCue() if not can_show(output, self._setup.vocabulary):
                    pass  # the client has said that it does not know it
                case ReplyPaused() | ReplyResumed():
                    self._outbox.put(output)
                    self.replies.rest(output)
                case _:
                    self._outbox.put(output)
        if outputs or not isinstance(event, VadFrame):
            self._alarm.wind_up(now_s)  # a window that changes nothing brings no deadline nearer


def _told(count_tokens: Callable[[str], int], tape: Tape | None) -> Callable[[str], int]:
    """Returns what counts, and tells the tape of it."""
    if tape is None:
        return count_tokens

    def count(text: str) -> int:
        tokens = count_tokens(text)
        tape.counted(text, tokens)
        return tokens

    return count
