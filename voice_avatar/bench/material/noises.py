"""Sounds that are no reason to stop talking: coughs, "mhm", noise. Pure but for reading a folder.

The coughs and hums are made here, so that everybody has the same ones and no recording is needed;
recorded noise comes from a folder in the form of `bench stt` (manifest.json, kinds "noise" and
"babble"). Nothing here is meant to fool an ear: what counts is that level, length, spectrum and
rhythm are those that a voice detector has to get right.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from voice_avatar.audio.pcm import resample, to_float, to_pcm
from voice_avatar.client.audio import read_wav
from voice_avatar.events.payloads import MIC_HZ, SpeechPiece
from voice_avatar.stages.tts import TtsEngine
from voice_avatar.text.chunking import Chunker, ChunkingOptions

FloatArray = npt.NDArray[np.float32]

NOISE_KINDS: Final = frozenset({"noise", "babble"})
"""Kinds of recordings in a manifest that hold nothing said to the avatar."""

PEAK: Final = 0.35
"""Loudest sample of a made sound: -9 dB of full scale, as loud as close speech."""

BACKCHANNELS: Final = {
    "mhm": "Hmm-hmm.",
    "uh-huh": "Uh-huh.",
    "yeah": "Yeah.",
    "okay": "Okay.",
    "right": "Right.",
    "oh": "Oh.",
    "hmm": "Hmm.",
    "i see": "I see.",
}
"""What shows that somebody listens, and claims no turn: name -> how a voice is made to say it.
espeak-ng spells "Mhm" out ("em aitch em"); "Hmm-hmm" is the nearest sound that it makes of text."""

MAX_NOISE_S: Final = 4.0
"""What is used of a recorded noise: longer than anything an interruption would wait for."""


@dataclass(frozen=True, slots=True)
class Disturbance:
    """A sound during which the avatar should go on talking.

    Attributes:
        name: which one.
        kind: what it is counted with: "cough", "mhm", "noise", "babble", "echo", "silence".
        pcm: PCM16 mono at 16 kHz; empty for what is not recorded but fed back.
    """

    name: str
    kind: str
    pcm: bytes

    @property
    def duration_s(self) -> float:
        """Its length, seconds."""
        return len(self.pcm) / 2 / MIC_HZ


def made_disturbances(seed: int = 7) -> list[Disturbance]:
    """Returns two coughs and two hums of different people, the same for the same seed."""
    rng = np.random.default_rng(seed)
    return [
        Disturbance("cough", "cough", to_pcm(cough(rng, bursts=1))),
        Disturbance("coughs", "cough", to_pcm(cough(rng, bursts=3))),
        Disturbance("mhm low", "mhm", to_pcm(mhm(rng, pitch_hz=110.0))),
        Disturbance("mhm high", "mhm", to_pcm(mhm(rng, pitch_hz=210.0))),
    ]


def recorded_disturbances(folder: Path) -> list[Disturbance]:
    """Returns the noises of a folder, the first seconds of each.

    Raises:
        AudioUnsupported: a file is not 16-bit PCM.
        OSError: the folder cannot be read.
    """
    items = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["items"]
    found = []
    for item in items:
        if item["kind"] not in NOISE_KINDS:
            continue
        pcm, rate_hz = read_wav(folder / item["file"])
        pcm = resample(pcm, rate_hz, MIC_HZ)[: 2 * int(MAX_NOISE_S * MIC_HZ)]
        found.append(Disturbance(Path(item["file"]).stem, item["kind"], pcm))
    return found


def spoken_disturbances(tts: TtsEngine) -> list[Disturbance]:
    """Returns what listeners say to show that they listen, spoken by a real voice. Blocks.

    Raises:
        TtsFailed: the voice failed.
    """
    return [
        Disturbance(
            name,
            "mhm",
            to_pcm(_at_peak(to_float(_spoken(tts, said)).astype(np.float64))),
        )
        for name, said in BACKCHANNELS.items()
    ]


def _spoken(tts: TtsEngine, text: str) -> bytes:
    chunker = Chunker(ChunkingOptions(), "en")
    chunks = (*chunker.push(text).chunks, *chunker.flush().chunks)
    pieces = (piece for chunk in chunks for piece in tts.synthesize(chunk))
    pcm = b"".join(piece.pcm for piece in pieces if isinstance(piece, SpeechPiece))
    return resample(pcm, tts.capabilities.rate_hz, MIC_HZ)


def cough(rng: np.random.Generator, *, bursts: int) -> FloatArray:
    """Returns a cough: for each burst an explosion of air and the voice that ends it.

    The three phases (burst of 30 to 50 ms, noise that dies away over 200 ms, short voiced end) and
    their lengths are those described for voluntary coughs: Korpas, Sadlonova, Vrabec, "Analysis of
    the cough sound: an overview", Pulmonary Pharmacology 9 (1996).
    """
    parts = []
    for number in range(bursts):
        samples = int(0.32 * MIC_HZ)
        time_s = np.arange(samples) / MIC_HZ
        air = _band(rng.standard_normal(samples), 300.0, 5000.0)
        loudness = np.where(time_s < 0.04, 1.0, 0.45 * np.exp(-(time_s - 0.04) / 0.07))
        voice = _voice(rng, np.full(samples, 180.0 - 20.0 * number), 400.0, 1800.0)
        is_voiced = 0.35 * np.exp(-(((time_s - 0.2) / 0.05) ** 2))
        rise = np.minimum(1.0, time_s / 0.004)
        parts += [rise * (air * loudness + voice * is_voiced), np.zeros(int(0.18 * MIC_HZ))]
    return _at_peak(np.concatenate(parts))


def mhm(rng: np.random.Generator, *, pitch_hz: float) -> FloatArray:
    """Returns a listener's "mhm": two hums through the nose, an h between, the second one higher.

    Args:
        rng: for breath and unevenness.
        pitch_hz: of the voice.
    """
    samples = int(0.62 * MIC_HZ)
    time_s = np.arange(samples) / MIC_HZ
    pitch = pitch_hz * np.interp(time_s, [0.0, 0.2, 0.3, 0.45, 0.62], [1.0, 0.95, 1.1, 1.3, 1.15])
    hums = np.exp(-(((time_s - 0.13) / 0.1) ** 2)) + np.exp(-(((time_s - 0.45) / 0.12) ** 2))
    breath = 0.08 * np.exp(-(((time_s - 0.28) / 0.04) ** 2))
    # A closed mouth: a strong murmur near 250 Hz and little above 1 kHz.
    voice = _voice(rng, pitch, 90.0, 420.0) + 0.12 * _voice(rng, pitch, 900.0, 2200.0)
    return _at_peak(voice * hums + _band(rng.standard_normal(samples), 500.0, 3500.0) * breath)


def _voice(
    rng: np.random.Generator, pitch_hz: npt.NDArray[np.float64], low_hz: float, high_hz: float
) -> npt.NDArray[np.float64]:
    """Returns pulses of a voice, a little uneven, of which one band is left."""
    wander = 1.0 + 0.01 * np.cumsum(rng.standard_normal(pitch_hz.size)) / np.sqrt(pitch_hz.size)
    phase = np.cumsum(pitch_hz * wander) / MIC_HZ
    return _band(1.0 - 2.0 * (phase % 1.0), low_hz, high_hz)


def _band(
    samples: npt.NDArray[np.float64], low_hz: float, high_hz: float
) -> npt.NDArray[np.float64]:
    """Returns what lies in a band, at unit level; its edges are an octave wide."""
    spectrum = np.fft.rfft(samples)
    hz = np.maximum(np.fft.rfftfreq(samples.size, 1 / MIC_HZ), 1.0)
    gain = 1.0 / (1.0 + (low_hz / hz) ** 4) / (1.0 + (hz / high_hz) ** 4)
    shaped = np.fft.irfft(spectrum * gain, samples.size)
    return np.asarray(shaped / np.sqrt(np.mean(shaped**2)))


def _at_peak(samples: npt.NDArray[np.float64]) -> FloatArray:
    return np.asarray(PEAK * samples / np.max(np.abs(samples)), dtype=np.float32)
