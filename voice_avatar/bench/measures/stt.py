"""Word error rate and speed of our recogniser beside faster-whisper's own `transcribe`.

    VOICE_AVATAR_SPEECH_DIR=DIR voice-avatar bench stt [--variants] [--denoise] ...

DIR holds 16 kHz mono WAV files and `manifest.json`: {"items": [{"file", "kind", "language",
"transcript", "wer_use", "speech_start_s", "speech_end_s"}, ...]}. Items with `wer_use` "none" count
for no error rate; those whose `kind` is "noise" or "babble" show what recognisers invent. Chinese
is scored by characters, other languages by words; both after `scorable`. `--variants` measures five
variants of each clean English clip instead (see `variants`): few recordings, many conditions.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import wave
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from voice_avatar.audio.pcm import to_float, to_pcm
from voice_avatar.bench.figures.results import Figure, Run
from voice_avatar.bench.figures.statistics import summary
from voice_avatar.bench.figures.words import scorable
from voice_avatar.bench.report.alone import chosen, dotted, repeating
from voice_avatar.bench.report.machine import results_of
from voice_avatar.bench.targets.subjects import engines_subject
from voice_avatar.engines import faster_whisper_stt, webrtc_denoise
from voice_avatar.engines.faster_whisper_stt import FasterWhisperOptions
from voice_avatar.engines.webrtc_denoise import WebrtcOptions
from voice_avatar.errors import AudioUnsupported, ConfigError
from voice_avatar.events.payloads import MIC_HZ
from voice_avatar.models.store import ModelStore
from voice_avatar.stages.denoise import DenoiseOptions
from voice_avatar.stages.engines import UNPLANNED_THREADS
from voice_avatar.stages.stt import SttOptions, trim_loops

OURS: Final = "ours"
NOISE_KINDS: Final = frozenset({"noise", "babble"})

FloatArray = npt.NDArray[np.float32]

Recogniser = Callable[[bytes, str], str]
"""(16 kHz PCM, language) -> text."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording: what was said in it, and what kind of recording it is."""

    file: str
    kind: str
    language: str
    transcript: str
    is_scored: bool
    speech_s: tuple[float, float]
    pcm: bytes

    @property
    def group(self) -> str:
        """What it is counted with: its kind, and its language unless that is English."""
        return self.kind if self.language in {"", "en"} else f"{self.kind} {self.language}"


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a recogniser made of a clip, and how long it took."""

    clip: Clip
    text: str
    seconds: float


def read_clips(folder: Path) -> list[Clip]:
    """Reads the recordings of a folder.

    Raises:
        AudioUnsupported: a file is not 16 kHz mono 16-bit.
    """
    items = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["items"]
    return [
        Clip(
            item["file"],
            item["kind"],
            item["language"],
            item["transcript"],
            item["wer_use"] != "none",
            (item["speech_start_s"] or 0.0, item["speech_end_s"] or item["duration_s"]),
            _read_pcm(folder / item["file"]),
        )
        for item in items
    ]


def _read_pcm(path: Path) -> bytes:
    with wave.open(str(path), "rb") as file:
        if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (MIC_HZ, 1, 2):
            raise AudioUnsupported(f"{path.name} is not 16 kHz mono 16-bit")
        return file.readframes(file.getnframes())


def variants(clips: Sequence[Clip]) -> list[Clip]:
    """Returns the scored clean English clips as a conversation would cut and spoil them.

    Cut close to the speech (0.3 s before to 0.1 s after it, as capture does on the first pause) and
    a little wider; cut and 16 dB quieter; and mixed with the noise clips at 15 and 8 dB.
    """
    noises = [to_float(c.pcm) for c in clips if c.kind in NOISE_KINDS]
    clean = [c for c in clips if c.is_scored and c.group == "speech"]
    rng = np.random.default_rng(7)
    made = []
    for i, clip in enumerate(clean):
        close, wide, middle = (
            _cut(clip, *around) for around in ((0.3, 0.1), (0.15, 0.3), (0.3, 0.2))
        )
        at_15 = _mixed(middle, noises[i % len(noises)], 15.0, rng)
        at_8 = _mixed(close, noises[(i + 1) % len(noises)], 8.0, rng)
        for kind, samples in (
            ("close", close),
            ("wide", wide),
            ("quiet", 0.15 * middle),
            ("noise 15 dB", at_15),
            ("noise 8 dB", at_8),
        ):
            made.append(replace(clip, file=f"{clip.file} {kind}", kind=kind, pcm=to_pcm(samples)))
    return made


def _cut(clip: Clip, before_s: float, after_s: float) -> FloatArray:
    start_s, end_s = clip.speech_s
    first = max(0, int((start_s - before_s) * MIC_HZ))
    return to_float(clip.pcm)[first : int((end_s + after_s) * MIC_HZ)]


def _mixed(speech: FloatArray, noise: FloatArray, snr_db: float, rng: Generator) -> FloatArray:
    # The level is that of the whole noise clip: a dog does not bark all the time.
    level = np.sqrt(np.mean(speech**2) / np.mean(noise**2) / 10.0 ** (snr_db / 10.0))
    start = int(rng.integers(0, max(1, noise.size - speech.size)))
    mixed: FloatArray = speech + np.float32(level) * np.resize(noise[start:], speech.size)
    return mixed


# ---------------------------------------------------------------------------------------------
# Scoring


def error_rate(heard: Sequence[Decoded]) -> float:
    """Returns the error rate over clips of one language, percent."""
    import jiwer

    language = heard[0].clip.language
    references = [scorable(h.clip.transcript, language) for h in heard]
    hypotheses = [scorable(h.text, language) for h in heard]
    rate = jiwer.cer if language == "zh" else jiwer.wer
    return round(100.0 * float(rate(references, hypotheses)), 2)


def by_group(heard: Iterable[Decoded]) -> dict[str, list[Decoded]]:
    """Returns the scored clips by group, and all English ones under "all en"."""
    groups: dict[str, list[Decoded]] = {"all en": []}
    for h in heard:
        if h.clip.is_scored:
            groups.setdefault(h.clip.group, []).append(h)
            if h.clip.language == "en":
                groups["all en"].append(h)
    return groups


def figures(runs: Mapping[str, Sequence[Decoded]]) -> list[Figure]:
    """Returns what came out, all recognisers; `OURS` is the one that others are compared with."""
    out: list[Figure] = []
    ours = [h for h in runs[OURS] if h.clip.is_scored]
    for name, heard in runs.items():
        scored = [h for h in heard if h.clip.is_scored]
        out += [
            Figure(
                name=f"{dotted(name)}.error.{dotted(group)}",
                title=f"error rate, {group}: {name}",
                unit="%",
                better="lower",
                value=error_rate(of_group),
                note=f"{len(of_group)} clips; words, or characters where the language is Chinese",
            )
            for group, of_group in by_group(heard).items()
            if of_group
        ]
        out += _counts(name, heard)
        if scored:
            out.append(
                Figure(
                    name=f"{dotted(name)}.time",
                    title=f"time per clip: {name}",
                    unit="ms",
                    better="lower",
                    summary=summary([1000.0 * h.seconds for h in scored]),
                )
            )
        if scored and name != OURS:
            ratio = sum(h.seconds for h in scored) / sum(h.seconds for h in ours)
            out.append(
                Figure(
                    name=f"{dotted(name)}.time_ratio",
                    title=f"times slower than ours: {name}",
                    unit="x",
                    better="higher",
                    value=ratio,
                    note="all scored clips together",
                )
            )
    return out


def _counts(name: str, heard: Sequence[Decoded]) -> Iterator[Figure]:
    """Yields how often a recogniser did what it should never do."""
    for kind, title, count, note in (
        (
            "invented",
            "noise clips with words",
            sum(h.clip.kind in NOISE_KINDS and bool(h.text) for h in heard),
            f"of {sum(h.clip.kind in NOISE_KINDS for h in heard)}",
        ),
        ("loops", "texts that go in circles", sum(trim_loops(h.text) != h.text for h in heard), ""),
        (
            "empty",
            "speech without a text",
            sum(not h.text for h in heard if h.clip.is_scored),
            f"of {sum(h.clip.is_scored for h in heard)}",
        ),
    ):
        yield Figure(
            name=f"{dotted(name)}.{kind}",
            title=f"{title}: {name}",
            unit="1",
            better="lower",
            value=float(count),
            note=note,
        )


def _items(runs: Mapping[str, Sequence[Decoded]]) -> Iterator[dict[str, Any]]:
    for name, heard in runs.items():
        for h in heard:
            yield {
                "recogniser": name,
                "clip": h.clip.file,
                "group": h.clip.group,
                "language": h.clip.language,
                "is_scored": h.clip.is_scored,
                "audio_s": round(len(h.clip.pcm) / 2 / MIC_HZ, 3),
                "seconds": round(h.seconds, 4),
                "transcript": h.clip.transcript,
                "text": h.text,
            }


# ---------------------------------------------------------------------------------------------
# Recognisers


def load_recognisers(
    options: SttOptions, own: FasterWhisperOptions, store: ModelStore
) -> dict[str, Recogniser]:
    """Returns ours, and faster-whisper's `transcribe` as it comes and with a beam of one."""
    from faster_whisper import WhisperModel

    ours = faster_whisper_stt.load(options, store, own)
    theirs = WhisperModel(
        str(store.resolve(options.model).folder),
        device=own.device,
        compute_type=own.compute_type,
        cpu_threads=options.threads,
    )

    def transcribe(beam_size: int) -> Recogniser:
        def recognise(pcm: bytes, language: str) -> str:
            segments, _ = theirs.transcribe(
                to_float(pcm), language=language or "en", beam_size=beam_size
            )
            return "".join(segment.text for segment in segments).strip()

        return recognise

    return {
        OURS: lambda pcm, language: ours.transcribe(pcm, language or "en").text,
        "transcribe, beam 5": transcribe(5),
        "transcribe, greedy": transcribe(1),
    }


