"""Recordings of one turn each, at 16 kHz, with what is said in them and where it ends."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from voice_avatar.audio import BYTES_PER_SAMPLE, resample, sample_count, silence, to_float
from voice_avatar.client_audio import read_wav
from voice_avatar.errors import ConfigError
from voice_avatar.events import MIC_HZ

ENDS_BELOW_DB: Final = 35.0
"""Where nobody annotated it, speech ends after the last 10 ms within 35 dB of the loudest ones."""

LEAST_PAUSE_S: Final = 0.2
"""Shorter silences inside a turn are part of fluent speech."""

_STEP: Final = MIC_HZ // 100


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording.

    Attributes:
        name: which.
        pcm: PCM16 mono at 16 kHz.
        end: one past the last sample of speech.
        text: what is said, "" when unknown.
        language: ISO 639-1.
        pauses_s: silences inside the turn of `LEAST_PAUSE_S` and more, seconds.
        ends_by: "annotation", or "energy" when the end was found here.
    """

    name: str
    pcm: bytes
    end: int
    text: str = ""
    language: str = "en"
    pauses_s: tuple[float, ...] = ()
    ends_by: str = "annotation"


def read_clips(folder: Path, *, languages: tuple[str, ...] = ("en",)) -> tuple[Clip, ...]:
    """Reads the recordings of a folder.

    Args:
        folder: with clips.json (a list), manifest.json (a dict with "items"), or WAV files alone.
        languages: those wanted, where they are known.

    Raises:
        AudioUnsupported: a file is not 16-bit PCM.
        ConfigError: there is nothing, or a list cannot be read.
    """
    try:
        if (folder / "clips.json").is_file():
            found = [_of_list(folder, item) for item in _json(folder / "clips.json")]
        elif (folder / "manifest.json").is_file():
            items = _json(folder / "manifest.json")["items"]
            found = [
                _of_manifest(folder, item)
                for item in items
                if item["kind"].startswith("speech") and item["language"] in languages
            ]
        else:
            found = [_of_wav(path) for path in sorted(folder.glob("*.wav"))]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"The recordings of {folder.name!r} cannot be read: {error}.") from error
    if not found:
        raise ConfigError(f"There is no recording in {folder.name!r}.")
    return tuple(found)


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _read(path: Path) -> bytes:
    pcm, rate_hz = read_wav(path)
    return resample(pcm, rate_hz, MIC_HZ)


def _of_list(folder: Path, item: dict[str, Any]) -> Clip:
    pcm = _read(folder / item["file"])
    return Clip(item["id"], pcm, item["speech_end_sample"] + 1, item.get("text", ""))


def _of_manifest(folder: Path, item: dict[str, Any]) -> Clip:
    pcm = _read(folder / item["file"])
    lengths = (end - start for start, end in item["pauses"])
    return Clip(
        Path(item["file"]).stem,
        pcm,
        min(sample_count(pcm), round(item["speech_end_s"] * MIC_HZ)),
        item["transcript"],
        item["language"],
        tuple(length for length in lengths if length >= LEAST_PAUSE_S),
    )


def _of_wav(path: Path) -> Clip:
    pcm = _read(path)
    return Clip(path.stem, pcm, speech_end(pcm), ends_by="energy")


def speech_end(pcm: bytes) -> int:
    """Returns where speech ends by its energy alone: one past its last sample."""
    samples = to_float(pcm)
    count = samples.size // _STEP
    if not count:
        return int(samples.size)
    power = np.square(samples[: count * _STEP]).reshape(count, _STEP).mean(axis=1)
    loud = np.nonzero(power >= np.percentile(power, 95) * 10 ** (-ENDS_BELOW_DB / 10))[0]
    return int((loud[-1] + 1) * _STEP)


def with_pause(clip: Clip, pause_s: float) -> Clip:
    """Returns the clip with silence at its quietest place within the middle third of its speech."""
    samples = np.square(to_float(clip.pcm))
    smooth = np.convolve(samples, np.ones(480) / 480, "same")
    first, last = clip.end // 3, 2 * clip.end // 3
    at = first + int(np.argmin(smooth[first:last]))
    length = int(pause_s * MIC_HZ)
    cut = at * BYTES_PER_SAMPLE
    return replace(
        clip,
        name=f"{clip.name}+{pause_s:g}s",
        pcm=clip.pcm[:cut] + silence(length) + clip.pcm[cut:],
        end=clip.end + length,
        pauses_s=(*clip.pauses_s, pause_s),
    )
