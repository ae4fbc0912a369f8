"""A conversation with scripted engines, without a server: what is told out, and what is left.

Its clock is that of the event loop: tests marked `virtual_time` wait without taking time
(`tests/kit/skipping_loop.py`).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from kit.skipping_loop import breathe
from voice_avatar.audio.pcm import sample_count
from voice_avatar.conversation.out_of_band import OUT_OF_BAND_FROM
from voice_avatar.conversation.setup import SessionSetup
from voice_avatar.engines.scripted import (
    ScriptedLlm,
    ScriptedStt,
    ScriptedTts,
    ScriptedTurn,
    ScriptedVad,
)
from voice_avatar.events.commands import Command
from voice_avatar.events.cues import ReplySegment, VisemeTrack
from voice_avatar.events.inputs import PlaybackReport, SessionInput, TextInput
from voice_avatar.events.notices import (
    Notice,
    ReplyAudio,
    ReplyAudioDone,
    ReplyDone,
    ReplyInterrupted,
    ReplyNotice,
    ReplyPaused,
    ReplyResumed,
    ReplyStarted,
    StageMarks,
)
from voice_avatar.events.payloads import Transcript
from voice_avatar.pipeline.conversation import Conversation
from voice_avatar.pipeline.tape import Tape
from voice_avatar.pipeline.workers import Workers
from voice_avatar.stages.engines import Engines
from voice_avatar.stages.stt import always

RATE_HZ = 16_000
BRISK = 160
"""Samples per letter: a voice eight times as fast as people."""

N = TypeVar("N", bound=Notice)


def engines(*replies: str, **others: Any) -> Engines:
    """Scripted engines; each can be replaced by name."""
    given = {
        "vad": ScriptedVad(),
        "turn": ScriptedTurn(),
        "stt": ScriptedStt(),
        "llm": ScriptedLlm(replies),
        "tts": ScriptedTts(symbol_samples=BRISK),
    }
    return Engines(**{**given, **others})


def llm_of(workers: Workers) -> ScriptedLlm:
    llm = workers.engines.llm
    assert isinstance(llm, ScriptedLlm)
    return llm


@contextmanager
def at_work(engines: Engines) -> Iterator[Workers]:
    """Workers; afterwards no task or thread is left and no request to the LLM."""
    tasks, threads = asyncio.all_tasks(), set(threading.enumerate())
    workers = Workers(engines)
    try:
        yield workers
    finally:
        workers.close()
    assert asyncio.all_tasks() <= tasks
    assert set(threading.enumerate()) <= threads
    assert llm_of(workers).running == 0


class Talk:
    """One user of a conversation.

    Attributes:
        conversation: itself.
        notices: all that was told so far.
        times_s: when, in the same order, on the event loop's clock.
        failure: what ended the conversation, if it failed.
        plays_at_once: whether the loudspeaker takes no time: replies are then over as soon as all
            of them was sent.
    """

    def __init__(self, conversation: Conversation, *, plays_at_once: bool = True) -> None:
        self.conversation = conversation
        self.plays_at_once = plays_at_once
        self.notices: list[Notice] = []
        self.times_s: list[float] = []
        self.failure: BaseException | None = None
        self._came = asyncio.Event()

    async def listen(self) -> None:
        """Takes what is told until the conversation ends. Runs as a task."""
        try:
            async for notice in self.conversation.notices():
                self.notices.append(notice)
                self.times_s.append(asyncio.get_running_loop().time())
                if self.plays_at_once and isinstance(notice, ReplyAudioDone):
                    self.played(notice.reply_id, notice.sample_count, "finished")
                self._came.set()
        except Exception as failure:
            self.failure = failure
        finally:
            self._came.set()

    def played(self, reply_id: int, samples: int, state: Any = "playing") -> None:
        self.conversation.submit(PlaybackReport(reply_id, samples, state))

    def types(self, text: str) -> None:
        self.conversation.submit(TextInput(text))

    async def says(self, pcm: bytes, rate_hz: int = RATE_HZ) -> None:
        """Speaks as fast as it is heard, at most three seconds at a time."""
        step = 6 * rate_hz
        for at in range(0, len(pcm), step):
            self.conversation.hear(pcm[at : at + step], rate_hz)
            await self.is_heard()
            await asyncio.sleep(0.005)

    async def is_heard(self) -> None:
        """Waits until everything that was said has been heard."""
        ears = self.conversation.ears
        await settled(lambda: not ears.is_listening)

    async def until(
        self, is_it: Callable[[list[Notice]], object], *, within_s: float = 60.0
    ) -> None:
        """Waits until what was told so far satisfies `is_it`."""
        async with asyncio.timeout(within_s):
            while not is_it(self.notices):
                self._came.clear()
                await self._came.wait()

    async def first(self, kind: type[N], count: int = 1, **fields: Any) -> N:
        """Waits for the `count`-th notice of a kind with these fields, and returns it."""

        def fits(notice: Notice) -> bool:
            return isinstance(notice, kind) and all(
                getattr(notice, name) == value for name, value in fields.items()
            )

        await self.until(lambda notices: sum(map(fits, notices)) >= count)
        found = [notice for notice in self.notices if fits(notice)][count - 1]
        assert isinstance(found, kind)
        return found

    async def reply(self, count: int = 1) -> ReplyDone:
        """Waits until `count` replies are over and returns the end of the last of them."""
        return await self.first(ReplyDone, count)

    def all(self, kind: type[N]) -> list[N]:
        return [notice for notice in self.notices if isinstance(notice, kind)]

    def of(self, reply_id: int) -> list[Notice]:
        """Returns all that was told of one reply."""
        return [n for n in self.notices if isinstance(n, ReplyNotice) and n.reply_id == reply_id]

    def codes(self) -> list[str]:
        return [code for n in self.notices if (code := getattr(n, "code", None))]

    def audio(self, reply_id: int) -> bytes:
        return b"".join(n.pcm for n in self.of(reply_id) if isinstance(n, ReplyAudio))


@asynccontextmanager
async def talking(
    workers: Workers,
    options: SessionSetup | None = None,
    *,
    rate_hz: int = RATE_HZ,
    tape: Tape | None = None,
    plays_at_once: bool = True,
    name: str = "s1",
) -> AsyncIterator[Talk]:
    """A conversation; afterwards what it told is checked to have been in order."""
    options = options or SessionSetup()
    options = replace(
        options,
        session=replace(options.session, idle_timeout_s=0.0),
        rate_hz=rate_hz,
        context_tokens=workers.engines.llm.capabilities.context_tokens,
    )
    conversation = Conversation(
        workers,
        options,
        session_id=name,
        clock=asyncio.get_running_loop().time,
        tape=tape,
    )
    async with conversation:
        talk = Talk(conversation, plays_at_once=plays_at_once)
        listening = asyncio.create_task(talk.listen())
        try:
            yield talk
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening
    check_order(talk.notices)


def check_order(notices: list[Notice]) -> None:
    """Checks the rules of order that clients rely on (PROTOCOL.md, section 6)."""
    live: int | None = None
    is_paused = False
    over: set[int] = set()
    cut: set[int] = set()
    sent = covered = spoken = 0
    for notice in notices:
        if not isinstance(notice, ReplyNotice) or notice.reply_id >= OUT_OF_BAND_FROM:
            continue
        if isinstance(notice, StageMarks):
            assert notice.reply_id == live or notice.reply_id in over | cut
            continue
        if isinstance(notice, ReplyStarted):
            assert live is None
            assert all(notice.reply_id > old for old in over)
            live, sent, covered, spoken = notice.reply_id, 0, 0, 0
            is_paused = False
            continue
        assert notice.reply_id == live, notice
        assert notice.reply_id not in cut or isinstance(notice, ReplyDone)
        match notice:
            case VisemeTrack():
                assert notice.until >= covered
                assert all(sent <= pose.sample <= notice.until for pose in notice.poses)
                covered = notice.until
            case ReplySegment():
                assert spoken <= notice.start <= notice.end
                assert all(notice.start <= w.start <= w.end <= notice.end for w in notice.words)
                assert notice.start >= sent
                spoken = notice.end
            case ReplyPaused():
                assert not is_paused
                assert 0 <= notice.at <= sent
                is_paused = True
            case ReplyResumed():
                assert is_paused
                assert 0 <= notice.start <= sent
                is_paused = False
            case ReplyAudio():
                assert not is_paused
                assert notice.start == sent
                assert notice.is_first == (sent == 0)
                sent += sample_count(notice.pcm)
                assert sent <= covered
            case ReplyAudioDone():
                assert notice.sample_count == sent == covered
            case ReplyInterrupted():
                assert notice.at <= sent
                cut.add(notice.reply_id)
            case ReplyDone():
                assert notice.played <= sent
                over.add(notice.reply_id)
                live = None
            case _:
                pass


async def settled(is_true: Callable[[], object], *, within_s: float = 60.0) -> None:
    """Waits until something that nobody announces is so."""
    async with asyncio.timeout(within_s):
        while not is_true():
            breathe()
            await asyncio.sleep(0.002)


def tone(seconds: float, rate_hz: int = RATE_HZ) -> bytes:
    """A voice, as the scripted engines hear it."""
    t = np.arange(int(rate_hz * seconds)) / rate_hz
    return (8000 * np.sin(2 * np.pi * 200 * t)).astype("<i2").tobytes()


def hush(seconds: float, rate_hz: int = RATE_HZ) -> bytes:
    return bytes(2 * int(seconds * rate_hz))


QUESTION = hush(0.2) + tone(1.2) + hush(0.6)
STORY = " ".join(["This story goes on and on."] * 10)


def prompts(llm: Any) -> list[list[str]]:
    """Returns what each request to the LLM held after its system message."""
    return [[m.content for m in request.messages[1:]] for request in llm.requests]


class SlowLlm(ScriptedLlm):
    """Takes 20 ms for a word.

    Attributes:
        written: words of each request so far.
    """

    def __init__(self, *replies: str) -> None:
        super().__init__(replies, token_s=0.02)
        self.written: dict[int, int] = {}

    async def _pass_token(self, done: int) -> None:
        self.written[len(self.requests)] = done
        await super()._pass_token(done)


class SlowStt(ScriptedStt):
    """Takes 50 ms for a transcript."""

    def transcribe(
        self, pcm: bytes, language: str | None, is_wanted: Callable[[], bool] = always
    ) -> Transcript:
        threading.Event().wait(0.05)
        return super().transcribe(pcm, language)


class Reel:
    """A tape that remembers everything."""

    def __init__(self) -> None:
        self.events: list[SessionInput | None] = []
        self.outputs: list[Command | Notice] = []
        self.heard = b""
        self.said = b""
        self.over: list[int] = []
        self.closed = 0

    def step(
        self, now_s: float, event: SessionInput | None, outputs: tuple[Command | Notice, ...]
    ) -> None:
        self.events.append(event)
        self.outputs += outputs

    def mic(self, pcm: bytes) -> None:
        self.heard += pcm

    def reply_audio(self, audio: ReplyAudio) -> None:
        self.said += audio.pcm

    def counted(self, text: str, tokens: int) -> None:
        pass

    def reply_over(self, reply_id: int) -> None:
        self.over.append(reply_id)

    async def aclose(self) -> None:
        self.closed += 1