def denoised(clips: Iterable[Clip], own: WebrtcOptions, store: ModelStore) -> list[Clip]:
    """Returns the clips after the denoiser, its delay made up for with silence."""
    denoiser = webrtc_denoise.load(DenoiseOptions(engine="webrtc"), store, own)
    tail = bytes(2 * denoiser.capabilities.delay_samples)
    return [replace(c, pcm=denoiser.open().process(c.pcm + tail)) for c in clips]


def listen(
    recognisers: Mapping[str, Recogniser], clips: Sequence[Clip]
) -> dict[str, list[Decoded]]:
    """Runs all recognisers over all clips, after one run of each that does not count.

    They take turns clip by clip, so that a busy minute of the machine is shared by all.
    """
    for recognise in recognisers.values():
        recognise(clips[0].pcm, clips[0].language)
    heard: dict[str, list[Decoded]] = {name: [] for name in recognisers}
    for number, clip in enumerate(clips, 1):
        print(f"\rstt: clip {number} of {len(clips)}", end="", file=sys.stderr, flush=True)
        for name, recognise in recognisers.items():
            start_s = time.perf_counter()
            text = recognise(clip.pcm, clip.language)
            heard[name].append(Decoded(clip, text, time.perf_counter() - start_s))
    print(file=sys.stderr)
    return heard


