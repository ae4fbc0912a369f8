"""One reply, from the language model to paced audio, with engines that fail in every place.

The rules of order are checked at the end of every conversation (`talk.check_order`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import pytest
from kit.talk import BRISK, RATE_HZ, Talk, at_work, engines, llm_of, settled, talking

from voice_avatar.conversation.options import SessionOptions
from voice_avatar.conversation.playout import PlayoutOptions
from voice_avatar.conversation.setup import SessionSetup
from voice_avatar.engines.scripted import ScriptedLlm, ScriptedTts
from voice_avatar.errors import TtsFailed
from voice_avatar.events.cues import GestureCue, ReplySegment, VisemeTrack
from voice_avatar.events.notices import (
    ErrorNotice,
    ReplyAudio,
    ReplyAudioDone,
    ReplyDone,
    ReplyStarted,
    ReplyText,
    ReplyWritten,
    StageMarks,
    State,
    StateChanged,
)
from voice_avatar.events.payloads import (
    LlmDone,
    LlmRequest,
    Message,
    SpeakableChunk,
    SpeechPiece,
    SpeechPlan,
    TextDelta,
)
from voice_avatar.stages.llm import LlmOptions

pytestmark = pytest.mark.virtual_time

SENTENCES = (
    "Well, this is the first sentence of them. Here is another one, a little longer than that."
    " [gesture:wave] And this, my friend, is the last."
)
PLAIN = SENTENCES.replace("[gesture:wave] ", "")
STORY = " ".join(["This story goes on and on."] * 12)
IMPATIENT = SessionSetup(llm=LlmOptions(first_token_timeout_s=0.1, between_tokens_timeout_s=0.1))


async def asks(talk: Talk, text: str = "Speak.") -> ReplyDone:
    """Types a turn and waits until the reply to it is over."""
    talk.types(text)
    return await talk.reply(1 + len(talk.all(ReplyDone)))


# -- on one clock


@pytest.mark.parametrize("rate_hz", [16_000, 22_050, 24_000, 48_000])
async def test_audio_captions_and_mouth_share_one_clock_at_any_rate(rate_hz: int) -> None:
    with at_work(engines(SENTENCES)) as workers:
        async with talking(workers, rate_hz=rate_hz) as talk:
            done = await asks(talk)
        assert done.spoken_text == PLAIN
        (audio_done,) = talk.all(ReplyAudioDone)
        segments, tracks = talk.all(ReplySegment), talk.all(VisemeTrack)
        assert len(talk.audio(1)) == 2 * audio_done.sample_count
        assert segments[0].start == 0
        assert segments[-1].end == tracks[-1].until == audio_done.sample_count
        assert [s.start for s in segments[1:]] == [s.end for s in segments[:-1]]
        assert len(segments) >= 3
        assert len(tracks) >= 2 * len(segments)  # piece by piece
        letters = sum(c.isalpha() for c in PLAIN)
        gaps = len(PLAIN.split()) - len(segments)
        seconds = (letters * BRISK + gaps * BRISK / 4) / RATE_HZ
        assert audio_done.sample_count / rate_hz == pytest.approx(seconds, abs=0.01)
        assert " ".join(w.text for s in segments for w in s.words) == PLAIN
        assert all(PLAIN[w.char :].startswith(w.text) for s in segments for w in s.words)


class Events:
    """Keeps what came in."""

    def __init__(self) -> None:
        self.kinds: list[str] = []

    def step(self, now_s: float, event: Any, outputs: Any) -> None:
        self.kinds.append(type(event).__name__)

    def mic(self, pcm: bytes) -> None: ...

    def reply_audio(self, audio: ReplyAudio) -> None: ...

    def reply_over(self, reply_id: int) -> None: ...

    def counted(self, text: str, tokens: int) -> None: ...

    async def aclose(self) -> None: ...


async def test_the_session_knows_once_when_the_first_sound_of_a_reply_is_made() -> None:
    tape = Events()
    with at_work(engines(SENTENCES)) as workers:
        async with talking(workers, tape=tape) as talk:
            await asks(talk)
    assert tape.kinds.count("ReplyReady") == 1
    assert tape.kinds.index("ReplyTextAdded") < tape.kinds.index("ReplyReady")
    assert tape.kinds.index("ReplyReady") < tape.kinds.index("AudioSent")


@pytest.mark.parametrize("reply", ["", "A zebra."], ids=["empty", "failed"])
async def test_a_reply_without_a_sound_is_never_ready(reply: str) -> None:
    tape = Events()
    tts = ScriptedTts(symbol_samples=BRISK, fails_on="z")
    with at_work(engines(reply, tts=tts)) as workers:
        async with talking(workers, tape=tape) as talk:
            await asks(talk)
            if reply:
                await talk.reply(2)
    assert tape.kinds.count("ReplyReady") == (1 if reply else 0)  # of the apology


async def test_the_text_is_told_as_it_is_written_without_tags() -> None:
    with at_work(engines(SENTENCES)) as workers:
        async with talking(workers) as talk:
            await asks(talk)
    texts = talk.all(ReplyText)
    assert "".join(t.text for t in texts).strip() == PLAIN
    whole = ""
    for text in texts:
        assert text.char == len(whole)
        whole += text.text


async def test_audio_comes_in_whole_frames_and_its_first_and_last_are_marked() -> None:
    with at_work(engines(SENTENCES)) as workers:
        async with talking(workers) as talk:
            await asks(talk)
    frames = talk.all(ReplyAudio)
    assert {len(f.pcm) % 640 for f in frames[:-1]} == {0}
    assert all(0 < len(f.pcm) <= 10 * 640 for f in frames[:-1])
    assert [f.is_first for f in frames] == [True] + [False] * (len(frames) - 1)
    assert [f.is_last for f in frames] == [False] * (len(frames) - 1) + [True]


async def test_a_gesture_lies_within_its_reply() -> None:
    with at_work(engines(SENTENCES)) as workers:
        async with talking(workers) as talk:
            await asks(talk)
    wave = next(g for g in talk.all(GestureCue) if g.lexeme == "wave")
    assert 0 <= wave.start <= wave.stroke <= wave.end
    assert wave.stroke <= talk.all(ReplyAudioDone)[0].sample_count


async def test_a_pause_is_silence_with_the_mouth_at_rest() -> None:
    said = "Wait for it. [pause:0.5] Here it comes."
    with at_work(engines(said)) as workers:
        async with talking(workers) as talk:
            done = await asks(talk)
    assert done.spoken_text == "Wait for it. Here it comes."
    first, second = talk.all(ReplySegment)
    speech_end = first.words[-1].end
    assert first.end - speech_end == pytest.approx(0.5 * RATE_HZ, abs=1)
    assert second.start == first.end
    assert not any(talk.audio(1)[2 * speech_end : 2 * first.end])
    pose = [pose for track in talk.all(VisemeTrack)[:1] for pose in track.poses][-1]
    assert (pose.sample, pose.weights) == (speech_end, ((0, 1.0),))


async def test_the_marks_of_a_reply_follow_one_another() -> None:
    with at_work(engines(llm=ScriptedLlm([PLAIN], token_s=0.005))) as workers:
        async with talking(workers) as talk:
            await asks(talk)
    (marks,) = talk.all(StageMarks)
    times = [marks.llm_start_s, marks.ttft_s, marks.first_chunk_s, marks.ttfa_s, marks.sent_s]
    assert all(time_s is not None for time_s in times)
    assert times == sorted(times)  # type: ignore[type-var]
    assert marks.commit_s == pytest.approx(0.0, abs=0.001)
    assert not marks.is_speculative


async def test_the_first_clause_is_spoken_while_the_rest_is_still_written() -> None:
    llm = ScriptedLlm(["Well, this is a first clause, and " + STORY], token_s=0.01)
    with at_work(engines(llm=llm)) as workers:
        async with talking(workers) as talk:
            talk.types("Speak.")
            await talk.first(ReplyAudio)
            assert llm.running == 1


# -- pacing


async def test_audio_goes_out_at_most_so_far_ahead_of_a_client_that_never_reports() -> None:
    options = SessionSetup(playout=PlayoutOptions(max_ahead_s=0.2, assumed_latency_s=0.0))
    with at_work(engines(PLAIN)) as workers:
        async with talking(workers, options, plays_at_once=False) as talk:
            done = await asks(talk)
    assert done.status == "completed"
    times_s = [t for t, n in zip(talk.times_s, talk.notices, strict=True) if type(n) is ReplyAudio]
    frames = talk.all(ReplyAudio)
    for time_s, frame in zip(times_s, frames, strict=True):
        ahead_s = (frame.start + len(frame.pcm) // 2) / RATE_HZ - (time_s - times_s[0])
        assert ahead_s <= 0.2 + 1e-6
    sent_s = frames[-1].start / RATE_HZ
    assert times_s[-1] - times_s[0] == pytest.approx(sent_s - 0.2, abs=0.061)


async def test_paced_audio_goes_out_in_bursts_and_says_when_it_was_due() -> None:
    options = SessionSetup(playout=PlayoutOptions(max_ahead_s=0.2, assumed_latency_s=0.0))
    with at_work(engines(PLAIN)) as workers:
        async with talking(workers, options, plays_at_once=False) as talk:
            await asks(talk)
    told = [(t, n) for t, n in zip(talk.times_s, talk.notices, strict=True)]
    audio = [(t, n) for t, n in told if isinstance(n, ReplyAudio)]
    (first_s, first), *rest = audio
    paced = [(t, n) for t, n in rest if n.start * 2 >= 0.2 * RATE_HZ * 2 and not n.is_last]
    assert len(paced) > 5
    assert {len(n.pcm) for _, n in paced} == {3 * 640}
    assert first.due_s is not None
    for time_s, notice in paced:
        assert notice.due_s is not None
        until_s = (notice.start + len(notice.pcm) // 2) / RATE_HZ
        assert notice.due_s - first_s == pytest.approx(until_s - 0.2, abs=0.01)
        assert time_s == pytest.approx(notice.due_s, abs=0.001)


@pytest.mark.parametrize(("max_ahead_s", "frames"), [(0.2, 3), (0.08, 2), (0.02, 1)])
async def test_a_burst_is_at_most_half_of_what_may_be_ahead(
    max_ahead_s: float, frames: int
) -> None:
    playout = PlayoutOptions(max_ahead_s=max_ahead_s, assumed_latency_s=0.0)
    with at_work(engines(PLAIN)) as workers:
        async with talking(workers, SessionSetup(playout=playout)) as talk:
            await asks(talk)
    paced = [n for n in talk.all(ReplyAudio) if not n.is_last and n.start >= max_ahead_s * RATE_HZ]
    assert {len(n.pcm) // 640 for n in paced} == {frames}


async def test_audio_waits_for_a_client_that_has_stalled_and_goes_on_when_it_does() -> None:
    with at_work(engines(STORY)) as workers:
        async with talking(workers, plays_at_once=False) as talk:
            talk.types("Speak.")
            await talk.first(ReplyAudio)
            talk.played(1, 0, "stalled")
            await settled(lambda: len(talk.audio(1)) > 2 * 2 * RATE_HZ - 3 * 640)
            await asyncio.sleep(0.2)
            assert len(talk.audio(1)) <= 2 * 2 * RATE_HZ
            talk.played(1, RATE_HZ // 2, "stalled")
            await settled(lambda: len(talk.audio(1)) > 2 * 2.5 * RATE_HZ - 3 * 640)
            await asyncio.sleep(0.1)
            assert len(talk.audio(1)) <= 2 * 2.5 * RATE_HZ


async def test_a_reply_is_over_when_it_was_played_not_when_it_was_sent() -> None:
    with at_work(engines("A short reply of one sentence.")) as workers:
        async with talking(workers, plays_at_once=False) as talk:
            talk.types("Speak.")
            done = await talk.first(ReplyAudioDone)
            started_s = asyncio.get_running_loop().time()
            talk.played(1, 0, "playing")
            await talk.reply()
            length_s = done.sample_count / RATE_HZ
            took_s = asyncio.get_running_loop().time() - started_s
            assert took_s == pytest.approx(length_s, abs=0.005)


async def test_the_end_of_the_audio_is_told_before_the_reply_is_over_however_late_it_is_known() -> (
    None
):
    """All that is heard of it has long been played when its last words turn out to be mute."""

    class Slow(ScriptedLlm):
        async def generate(self, request: LlmRequest) -> Any:
            yield TextDelta("Well, this is the first. Hello there. ")
            await asyncio.sleep(4.0)
            yield LlmDone("stop", 1, 1)

    class Mute(ScriptedTts):
        def synthesize(self, chunk: SpeakableChunk) -> Generator[Any, None, None]:
            if chunk.text.startswith("Hello"):
                raise TtsFailed("No voice.")
            yield from super().synthesize(chunk)

    voice = Mute(symbol_samples=1280)  # whole frames: nothing is left for the end
    with at_work(engines(llm=Slow(), tts=voice)) as workers:
        async with talking(workers) as talk:
            await asks(talk)
    told = [n for n in talk.notices if isinstance(n, ReplyAudio | ReplyAudioDone | ReplyDone)]
    assert [type(n) for n in told[-3:]] == [ReplyAudio, ReplyAudioDone, ReplyDone]
    last = talk.all(ReplyAudio)[-1]
    assert (last.is_last, last.pcm) == (True, b"")


# -- a language model that fails


async def apology(talk: Talk, code: str) -> ReplyDone:
    """Waits for a failed reply and the spoken apology after it; returns the failed one's end."""
    failed = await talk.first(ReplyDone)
    assert failed.status == "failed"
    assert [e.code for e in talk.all(ErrorNotice)] == [code]
    assert (await talk.reply(2)).spoken_text.startswith("Sorry")
    return failed


