"""A chunk through voice, timeline and mouth, step by step; and a whole text at once."""

from __future__ import annotations

import pytest
from kit.talk import RATE_HZ, at_work, engines, talking

from voice_avatar.acting.gesture.options import GestureOptions
from voice_avatar.acting.gesture.planner import GesturePlanner
from voice_avatar.acting.timeline import ReplyTimeline
from voice_avatar.audio.pcm import sample_count, silence
from voice_avatar.engines.scripted import ScriptedTts
from voice_avatar.events.cues import ReplySegment, VisemeTrack
from voice_avatar.events.notices import ReplyNotice
from voice_avatar.events.payloads import SpeakableChunk, SpeechPiece, SpeechPlan
from voice_avatar.pipeline.spoken import VoicedChunk, chunks_of, speak
from voice_avatar.text.chunking import Chunker, ChunkingOptions

TEXT = "Well, this is a sentence. [pause:0.5] [gesture:wave] And this, my friend, is the last."


def timeline(rate_hz: int = RATE_HZ, tts: ScriptedTts | None = None) -> ReplyTimeline:
    planner = GesturePlanner(GestureOptions(), "en", 1, rate_hz, 1)
    return ReplyTimeline(1, rate_hz, (tts or ScriptedTts()).capabilities, planner)


def parts(text: str = "Hello there.") -> tuple[SpeakableChunk, SpeechPlan, list[SpeechPiece]]:
    """Returns a chunk and what a voice makes of it."""
    (chunk,) = chunks_of(text, Chunker(ChunkingOptions(), "en"), timeline())
    plan, *pieces = ScriptedTts(symbol_samples=640).synthesize(chunk)
    assert isinstance(plan, SpeechPlan)
    found = [piece for piece in pieces if isinstance(piece, SpeechPiece)]
    assert len(found) > 2
    return chunk, plan, found


@pytest.mark.parametrize("rate_hz", [16_000, 24_000, 48_000])
def test_audio_and_mouth_end_where_the_chunk_was_placed_to_end(rate_hz: int) -> None:
    chunk, plan, pieces = parts()
    spoken = VoicedChunk(chunk, timeline(rate_hz), RATE_HZ)
    placed = spoken.place(plan)
    made = [spoken.push(piece) for piece in pieces]
    made.append(spoken.finish(is_cut=False))
    assert sum(sample_count(pcm) for pcm, _ in made) == placed.sample_count
    tracks = [track for _, track in made if track is not None]
    assert tracks[-1].until == placed.end


def test_the_mouth_is_told_no_later_than_the_audio_that_it_goes_with() -> None:
    chunk, plan, pieces = parts()
    spoken = VoicedChunk(chunk, timeline(), RATE_HZ)
    spoken.place(plan)
    sent = covered = 0
    for piece in pieces:
        pcm, track = spoken.push(piece)
        covered = track.until if track is not None else covered
        sent += sample_count(pcm)
        assert sent <= covered


def test_a_voice_that_makes_more_than_it_planned_is_cut() -> None:
    chunk, plan, pieces = parts()
    spoken = VoicedChunk(chunk, timeline(), RATE_HZ)
    placed = spoken.place(plan)
    made = b"".join(spoken.push(piece)[0] for piece in pieces * 3)
    made += spoken.finish(is_cut=False)[0]
    assert sample_count(made) == placed.sample_count


def test_what_a_voice_does_not_make_is_silence_with_the_mouth_at_rest() -> None:
    chunk, plan, pieces = parts()
    spoken = VoicedChunk(chunk, timeline(), RATE_HZ)
    placed = spoken.place(plan)
    made, _ = spoken.push(pieces[0])
    tail, track = spoken.finish(is_cut=True)
    assert tail == silence(placed.sample_count - sample_count(made))
    assert track is not None
    assert track.until == placed.end
    assert track.poses[-1].weights == ((0, 1.0),)


def test_a_voice_that_plans_nothing_leaves_nothing_to_finish() -> None:
    chunk, _, pieces = parts()
    spoken = VoicedChunk(chunk, timeline(), RATE_HZ)
    assert spoken.push(pieces[0]) == (pieces[0].pcm, None)
    assert spoken.placed is None
    assert spoken.finish(is_cut=False) == (b"", None)


def test_the_words_of_a_chunk_are_on_the_timeline_before_it() -> None:
    line = timeline()
    for chunk in chunks_of(TEXT, Chunker(ChunkingOptions(), "en"), line):
        assert chunk.text in line.text


@pytest.mark.virtual_time
async def test_a_text_is_spoken_as_a_reply_of_the_server_is() -> None:
    tts = ScriptedTts(symbol_samples=160)
    speech = speak(tts, TEXT, "en")
    with at_work(engines(TEXT, tts=tts)) as workers:
        async with talking(workers, rate_hz=speech.rate_hz) as talk:
            talk.types("Speak.")
            await talk.reply()
    assert bytes(speech.pcm) == talk.audio(1)

    def said(notices: list[ReplyNotice]) -> list[ReplyNotice]:
        return [n for n in notices if isinstance(n, ReplySegment | VisemeTrack)]

    assert said(speech.notices) == said(talk.of(1))  # type: ignore[arg-type]


def test_a_spoken_text_keeps_the_plans_of_its_chunks_and_where_they_begin() -> None:
    speech = speak(ScriptedTts(symbol_samples=160), TEXT, "en")
    segments = [n for n in speech.notices if isinstance(n, ReplySegment)]
    assert [at for at, plan in speech.plans if plan.words] == [s.start for s in segments]
    assert len(speech.pcm) // 2 == segments[-1].end