def measure(
    clips: Sequence[Clip],
    options: SttOptions,
    own: FasterWhisperOptions,
    store: ModelStore,
    *,
    with_denoise: bool,
) -> dict[str, list[Decoded]]:
    """Returns what every recogniser made of the clips, `OURS` first."""
    recognisers = load_recognisers(options, own, store)
    runs = listen(recognisers, clips)
    if with_denoise:
        for name, denoise in {
            "suppress noise, high pass, gain": WebrtcOptions(),
            "gain": WebrtcOptions(suppress_noise=False, high_pass=False),
        }.items():
            cleaned = denoised(clips, denoise, store)
            runs |= listen({f"{OURS}, {name}": recognisers[OURS]}, cleaned)
    return runs


# ---------------------------------------------------------------------------------------------
# The command


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of this bench."""
    parser.add_argument(
        "--speech",
        metavar="DIR",
        default=os.environ.get("VOICE_AVATAR_SPEECH_DIR", ""),
        help="recordings with their manifest (default: VOICE_AVATAR_SPEECH_DIR)",
    )
    parser.add_argument("--model", default=SttOptions().model)
    parser.add_argument("--threads", type=int, default=UNPLANNED_THREADS)
    parser.add_argument("--min-window", type=int, default=FasterWhisperOptions().min_window_frames)
    parser.add_argument(
        "--retry-window", type=int, default=FasterWhisperOptions().retry_window_frames
    )
    parser.add_argument("--variants", action="store_true", help="measure spoilt variants instead")
    parser.add_argument("--denoise", action="store_true", help="compare with the denoiser too")
    parser.add_argument("--limit", type=int, default=0, help="only the first N clips")


def run(args: argparse.Namespace) -> Run:
    """Runs the measurement.

    Raises:
        ConfigError: there are no recordings.
        VoiceAvatarError: a model is missing, or a recogniser failed.
    """
    folder = Path(args.speech)
    if not args.speech or not (folder / "manifest.json").is_file():
        raise ConfigError("No recordings: set VOICE_AVATAR_SPEECH_DIR or give --speech.")
    options = SttOptions(model=args.model, threads=args.threads)
    own = FasterWhisperOptions(
        min_window_frames=args.min_window, retry_window_frames=args.retry_window
    )
    clips = read_clips(folder)
    clips = (variants(clips) if args.variants else clips)[: args.limit or None]
    store = ModelStore()
    runs = measure(clips, options, own, store, with_denoise=args.denoise)
    return results_of(
        "stt",
        figures(runs),
        list(_items(runs)),
        subject=engines_subject({"stt": options.model}, store),
        settings={"options": chosen(options, own), "clips": len(clips), "variants": args.variants},
        command=repeating(
            "stt",
            model=args.model,
            threads=args.threads,
            min_window=args.min_window,
            retry_window=args.retry_window,
            variants=args.variants,
            denoise=args.denoise,
            limit=args.limit,
        ),
    )