@pytest.mark.parametrize(("after", "heard"), [(0, ""), (7, "Well, this is the first sentence")])
async def test_what_was_said_before_the_model_failed_is_heard_and_apologised_for(
    after: int, heard: str
) -> None:
    with at_work(engines(llm=ScriptedLlm([PLAIN], fails_after=after))) as workers:
        async with talking(workers) as talk:
            talk.types("Speak.")
            failed = await apology(talk, "llm_failed")
            assert failed.spoken_text.startswith(heard)
            assert bool(talk.audio(1)) == bool(heard)
        assert llm_of(workers).aborted == 0


@pytest.mark.parametrize("after", [0, 7])
async def test_a_model_that_hangs_is_given_up_and_its_request_aborted(after: int) -> None:
    with at_work(engines(llm=ScriptedLlm([PLAIN], hangs_after=after))) as workers:
        async with talking(workers, IMPATIENT) as talk:
            talk.types("Speak.")
            await apology(talk, "llm_timeout")
        assert (llm_of(workers).running, llm_of(workers).aborted) == (0, 1)


@pytest.mark.parametrize("delta", ["Go on. " * 150_000, "on. "])
async def test_a_model_that_does_not_stop_is_stopped(delta: str) -> None:
    """By a megabyte at once, and by one word after another."""

    class Runaway(ScriptedLlm):
        closed = 0

        async def generate(self, request: LlmRequest) -> Any:
            try:
                while True:
                    yield TextDelta(delta)
                    await asyncio.sleep(0)
            finally:
                self.closed += 1

    setup = SessionSetup(SessionOptions(max_reply_tokens=10, idle_timeout_s=0.0), rate_hz=RATE_HZ)
    with at_work(engines(llm=Runaway())) as workers:
        async with talking(workers, setup) as talk:
            talk.types("Speak.")
            written = await talk.first(ReplyWritten)
            assert written.is_cut
            done = await talk.first(ReplyDone)
            assert done.status == "completed"
            assert 100 < len(done.spoken_text) <= 160
        assert workers.engines.llm.closed == 1  # type: ignore[attr-defined]


