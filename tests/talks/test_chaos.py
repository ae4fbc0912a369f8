"""Users and engines that do anything at any time: order holds, and the session stays alive."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest
from kit.talk import Talk, at_work, engines, hush, talking, tone

from voice_avatar.conversation.playout import PlayoutOptions
from voice_avatar.conversation.setup import SessionSetup
from voice_avatar.engines.scripted import ScriptedLlm, ScriptedStt, ScriptedTts, ScriptedTurn
from voice_avatar.errors import SttFailed, TurnFailed
from voice_avatar.events.inputs import (
    ClearInput,
    CommitInput,
    InterruptRequest,
    SettingsChanged,
    TalkPressed,
    TalkReleased,
)
from voice_avatar.events.notices import (
    Notice,
    ReplyAudio,
    ReplyDone,
    ReplyInterrupted,
    ReplyPaused,
    ReplyResumed,
    ReplyStarted,
    TranscriptFinal,
    TurnEnded,
)
from voice_avatar.events.payloads import LlmRequest, Transcript
from voice_avatar.stages.llm import LlmOptions
from voice_avatar.stages.stt import always
from voice_avatar.stages.turn import InterruptOptions, TurnOptions

pytestmark = pytest.mark.virtual_time

REPLIES = (
    "Short one.",
    "[gesture:wave] A longer reply, with a clause, and an end. Then a sentence that zigzags.",
    "",
    "[face:happy]",
    "Zap, zoom, zing.",
    "This one goes on and on, and on. " * 4,
)
HEARD = ("", "Mhm.", "I would like to", "What is that?", "Tell me about the old castle.")


class Mood(random.Random):
    """Chance that can be calmed: then every engine does its work."""

    is_calm = False

    def strikes(self, share: float) -> bool:
        return not self.is_calm and self.random() < share


class MoodyLlm(ScriptedLlm):
    def __init__(self, mood: Mood) -> None:
        super().__init__(REPLIES)
        self._mood = mood

    def _reply(self, request: LlmRequest) -> str:
        return "I am well." if self._mood.is_calm else super()._reply(request)

    async def _pass_token(self, done: int) -> None:
        self._fails_after = done if self._mood.strikes(0.01) else None
        self._hangs_after = done if self._mood.strikes(0.01) else None
        self._token_s = 0.002 if self._mood.strikes(0.2) else 0.0
        await super()._pass_token(done)


class MoodyStt(ScriptedStt):
    def __init__(self, mood: Mood) -> None:
        super().__init__(lambda _: HEARD[-1] if mood.is_calm else mood.choice(HEARD))
        self._mood = mood

    def transcribe(
        self, pcm: bytes, language: str | None, is_wanted: Callable[[], bool] = always
    ) -> Transcript:
        if self._mood.strikes(0.1):
            raise SttFailed("Not now.")
        return super().transcribe(pcm, language)


class MoodyTurn(ScriptedTurn):
    def __init__(self, mood: Mood) -> None:
        super().__init__()
        self._mood = mood

    def score(self, pcm: bytes) -> float:
        if self._mood.strikes(0.05):
            raise TurnFailed("Not now.")
        return self._mood.random()


def whims(talk: Talk, mood: Mood) -> list[Callable[[], object]]:
    """Returns what a user may do at any moment."""
    submit, hear = talk.conversation.submit, talk.conversation.hear
    newest = max((notice.reply_id for notice in talk.all(ReplyStarted)), default=0)
    reply_id = max(0, newest + mood.randint(-1, 1))
    state = mood.choice(("started", "playing", "paused", "stalled", "finished", "stopped"))
    return [
        *(3 * [lambda: hear(tone(mood.choice((0.03, 0.2, 0.5, 1.0))), 16_000)]),
        *(3 * [lambda: hear(hush(mood.choice((0.05, 0.2, 0.6, 1.5))), 16_000)]),
        lambda: talk.types(mood.choice(("Hello.", "", "And now?"))),
        lambda: submit(InterruptRequest(mood.choice((None, reply_id)))),
        lambda: submit(TalkPressed()),
        lambda: submit(TalkReleased()),
        lambda: submit(CommitInput()),
        lambda: submit(ClearInput()),
        lambda: submit(SettingsChanged(endpointing=mood.choice(("auto", "manual")))),
        lambda: talk.played(reply_id, mood.choice((0, 100, 10**7)), state),
    ]


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_happens_the_order_holds_and_the_session_goes_on(seed: int) -> None:
    mood = Mood(seed)
    options = SessionSetup(
        llm=LlmOptions(first_token_timeout_s=0.05, between_tokens_timeout_s=0.05),
        turn=TurnOptions(
            stall_s=0.05,
            hold_s=mood.choice((0.0, 0.4, 100.0)),
            interrupt=InterruptOptions(wait_s=mood.choice((0.05, 0.5))),
        ),
        playout=PlayoutOptions(max_ahead_s=mood.choice((0.1, 2.0))),
    )
    moody = engines(
        llm=MoodyLlm(mood),
        stt=MoodyStt(mood),
        turn=MoodyTurn(mood),
        tts=ScriptedTts(symbol_samples=80, fails_on="z"),
    )
    with at_work(moody) as workers:
        async with talking(workers, options, plays_at_once=mood.random() < 0.7) as talk:
            for _ in range(mood.randint(10, 40)):
                mood.choice(whims(talk, mood))()
                await asyncio.sleep(mood.choice((0, 0, 0, 0.001, 0.01, 0.03)))
            mood.is_calm = talk.plays_at_once = True
            await still_works(talk)
        assert talk.failure is None
        check_pauses(talk.notices)


async def still_works(talk: Talk) -> None:
    """Asserts that a typed and a spoken turn are answered, and that no reply is left open."""
    for event in (SettingsChanged(endpointing="auto"), TalkReleased(), ClearInput()):
        talk.conversation.submit(event)
    await talk.says(hush(1.0))
    talk.types("Are you there?")
    turn_id = (await talk.first(TranscriptFinal, text="Are you there?")).turn_id
    for _ in ("typed", "spoken"):
        reply_id = (await talk.first(ReplyStarted, turn_id=turn_id)).reply_id
        done = await talk.first(ReplyDone, reply_id=reply_id)
        assert (done.status, done.spoken_text) == ("completed", "I am well.")
        started = [notice.reply_id for notice in talk.all(ReplyStarted)]
        assert [notice.reply_id for notice in talk.all(ReplyDone)] == started
        turn_id += 1
        await talk.says(hush(0.3) + tone(1.0) + hush(1.5))
    assert (await talk.first(TurnEnded, turn_id=turn_id)).reason in ("semantic", "vad")


@pytest.mark.parametrize("seed", range(4))
async def test_however_often_a_reply_is_paused_for_nothing_it_is_said_to_the_last_sample(
    seed: int,
) -> None:
    mood = Mood(seed)
    heard = ("", "Mhm.", "Okay, right.")
    text = "This one goes on and on, and on. " * 3
    hums = engines(
        text,
        stt=ScriptedStt(lambda _: mood.choice(heard)),
        tts=ScriptedTts(symbol_samples=160),
    )
    options = SessionSetup(
        turn=TurnOptions(stall_s=0.1, interrupt=InterruptOptions(wait_s=mood.choice((0.1, 2.5)))),
        playout=PlayoutOptions(max_ahead_s=mood.choice((0.1, 0.5))),
    )
    with at_work(hums) as workers:
        async with talking(workers) as talk:
            talk.types("Go.")
            await talk.reply()
            whole = talk.audio(1)
        async with talking(workers, options, plays_at_once=False) as talk:
            talk.types("Go.")
            await talk.first(ReplyAudio)
            while not talk.all(ReplyDone):
                await talk.says(tone(mood.choice((0.03, 0.07, 0.2, 0.6))))
                await talk.says(hush(mood.choice((0.1, 0.3, 0.8))))
                await asyncio.sleep(mood.choice((0.0, 0.02, 0.2)))
            assert talk.audio(1) == whole
            assert talk.all(ReplyDone)[0].status == "completed"
            assert talk.all(ReplyPaused)
        check_pauses(talk.notices)


def check_pauses(notices: list[Notice]) -> None:
    """Checks that every pause came to an end."""
    paused: int | None = None
    for notice in notices:
        match notice:
            case ReplyPaused(reply_id):
                paused = reply_id
            case ReplyResumed(reply_id) | ReplyInterrupted(reply_id) | ReplyDone(reply_id):
                paused = None if reply_id == paused else paused
            case _:
                pass
    assert paused is None
