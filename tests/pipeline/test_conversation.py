"""Whole conversations over the pipeline, with scripted engines: hearing, taking turns, living.

Every test ends with the assertions of `talk.talking` and `talk.at_work`: what was told was in
order, and no task, thread or request to the language model is left behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from kit.skipping_loop import SkippingLoop, Turnstile
from kit.talk import (
    QUESTION,
    RATE_HZ,
    STORY,
    Reel,
    SlowLlm,
    SlowStt,
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

from voice_avatar.acting.presence.addressee import LOOK_S
from voice_avatar.conversation.options import SessionOptions
from voice_avatar.conversation.playout import PlayoutOptions
from voice_avatar.conversation.setup import SessionSetup
from voice_avatar.engines.scripted import ScriptedLlm, ScriptedStt, ScriptedTts
from voice_avatar.events.cues import BodyCue, GazeCue, GestureCue, ReplySegment, VisemeTrack
from voice_avatar.events.inputs import (
    CommitInput,
    InterruptRequest,
    SettingsChanged,
    TalkPressed,
    TalkReleased,
    TextInput,
    UserGaze,
)
from voice_avatar.events.notices import (
    ReplyAudio,
    ReplyDone,
    ReplyInterrupted,
    ReplyNotice,
    ReplyPaused,
    ReplyResumed,
    ReplyStarted,
    StageMarks,
    State,
    StateChanged,
    TranscriptFinal,
    TranscriptInterim,
    TurnEnded,
    UserSpeechStarted,
    UserSpeechStopped,
)
from voice_avatar.events.payloads import Message, Transcript
from voice_avatar.pipeline.conversation import Conversation
from voice_avatar.stages.stt import always
from voice_avatar.stages.turn import InterruptOptions, TurnOptions

pytestmark = pytest.mark.virtual_time

EXACT = SessionSetup(playout=PlayoutOptions(heard_tolerance_s=0.0))


@pytest.fixture
async def virtual() -> SkippingLoop:
    """The event loop of the test."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SkippingLoop)
    return loop


# -- a turn


async def test_a_spoken_question_gets_a_spoken_lip_synced_reply() -> None:
    with at_work(engines("Hello there, my friend. [gesture:wave] Good bye!")) as workers:
        async with talking(workers) as talk:
            await talk.says(QUESTION)
            done = await talk.reply()
        assert (done.status, done.spoken_text) == (
            "completed",
            "Hello there, my friend. Good bye!",
        )
        kinds = [type(notice) for notice in talk.notices]
        story = [
            UserSpeechStarted,
            UserSpeechStopped,
            TranscriptInterim,
            TranscriptFinal,
            TurnEnded,
            ReplyStarted,
            ReplySegment,
            VisemeTrack,
            ReplyAudio,
            StageMarks,
            ReplyDone,
        ]
        assert [kind for kind in dict.fromkeys(kinds) if kind in story] == story
        assert [s.state for s in talk.all(StateChanged)] == [
            State.IDLE,
            State.LISTENING,
            State.THINKING,
            State.SPEAKING,
            State.LISTENING,
        ]
        (final,) = talk.all(TranscriptFinal)
        assert final.text == "One two three."
        assert any(talk.audio(1))
        assert prompts(llm_of(workers)) == [["One two three."]]


async def test_the_start_and_stop_of_speech_are_told_on_the_microphones_clock() -> None:
    with at_work(engines("Fine.")) as workers:
        async with talking(workers) as talk:
            await talk.says(QUESTION)
            started = await talk.first(UserSpeechStarted)
            stopped = await talk.first(UserSpeechStopped)
            await talk.reply()
    assert started.sample / RATE_HZ == pytest.approx(0.2, abs=0.033)
    assert stopped.sample / RATE_HZ == pytest.approx(1.4, abs=0.033)


async def test_a_typed_question_is_answered_like_a_spoken_one() -> None:
    with at_work(engines()) as workers:
        async with talking(workers) as talk:
            talk.types("How are you?")
            done = await talk.reply()
            assert (await talk.first(TurnEnded)).reason == "text"
            assert not talk.all(UserSpeechStarted)
    assert done.spoken_text == "You said: How are you?"


