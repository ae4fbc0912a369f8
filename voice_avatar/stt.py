"""Speech recognition: the engine Protocol, transcript guards, text normalisation. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from voice_avatar.events import Transcript


@dataclass(frozen=True, slots=True)
class SttCapabilities:
    """What a recogniser is.

    Attributes:
        name: engine name.
        model: model name.
        languages: ISO 639-1 codes it takes; empty = it does not say.
        detects_language: whether `language=None` works.
    """

    name: str
    model: str
    languages: tuple[str, ...]
    detects_language: bool


class SttEngine(Protocol):
    """Speech recogniser. Synchronous; the pipeline calls it from its one STT thread."""

    @property
    def capabilities(self) -> SttCapabilities: ...

    def transcribe(self, pcm: bytes, language: str | None) -> Transcript:
        """Decodes one utterance.

        Args:
            pcm: 16 kHz samples, at most 30 s (older samples are cut off).
            language: ISO 639-1 code to decode in; None = detect.

        Returns:
            The transcript after guards: text "" when nothing credible was said.

        Raises:
            SttFailed: the model failed.
        """
