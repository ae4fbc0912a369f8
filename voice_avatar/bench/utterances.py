"""What users say under load and over a reply: recordings at 16 kHz, their speech known."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voice_avatar.audio import resample, sample_count
from voice_avatar.bench.clips import speech_end, speech_start
from voice_avatar.client_audio import read_wav
from voice_avatar.errors import ConfigError
from voice_avatar.events import MIC_HZ


@dataclass(frozen=True, slots=True)
class Utterance:
    """What a user says.

    Attributes:
        name: which recording.
        pcm: PCM16 mono at 16 kHz.
        end: one past the last sample of speech.
        start: first sample of speech.
    """

    name: str
    pcm: bytes
    end: int
    start: int = 0


def read_utterances(folder: Path, limit: int = 0) -> tuple[Utterance, ...]:
    """Returns the clean English recordings of a folder.

    Args:
        folder: with clips.json (a list), manifest.json (a dict with "items"), or WAV files alone,
            whose speech is then found by its energy.
        limit: the first so many; 0 = all.

    Raises:
        AudioUnsupported: a file is not 16-bit PCM.
        ConfigError: there is nothing, or a list cannot be read.
    """
    try:
        if (folder / "clips.json").is_file():
            found = [_of_clip(folder, item) for item in _items(folder / "clips.json")]
        elif (folder / "manifest.json").is_file():
            items = _items(folder / "manifest.json")["items"]
            found = [
                _of_manifest(folder, item)
                for item in items
                if item["kind"] == "speech" and item["language"] == "en"
            ]
        else:
            found = [_of_wav(path) for path in sorted(folder.glob("*.wav"))]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"The recordings of {folder.name!r} cannot be read: {error}.") from error
    if not found:
        raise ConfigError(f"There is no recording in {folder.name!r}.")
    return tuple(found[: limit or None])


def _items(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _of_clip(folder: Path, item: dict[str, Any]) -> Utterance:
    pcm, rate_hz = read_wav(folder / item["file"])
    end_s = (item["speech_end_sample"] + 1) / rate_hz
    return _utterance(item["id"], pcm, rate_hz, end_s - item["speech_s"], end_s)


def _of_manifest(folder: Path, item: dict[str, Any]) -> Utterance:
    pcm, rate_hz = read_wav(folder / item["file"])
    name = Path(item["file"]).stem
    return _utterance(name, pcm, rate_hz, item["speech_start_s"], item["speech_end_s"])


def _of_wav(path: Path) -> Utterance:
    pcm, rate_hz = read_wav(path)
    pcm = resample(pcm, rate_hz, MIC_HZ)
    return Utterance(path.stem, pcm, speech_end(pcm), speech_start(pcm))


def _utterance(name: str, pcm: bytes, rate_hz: int, start_s: float, end_s: float) -> Utterance:
    pcm = resample(pcm, rate_hz, MIC_HZ)
    end = min(sample_count(pcm), round(end_s * MIC_HZ))
    return Utterance(name, pcm, end, max(0, round(start_s * MIC_HZ)))
