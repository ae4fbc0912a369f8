"""Whisper by faster-whisper, with an encoder window cut to the utterance.

Whisper always encodes 30 s, however short the utterance; on a CPU that is nearly all of its time.
CTranslate2 takes fewer frames, so this file drives it below faster-whisper's own `transcribe`,
whose model, tokenizer and feature extractor it uses: one encoder pass over a window little longer
than the utterance, one greedy decoder pass without timestamps under a token cap, and a second try
over a larger window only where the first is in doubt (design.md section 3; measured by
`python -m voice_avatar.bench.measures.stt`).

Where a phrase is written twice in a row, it was said twice, or the decoder went on over a pause
with what it had just written ("… 555 0147 0147"): likely words, and wrong. What stands between the
pauses is then decoded by itself too, which tells the one from the other (`without_repeats`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from voice_avatar.audio.pauses import between_pauses
from voice_avatar.audio.pcm import BYTES_PER_SAMPLE, dbfs, sample_count, to_float
from voice_avatar.errors import EngineUnavailable, SttFailed
from voice_avatar.events.payloads import MIC_HZ, Transcript
from voice_avatar.languages import primary_subtag
from voice_avatar.stages.engines import UNPLANNED_THREADS
from voice_avatar.stages.stt import (
    AUTO,
    SttCapabilities,
    SttOptions,
    always,
    guarded_text,
    has_repeat,
    normalised,
    without_repeats,
)

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

    from voice_avatar.models.store import ModelStore

FULL_WINDOW_FRAMES: Final = 3000
"""Whisper's own encoder window: 30 s of 10 ms frames."""

MAX_SAMPLES: Final = 30 * MIC_HZ
"""Longer audio loses its start: what was said last matters most in a conversation."""

MIN_SAMPLES: Final = MIC_HZ // 10
"""Shorter audio (0.1 s) holds no word."""

_SPARE_FRAMES: Final = 100
"""Silence that the encoder sees after the utterance; the window is rounded up to as much."""

_SILENCE: Final = -1.5
"""Log-mel value of digital silence, (log10(1e-10) + 4) / 4: what the window is filled up with.

faster-whisper fills up with 0, a level within speech: at a window of 800 frames 8.25 against 6.84 %
WER on 195 cut, quiet and noisy variants of the recordings.
"""

_SPARE_TOKENS: Final = 10
"""Tokens granted beyond `FasterWhisperOptions.tokens_per_s`: punctuation of short utterances."""

_MAX_TOKENS: Final = 224
"""Most tokens that Whisper decodes at once: half its text context."""


@dataclass(frozen=True, slots=True)
class FasterWhisperOptions:
    """Where Whisper computes, and how much of the encoder and decoder an utterance is worth.

    Attributes:
        device: "cpu", "cuda" or "auto".
        compute_type: number format of the weights, as CTranslate2 names it ("int8", "float16").
        min_window_frames: least encoder window, 10 ms frames, 700 to 3000 (at 800 the decoder
            looped in 4 of 195 variants of the recordings, at 1000 in none; docs/decisions.md).
        retry_window_frames: encoder window of the second try, 10 ms frames, at most 3000 (1500
            corrects as much as 3000 at a third of the cost).
        retry_logprob: mean log-probability per token below which there is a second try, <= 0.
        tokens_per_s: cap on tokens per second of audio (fast Mandarin needs about 11).
    """

    device: str = "cpu"
    compute_type: str = "int8"
    min_window_frames: int = 1000
    retry_window_frames: int = 1500
    retry_logprob: float = -0.6
    tokens_per_s: float = 12.0


_DEFAULTS: Final = FasterWhisperOptions()


def load(
    options: SttOptions, store: ModelStore, own: FasterWhisperOptions = _DEFAULTS
) -> FasterWhisperStt:
    """Loads the model.

    Raises:
        ModelError: the model is not to be had.
        EngineUnavailable: a library or the device is absent, or the files are no such model.
    """
    files = store.resolve(options.model)
    if "tokenizer.json" not in files.files:  # faster-whisper would look for one on the hub
        raise EngineUnavailable(f"{options.model} has no tokenizer.json")
    try:
        from faster_whisper import WhisperModel
        from opencc import OpenCC
    except ImportError as error:
        raise EngineUnavailable("faster-whisper or OpenCC is not installed") from error
    try:
        model = WhisperModel(
            str(files.folder),
            device=own.device,
            compute_type=own.compute_type,
            cpu_threads=options.threads or UNPLANNED_THREADS,
            num_workers=options.parallel,
        )
    except (RuntimeError, ValueError) as error:
        raise EngineUnavailable(
            f"{options.model} cannot run on {own.device} as {own.compute_type}"
        ) from error
    return FasterWhisperStt(model, options, own, to_simplified=OpenCC("t2s").convert)