async def test_a_prompt_over_the_models_window_is_an_error_of_its_own() -> None:
    class Narrow(ScriptedLlm):
        def count_tokens(self, text: str) -> int:
            return 5000 if text == "Speak." and self.is_asked else 1

        is_asked = False

        async def generate(self, request: LlmRequest) -> Any:
            self.is_asked = True
            async for delta in super().generate(request):
                yield delta

    with at_work(engines(llm=Narrow())) as workers:
        async with talking(workers) as talk:
            talk.types("Speak.")
            await apology(talk, "context_exceeded")


async def test_an_apology_is_not_shown_to_the_model() -> None:
    class Recovering(ScriptedLlm):
        async def _pass_token(self, done: int) -> None:
            self._fails_after = 3 if len(self.requests) == 1 else None
            await super()._pass_token(done)

    with at_work(engines(llm=Recovering(["One two three four."]))) as workers:
        async with talking(workers) as talk:
            talk.types("Count.")
            await apology(talk, "llm_failed")
            talk.types("Again.")
            await talk.reply(3)
        assert llm_of(workers).requests[1].messages[1:] == (
            Message("user", "Count."),
            Message("assistant", "One two three"),
            Message("user", "Again."),
        )


@pytest.mark.parametrize("text", ["", " ", "**", "...", "\n\n", "<think>Hm.</think>\n"])
async def test_a_model_that_says_nothing_is_asked_once_more(text: str) -> None:
    with at_work(engines(text, "Fine.")) as workers:
        async with talking(workers) as talk:
            assert (await asks(talk)).spoken_text == "Fine."
            assert talk.codes() == []


