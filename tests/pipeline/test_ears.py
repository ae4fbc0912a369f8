"""What the microphone gives, from any packets and with engines that fail."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from kit.talk import QUESTION, RATE_HZ, Reel, at_work, engines, hush, talking, tone

from voice_avatar.conversation.setup import SessionSetup
from voice_avatar.engines.scripted import ScriptedVad
from voice_avatar.errors import AudioInvalid, AudioUnsupported, EngineError, VadFailed
from voice_avatar.events.notices import TranscriptFinal, TurnEnded, UserSpeechStarted
from voice_avatar.events.payloads import WINDOW_SAMPLES
from voice_avatar.hearing.capture import CaptureOptions
from voice_avatar.pipeline.conversation import Conversation
from voice_avatar.stages.turn import TurnOptions
from voice_avatar.wire.frame_codec import MIC_BURST_S, MIC_CATCH_UP_S

pytestmark = pytest.mark.virtual_time


async def test_audio_of_half_a_sample_or_an_impossible_rate_is_refused() -> None:
    with at_work(engines("Fine.")) as workers:
        async with talking(workers) as talk:
            with pytest.raises(AudioInvalid):
                talk.conversation.hear(b"\0\0\0", RATE_HZ)
            with pytest.raises(AudioUnsupported):
                talk.conversation.hear(b"\0\0", 4000)
            talk.types("Still there?")
            await talk.reply()


@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 48_000])
async def test_a_microphone_may_have_any_rate_and_change_it(rate_hz: int) -> None:
    with at_work(engines("Fine.")) as workers:
        async with talking(workers) as talk:
            await talk.says(hush(1.0))
            await talk.says(tone(1.2, rate_hz) + hush(0.6, rate_hz), rate_hz)
            started = await talk.first(UserSpeechStarted)
            assert started.sample / RATE_HZ == pytest.approx(1.0, abs=0.07)
            assert (await talk.first(TranscriptFinal)).text == "One two three."
            await talk.reply()


async def test_lost_clipped_and_hurried_audio_are_each_a_warning() -> None:
    options = SessionSetup(capture=CaptureOptions(clipping_share=0.01))
    with at_work(engines("Fine.")) as workers:
        async with talking(workers, options) as talk:
            hear = talk.conversation.hear
            hear(hush(0.1), RATE_HZ, 0)
            hear(hush(0.1), RATE_HZ, 3200)
            assert talk.conversation.backlog <= 2
            await talk.until(lambda _: talk.codes() == ["input_gap"])
            hear(b"\xff\x7f\0\0\0\0\0\0" * (RATE_HZ // 4), RATE_HZ)
            await talk.until(lambda _: "input_clipping" in talk.codes())
            hear(hush(20.0), RATE_HZ)
            await talk.until(lambda _: "input_overrun" in talk.codes())
            await talk.is_heard()
            talk.types("Still there?")
            await talk.reply()


async def test_a_microphone_that_stops_in_the_middle_of_speech_ends_the_turn() -> None:
    options = SessionSetup(turn=TurnOptions(stall_s=0.1))
    with at_work(engines("Fine.")) as workers:
        async with talking(workers, options) as talk:
            await talk.says(tone(1.2))
            assert (await talk.first(TurnEnded)).reason == "vad"
            await talk.reply()


async def test_a_denoiser_cleans_what_every_engine_hears() -> None:
    class Muffler:
        capabilities = None

        def open(self) -> Muffler:
            return self

        def process(self, pcm: bytes) -> bytes:
            return bytes(len(pcm))

    with at_work(engines("Fine.", denoise=Muffler())) as workers:
        async with talking(workers) as talk:
            await talk.says(QUESTION)
            await asyncio.sleep(0.05)
            assert not talk.all(UserSpeechStarted)


async def test_lost_audio_is_silence_on_the_tape() -> None:
    reel = Reel()
    with at_work(engines("Fine.")) as workers:
        async with talking(workers, tape=reel) as talk:
            talk.conversation.hear(hush(0.32), RATE_HZ, 0)
            await talk.is_heard()
            talk.conversation.hear(tone(0.32), RATE_HZ, 2 * 5120)
            await talk.is_heard()
            await asyncio.sleep(0.05)
    assert reel.heard == hush(0.64) + tone(0.32)


async def test_an_engine_that_breaks_for_one_conversation_leaves_the_others_of_its_batch() -> None:
    class Brittle(ScriptedVad):
        is_whole = False

        def open(self) -> Any:
            stream = super().open()
            if not self.is_whole:
                stream.step = lambda pcm: 1 / 0  # type: ignore[method-assign]
            self.is_whole = True
            return stream

    with at_work(engines("Fine.", vad=Brittle())) as workers:
        clock = asyncio.get_running_loop().time
        broken = Conversation(workers, SessionSetup(), session_id="s2", clock=clock)

        async def talk_in_company() -> None:
            async with broken, talking(workers) as talk:
                broken.hear(QUESTION, RATE_HZ)
                await talk.says(QUESTION)
                await talk.reply()
                broken.hear(QUESTION, RATE_HZ)  # nobody listens any more

        with pytest.raises(ExceptionGroup) as failure:
            await talk_in_company()
        assert failure.group_contains(ZeroDivisionError)


async def test_speech_detection_that_fails_is_told_once_and_the_session_goes_on() -> None:
    class Faint(ScriptedVad):
        is_faint = True

        def open(self) -> Any:
            stream = super().open()
            step = stream.step

            def faint(pcm: bytes) -> float:
                if self.is_faint:
                    raise VadFailed("No.")
                return step(pcm)

            stream.step = faint  # type: ignore[method-assign]
            return stream

    vad = Faint()
    with at_work(engines("Fine.", vad=vad)) as workers:
        async with talking(workers) as talk:
            await talk.says(QUESTION)
            assert talk.codes() == ["vad_failed"]
            talk.types("Still there?")
            await talk.reply()
            vad.is_faint = False
            await talk.says(QUESTION)
            await talk.reply(2)
            vad.is_faint = True
            await talk.says(hush(0.5))
            assert talk.codes() == ["vad_failed"] * 2


async def test_a_denoiser_that_fails_is_told_once_and_the_sound_is_heard_as_it_is() -> None:
    class Broken:
        capabilities = None

        def open(self) -> Broken:
            return self

        def process(self, pcm: bytes) -> bytes:
            raise EngineError("No.")

    with at_work(engines("Fine.", denoise=Broken())) as workers:
        async with talking(workers) as talk:
            await talk.says(QUESTION)
            await talk.reply()
            assert talk.codes() == ["engine_error"]


async def test_it_listens_from_the_first_whole_window_until_all_of_it_was_heard() -> None:
    with at_work(engines("Fine.")) as workers:
        async with talking(workers) as talk:
            ears = talk.conversation.ears
            ears.hear(hush(0.02), RATE_HZ)
            assert not ears.is_listening  # not a window yet
            ears.hear(hush(0.02), RATE_HZ)
            assert ears.is_listening
            await ears.heard()
            assert not ears.is_listening
            assert ears.history.end == WINDOW_SAMPLES


async def test_audio_that_came_too_fast_is_silence_in_the_history_and_moves_no_clock() -> None:
    with at_work(engines("Fine.")) as workers:
        async with talking(workers) as talk:
            ears = talk.conversation.ears
            ears.hear(tone(0.512), RATE_HZ)  # goes to the thread at once
            ears.hear(tone(19.2), RATE_HZ)  # of which the last 400 windows can wait
            await ears.heard()
            whole = (16 + 600) * WINDOW_SAMPLES
            kept = whole - 400 * WINDOW_SAMPLES
            assert ears.history.end == whole
            assert any(ears.history.read(0, 16 * WINDOW_SAMPLES))
            assert not any(ears.history.read(16 * WINDOW_SAMPLES, kept))
            assert any(ears.history.read(kept, whole))


async def test_a_clock_that_stands_still_is_a_warning() -> None:
    with at_work(engines("Fine.")) as workers:
        async with talking(workers) as talk:
            for _ in range(50):
                talk.conversation.hear(hush(0.02), RATE_HZ, 0)
            await talk.until(lambda _: talk.codes() == ["input_repeated"])


async def test_what_a_stalled_line_held_back_is_heard_whole() -> None:
    length_s = MIC_BURST_S + MIC_CATCH_UP_S
    with at_work(engines("Fine.")) as workers:
        async with talking(workers) as talk:
            talk.conversation.hear(hush(length_s), RATE_HZ)
            await talk.is_heard()
            assert talk.codes() == []
            heard = talk.conversation.ears.history
            assert heard.end >= length_s * RATE_HZ - 2 * WINDOW_SAMPLES