def window_frames(frames: int, min_frames: int) -> int:
    """Returns the encoder window for an utterance of `frames`, 10 ms frames."""
    rounded = math.ceil((frames + _SPARE_FRAMES) / _SPARE_FRAMES) * _SPARE_FRAMES
    return min(FULL_WINDOW_FRAMES, max(min_frames, rounded))


def token_cap(frames: int, tokens_per_s: float) -> int:
    """Returns the most tokens that an utterance of `frames` 10 ms frames may give."""
    return min(_MAX_TOKENS, _SPARE_TOKENS + math.ceil(tokens_per_s * frames / 100))


@dataclass(frozen=True, slots=True)
class _Decoded:
    """One try.

    Attributes:
        text: raw.
        language: in which it was decoded.
        avg_logprob: its mean log-probability per token.
        is_cut: whether the cap ended it.
        no_speech: probability that nobody speaks in the audio.
    """

    text: str
    language: str
    avg_logprob: float
    is_cut: bool
    no_speech: float


class FasterWhisperStt:
    """The loaded model."""

    def __init__(
        self,
        model: WhisperModel,
        options: SttOptions,
        own: FasterWhisperOptions,
        *,
        to_simplified: Callable[[str], str],
    ) -> None:
        known = frozenset(map(str, model.supported_languages))
        self._model = model
        self._options = options
        self._own = own
        self._to_simplified = to_simplified
        self._known = known
        self._candidates = frozenset(map(primary_subtag, options.languages)) & known or known
        self._tokenizers: dict[str, Any] = {}
        self.capabilities = SttCapabilities(
            name="faster_whisper",
            model=options.model,
            languages=tuple(sorted(known)),
            detects_language=bool(model.model.is_multilingual),
            parallel=options.parallel,
        )

    def transcribe(
        self, pcm: bytes, language: str | None, is_wanted: Callable[[], bool] = always
    ) -> Transcript:
        """Decodes one utterance; see `SttEngine.transcribe`. It can be left between its two steps.

        Raises:
            SttFailed: the model does not know the language, or failed.
        """
        wanted = None if language in {None, AUTO} else primary_subtag(str(language))
        if wanted is not None and wanted not in self._known:
            raise SttFailed(f"The speech model does not know the language {wanted!r}.")
        pcm = pcm[-MAX_SAMPLES * BYTES_PER_SAMPLE :]
        audio_s = sample_count(pcm) / MIC_HZ
        if sample_count(pcm) < MIN_SAMPLES or dbfs(pcm) < self._options.quiet_dbfs:
            return Transcript("", wanted or self._fallback_language, 0.0, audio_s)
        try:
            best = self._best(to_float(pcm), wanted, is_wanted)
        except (RuntimeError, ValueError) as error:
            raise SttFailed("The speech model failed.") from error
        if best is None:
            return Transcript("", wanted or self._fallback_language, 0.0, audio_s)
        text = self._to_simplified(best.text) if best.language == "zh" else best.text
        guarded = guarded_text(
            text,
            avg_logprob=best.avg_logprob,
            options=self._options,
            is_cut=best.is_cut,
            audio_s=audio_s,
            no_speech=best.no_speech,
        )
        is_invented = not guarded and bool(normalised(text))
        return Transcript(
            guarded, best.language, best.avg_logprob, audio_s, is_invented=is_invented
        )

    @property
    def _fallback_language(self) -> str:
        """Language reported when nothing was decoded and none was asked for."""
        if self._options.language != AUTO:
            return primary_subtag(self._options.language)
        return "en" if "en" in self._candidates else min(self._candidates)

    def _best(
        self,
        samples: npt.NDArray[np.float32],
        language: str | None,
        is_wanted: Callable[[], bool],
    ) -> _Decoded | None:
        """Returns the best of the tries that it takes; None when they are not wanted any more."""
        best = self._whole(samples, language, is_wanted)
        if best is None or not has_repeat(best.text):
            return best
        pieces = between_pauses(samples, MIC_HZ)
        if len(pieces) < 2:
            return best
        tries = [self._whole(piece, best.language, is_wanted) for piece in pieces]
        if any(tried is None for tried in tries):
            return best
        apart = _joined([tried for tried in tries if tried is not None])
        if best.is_cut:  # it went round and round: of what it wrote nothing can be told
            return best if apart.is_cut else apart
        return replace(best, text=without_repeats(best.text, apart.text))

    def _whole(
        self,
        samples: npt.NDArray[np.float32],
        language: str | None,
        is_wanted: Callable[[], bool],
    ) -> _Decoded | None:
        """Returns the first try, or the better of two where the first is in doubt."""
        features = self._model.feature_extractor(samples)[:, :-1]
        window = window_frames(features.shape[1], self._own.min_window_frames)
        first = self._decode(features, window, language, is_wanted)
        if first is None:
            return None
        is_sure = first.avg_logprob >= self._own.retry_logprob and not first.is_cut
        if is_sure or window >= self._own.retry_window_frames:
            return first
        wider = self._own.retry_window_frames
        second = self._decode(features, wider, first.language, is_wanted)
        # A try that its budget ended went round in a loop, which makes every word of it likely.
        return max(first, second or first, key=lambda tried: (not tried.is_cut, tried.avg_logprob))

    def _decode(
        self,
        features: npt.NDArray[np.float32],
        window: int,
        language: str | None,
        is_wanted: Callable[[], bool],
    ) -> _Decoded | None:
        """Returns one try; None when it was not wanted any more after its first step."""
        filled = np.full((features.shape[0], window), _SILENCE, np.float32)
        filled[:, : features.shape[1]] = features
        encoded = self._model.encode(filled)
        if not is_wanted():
            return None
        language = language or self._detect(encoded)
        tokenizer = self._tokenizer(language)
        cap = token_cap(features.shape[1], self._own.tokens_per_s)
        [result] = self._model.model.generate(
            encoded,
            [[*tokenizer.sot_sequence, tokenizer.no_timestamps]],
            beam_size=1,
            max_length=2 * cap,  # CTranslate2 lets Whisper generate half of it
            return_scores=True,
            return_no_speech_prob=True,
        )
        tokens = result.sequences_ids[0]
        # The score is the mean over all tokens but the end token; Whisper's own thresholds are for
        # the mean that counts it.
        avg_logprob = result.scores[0] * len(tokens) / (len(tokens) + 1) if tokens else 0.0
        return _Decoded(
            tokenizer.decode(tokens),
            language,
            avg_logprob,
            is_cut=len(tokens) >= cap,
            no_speech=result.no_speech_prob,
        )

    def _detect(self, encoded: Any) -> str:
        """Returns the likeliest language among those to choose from."""
        if not self._model.model.is_multilingual:
            return "en"
        [ranked] = self._model.model.detect_language(encoded)
        codes: Iterator[str] = (token[2:-2] for token, _ in ranked)  # "<|en|>", likeliest first
        return next(code for code in codes if code in self._candidates)

    def _tokenizer(self, language: str) -> Any:
        from faster_whisper.tokenizer import Tokenizer

        if language not in self._tokenizers:
            self._tokenizers[language] = Tokenizer(
                self._model.hf_tokenizer,
                self._model.model.is_multilingual,
                task="transcribe",
                language=language,
            )
        return self._tokenizers[language]


def _joined(tries: Sequence[_Decoded]) -> _Decoded:
    """Returns what was decoded between pauses as one; what had no voice in it says nothing."""
    voiced = [tried for tried in tries if tried.text.strip()] or tries[:1]
    lengths = [len(tried.text) or 1 for tried in voiced]
    weighted = sum(t.avg_logprob * length for t, length in zip(voiced, lengths, strict=True))
    return _Decoded(
        " ".join(tried.text.strip() for tried in voiced),
        voiced[0].language,
        weighted / sum(lengths),
        is_cut=any(tried.is_cut for tried in voiced),
        no_speech=min(tried.no_speech for tried in voiced),
    )
