"""A synthesizer for voices that do not tell when they say what: durations are fitted to the audio.

A chunk must be whole before it can be fitted, so its first sound comes later than that of a voice
that plans; chunks at the start of a reply are short. A voice that does not even spell what it says
has a mouth that follows its energy (`mouth.EnergyMouth`).
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Final, Protocol

from voice_avatar.acting.mouth.fitted_durations import Symbol, fitted_spans
from voice_avatar.acting.mouth.viseme_tables import symbol_table
from voice_avatar.audio.pcm import sample_count
from voice_avatar.events.payloads import SpeakableChunk, SpeechPiece, SpeechPlan
from voice_avatar.stages.tts import TtsCapabilities, word_spans

PIECE_S: Final = 0.2
"""Length of the pieces: all of the chunk is there, so they only need to be short enough to stop."""


class PlainVoice(Protocol):
    """A voice that speaks a whole chunk and gives no durations."""

    @property
    def capabilities(self) -> TtsCapabilities:
        """What this voice is; `has_durations` is False."""

    def spell(self, chunk: SpeakableChunk) -> Sequence[Symbol]:
        """Returns the symbols of a chunk with their words; none if the voice does not spell."""

    def speak(self, chunk: SpeakableChunk) -> bytes:
        """Returns the audio of a chunk.

        Raises:
            TtsFailed: the voice failed on this chunk.
        """


class FittedTts:
    """A `TtsEngine` over a plain voice."""

    def __init__(self, voice: PlainVoice) -> None:
        self._voice = voice
        self.capabilities = voice.capabilities
        self._table = symbol_table(voice.capabilities.espeak_voice, voice.capabilities.phoneme_type)

    def synthesize(self, chunk: SpeakableChunk) -> Generator[SpeechPlan | SpeechPiece, None, None]:
        """Speaks a chunk; see `TtsEngine`."""
        pcm = self._voice.speak(chunk)
        rate_hz = self.capabilities.rate_hz
        symbols = self._voice.spell(chunk) if pcm else ()
        spans = fitted_spans(symbols, pcm, rate_hz=rate_hz, table=self._table)
        words = word_spans(spans, len(chunk.words)) if spans else ()
        yield SpeechPlan(sample_count(pcm), spans, words, is_exact=False)
        size = 2 * round(rate_hz * PIECE_S)
        for at in range(0, len(pcm), size):
            yield SpeechPiece(at // 2, pcm[at : at + size])