async def test_push_to_talk_makes_one_turn_of_whatever_is_said() -> None:
    with at_work(engines("Fine.")) as workers:
        async with talking(workers) as talk:
            talk.conversation.submit(TalkPressed())
            await talk.says(tone(0.8) + hush(2.0) + tone(0.8))
            assert not talk.all(TurnEnded)
            talk.conversation.submit(TalkReleased())
            assert (await talk.first(TurnEnded)).reason == "ptt"
            assert (await talk.first(TranscriptFinal)).text == "One two three four."
            await talk.reply()


async def test_a_session_with_manual_endpointing_waits_for_the_commit() -> None:
    with at_work(engines("Fine.")) as workers:
        async with talking(workers) as talk:
            talk.conversation.submit(SettingsChanged(endpointing="manual"))
            await talk.says(QUESTION + hush(2.0))
            assert not talk.all(TurnEnded)
            assert not llm_of(workers).requests
            talk.conversation.submit(CommitInput())
            assert (await talk.first(TurnEnded)).reason == "commit"
            await talk.reply()


async def test_the_next_prompt_holds_what_was_said_and_follows_new_instructions() -> None:
    with at_work(engines("Blue.", "Yellow.")) as workers:
        async with talking(workers, SessionSetup(system_prompt="Be kind.")) as talk:
            talk.types("What is the sky like?")
            await talk.reply()
            talk.conversation.submit(SettingsChanged(system_prompt="Be brief."))
            await talk.says(QUESTION)
            await talk.reply(2)
        first, second = llm_of(workers).requests
        assert first.messages[0] == Message("system", "Be kind.")
        assert second.messages[0] == Message("system", "Be brief.")
        assert [m.content for m in second.messages[1:]] == [
            "What is the sky like?",
            "Blue.",
            "One two three.",
        ]


async def test_a_greeting_is_spoken_first_and_asks_no_language_model() -> None:
    options = SessionSetup(session=SessionOptions(greeting="Welcome to the museum!"))
    with at_work(engines("Fine.")) as workers:
        async with talking(workers, options) as talk:
            assert (await talk.reply()).spoken_text == "Welcome to the museum!"
            assert talk.all(ReplyStarted)[0].turn_id == 0
            assert not llm_of(workers).requests
            talk.types("Thank you.")
            await talk.reply(2)
            assert "Welcome to the museum!" in prompts(llm_of(workers))[0]


# -- speculation


async def test_a_reply_is_prepared_before_the_turn_ends_and_kept_behind_its_gate() -> None:
    options = SessionSetup(turn=TurnOptions(min_silence_s=1.0))
    with at_work(engines("Prepared while you were silent.")) as workers:
        async with talking(workers, options) as talk:
            await talk.says(tone(1.2) + hush(0.3))
            await settled(lambda: llm_of(workers).requests)
            await asyncio.sleep(0.1)
            assert not [n for n in talk.notices if isinstance(n, ReplyNotice)]
            assert not talk.all(TranscriptFinal)
            await talk.says(hush(1.0))
            done = await talk.reply()
            marks = await talk.first(StageMarks)
        assert done.spoken_text == "Prepared while you were silent."
        assert len(llm_of(workers).requests) == 1
        assert marks.is_speculative
        assert marks.llm_start_s is not None
        assert marks.commit_s is not None
        assert marks.llm_start_s < marks.commit_s
        assert marks.wasted_tokens == 0


async def test_a_prepared_reply_that_failed_is_made_again_at_the_commit() -> None:
    class Once(ScriptedLlm):
        async def _pass_token(self, done: int) -> None:
            self._fails_after = 0 if len(self.requests) == 1 else None
            await super()._pass_token(done)

    options = SessionSetup(turn=TurnOptions(min_silence_s=1.0))
    with at_work(engines(llm=Once(["Lost.", "Found again."]))) as workers:
        async with talking(workers, options) as talk:
            await talk.says(tone(1.2) + hush(0.3))
            await settled(lambda: len(llm_of(workers).requests) == 1)
            await asyncio.sleep(0.05)
            await talk.says(hush(1.0))
            done = await talk.reply()
        assert (done.status, done.spoken_text) == ("completed", "Found again.")
        assert talk.codes() == []


