"""Word error rate and speed of our recogniser beside faster-whisper's own `transcribe`.

    VOICE_AVATAR_SPEECH_DIR=DIR python -m voice_avatar.bench.stt [--variants] [--denoise] ...

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
import re
import sys
import time
import unicodedata
import wave
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import jiwer
import numpy as np
import numpy.typing as npt
from num2words import num2words
from numpy.random import Generator

from voice_avatar.audio import to_float, to_pcm
from voice_avatar.denoise import DenoiseOptions
from voice_avatar.engines import faster_whisper_stt, webrtc_denoise
from voice_avatar.errors import AudioUnsupported
from voice_avatar.events import MIC_HZ
from voice_avatar.models import ModelStore
from voice_avatar.stt import SttOptions, trim_loops

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
class Heard:
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

_ABBREVIATIONS: Final = {"mr": "mister", "mrs": "missus", "dr": "doctor", "ok": "okay"}
_NUMBER: Final = re.compile(r"\d+")


def scorable(text: str, language: str) -> str:
    """Returns text with only what counts as right or wrong.

    Lower case, numbers and titles as words, no punctuation; Chinese without spaces.
    """
    text = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    if language == "zh":
        return "".join(c for c in text if c.isalnum())
    text = _NUMBER.sub(lambda match: f" {num2words(int(match[0]), lang=language)} ", text)
    kept = "".join(c if c.isalnum() or c == "'" else " " for c in text)
    return " ".join(_ABBREVIATIONS.get(word, word) for word in kept.split())


def error_rate(heard: Sequence[Heard]) -> float:
    """Returns the error rate over clips of one language, percent."""
    language = heard[0].clip.language
    references = [scorable(h.clip.transcript, language) for h in heard]
    hypotheses = [scorable(h.text, language) for h in heard]
    rate = jiwer.cer if language == "zh" else jiwer.wer
    return round(100.0 * float(rate(references, hypotheses)), 2)


def by_group(heard: Iterable[Heard]) -> dict[str, list[Heard]]:
    """Returns the scored clips by group, and all English ones under "all en"."""
    groups: dict[str, list[Heard]] = {"all en": []}
    for h in heard:
        if h.clip.is_scored:
            groups.setdefault(h.clip.group, []).append(h)
            if h.clip.language == "en":
                groups["all en"].append(h)
    return groups


def summary(heard: Sequence[Heard]) -> dict[str, Any]:
    """Returns the figures of one recogniser."""
    invented = {h.clip.file: h.text for h in heard if h.clip.kind in NOISE_KINDS and h.text}
    return {
        "error_percent": {name: error_rate(group) for name, group in by_group(heard).items()},
        "seconds": round(sum(h.seconds for h in heard if h.clip.is_scored), 2),
        "seconds_on_noise": round(sum(h.seconds for h in heard if not h.clip.is_scored), 2),
        "loops": sum(trim_loops(h.text) != h.text for h in heard),
        "invented": invented,
        "empty": sum(not h.text for h in heard if h.clip.is_scored),
    }


# ---------------------------------------------------------------------------------------------
# Recognisers


def load_recognisers(options: SttOptions, store: ModelStore) -> dict[str, Recogniser]:
    """Returns ours, and faster-whisper's `transcribe` as it comes and with a beam of one."""
    from faster_whisper import WhisperModel

    ours = faster_whisper_stt.load(options, store)
    theirs = WhisperModel(
        str(store.resolve(options.model).folder),
        device=options.device,
        compute_type=options.compute_type,
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


def denoised(clips: Iterable[Clip], options: DenoiseOptions, store: ModelStore) -> list[Clip]:
    """Returns the clips after the denoiser, its delay made up for with silence."""
    denoiser = webrtc_denoise.load(options, store)
    tail = bytes(2 * denoiser.capabilities.delay_samples)
    return [replace(c, pcm=denoiser.open().process(c.pcm + tail)) for c in clips]


def listen(recognisers: Mapping[str, Recogniser], clips: Sequence[Clip]) -> dict[str, list[Heard]]:
    """Runs all recognisers over all clips, after one run of each that does not count.

    They take turns clip by clip, so that a busy minute of the machine is shared by all.
    """
    for recognise in recognisers.values():
        recognise(clips[0].pcm, clips[0].language)
    heard: dict[str, list[Heard]] = {name: [] for name in recognisers}
    for clip in clips:
        for name, recognise in recognisers.items():
            start_s = time.perf_counter()
            text = recognise(clip.pcm, clip.language)
            heard[name].append(Heard(clip, text, time.perf_counter() - start_s))
    return heard


def measure(clips: Sequence[Clip], options: SttOptions, *, with_denoise: bool) -> dict[str, Any]:
    """Returns all figures."""
    store = ModelStore()
    recognisers = load_recognisers(options, store)
    runs = listen(recognisers, clips)
    if with_denoise:
        for name, denoise in {
            "suppress noise, high pass, gain": DenoiseOptions(engine="webrtc"),
            "gain": DenoiseOptions(engine="webrtc", suppress_noise=False, high_pass=False),
        }.items():
            cleaned = denoised(clips, denoise, store)
            runs |= listen({f"{OURS}, {name}": recognisers[OURS]}, cleaned)
    summaries = {name: summary(heard) for name, heard in runs.items()}
    ours_s = summaries[OURS]["seconds"]
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu_count": os.cpu_count(),
        "options": asdict(options),
        "clips": {name: len(group) for name, group in by_group(runs[OURS]).items()},
        "audio_s": round(sum(len(c.pcm) for c in clips if c.is_scored) / 2 / MIC_HZ, 1),
        "recognisers": summaries,
        "times_slower_than_ours": {
            name: round(figures["seconds"] / ours_s, 2) for name, figures in summaries.items()
        },
        "texts": {name: {h.clip.file: h.text for h in heard} for name, heard in runs.items()},
    }


