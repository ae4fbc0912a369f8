"""Our Piper engine beside Piper's own `synthesize`: the same voice, the same sentences.

Piper gives a sentence when all of it is made; ours gives growing pieces. Two figures matter: how
long until the first sample can be played, and how much faster than speech the whole is made (how
many conversations one core can speak for). A passage of several sentences is measured too, where
Piper streams by sentence. Sentence lengths differ by chance between the two, so that speeds are per
second of audio. Piper runs as it comes, with threads for every core, and once more held to our
number of threads.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from voice_avatar.bench.figures.results import Figure, Run
from voice_avatar.bench.figures.statistics import summary
from voice_avatar.bench.material.sentences import read_sentences
from voice_avatar.bench.report.alone import chosen, dotted, repeating
from voice_avatar.bench.report.machine import results_of
from voice_avatar.bench.targets.subjects import engines_subject
from voice_avatar.engines.piper_tts import PiperOptions
from voice_avatar.engines.registry import load_engine
from voice_avatar.events.payloads import SpeechPiece
from voice_avatar.models.store import ModelStore
from voice_avatar.stages.engines import UNPLANNED_THREADS
from voice_avatar.stages.tts import TtsEngine, TtsOptions
from voice_avatar.text.chunking import Chunker, ChunkingOptions

OURS: Final = "ours"
PASSAGE_SENTENCES: Final = 3

Speaker = Callable[[str], Iterator[float]]
"""Text -> seconds of audio, piece by piece, as they are made."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A text, spoken once.

    Attributes:
        text: what.
        first_s: until the first piece was there, seconds.
        total_s: until all of it was.
        audio_s: length of the speech.
        pieces: how many there were.
        is_fluent: whether every piece was there when the ones before it had been played.
    """

    text: str
    first_s: float
    total_s: float
    audio_s: float
    pieces: int
    is_fluent: bool

    @property
    def speed(self) -> float:
        """Seconds of speech made per second."""
        return self.audio_s / self.total_s


def spoken(speaker: Speaker, text: str, clock: Callable[[], float] = time.perf_counter) -> Spoken:
    """Speaks a text and returns how it went."""
    begun_s = clock()
    first_s = total_s = audio_s = 0.0
    pieces = 0
    is_fluent = True
    for piece_s in speaker(text):
        total_s = clock() - begun_s
        if pieces == 0:
            first_s = total_s
        is_fluent = is_fluent and total_s <= first_s + audio_s
        audio_s += piece_s
        pieces += 1
    return Spoken(text, first_s, clock() - begun_s, audio_s, pieces, is_fluent)


def take_turns(speakers: Mapping[str, Speaker], texts: Sequence[str]) -> dict[str, list[Spoken]]:
    """Lets all speak every text, after one text each that does not count.

    They take turns text by text, so that a busy minute of the machine is shared by all.
    """
    for speaker in speakers.values():
        spoken(speaker, texts[0])
    runs: dict[str, list[Spoken]] = {name: [] for name in speakers}
    for number, text in enumerate(texts, 1):
        print(f"\rtts: text {number} of {len(texts)}", end="", file=sys.stderr, flush=True)
        for name, speaker in speakers.items():
            runs[name].append(spoken(speaker, text))
    print(file=sys.stderr)
    return runs


def passages(sentences: Sequence[str]) -> list[str]:
    """Returns the sentences, `PASSAGE_SENTENCES` at a time."""
    step = PASSAGE_SENTENCES
    return [" ".join(sentences[i : i + step]) for i in range(0, len(sentences), step)]


# ---------------------------------------------------------------------------------------------
# Speakers


def our_speaker(tts: TtsEngine) -> Speaker:
    """Returns our engine, given the chunks that the pipeline would give it."""

    def speak(text: str) -> Iterator[float]:
        chunker = Chunker(ChunkingOptions(), tts.capabilities.language)
        for done in (chunker.push(text), chunker.flush()):
            for chunk in done.chunks:
                for part in tts.synthesize(chunk):
                    if isinstance(part, SpeechPiece):
                        yield len(part.pcm) / 2 / tts.capabilities.rate_hz

    return speak


def plain_speaker(network: Path, threads: int) -> Speaker:
    """Returns Piper itself.

    Args:
        network: the voice's .onnx file, with its .json beside it.
        threads: of the network; 0 = as Piper comes.
    """
    import onnxruntime
    from piper import PiperVoice

    voice = PiperVoice.load(network)
    if threads:
        how = onnxruntime.SessionOptions()
        how.intra_op_num_threads = threads
        how.inter_op_num_threads = 1
        voice.session = onnxruntime.InferenceSession(
            str(network), how, providers=["CPUExecutionProvider"]
        )

    def speak(text: str) -> Iterator[float]:
        for chunk in voice.synthesize(text):
            # The bytes are made when they are asked for, and somebody has to.
            yield len(chunk.audio_int16_bytes) / 2 / chunk.sample_rate

    return speak


# ---------------------------------------------------------------------------------------------
# Figures


def figures(runs: Mapping[str, Sequence[Spoken]], group: str) -> list[Figure]:
    """Returns what came out for a group of texts ("sentence", "passage"), all speakers."""
    out: list[Figure] = []
    for name, texts in runs.items():
        prefix = f"{group}.{dotted(name)}"
        out += [
            Figure(
                name=f"{prefix}.first_audio",
                title=f"{group}: first audio, {name}",
                unit="ms",
                better="lower",
                summary=summary([1000.0 * t.first_s for t in texts]),
            ),
            Figure(
                name=f"{prefix}.speed",
                title=f"{group}: times faster than speech, {name}",
                unit="x",
                better="higher",
                summary=summary([t.speed for t in texts]),
            ),
            Figure(
                name=f"{prefix}.fluent",
                title=f"{group}: texts without a gap, {name}",
                unit="%",
                better="higher",
                value=100.0 * sum(t.is_fluent for t in texts) / len(texts),
                note="every piece was made before the ones before it had been played",
            ),
        ]
    ours = runs[OURS]
    for name, texts in runs.items():
        if name != OURS:
            sooner = [b.first_s / a.first_s for a, b in zip(ours, texts, strict=True)]
            out.append(
                Figure(
                    name=f"{group}.{dotted(name)}.first_audio_ratio",
                    title=f"{group}: first audio, {name} / ours",
                    unit="x",
                    better="higher",
                    summary=summary(sooner),
                    note="text by text",
                )
            )
    return out


def _items(runs: Mapping[str, Sequence[Spoken]], group: str) -> Iterator[dict[str, Any]]:
    for name, texts in runs.items():
        for text in texts:
            yield {"group": group, "speaker": name, **asdict(text)}


# ---------------------------------------------------------------------------------------------
# The command


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of this bench."""
    parser.add_argument("--voice", default=TtsOptions().voice, help="voice of Piper")
    parser.add_argument("--threads", type=int, default=UNPLANNED_THREADS, help="of our engine")
    parser.add_argument("--limit", type=int, default=0, help="only the first N sentences")


def run(args: argparse.Namespace) -> Run:
    """Runs the measurement.

    Raises:
        VoiceAvatarError: the voice is missing, or failed.
    """
    options = TtsOptions(voice=args.voice, threads=args.threads)
    store = ModelStore()
    tts: TtsEngine = load_engine("tts", options, store)
    files = store.resolve(options.voice).files
    network = next(path for path in files.values() if path.suffix == ".onnx")
    speakers = {
        OURS: our_speaker(tts),
        "piper": plain_speaker(network, 0),
        "piper, our threads": plain_speaker(network, args.threads),
    }
    sentences = read_sentences(args.limit)
    groups = {
        "sentence": take_turns(speakers, sentences),
        "passage": take_turns(speakers, passages(sentences)),
    }
    return results_of(
        "tts",
        [figure for group, runs in groups.items() for figure in figures(runs, group)],
        [entry for group, runs in groups.items() for entry in _items(runs, group)],
        subject=engines_subject({"tts": options.voice}, store),
        settings={"options": chosen(options, PiperOptions()), "sentences": len(sentences)},
        command=repeating("tts", voice=args.voice, threads=args.threads, limit=args.limit),
    )