async def test_a_turn_ends_once_its_prepared_reply_can_be_heard() -> None:
    options = SessionSetup(turn=TurnOptions(hold_s=100.0, stall_s=100.0))
    with at_work(engines("Here I am.")) as workers:
        async with talking(workers, options) as talk:
            await talk.says(QUESTION)
            assert (await talk.reply()).spoken_text == "Here I am."
            assert (await talk.first(TurnEnded)).reason == "semantic"
        assert len(llm_of(workers).requests) == 1


async def test_a_prepared_reply_without_a_sound_holds_no_turn_up() -> None:
    options = SessionSetup(turn=TurnOptions(hold_s=100.0, stall_s=100.0))
    with at_work(engines("[unknown:tag]")) as workers:
        async with talking(workers, options) as talk:
            await talk.says(QUESTION)
            assert (await talk.reply()).status == "completed"
            assert talk.codes() == ["empty_reply"]


async def test_a_prepared_reply_that_fails_holds_no_turn_up() -> None:
    options = SessionSetup(turn=TurnOptions(hold_s=100.0, stall_s=100.0))
    tts = ScriptedTts(symbol_samples=160, fails_on="z")
    with at_work(engines("A zebra.", "Never mind.", tts=tts)) as workers:
        async with talking(workers, options) as talk:
            await talk.says(QUESTION)
            assert (await talk.reply()).spoken_text == "Never mind."
            assert talk.codes() == []


class LostLlm(ScriptedLlm):
    """Never gets to its first word in its first reply."""

    async def _pass_token(self, done: int) -> None:
        self._hangs_after = 0 if len(self.requests) == 1 else None
        await super()._pass_token(done)


NO_HOLD = SessionSetup(turn=TurnOptions(hold_s=0.0, stall_s=100.0))


async def test_a_reply_that_nobody_heard_is_taken_back_when_the_user_goes_on() -> None:
    with at_work(engines(llm=LostLlm(["", "Fine."]))) as workers:
        llm = llm_of(workers)
        async with talking(workers, NO_HOLD) as talk:
            await talk.says(QUESTION)
            await talk.first(ReplyStarted)
            await talk.says(tone(1.2))
            await settled(lambda: llm.aborted == 1)
            assert talk.conversation.session.state is State.LISTENING
            await talk.says(hush(1.0))
            assert (await talk.reply(2)).spoken_text == "Fine."
        assert [type(notice) for notice in talk.of(1)] == [
            ReplyStarted,
            ReplyInterrupted,
            ReplyDone,
        ]
        assert prompts(llm) == [["One two three."], ["One two three. One two three."]]


async def test_a_cough_before_the_reply_is_heard_does_not_lose_the_question() -> None:
    stt = ScriptedStt(lambda seconds: "What is it?" if seconds > 0.5 else "")
    with at_work(engines(llm=LostLlm(["", "A chair."]), stt=stt)) as workers:
        async with talking(workers, NO_HOLD) as talk:
            await talk.says(QUESTION)
            await talk.first(ReplyStarted)
            await talk.says(tone(0.2) + hush(1.0))
            assert (await talk.reply(2)).spoken_text == "A chair."
        assert [reply.turn_id for reply in talk.all(ReplyStarted)] == [1, 1]
        assert [turn.turn_id for turn in talk.all(TurnEnded)] == [1]
        assert prompts(llm_of(workers)) == [["What is it?"], ["What is it?"]]


async def test_the_avatar_reacts_before_the_turn_has_ended() -> None:
    with at_work(engines("Fine.")) as workers:
        async with talking(workers) as talk:
            await talk.says(QUESTION)
            await talk.reply()
        ended = talk.notices.index(talk.all(TurnEnded)[0])
        first = [cue.lexeme for cue in talk.notices[:ended] if isinstance(cue, BodyCue)]
        assert first[:2] == ["tilt", "nod"]


