"""Replies that begin, rest and are cut, and what goes from one to the next."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from kit.skipping_loop import SkippingLoop, Turnstile
from kit.talk import (
    QUESTION,
    STORY,
    SlowLlm,
    Talk,
    at_work,
    engines,
    hush,
    llm_of,
    prompts,
    settled,
    talking,
    tone,
)

from voice_avatar.conversation.setup import SessionSetup
from voice_avatar.engines.scripted import ScriptedLlm, ScriptedStt, ScriptedTts
from voice_avatar.errors import LlmFailed
from voice_avatar.events.cues import GestureCue
from voice_avatar.events.inputs import InterruptRequest, TalkPressed
from voice_avatar.events.notices import (
    ReplyAudio,
    ReplyDone,
    ReplyInterrupted,
    ReplyPaused,
    ReplyResumed,
    ReplyStarted,
    StageMarks,
    TranscriptFinal,
)
from voice_avatar.events.payloads import LlmRequest
from voice_avatar.stages.turn import TurnOptions

pytestmark = pytest.mark.virtual_time


@pytest.fixture
async def virtual() -> SkippingLoop:
    """The event loop of the test."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SkippingLoop)
    return loop


async def test_what_was_prepared_is_aborted_when_the_user_goes_on() -> None:
    options = SessionSetup(turn=TurnOptions(min_silence_s=1.0))
    with at_work(engines(llm=SlowLlm(STORY, "The answer to all of it."))) as workers:
        llm = llm_of(workers)
        async with talking(workers, options) as talk:
            await talk.says(tone(1.2) + hush(0.3))
            await settled(lambda: llm.written.get(1, 0) > 2)
            await talk.says(tone(1.2))
            await settled(lambda: llm.aborted == 1)
            assert llm.running == 0
            await talk.says(hush(1.2))
            done = await talk.reply()
        assert done.spoken_text == "The answer to all of it."
        assert prompts(llm)[-1] == [(await talk.first(TranscriptFinal)).text]
        assert [r.reply_id for r in talk.all(ReplyStarted)] == [done.reply_id]
        (marks,) = talk.all(StageMarks)
        assert marks.wasted_tokens == llm.written[1] > 0


async def by_voice(talk: Talk) -> None:
    await talk.says(tone(1.0))


async def by_message(talk: Talk) -> None:
    talk.conversation.submit(InterruptRequest())


async def by_text(talk: Talk) -> None:
    talk.types("Something else.")


async def by_ptt(talk: Talk) -> None:
    talk.conversation.submit(TalkPressed())


class CountingTts(ScriptedTts):
    """Counts the chunks that are being spoken."""

    def __init__(self) -> None:
        super().__init__(symbol_samples=640)
        self.open = 0

    def synthesize(self, chunk: Any) -> Any:
        self.open += 1
        try:
            yield from super().synthesize(chunk)
        finally:
            self.open -= 1


@pytest.mark.parametrize(
    ("interrupts", "reason"),
    [(by_voice, "voice"), (by_message, "message"), (by_text, "text"), (by_ptt, "ptt")],
    ids=["voice", "message", "text", "ptt"],
)
async def test_an_interruption_stops_everything_that_belongs_to_the_reply(
    interrupts: Any, reason: str
) -> None:
    tts = CountingTts()
    with at_work(engines(llm=SlowLlm(STORY, "Yes?"), tts=tts)) as workers:
        llm = llm_of(workers)
        async with talking(workers, plays_at_once=False) as talk:
            talk.types("Tell me a story.")
            await talk.until(lambda _: len(talk.audio(1)) >= 20 * 640)
            assert llm.running == 1
            await interrupts(talk)
            cut = await talk.first(ReplyInterrupted)
            await settled(lambda: llm.aborted == 1)
            await settled(lambda: tts.open == 0 or reason == "text")
            await asyncio.sleep(0.15)
            assert cut.reason == reason
            after = talk.of(1)[talk.of(1).index(cut) + 1 :]
            assert [type(notice) for notice in after] == [ReplyDone]
            assert after[0].status == "interrupted"  # type: ignore[union-attr]
            assert after[0].spoken_text == cut.spoken_text  # type: ignore[union-attr]
            assert STORY.startswith(cut.spoken_text) or cut.spoken_text == ""
            assert 1 not in talk.conversation.replies.ids


async def test_a_reply_that_is_cut_before_anybody_heard_of_it_still_begins_and_ends() -> None:
    with at_work(engines("Fine.")) as workers:
        async with talking(workers) as talk:
            talk.types("First.")
            talk.types("Second.")
            await talk.reply(2)
        assert [type(notice) for notice in talk.of(1)] == [
            ReplyStarted,
            ReplyInterrupted,
            ReplyDone,
        ]