async def test_after_nothing_twice_an_apology_is_said() -> None:
    with at_work(engines("", "...", "Fine.")) as workers:
        async with talking(workers) as talk:
            talk.types("Speak.")
            await apology(talk, "llm_failed")


async def test_endless_repetition_is_cut() -> None:
    with at_work(engines("Well. " + "I am sorry about that. " * 200)) as workers:
        async with talking(workers) as talk:
            done = await asks(talk)
            assert len(done.spoken_text) < 1000
            assert done.status == "completed"


@pytest.mark.parametrize("text", ["[face:happy", "[unknown:tag]"])
async def test_a_reply_without_anything_to_say_ends_at_once_with_a_warning(text: str) -> None:
    with at_work(engines(text, "Fine.")) as workers:
        async with talking(workers) as talk:
            done = await asks(talk)
            assert (done.status, done.played) == ("completed", 0)
            assert talk.codes() == ["empty_reply"]
            assert not talk.audio(1)
            assert (await asks(talk)).spoken_text == "Fine."


async def test_a_reply_of_markup_alone_moves_in_silence() -> None:
    with at_work(engines("[face:happy] [gesture:wave]")) as workers:
        async with talking(workers) as talk:
            done = await asks(talk)
    assert (done.status, done.spoken_text) == ("completed", "")
    assert [g.lexeme for g in talk.all(GestureCue)] == ["wave"]
    assert talk.audio(1)
    assert not any(talk.audio(1))
    assert not talk.all(ReplySegment)
    assert talk.codes() == []