async def test_a_hand_that_points_points_at_what_the_user_looked_at() -> None:
    with at_work(engines("[gesture:point_away] It is over there.")) as workers:
        async with talking(workers) as talk:
            for _ in range(2):
                talk.conversation.submit(UserGaze("vase"))
                await asyncio.sleep(1.1 * LOOK_S)
            await talk.says(QUESTION)
            await talk.reply()
        assert ["point_away", "vase"] in [[cue.lexeme, cue.target] for cue in talk.all(GestureCue)]
        assert "vase" in [cue.target for cue in talk.all(GazeCue)]


async def test_a_voice_that_fails_on_a_reply_never_heard_is_not_told() -> None:
    options = SessionSetup(turn=TurnOptions(min_silence_s=1.0))
    said = ("A good sentence to begin. A zebra that nobody hears.", "Fine.")
    tts = ScriptedTts(symbol_samples=160, fails_on="z")
    with at_work(engines(*said, tts=tts)) as workers:
        async with talking(workers, options) as talk:
            await talk.says(tone(1.2) + hush(0.3))
            await settled(lambda: llm_of(workers).requests)
            await asyncio.sleep(0.1)
            await talk.says(tone(1.2) + hush(1.2))
            await talk.reply()
        assert talk.codes() == []


# -- interruptions


@pytest.mark.parametrize("noise", ["Mhm.", "Yeah, right.", ""])
async def test_a_cough_or_a_listeners_noise_does_not_interrupt(noise: str) -> None:
    stt = ScriptedStt(lambda seconds: noise)
    with at_work(engines(STORY, stt=stt)) as workers:
        async with talking(workers, plays_at_once=False) as talk:
            talk.types("Tell me a story.")
            await talk.first(ReplyAudio)
            for _ in range(20):
                await talk.says(tone(0.025))
            await talk.says(hush(1.0))
            await asyncio.sleep(0.1)
            assert talk.all(UserSpeechStopped)
            assert not talk.all(ReplyInterrupted)
            assert not talk.all(TurnEnded)[1:]


PACED = SessionSetup(playout=PlayoutOptions(max_ahead_s=0.2))


async def test_a_voice_pauses_the_reply_and_a_hum_lets_it_go_on_without_losing_a_sample() -> None:
    stt, tts = ScriptedStt(lambda seconds: "Mhm."), ScriptedTts(symbol_samples=640)
    with at_work(engines("One two three four.", stt=stt, tts=tts)) as workers:
        async with talking(workers) as talk:
            talk.types("Count.")
            await talk.reply()
            whole = talk.audio(1)
        async with talking(workers, PACED, plays_at_once=False) as talk:
            talk.types("Count.")
            await talk.until(lambda _: len(talk.audio(1)) >= 10 * 640)
            await talk.says(tone(0.2))
            await talk.first(ReplyPaused)
            before = talk.audio(1)
            await asyncio.sleep(0.3)
            assert talk.audio(1) == before
            await talk.says(hush(0.2))
            await talk.first(ReplyResumed)
            done = await talk.reply()
            assert talk.audio(1) == whole
            assert (done.status, done.spoken_text) == ("completed", "One two three four.")
            assert len(talk.all(ReplyPaused)) == len(talk.all(ReplyResumed)) == 1


async def test_words_interrupt_a_paused_reply_where_it_paused() -> None:
    tts = ScriptedTts(symbol_samples=640)
    with at_work(engines(STORY, "Yes?", tts=tts)) as workers:
        async with talking(workers, PACED, plays_at_once=False) as talk:
            talk.types("Tell me a story.")
            await talk.until(lambda _: len(talk.audio(1)) >= 20 * 640)
            await talk.says(tone(1.0))
            cut = await talk.first(ReplyInterrupted)
            [paused] = talk.all(ReplyPaused)
            assert cut.at == paused.at
            assert not talk.all(ReplyResumed)


