"""Recordings of one turn each, at 16 kHz, with what is said in them and where it ends."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from voice_avatar.audio.pcm import BYTES_PER_SAMPLE, resample, sample_count, to_float, to_pcm
from voice_avatar.bench.figures.clip import LEAST_PAUSE_S, Clip
from voice_avatar.client.audio import read_wav
from voice_avatar.errors import ConfigError
from voice_avatar.events.payloads import MIC_HZ

ENDS_BELOW_DB: Final = 25.0
"""Where nobody annotated it, speech ends after the last 10 ms within 25 dB of the loudest ones. On
the 43 clean recordings of the speech folder half of the ends found so lie within 10 ms of the
annotated ones, three in four within 100 ms; 20 and 30 dB are worse, 35 dB is 60 ms off."""

_STEP: Final = MIC_HZ // 100
_SMOOTH: Final = MIC_HZ * 60 // 1000
_ROOM: Final = MIC_HZ * 120 // 1000


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
            found = [
                _of_manifest(folder, item)
                for item in _json(folder / "manifest.json")["items"]
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


def _of_list(folder: Path, item: dict[str, Any]) -> Clip:
    pcm, rate_hz = read_wav(folder / item["file"])
    pcm = resample(pcm, rate_hz, MIC_HZ)
    end = min(sample_count(pcm), round((item["speech_end_sample"] + 1) * MIC_HZ / rate_hz))
    return Clip(item["id"], pcm, end, item.get("text", ""), pauses_s=speech_pauses_s(pcm, end))


def _of_manifest(folder: Path, item: dict[str, Any]) -> Clip:
    pcm, rate_hz = read_wav(folder / item["file"])
    pcm = resample(pcm, rate_hz, MIC_HZ)
    lengths_s = (round(end_s - start_s, 3) for start_s, end_s in item["pauses"])
    return Clip(
        Path(item["file"]).stem,
        pcm,
        min(sample_count(pcm), round(item["speech_end_s"] * MIC_HZ)),
        "" if item["wer_use"] == "none" else item["transcript"],
        item["language"],
        tuple(length_s for length_s in lengths_s if length_s >= LEAST_PAUSE_S),
    )


def _of_wav(path: Path) -> Clip:
    pcm, rate_hz = read_wav(path)
    pcm = resample(pcm, rate_hz, MIC_HZ)
    end = speech_end(pcm)
    return Clip(path.stem, pcm, end, pauses_s=speech_pauses_s(pcm, end), ends_by="energy")


# -- what nobody annotated


def speech_end(pcm: bytes) -> int:
    """Returns where speech ends by its energy alone: one past its last sample."""
    loud = _loud(pcm)
    return int(loud[-1] + 1) * _STEP if loud.size else sample_count(pcm)


def speech_start(pcm: bytes) -> int:
    """Returns the first sample of speech by its energy alone, as `speech_end`."""
    loud = _loud(pcm)
    return int(loud[0]) * _STEP if loud.size else 0


def speech_pauses_s(pcm: bytes, end: int) -> tuple[float, ...]:
    """Returns the silences of `LEAST_PAUSE_S` and more within speech that ends at `end`, seconds.

    By energy alone, as `speech_end`.
    """
    loud = _loud(pcm[: end * BYTES_PER_SAMPLE])
    gaps_s = (np.diff(loud) - 1) * _STEP / MIC_HZ
    return tuple(round(float(gap_s), 3) for gap_s in gaps_s if gap_s >= LEAST_PAUSE_S)


def _loud(pcm: bytes) -> npt.NDArray[np.int64]:
    """Returns which stretches of 10 ms are speech."""
    samples = to_float(pcm)
    count = samples.size // _STEP
    if not count:
        return np.zeros(0, np.int64)
    power = np.square(samples[: count * _STEP]).reshape(count, _STEP).mean(axis=1)
    floor = np.percentile(power, 95) * 10 ** (-ENDS_BELOW_DB / 10)
    loud: npt.NDArray[np.int64] = np.nonzero(power > floor)[0]
    return loud


# -- pauses put in


def quietest_s(clip: Clip) -> float:
    """Returns the quietest place within the middle third of the speech, seconds.

    Most often that is between two words, where somebody who thinks would pause.
    """
    power = np.convolve(np.square(to_float(clip.pcm)), np.ones(_SMOOTH) / _SMOOTH, "same")
    first, last = clip.end // 3, max(clip.end // 3 + 1, 2 * clip.end // 3)
    return (first + int(np.argmin(power[first:last]))) / MIC_HZ


def with_pause(clip: Clip, at_s: float, pause_s: float) -> Clip:
    """Returns the clip with a pause put in, filled with the sound of its own room.

    Digital silence would tell a voice detector that nobody paused.

    Args:
        clip: a recording.
        at_s: where, seconds from its start, before the end of its speech.
        pause_s: how long, seconds.

    Raises:
        ValueError: the place is not within the turn.
    """
    at, length = round(at_s * MIC_HZ), round(pause_s * MIC_HZ)
    if not 0 < at < clip.end:
        raise ValueError(f"{at_s:g} s is not within the turn")
    samples = to_float(clip.pcm)
    pause = _room_tone(samples, length)
    return replace(
        clip,
        name=f"{clip.name}+{pause_s:g}s",
        pcm=to_pcm(np.concatenate([samples[:at], pause, samples[at:]])),
        end=clip.end + length,
        pauses_s=(*clip.pauses_s, pause_s),
        inserted_s=clip.inserted_s + pause_s,
    )


def _room_tone(samples: npt.NDArray[np.float32], length: int) -> npt.NDArray[np.float32]:
    """Returns the quietest 120 ms over and over, to and fro: the joints are continuous."""
    power = np.convolve(np.square(samples), np.ones(_ROOM), "valid")
    first = int(np.argmin(power)) if power.size else 0
    room = samples[first : first + _ROOM]
    tone: npt.NDArray[np.float32] = np.resize(np.concatenate([room, room[::-1]]), length)
    return tone
