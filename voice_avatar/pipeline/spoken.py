"""A chunk through voice, timeline and mouth: the one way, whoever drives it.

    plan of the voice   -> `place`:  its place on the reply's clock, and all that needs no sound
    piece of the voice  -> `push`:   audio at the reply's rate, and the mouth that goes with it
    the voice has ended -> `finish`: what is missing up to the chunk's end, audio and mouth

`VoicedChunk` waits for nothing: a reply asks the voice in its thread, gated, measured and paced
(`reply_run`); a program that wants a text spoken asks it as fast as it comes (`speak`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from voice_avatar.acting.gesture.options import GestureOptions
from voice_avatar.acting.gesture.planner import GesturePlanner
from voice_avatar.acting.timeline import PlacedChunk, ReplyTimeline
from voice_avatar.audio.pcm import BYTES_PER_SAMPLE, StreamResampler, sample_count, silence
from voice_avatar.events.cues import VisemeTrack
from voice_avatar.events.notices import ReplyNotice
from voice_avatar.events.payloads import SpeakableChunk, SpeechPiece, SpeechPlan
from voice_avatar.stages.tts import TtsEngine
from voice_avatar.text.chunking import Chunker, ChunkingOptions


class VoicedChunk:
    """One chunk on its way. What was placed comes out to the sample, whatever the voice makes.

    Attributes:
        placed: its place; None before the voice has planned it.
    """

    def __init__(self, chunk: SpeakableChunk, timeline: ReplyTimeline, voice_hz: int) -> None:
        """Begins.

        Args:
            chunk: what is said.
            timeline: of its reply.
            voice_hz: sample rate of the voice.
        """
        self._chunk = chunk
        self._timeline = timeline
        self._resampler = StreamResampler(voice_hz, timeline.rate_hz)
        self._made = 0
        self.placed: PlacedChunk | None = None

    def place(self, plan: SpeechPlan) -> PlacedChunk:
        """Takes the voice's plan; all that it tells goes out before any audio of the chunk."""
        self.placed = placed = self._timeline.place(self._chunk, plan)
        return placed

    def push(self, piece: SpeechPiece) -> tuple[bytes, VisemeTrack | None]:
        """Takes a piece of the voice.

        Returns:
            Audio at the reply's rate, and the part of the mouth's track that is to go out before
            it, if it gives one.
        """
        pcm = self._resampler.push(piece.pcm)
        placed = self.placed
        if placed is not None:
            # A voice that makes more than it planned is cut: the clock of the reply goes by plans.
            pcm = pcm[: (placed.sample_count - self._made) * BYTES_PER_SAMPLE]
        self._made += sample_count(pcm)
        return pcm, None if placed is None else placed.mouth.push(pcm)

    def finish(self, *, is_cut: bool) -> tuple[bytes, VisemeTrack | None]:
        """Takes the end of the voice.

        Args:
            is_cut: whether it failed before its end.

        Returns:
            What is missing up to the chunk's end: the rest of the resampler, the pause after the
            chunk, silence for what the voice did not make. And the rest of the mouth's track.
        """
        placed = self.placed
        if placed is None:
            return b"", None
        tail = self._resampler.push(b"", is_last=True) + silence(placed.sample_count)
        tail = tail[: (placed.sample_count - self._made) * BYTES_PER_SAMPLE]
        return tail, placed.mouth.finish(is_cut=is_cut)


def chunks_of(text: str, chunker: Chunker, timeline: ReplyTimeline) -> Iterator[SpeakableChunk]:
    """Yields the chunks of a whole text, each once its words are on the timeline."""
    for done in (chunker.push(text), chunker.flush()):
        timeline.write(done.text)
        yield from done.chunks


@dataclass(slots=True)
class Speech:
    """A spoken text.

    Attributes:
        rate_hz: its sample clock.
        pcm: its audio.
        notices: its track, in order.
        plans: what the synthesizer planned, chunk by chunk, with the chunk's first sample.
    """

    rate_hz: int
    pcm: bytearray = field(default_factory=bytearray)
    notices: list[ReplyNotice] = field(default_factory=list)
    plans: list[tuple[int, SpeechPlan]] = field(default_factory=list)


def speak(
    tts: TtsEngine,
    text: str,
    language: str,
    *,
    gestures: GestureOptions = GestureOptions(),  # noqa: B008 - frozen
    chunking: ChunkingOptions = ChunkingOptions(),  # noqa: B008 - frozen
) -> Speech:
    """Returns a text spoken as a reply of the server would be. Blocks.

    Args:
        tts: the voice; the speech has its rate.
        text: as a language model writes it, tags and all.
        language: ISO 639-1 code.
        gestures: how it moves.
        chunking: how it is cut.
    """
    voice = tts.capabilities
    planner = GesturePlanner(gestures, language, 1, voice.rate_hz, 1)
    timeline = ReplyTimeline(1, voice.rate_hz, voice, planner)
    speech = Speech(voice.rate_hz)
    for chunk in chunks_of(text, Chunker(chunking, language), timeline):
        spoken = VoicedChunk(chunk, timeline, voice.rate_hz)
        for part in tts.synthesize(chunk):
            match part:
                case SpeechPlan():
                    placed = spoken.place(part)
                    speech.plans.append((placed.start, part))
                    speech.notices += placed.notices
                case SpeechPiece():
                    _add(speech, *spoken.push(part))
        _add(speech, *spoken.finish(is_cut=False))
    return speech


def _add(speech: Speech, pcm: bytes, track: VisemeTrack | None) -> None:
    if track is not None:
        speech.notices.append(track)
    speech.pcm += pcm