async def test_a_recogniser_that_hangs_does_not_keep_a_reply_paused(virtual: SkippingLoop) -> None:
    may_end = Turnstile(virtual)

    def hang(seconds: float) -> str:
        may_end.pass_by()
        return ""

    turn = TurnOptions(interrupt=InterruptOptions(wait_s=0.3))
    options = SessionSetup(playout=PACED.playout, turn=turn)
    tts = ScriptedTts(symbol_samples=640)
    with at_work(engines(STORY, stt=ScriptedStt(hang), tts=tts)) as workers:
        try:
            async with talking(workers, options, plays_at_once=False) as talk:
                talk.types("Tell me a story.")
                await talk.until(lambda _: len(talk.audio(1)) >= 10 * 640)
                await talk.says(tone(0.3) + hush(0.1))
                await talk.first(ReplyPaused)
                await talk.first(ReplyResumed)
                before = len(talk.audio(1))
                await talk.until(lambda _: len(talk.audio(1)) > before)
        finally:
            may_end.let(1000)


async def test_history_keeps_the_words_that_the_client_says_it_played() -> None:
    slow = ScriptedTts(symbol_samples=640)
    with at_work(engines("One two three four five six seven.", "Fine.", tts=slow)) as workers:
        async with talking(workers, EXACT, plays_at_once=False) as talk:
            talk.types("Count.")
            segment = await talk.first(ReplySegment)
            await talk.until(lambda _: len(talk.audio(1)) >= 2 * segment.words[2].end)
            talk.played(1, segment.words[2].end, "stalled")
            talk.conversation.submit(InterruptRequest(1))
            cut = await talk.first(ReplyInterrupted)
            assert (cut.spoken_text, cut.at) == ("One two three", segment.words[2].end)
            talk.types("Go on.")
            await talk.first(ReplyStarted, 2)
            await settled(lambda: len(llm_of(workers).requests) == 2)
        assert prompts(llm_of(workers))[1] == ["Count.", "One two three", "Go on."]


async def test_a_report_that_comes_after_the_interruption_corrects_the_history() -> None:
    slow = ScriptedTts(symbol_samples=640)
    with at_work(engines("One two three four five six seven.", "Fine.", tts=slow)) as workers:
        async with talking(workers, EXACT, plays_at_once=False) as talk:
            talk.types("Count.")
            segment = await talk.first(ReplySegment)
            await talk.until(lambda _: len(talk.audio(1)) >= 20 * 640)
            talk.conversation.submit(InterruptRequest(1))
            await talk.first(ReplyDone)
            talk.played(1, segment.words[1].end, "stopped")
            talk.types("Go on.")
            await settled(lambda: len(llm_of(workers).requests) == 2)
        assert prompts(llm_of(workers))[1] == ["Count.", "One two", "Go on."]


# -- several at once


async def test_two_conversations_at_once_share_the_engines_and_do_not_mix() -> None:
    with at_work(engines()) as workers:
        async with talking(workers, name="a") as one, talking(workers, name="b") as two:

            async def converse(talk: Talk, name: str) -> None:
                for turn in range(1, 4):
                    talk.types(f"{name} says {turn}.")
                    done = await talk.reply(turn)
                    assert done.spoken_text == f"You said: {name} says {turn}."

            await asyncio.gather(converse(one, "Ann"), converse(two, "Bob"))
            keys = {r.cache_key: r for r in llm_of(workers).requests}
            assert sorted(keys) == ["a", "b"]
            assert all("Bob" not in m.content for m in keys["a"].messages)


async def test_an_interrupted_user_does_not_disturb_another() -> None:
    with at_work(engines(llm=SlowLlm("A calm reply with several words in it."))) as workers:
        async with talking(workers, name="a") as one, talking(workers, name="b") as two:
            one.types("Talk.")
            two.types("Talk.")
            await one.first(ReplyStarted)
            one.conversation.submit(InterruptRequest())
            assert (await one.reply()).status == "interrupted"
            done = await two.reply()
    assert (done.status, done.spoken_text) == (
        "completed",
        "A calm reply with several words in it.",
    )