# -- a voice that fails


class Voice(ScriptedTts):
    """Fails, on chunks with the letter "z", where it is told to."""

    def __init__(self, where: str) -> None:
        super().__init__(symbol_samples=BRISK, fails_on="\0")
        self._where = where

    def synthesize(self, chunk: SpeakableChunk) -> Generator[SpeechPlan | SpeechPiece, None, None]:
        is_bad = "z" in chunk.spoken
        if is_bad and self._where == "before the plan":
            raise TtsFailed("No.")
        for number, part in enumerate(super().synthesize(chunk)):
            if is_bad and (number, self._where) in {(1, "after the plan"), (2, "in the middle")}:
                raise TtsFailed("No.")
            yield part


WHERE = pytest.mark.parametrize("where", ["before the plan", "after the plan", "in the middle"])
ZEBRA = (
    "Here is the first sentence. A zebra that grazes lazily is not spoken of here at all."
    " This is the last."
)


@WHERE
async def test_a_voice_that_fails_on_a_chunk_costs_that_chunk_and_a_warning(where: str) -> None:
    with at_work(engines(ZEBRA, tts=Voice(where))) as workers:
        async with talking(workers) as talk:
            done = await asks(talk)
    assert done.status == "completed"
    assert talk.codes() == ["tts_failed"]
    texts = [segment.text for segment in talk.all(ReplySegment)]
    assert texts[0] == "Here is the first sentence."
    assert texts[-1] == "This is the last."
    assert ("zebra" in "".join(texts)) == (where != "before the plan")
    last = talk.all(ReplySegment)[-1]
    assert any(talk.audio(1)[2 * last.start : 2 * last.end])