class SteppedTts(ScriptedTts):
    """Makes parts of speech only as it is allowed to.

    Attributes:
        may: lets one part after the other through.
        asked: parts that were begun.
        made: parts that are there.
    """

    def __init__(self, loop: SkippingLoop) -> None:
        super().__init__(symbol_samples=640)
        self.may = Turnstile(loop)
        self.asked = self.made = 0

    def synthesize(self, chunk: Any) -> Any:
        for part in super().synthesize(chunk):
            self.asked += 1
            self.may.pass_by()
            self.made += 1
            yield part


async def test_while_a_reply_is_paused_no_more_of_it_is_made(virtual: SkippingLoop) -> None:
    tts = SteppedTts(virtual)
    stt = ScriptedStt(lambda seconds: "Mhm.")
    with at_work(engines(STORY, stt=stt, tts=tts)) as workers:
        async with talking(workers, plays_at_once=False) as talk:
            talk.types("Tell me a story.")
            tts.may.let(12)
            await talk.first(ReplyAudio)
            await settled(lambda: tts.asked == 13)
            await talk.says(tone(0.3))
            await talk.first(ReplyPaused)
            tts.may.let(1000)
            await settled(lambda: tts.made == 13)  # the part that was under way
            await asyncio.sleep(0.2)
            assert tts.asked == 13
            await talk.says(hush(0.2))
            await talk.first(ReplyResumed)
            await settled(lambda: tts.made > 13)


async def test_the_prefix_is_warmed_at_the_start_and_while_the_user_speaks_and_may_fail_to() -> (
    None
):
    class Warm(ScriptedLlm):
        def __init__(self) -> None:
            super().__init__()
            self.warmed: list[LlmRequest] = []

        async def warm(self, request: LlmRequest) -> None:
            self.warmed.append(request)
            raise LlmFailed("No.")

    llm = Warm()
    with at_work(engines(llm=llm)) as workers:
        async with talking(workers) as talk:
            await talk.says(QUESTION)
            await talk.reply()
        assert len(llm.warmed) == 2
        for request in llm.warmed:
            assert request.priority == 1
            assert request.messages[:1] == llm.requests[0].messages[:1]


async def asks(talk: Talk, text: str = "Speak.") -> ReplyDone:
    """Types a turn and waits until the reply to it is over."""
    talk.types(text)
    return await talk.reply(1 + len(talk.all(ReplyDone)))


async def test_gestures_are_numbered_through_the_whole_session() -> None:
    with at_work(engines("[gesture:wave] Hello to you, my friend.")) as workers:
        async with talking(workers) as talk:
            for _ in range(3):
                await asks(talk)
    ids = [gesture.id for gesture in talk.all(GestureCue)]
    assert len(ids) >= 3
    assert len(set(ids)) == len(ids)


async def test_the_number_of_a_gesture_is_not_used_again_after_an_interruption() -> None:
    with at_work(engines("[gesture:wave] Hello to you, my friend.")) as workers:
        async with talking(workers, plays_at_once=False) as talk:
            talk.types("Hello.")
            await talk.first(GestureCue)
            talk.types("Hello again.")
            await talk.first(GestureCue, reply_id=2)
    ids = [gesture.id for gesture in talk.all(GestureCue)]
    assert len(set(ids)) == len(ids)


async def test_a_reply_is_under_way_until_all_of_it_was_sent_or_it_is_cancelled() -> None:
    with at_work(engines(llm=SlowLlm(STORY, "Fine."))) as workers:
        async with talking(workers, plays_at_once=False) as talk:
            replies = talk.conversation.replies
            assert replies.ids == ()
            talk.types("Tell me a story.")
            await talk.first(ReplyAudio)
            assert replies.ids == (1,)
            replies.cancel(1)
            assert replies.ids == ()
            replies.cancel(1)  # it is gone already
            await settled(lambda: llm_of(workers).aborted == 1)


async def test_the_tokens_that_nobody_heard_are_reported_once() -> None:
    options = SessionSetup(turn=TurnOptions(min_silence_s=1.0))
    with at_work(engines(llm=SlowLlm(STORY, "A first answer.", "Another one."))) as workers:
        llm = llm_of(workers)
        async with talking(workers, options) as talk:
            await talk.says(tone(1.2) + hush(0.3))
            await settled(lambda: llm.written.get(1, 0) > 2)  # type: ignore[attr-defined]
            await talk.says(tone(1.2) + hush(1.2))
            await talk.reply()
            talk.types("And then?")
            await talk.reply(2)
        first, second = talk.all(StageMarks)
        assert first.wasted_tokens > 0
        assert second.wasted_tokens == 0
