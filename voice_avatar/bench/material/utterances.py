"""What users say under load and over a reply: recordings at 16 kHz, their speech known."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from voice_avatar.audio.pcm import dbfs, resample, sample_count
from voice_avatar.bench.material.clips import speech_end, speech_start
from voice_avatar.client.audio import read_wav
from voice_avatar.errors import ConfigError
from voice_avatar.events.payloads import MIC_HZ

ONSET_DB: Final = 40.0
"""What is quieter than the loudest 10 ms by more than this is not heard as the start of speech."""

_STEP: Final = MIC_HZ // 100
_ONSET_STEPS: Final = 3
"""Steps of 10 ms in a row that make a start: a click is shorter."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """What a user says.

    Attributes:
        name: which recording.
        pcm: PCM16 mono at 16 kHz.
        end: one past the last sample of speech.
        start: first sample of speech: in the recordings of clips.json as `onset` finds it.
    """

    name: str
    pcm: bytes
    end: int
    start: int = 0


def noise_utterances(count: int = 4, *, seed: int = 7) -> tuple[Utterance, ...]:
    """Returns "speech" for a server that only hears loudness: noise of 1.2 to 2.4 s.

    Unlike a tone, it resembles nothing that a scripted voice says: who says of himself that his
    microphone hears his loudspeaker is still known from it.
    """
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        seconds = 1.2 + 1.2 * number / max(1, count - 1)
        time_s = np.arange(int(seconds * MIC_HZ)) / MIC_HZ
        loudness = 3000 * (1.0 + 0.5 * np.sin(2 * np.pi * 4.0 * time_s))
        noise = np.clip(loudness * rng.standard_normal(time_s.size), -32768, 32767)
        pcm = noise.astype("<i2").tobytes()
        made.append(Utterance(f"noise {seconds:.1f} s", pcm, len(pcm) // 2))
    return tuple(made)


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


def onset(pcm: bytes, start: int = 0) -> int:
    """Returns the first sample with which 30 ms of sound begin, `start` where there is none.

    Meant for times that count from the start of speech: room noise may pass for it, which makes
    them too long, and silence never does.

    Args:
        pcm: PCM16 mono at 16 kHz.
        start: where to begin to look, a sample.
    """
    size = 2 * _STEP
    levels = np.array([dbfs(pcm[at : at + size]) for at in range(0, len(pcm), size)] or [-100.0])
    is_loud = levels > levels.max() - ONSET_DB
    for step in range(start // _STEP, is_loud.size - _ONSET_STEPS + 1):
        if is_loud[step : step + _ONSET_STEPS].all():
            return max(start, step * _STEP)
    return start


def _items(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _of_clip(folder: Path, item: dict[str, Any]) -> Utterance:
    pcm, rate_hz = read_wav(folder / item["file"])
    end_s = (item["speech_end_sample"] + 1) / rate_hz
    found = _utterance(item["id"], pcm, rate_hz, end_s - item["speech_s"], end_s)
    # "speech_s" counts from the start of the recording, which may be silent for a while.
    return replace(found, start=onset(found.pcm, found.start))


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
