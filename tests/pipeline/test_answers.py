"""What the recogniser and the turn engine answer, late, unwanted or not at all."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np
import pytest
from kit.talk import (
    QUESTION,
    RATE_HZ,
    SlowStt,
    at_work,
    engines,
    hush,
    llm_of,
    settled,
    talking,
    tone,
)

from voice_avatar.audio.pcm import AudioHistory, dbfs
from voice_avatar.conversation.setup import SessionSetup
from voice_avatar.engines.scripted import ScriptedStt, ScriptedTurn, ScriptedVad
from voice_avatar.errors import SttFailed, TurnFailed
from voice_avatar.events.commands import ScoreTurn, Transcribe, TranscribePurpose
from voice_avatar.events.inputs import SessionInput, Transcribed, TurnScored
from voice_avatar.events.notices import TranscriptFinal, TurnEnded
from voice_avatar.events.payloads import Transcript
from voice_avatar.pipeline.answers import Answers
from voice_avatar.pipeline.outbox import Outbox
from voice_avatar.pipeline.workers import Workers
from voice_avatar.stages.stt import always
from voice_avatar.stages.turn import TurnOptions

pytestmark = pytest.mark.virtual_time


async def test_interim_text_that_came_too_late_is_not_made_at_all() -> None:
    stt = SlowStt()
    asked: list[float] = []
    listen = stt.transcribe

    def transcribe(
        pcm: bytes, language: str | None, is_wanted: Callable[[], bool] = always
    ) -> Transcript:
        asked.append(len(pcm) / 2 / RATE_HZ)
        return listen(pcm, language)

    stt.transcribe = transcribe  # type: ignore[method-assign]
    options = SessionSetup(turn=TurnOptions(interim_s=0.2))
    with at_work(engines("Fine.", stt=stt)) as workers:
        async with talking(workers, options) as talk:
            await talk.says(tone(2.4) + hush(0.6))
            assert (await talk.first(TranscriptFinal)).text == "One two three four five six."
            await talk.reply()
    assert len(asked) <= 4


async def test_text_is_asked_for_when_the_sound_falls_away_and_left_when_it_comes_back() -> None:
    wanted: list[bool] = []

    class Watched(ScriptedStt):
        def transcribe(
            self, pcm: bytes, language: str | None, is_wanted: Callable[[], bool] = always
        ) -> Transcript:
            threading.Event().wait(0.1)
            wanted.append(is_wanted())
            return super().transcribe(pcm, language)

    class Slow(ScriptedVad):
        """Takes a quiet sound for speech, as a VAD does just after it."""

        def step(self, pcm: bytes) -> float:
            return 0.6 if dbfs(pcm) > -75.0 else 0.02

        def open(self) -> Slow:  # type: ignore[override]
            return self

        def reset(self) -> None:
            pass

    closure = (np.frombuffer(tone(0.064), "<i2") // 400).astype("<i2").tobytes()
    with at_work(engines("Fine.", stt=Watched(), vad=Slow())) as workers:
        async with talking(workers) as talk:
            await talk.says(tone(0.64) + closure + tone(0.64) + hush(0.6))
            await talk.reply()
    assert wanted[0] is False
    assert wanted[-1] is True


async def test_a_recogniser_that_fails_is_apologised_for() -> None:
    class Deaf(ScriptedStt):
        def transcribe(
            self, pcm: bytes, language: str | None, is_wanted: Callable[[], bool] = always
        ) -> Transcript:
            raise SttFailed("No.")

    with at_work(engines(stt=Deaf())) as workers:
        async with talking(workers) as talk:
            await talk.says(QUESTION)
            done = await talk.reply()
            assert talk.codes() == ["stt_failed"]
            assert done.spoken_text.startswith("Sorry")
            assert not llm_of(workers).requests
            talk.types("And typed?")
            assert (await talk.reply(2)).spoken_text == "You said: And typed?"


async def test_without_the_turn_models_word_silence_decides() -> None:
    class Undecided(ScriptedTurn):
        def score(self, pcm: bytes) -> float:
            raise TurnFailed("No.")

    for engine, options, codes in (
        (Undecided(), TurnOptions(), ["turn_failed"]),
        (None, TurnOptions(engine="none"), []),
    ):
        with at_work(engines("Fine.", turn=engine)) as workers:
            async with talking(workers, SessionSetup(turn=options)) as talk:
                await talk.says(tone(1.2) + hush(0.5))
                await asyncio.sleep(0.05)
                assert not talk.all(TurnEnded)
                await talk.says(hush(0.4))
                assert (await talk.first(TurnEnded)).reason == "vad"
                await talk.reply()
            assert sorted(set(talk.codes())) == codes


class Asker:
    """A conversation of which only the answers are there."""

    has_ended = False

    def __init__(self, workers: Workers) -> None:
        self.answers_came: list[SessionInput] = []
        self.outbox = Outbox(8)
        history = AudioHistory(RATE_HZ)
        history.append(tone(0.5))
        self.answers = Answers(workers, history, self.outbox, self)

    def step(self, event: SessionInput) -> None:
        self.answers_came.append(event)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return asyncio.create_task(work)

    def fail(self, error: Exception) -> None:
        raise error


async def test_each_question_has_its_own_answer() -> None:
    with at_work(engines()) as workers:
        asker = Asker(workers)
        asker.answers.transcribe(Transcribe(7, 0, 8000, TranscribePurpose.EAGER))
        asker.answers.score(ScoreTurn(8, 0, 8000))
        await settled(lambda: len(asker.answers_came) == 2)
    by_kind = {type(answer): answer for answer in asker.answers_came}
    assert by_kind[Transcribed].request_id == 7  # type: ignore[union-attr]
    assert by_kind[TurnScored].request_id == 8  # type: ignore[union-attr]


async def test_what_is_withdrawn_with_the_same_step_is_unwanted_from_its_beginning() -> None:
    wanted: list[bool] = []

    class Watched(ScriptedStt):
        def transcribe(
            self, pcm: bytes, language: str | None, is_wanted: Callable[[], bool] = always
        ) -> Transcript:
            wanted.append(is_wanted())
            return super().transcribe(pcm, language)

    with at_work(engines(stt=Watched())) as workers:
        asker = Asker(workers)
        asker.answers.transcribe(Transcribe(1, 0, 8000, TranscribePurpose.EARLY))
        asker.answers.withdraw(1)
        asker.answers.withdraw(2)  # of which nobody knows
        await settled(lambda: asker.answers_came)
        asker.answers.withdraw(1)  # which has been answered
    assert wanted == [False]


async def test_an_engine_that_is_not_there_or_fails_gives_no_score_and_no_transcript() -> None:
    class Deaf(ScriptedStt):
        def transcribe(
            self, pcm: bytes, language: str | None, is_wanted: Callable[[], bool] = always
        ) -> Transcript:
            raise SttFailed("No.")

    with at_work(engines(stt=Deaf(), turn=None)) as workers:
        asker = Asker(workers)
        asker.answers.score(ScoreTurn(1, 0, 8000))
        asker.answers.transcribe(Transcribe(2, 0, 8000, TranscribePurpose.EAGER))
        await settled(lambda: asker.answers_came)
    assert asker.answers_came == [Transcribed(2, None)]
    assert len(asker.outbox) == 0