async def test_a_user_who_leaves_does_not_disturb_another() -> None:
    with at_work(engines(llm=SlowLlm("A calm reply with several words in it."))) as workers:
        async with talking(workers, name="b") as two:
            async with talking(workers, name="a") as one:
                one.types("Talk.")
                two.types("Talk.")
                await one.first(ReplyStarted)
            assert (await two.reply()).status == "completed"


# -- leaving


@pytest.mark.parametrize("moment", ["at once", "listening", "thinking", "speaking", "preparing"])
async def test_leaving_at_any_moment_leaves_nothing_behind(moment: str) -> None:
    options = SessionSetup(turn=TurnOptions(min_silence_s=1.0))
    with at_work(engines(llm=SlowLlm(STORY), stt=SlowStt())) as workers:
        llm = llm_of(workers)
        async with talking(workers, options, plays_at_once=False) as talk:
            if moment == "listening":
                talk.conversation.hear(tone(2.5), RATE_HZ)
                await talk.first(UserSpeechStarted)
            if moment in ("thinking", "speaking"):
                talk.types("Tell me a story.")
                await talk.first(ReplyStarted)
            if moment == "speaking":
                await talk.first(ReplyAudio)
            if moment == "preparing":
                await talk.says(tone(1.2) + hush(0.3))
                await settled(lambda: llm.running)
        assert llm.running == 0
        assert llm.aborted == (moment in ("thinking", "speaking", "preparing"))


async def test_a_session_that_nobody_uses_ends_by_itself() -> None:
    options = SessionSetup(session=SessionOptions(idle_timeout_s=90.0))
    clock = asyncio.get_running_loop().time
    with at_work(engines()) as workers:
        begun_s = clock()
        async with Conversation(workers, options, session_id="s", clock=clock) as conversation:
            told = [notice async for notice in conversation.notices()]
        assert [n for n in told if not isinstance(n, BodyCue)] == [StateChanged(State.IDLE)]
        assert clock() - begun_s == pytest.approx(90.0, abs=0.01)


async def test_an_engine_that_crashes_ends_the_conversation_and_says_why() -> None:
    class Broken(ScriptedStt):
        def transcribe(
            self, pcm: bytes, language: str | None, is_wanted: Callable[[], bool] = always
        ) -> Transcript:
            raise ZeroDivisionError

    with at_work(engines(stt=Broken())) as workers:
        talks = []

        async def converse() -> None:
            async with talking(workers) as talk:
                talks.append(talk)
                await talk.says(tone(1.2) + hush(0.3))
                await settled(lambda: talk.failure)

        with pytest.raises(ExceptionGroup) as crash:
            await converse()
        assert crash.group_contains(ZeroDivisionError)
        assert talks[0].failure is crash.value


async def test_what_made_the_body_fail_is_not_hidden_by_the_conversation() -> None:
    with at_work(engines(llm=SlowLlm(STORY))) as workers:

        async def converse() -> None:
            async with talking(workers) as talk:
                talk.types("Talk.")
                await talk.first(ReplyStarted)
                raise KeyError

        with pytest.raises(KeyError):
            await converse()


# -- the tape


async def test_the_tape_holds_every_step_and_all_audio_of_both_sides() -> None:
    reel = Reel()
    with at_work(engines("Fine, thank you.")) as workers:
        async with talking(workers, tape=reel) as talk:
            talk.types("Hello?")
            await talk.reply()
            await talk.says(QUESTION)
            await talk.reply(2)
            assert reel.closed == 0
    assert reel.closed == 1
    assert reel.events[0] is None
    assert TextInput("Hello?") in reel.events
    assert reel.said == talk.audio(1) + talk.audio(2)
    assert reel.over == [1, 2]
    whole = len(QUESTION) // 1024 * 1024
    assert reel.heard == QUESTION[:whole]
    told = [n for n in talk.notices if isinstance(n, ReplyDone | TurnEnded | StateChanged)]
    assert told == [o for o in reel.outputs if isinstance(o, ReplyDone | TurnEnded | StateChanged)]