def table(report: dict[str, Any]) -> str:
    """Returns the report's main figures as a text table."""
    groups = list(report["clips"])
    lines = [f"{'error rate, %':34}" + "".join(f"{g:>15}" for g in groups) + "   slower  invented"]
    for name, figures in report["recognisers"].items():
        rates = "".join(f"{figures['error_percent'][g]:15.2f}" for g in groups)
        slower = report["times_slower_than_ours"][name]
        lines.append(f"{name:34}{rates}{slower:8.2f}x{len(figures['invented']):10}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the measurement. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m voice_avatar.bench.stt", description=__doc__)
    parser.add_argument("--speech", default=os.environ.get("VOICE_AVATAR_SPEECH_DIR", ""))
    parser.add_argument("--model", default=SttOptions().model)
    parser.add_argument("--threads", type=int, default=SttOptions().threads)
    parser.add_argument("--min-window", type=int, default=SttOptions().min_window_frames)
    parser.add_argument("--retry-window", type=int, default=SttOptions().retry_window_frames)
    parser.add_argument("--variants", action="store_true", help="measure spoilt variants instead")
    parser.add_argument("--denoise", action="store_true", help="compare with the denoiser too")
    parser.add_argument("--out", type=Path, help="write the figures there, as JSON")
    given = parser.parse_args(arguments)
    if not given.speech or not (folder := Path(given.speech)).is_dir():
        print("no recordings: set VOICE_AVATAR_SPEECH_DIR or give --speech", file=sys.stderr)
        return 2
    options = SttOptions(
        model=given.model,
        threads=given.threads,
        min_window_frames=given.min_window,
        retry_window_frames=given.retry_window,
    )
    clips = read_clips(folder)
    if given.variants:
        clips = variants(clips)
    report = measure(clips, options, with_denoise=given.denoise)
    print(table(report))
    if given.out:
        text = json.dumps(report, ensure_ascii=False, indent=1)
        given.out.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
