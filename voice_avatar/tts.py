"""Speech synthesis: the engine Protocol and word alignment. Pure."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Protocol

from voice_avatar.events import SpeakableChunk, SpeechPiece, SpeechPlan


@dataclass(frozen=True, slots=True)
class TtsCapabilities:
    """What a synthesizer is.

    Attributes:
        name: engine name.
        voice: voice name, e.g. "en_US-joe-medium".
        language: ISO 639-1 code of the voice.
        espeak_voice: espeak-ng voice that spells its phonemes ("en-us", "cmn"), "" if none.
        phoneme_type: "espeak", "pinyin", "text" or "" when it gives no phonemes.
        rate_hz: sample rate of its audio.
        has_durations: whether plans are exact.
    """

    name: str
    voice: str
    language: str
    espeak_voice: str
    phoneme_type: str
    rate_hz: int
    has_durations: bool


class TtsEngine(Protocol):
    """Synthesizer. Synchronous; the pipeline reads the iterator from its TTS thread."""

    @property
    def capabilities(self) -> TtsCapabilities: ...

    def synthesize(
        self, chunk: SpeakableChunk
    ) -> Generator[SpeechPlan | SpeechPiece, None, None]:
        """Speaks a chunk: exactly one SpeechPlan, then SpeechPiece+ that follow one another
        without a gap and sum to the plan's sample count. Nothing speakable: a plan of 0 samples
        and no pieces. `chunk.pause_s` is added by the caller, not by the engine.

        Closing the iterator stops the work at the next piece.

        Raises:
            TtsFailed: the voice failed on this chunk.
        """
