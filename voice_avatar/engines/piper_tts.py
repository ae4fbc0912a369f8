"""Piper: speech with the samples of every phoneme, streamed inside the sentence.

The voice's network is cut in three (`piper_graph.py`). The front runs once per sentence and gives
every duration, so the plan is exact and known before the first sample; flow and decoder then run in
growing pieces.

Loudness: Piper's own front end scales each sentence to full scale by its highest sample. That
sample is not known while streaming, and it makes short sentences as loud as long ones. Here the
gain is fixed, and a limiter rounds off what would go beyond the ceiling.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from voice_avatar.acting.mouth.heard_boundaries import heard_boundaries
from voice_avatar.acting.mouth.viseme_tables import symbol_table
from voice_avatar.audio.pcm import to_pcm
from voice_avatar.engines.piper_graph import FRONT_NOISE, CutVoice, cut
from voice_avatar.engines.piper_spelling import (
    END,
    PAD,
    START,
    encode,
    has_han,
    speller,
    with_accent,
)
from voice_avatar.errors import EngineUnavailable, TtsFailed
from voice_avatar.events.payloads import PhonemeSpan, SpeakableChunk, SpeechPiece, SpeechPlan
from voice_avatar.stages.engines import UNPLANNED_THREADS
from voice_avatar.stages.tts import (
    BREAKS,
    NO_WORD,
    TtsCapabilities,
    TtsOptions,
    align_words,
    word_spans,
)

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from piper.config import PiperConfig

    from voice_avatar.models.store import ModelStore

Floats = npt.NDArray[np.float32]

CEILING: Final = 10.0 ** (-1.0 / 20.0)
"""Highest sample: -1 dBFS, room for what resampling and lossy codecs add."""
KNEE: Final = 10.0 ** (-4.0 / 20.0)
"""Below -4 dBFS samples are left exactly as they are."""


@dataclass(frozen=True, slots=True)
class PiperOptions:
    """How a Piper voice spells, varies and streams.

    Attributes:
        espeak_voice: espeak-ng voice that spells every chunk; "" = the voice's own.
        han_espeak_voice: espeak-ng voice that spells chunks in Chinese script when the voice
            itself is not Chinese (understandable, with an accent); "" = the voice's own.
        noise_scale: variation of the sound, times the voice's own; 0 = none.
        noise_w_scale: variation of the durations, times the voice's own; 0 = none.
        first_frames: frames of about 11.6 ms in the first piece of a chunk (16 = 0.19 s; of 24,
            16, 12 and 8 frames the first audio comes after 45, 37, 34 and 32 ms).
        lead_frames: frames left out at the start of a reply, where the voice makes more than as
            many before the first sound (3 = 35 ms: with 4 to 8 the first 3 were silent in all of
            10 openings, with 2 or 3 none was).
        piece_growth: how much longer each piece is than the one before (3: making a piece takes
            a tenth of its length, so even on a busy machine the next is there in time).
        max_frames: frames of the longest piece (192 = 2.2 s: what an interruption may waste).
        heard_boundaries: whether sounds begin where they are heard, instead of where the durations
            of the voice put them (mouth and words; measured on an American voice, by classes of
            sounds).
    """

    espeak_voice: str = ""
    han_espeak_voice: str = "cmn"
    noise_scale: float = 1.0
    noise_w_scale: float = 1.0
    first_frames: int = 16
    lead_frames: int = 3
    piece_growth: float = 3.0
    max_frames: int = 192
    heard_boundaries: bool = True


_DEFAULTS: Final = PiperOptions()


def load(options: TtsOptions, store: ModelStore, own: PiperOptions = _DEFAULTS) -> PiperTts:
    """Loads a voice.

    Raises:
        ModelError: the voice is not there.
        EngineUnavailable: a library is missing, or the files are not a Piper voice.
    """
    files = store.resolve(options.voice).files
    network = next((path for path in files.values() if path.suffix == ".onnx"), None)
    if network is None:
        raise EngineUnavailable(f"{options.voice}: there is no .onnx file.")
    try:
        import onnx
        import onnxruntime
        from google.protobuf.message import DecodeError
        from piper.config import PiperConfig
    except ImportError as error:
        raise EngineUnavailable(f"{error.name} is not installed.") from error
    try:
        raw = json.loads(Path(f"{network}.json").read_text(encoding="utf-8"))
        config = PiperConfig.from_dict(raw)
        voice = cut(onnx.load(str(network)))
    except (OSError, ValueError, KeyError, TypeError, DecodeError) as error:
        raise EngineUnavailable(f"{network.name} is not a Piper voice.") from error

    how = onnxruntime.SessionOptions()
    how.intra_op_num_threads = options.threads or UNPLANNED_THREADS
    how.inter_op_num_threads = 1
    how.log_severity_level = 3  # errors only
    # A thread that spins takes a core from recognition and generation.
    how.add_session_config_entry("session.intra_op.allow_spinning", "0")
    with _failures():
        front, flow, decoder = (
            onnxruntime.InferenceSession(part, how, providers=["CPUExecutionProvider"])
            for part in (voice.front, voice.flow, voice.decoder)
        )
        networks = _Networks(voice, _Network(front), _Network(flow), _Network(decoder))
        return PiperTts(network.stem, config, networks, options, own)


class _Network:
    """A part of a voice, ready to run; from several threads at once, if need be."""

    def __init__(self, session: InferenceSession) -> None:
        self._session = session
        self._inputs = {given.name for given in session.get_inputs()}

    def run(self, outputs: Sequence[str], feed: Mapping[str, Any]) -> list[Floats]:
        """Returns these outputs. Of `feed` it takes what it has an input for."""
        taken = {name: value for name, value in feed.items() if name in self._inputs}
        results: list[Floats] = self._session.run(list(outputs), taken)
        return results


@dataclass(frozen=True, slots=True)
class _Networks:
    """A cut voice."""

    cut: CutVoice
    front: _Network
    flow: _Network
    decoder: _Network


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence after the front.

    Attributes:
        spans: (symbol index, frames) in order; -1 and the number of symbols are its marks.
        latents: [1, channels, frames].
        shared: what flow and decoder also take.
        lead: frames of its start mark and the pad after it.
        skip: frames at its start that are left out of the audio.
    """

    spans: tuple[tuple[int, int], ...]
    latents: Floats
    shared: dict[str, Floats]
    lead: int
    skip: int = 0