async def test_the_rest_of_a_chunk_that_failed_in_the_middle_is_silence() -> None:
    with at_work(engines(ZEBRA, tts=Voice("in the middle"))) as workers:
        async with talking(workers) as talk:
            await asks(talk)
    zebra = next(s for s in talk.all(ReplySegment) if "zebra" in s.text)
    assert any(talk.audio(1)[2 * zebra.start : 2 * zebra.start + 6400])
    assert not any(talk.audio(1)[2 * zebra.start + 6400 : 2 * zebra.end])


async def test_a_reply_of_which_nothing_can_be_spoken_is_apologised_for_once() -> None:
    with at_work(engines("A zebra.", tts=Voice("before the plan"))) as workers:
        async with talking(workers) as talk:
            talk.types("Speak.")
            await apology(talk, "tts_failed")
            assert [s.state for s in talk.all(StateChanged)][-1] is State.LISTENING


async def test_a_voice_that_cannot_even_apologise_is_not_asked_to_again() -> None:
    with at_work(engines("Hello.", tts=ScriptedTts(fails_on=""))) as workers:
        async with talking(workers) as talk:
            talk.types("Speak.")
            await talk.reply(2)
            await asyncio.sleep(0.05)
    assert [d.status for d in talk.all(ReplyDone)] == ["failed", "failed"]
    assert len(talk.all(ReplyStarted)) == 2


async def test_a_voice_that_says_nothing_of_a_chunk_is_no_failure() -> None:
    class Silent(ScriptedTts):
        def synthesize(self, chunk: SpeakableChunk) -> Any:
            if "z" not in chunk.spoken:
                yield from super().synthesize(chunk)

    with at_work(engines(ZEBRA, tts=Silent(symbol_samples=BRISK))) as workers:
        async with talking(workers) as talk:
            assert (await asks(talk)).status == "completed"
    assert talk.codes() == []


async def test_a_voice_that_makes_more_than_it_planned_is_cut_to_its_plan() -> None:
    class Endless(ScriptedTts):
        def synthesize(self, chunk: SpeakableChunk) -> Any:
            *parts, last = super().synthesize(chunk)
            yield from parts
            yield replace(last, pcm=last.pcm * 3)

    with at_work(engines(ZEBRA, tts=Endless(symbol_samples=BRISK))) as workers:
        async with talking(workers) as talk:
            assert (await asks(talk)).status == "completed"
    assert talk.codes() == []
    assert len(talk.audio(1)) == 2 * talk.all(ReplySegment)[-1].end
