"""One reply on its sample clock: chunks and speech plans in, everything timed out. Pure.

Here the reply's clock is made: each chunk begins where the one before ended, its phonemes, words,
mouth poses and gestures are moved to that place and scaled from the voice's rate to the reply's.
All that is known before the sound is told at once; the mouth goes piece by piece
(`mouth/chunk_mouth.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from voice_avatar.acting.gesture.planner import GesturePlanner
from voice_avatar.acting.gesture.pointing import aimed
from voice_avatar.acting.gesture.spoken_chunk import MARKUP_ONLY_S
from voice_avatar.acting.mouth.chunk_mouth import ChunkMouth, EnergyMouth, PlannedMouth
from voice_avatar.acting.mouth.loudness import VoiceLevel
from voice_avatar.acting.mouth.visemes import REST, viseme_poses
from voice_avatar.audio.pcm import scaled
from voice_avatar.events.cues import Feeling, ReplySegment, TimedWord, VisemePose
from voice_avatar.events.inputs import SegmentPlanned
from voice_avatar.events.notices import ReplyNotice
from voice_avatar.events.payloads import PhonemeSpan, SpeakableChunk, SpeechPlan, WordSpan
from voice_avatar.stages.tts import TtsCapabilities


@dataclass(frozen=True, slots=True)
class PlacedChunk:
    """A chunk on the reply's clock.

    Attributes:
        start: first reply sample.
        speech_end: one past the last sample of its speech; silence follows up to `end`.
        end: one past its last reply sample.
        planned: for the session.
        notices: for the client; all precede the chunk's audio.
        mouth: its track, told piece by piece before the audio.
    """

    start: int
    speech_end: int
    end: int
    planned: SegmentPlanned
    notices: tuple[ReplyNotice, ...]
    mouth: ChunkMouth

    @property
    def sample_count(self) -> int:
        """Reply samples from `start` to `end`."""
        return self.end - self.start


class ReplyTimeline:
    """The clock of one reply.

    Attributes:
        end: reply samples placed so far.
        text: the reply's whole display text so far.
    """

    def __init__(
        self,
        reply_id: int,
        rate_hz: int,
        voice: TtsCapabilities,
        planner: GesturePlanner,
        level: VoiceLevel | None = None,
        meant: str = "",
    ) -> None:
        """Makes the timeline.

        Args:
            reply_id: which reply.
            rate_hz: of its clock.
            voice: who speaks.
            planner: of its gestures.
            level: how loud the voice usually is, as heard in replies before; None = not known.
            meant: id of the object that gestures which point, point at; "" = none.
        """
        self.reply_id = reply_id
        self.rate_hz = rate_hz
        self._voice = voice
        self._planner = planner
        self._level = level or VoiceLevel()
        self._meant = meant
        self.end = 0
        self.text = ""
        self._searched = 0

    def write(self, text: str) -> int:
        """Appends display text and returns the index of its first character."""
        at = len(self.text)
        self.text += text
        return at

    def place(self, chunk: SpeakableChunk, plan: SpeechPlan) -> PlacedChunk:
        """Gives a chunk its place.

        Args:
            chunk: what is said.
            plan: the synthesizer's plan, in samples of the voice's rate.
        """
        start = self.end
        plan = self._at_reply_rate(plan)
        speech_end = start + plan.sample_count
        pause_s = chunk.pause_s
        if plan.sample_count == 0 and chunk.cues:
            pause_s = max(pause_s, MARKUP_ONLY_S)
        self.end = speech_end + round(pause_s * self.rate_hz)
        words = self._words(chunk, plan, start)
        notices: list[ReplyNotice] = []
        if chunk.text:
            notices.append(
                ReplySegment(self.reply_id, chunk.index, chunk.text, start, self.end, words)
            )
        notices += aimed(self._planner.plan(chunk, plan, offset=start), self._meant)
        mood = self._planner.mood
        planned = SegmentPlanned(
            self.reply_id,
            chunk.index,
            chunk.text,
            start,
            self.end,
            words,
            Feeling(mood.valence, mood.arousal),
        )
        mouth = self._mouth(plan, start)
        return PlacedChunk(start, speech_end, self.end, planned, tuple(notices), mouth)

    def _at_reply_rate(self, plan: SpeechPlan) -> SpeechPlan:
        from_hz, to_hz = self._voice.rate_hz, self.rate_hz
        if from_hz == to_hz:
            return plan

        def at(sample: int) -> int:
            return scaled(sample, from_hz, to_hz)

        return SpeechPlan(
            at(plan.sample_count),
            tuple(PhonemeSpan(s.symbol, at(s.start), at(s.end), s.word) for s in plan.spans),
            tuple(WordSpan(w.word, at(w.start), at(w.end)) for w in plan.words),
            plan.is_exact,
        )

    def _words(self, chunk: SpeakableChunk, plan: SpeechPlan, start: int) -> tuple[TimedWord, ...]:
        char = max(0, self.text.find(chunk.text, self._searched))
        self._searched = char + len(chunk.text)
        timed = []
        for span in plan.words:
            word = chunk.words[span.word]
            text = chunk.text[word.start : word.end]
            timed.append(TimedWord(text, start + span.start, start + span.end, char + word.start))
        return tuple(timed)

    def _mouth(self, plan: SpeechPlan, start: int) -> ChunkMouth:
        if plan.sample_count and not plan.spans:
            return EnergyMouth(
                self.reply_id, start=start, end=self.end, rate_hz=self.rate_hz, level=self._level
            )
        return PlannedMouth(
            self.reply_id,
            self._poses(plan, start),
            start=start,
            end=self.end,
            rate_hz=self.rate_hz,
            level=self._level,
        )

    def _poses(self, plan: SpeechPlan, start: int) -> tuple[VisemePose, ...]:
        poses = viseme_poses(
            plan.spans,
            rate_hz=self.rate_hz,
            espeak_voice=self._voice.espeak_voice,
            phoneme_type=self._voice.phoneme_type or "espeak",
        )
        moved = [VisemePose(start + pose.sample, pose.weights) for pose in poses]
        if not moved or (self.end > moved[-1].sample and moved[-1].weights != REST):
            moved.append(VisemePose(start + plan.sample_count, REST))
        return tuple(moved)