class PiperTts:
    """A loaded voice. Many sessions may speak with it at once."""

    def __init__(
        self,
        name: str,
        config: PiperConfig,
        networks: _Networks,
        options: TtsOptions,
        own: PiperOptions,
    ) -> None:
        self._config = config
        self._networks = networks
        self._options = options
        self._own = own
        self._speaker = _speaker(config, options.speaker)
        espeak_voice = own.espeak_voice or config.espeak_voice
        self._spell = speller(config, espeak_voice)
        self._spell_han = self._spell
        is_chinese = _language(espeak_voice) == "zh"
        if own.han_espeak_voice and config.phoneme_type.value == "espeak" and not is_chinese:
            self._spell_han = with_accent(speller(config, own.han_espeak_voice))
        self.capabilities = TtsCapabilities(
            name="piper",
            voice=name,
            language=_language(espeak_voice),
            espeak_voice=espeak_voice,
            phoneme_type=str(config.phoneme_type.value),
            rate_hz=config.sample_rate,
            has_durations=True,
        )

    def synthesize(self, chunk: SpeakableChunk) -> Generator[SpeechPlan | SpeechPiece, None, None]:
        """Speaks a chunk; see `TtsEngine`."""
        with _failures():
            spell = self._spell_han if has_han(chunk.spoken) else self._spell
            sounds = self._config.phoneme_id_map.keys() - BREAKS
            spelled = [s for s in spell(chunk.spoken) if not sounds.isdisjoint(s)]
            noise = np.random.default_rng([self._options.seed, zlib.crc32(chunk.spoken.encode())])
            sentences = [self._prepare(symbols, noise) for symbols in spelled]
            if chunk.index == 0 and sentences:
                sentences[0] = self._without_lead(sentences[0])
            words = [spell(chunk.spoken[w.spoken_start : w.spoken_end]) for w in chunk.words]
            plan = self._plan(spelled, sentences, [list(chain(*word)) for word in words])
        yield plan
        at = 0
        for sentence in sentences:
            for pcm in self._pieces(sentence):
                yield SpeechPiece(at, pcm)
                at += len(pcm) // 2

    def _prepare(self, symbols: list[str], noise: np.random.Generator) -> _Sentence:
        """Runs the front of a sentence."""
        cut, own = self._networks.cut, self._own
        ids, owners = encode(symbols, self._config.phoneme_id_map, self.capabilities.phoneme_type)
        scales = [
            0.0,  # of the latents: applied below
            self._config.length_scale * self._options.length_scale,
            self._config.noise_w_scale * own.noise_w_scale,
        ]
        feed: dict[str, Any] = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array(scales, np.float32),
        }
        feed[FRONT_NOISE] = noise.standard_normal((1, 2, len(ids)), np.float32)
        feed["sid"] = np.array([self._speaker], np.int64)
        names = [cut.durations, cut.mean, cut.deviation, *cut.shared]
        durations, mean, deviation, *shared = self._networks.front.run(names, feed)
        scale = np.float32(self._config.noise_scale * own.noise_scale)
        latents = mean + noise.standard_normal(mean.shape, np.float32) * deviation * scale
        frames = durations.ravel().astype(int).tolist()
        return _Sentence(
            _runs(owners, frames),
            latents,
            dict(zip(cut.shared, shared, strict=True)),
            _lead(self._config.phoneme_id_map, ids, frames),
        )

    def _without_lead(self, sentence: _Sentence) -> _Sentence:
        """Leaves out the silence before a reply; a sound may begin within the rest of the mark."""
        skip = self._own.lead_frames
        if sentence.lead <= skip:
            return sentence
        spans, left = [], skip
        for index, frames in sentence.spans:
            gone = min(left, frames)
            left -= gone
            if frames > gone:
                spans.append((index, frames - gone))
        return replace(sentence, spans=tuple(spans), skip=skip)

    def _plan(
        self,
        spelled: Sequence[list[str]],
        sentences: Sequence[_Sentence],
        words: Sequence[list[str]],
    ) -> SpeechPlan:
        """Puts the sentences one after the other and finds the words in them."""
        row = [symbol for symbols in spelled for symbol in (*symbols, " ")]
        word_of = align_words(row, words)
        spans: list[PhonemeSpan] = []
        at = first = 0
        for symbols, sentence in zip(spelled, sentences, strict=True):
            marked = [*symbols, END, START]  # the start has index -1
            for index, frames in sentence.spans:
                end = at + frames * self._networks.cut.hop_samples
                is_sound = 0 <= index < len(symbols)
                word = word_of[first + index] if is_sound else NO_WORD
                spans.append(PhonemeSpan(marked[index], at, end, word))
                at = end
            first += len(symbols) + 1
        if self._own.heard_boundaries and self.capabilities.phoneme_type == "espeak":
            table = symbol_table(self.capabilities.espeak_voice)
            spans = list(heard_boundaries(spans, table, self.capabilities.rate_hz))
        return SpeechPlan(at, tuple(spans), word_spans(spans, len(words)))

    def _pieces(self, sentence: _Sentence) -> Iterator[bytes]:
        """Runs flow and decoder, piece by piece, each with the context that it needs."""
        cut = self._networks.cut
        count = sentence.latents.shape[2]
        flowed = np.empty_like(sentence.latents)
        done, start = 0, sentence.skip
        lengths = piece_ends(count - sentence.skip, self._own)
        for end in (sentence.skip + length for length in lengths):
            with _failures():
                needed = min(count, end + cut.decoder_reach)
                if done < needed:
                    first = max(0, done - cut.flow_reach)
                    last = min(count, needed + cut.flow_reach)
                    part = self._flow(sentence, first, last)
                    flowed[:, :, done:needed] = part[:, :, done - first : needed - first]
                    done = needed
                first = max(0, start - cut.decoder_reach)
                audio = self._decode(sentence, flowed[:, :, first:needed])
                hop = cut.hop_samples
                heard = audio[(start - first) * hop : (end - first) * hop]
            yield to_pcm(limited(heard * np.float32(self._options.gain)))
            start = end

    def _flow(self, sentence: _Sentence, first: int, last: int) -> Floats:
        cut = self._networks.cut
        latents = sentence.latents[:, :, first:last]
        feed = {cut.latents: latents, **self._masks(last - first), **sentence.shared}
        return self._networks.flow.run([cut.flow_out], feed)[0]

    def _decode(self, sentence: _Sentence, flowed: Floats) -> Floats:
        cut = self._networks.cut
        feed = {cut.flow_out: flowed, **self._masks(flowed.shape[2]), **sentence.shared}
        return self._networks.decoder.run([cut.audio], feed)[0].ravel()

    def _masks(self, frames: int) -> dict[str, Floats]:
        """Returns masks of ones: a sentence is run alone, so none of its frames is padding."""
        return {name: np.ones((1, 1, frames), np.float32) for name in self._networks.cut.masks}


def piece_ends(frames: int, own: PiperOptions) -> tuple[int, ...]:
    """Returns where the pieces of `frames` frames end: growing, the last one at `frames`.

    A rest shorter than the first piece joins the piece before it.
    """
    ends: list[int] = []
    end, length = 0, float(min(own.first_frames, own.max_frames))
    while end < frames:
        end += max(1, math.ceil(length))
        if frames - end < own.first_frames:
            end = frames
        ends.append(end)
        length = min(length * own.piece_growth, own.max_frames)
    return tuple(ends)


def limited(samples: Floats) -> Floats:
    """Rounds off what is beyond `KNEE`, so that nothing is beyond `CEILING`. No memory, no delay.

    The curve has slope 1 at the knee and nears the ceiling like a tanh.
    """
    level = np.abs(samples)
    room = CEILING - KNEE
    bent = KNEE + room * np.tanh((level - KNEE) / room)
    return np.where(level > KNEE, np.copysign(bent, samples), samples).astype(np.float32)


def _runs(owners: Sequence[int], frames: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Adds up the frames of the ids of each symbol."""
    totals: dict[int, int] = {}
    for owner, count in zip(owners, frames, strict=True):
        totals[owner] = totals.get(owner, 0) + count
    return tuple(totals.items())


def _lead(ids_of: Mapping[str, Sequence[int]], ids: Sequence[int], frames: Sequence[int]) -> int:
    """Returns the frames of the start mark and the pads after it."""
    marks = {*ids_of[START], *ids_of[PAD]}
    return sum(
        count
        for _, count in takewhile(lambda pair: pair[0] in marks, zip(ids, frames, strict=True))
    )


def _speaker(config: PiperConfig, wanted: str) -> int:
    """Returns the number of a speaker.

    Raises:
        EngineUnavailable: the voice has no such speaker.
    """
    if not wanted:
        return config.default_speaker_id
    number = int(wanted) if wanted.isdecimal() else config.speaker_id_map.get(wanted, -1)
    if 0 <= number < config.num_speakers:
        return number
    raise EngineUnavailable(f"The voice has no speaker {wanted!r}.")


def _language(espeak_voice: str) -> str:
    """Returns the ISO 639-1 code of an espeak-ng voice."""
    code = espeak_voice.partition("-")[0]
    return {"cmn": "zh", "yue": "zh"}.get(code, code)


@contextmanager
def _failures() -> Iterator[None]:
    """Maps what the libraries raise."""
    from onnxruntime.capi import onnxruntime_pybind11_state as native

    try:
        yield
    except (
        RuntimeError,
        ValueError,
        native.Fail,
        native.InvalidArgument,
        native.RuntimeException,
        native.EPFail,
    ) as error:
        raise TtsFailed("The voice could not speak this.") from error
