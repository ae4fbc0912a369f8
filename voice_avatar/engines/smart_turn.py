"""Smart Turn v3 over ONNX Runtime: has the speaker finished?

The model is a Whisper encoder with a classifier. It reads the log-mel spectrogram of exactly 8 s:
the latest audio, with silence before it where there is less, scaled to zero mean and unit variance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from voice_avatar.audio.pcm import to_float
from voice_avatar.engines.onnx_cpu import OnnxModel, load_onnx
from voice_avatar.errors import TurnFailed
from voice_avatar.events.payloads import MIC_HZ
from voice_avatar.stages.turn import TurnCapabilities, TurnOptions

if TYPE_CHECKING:
    from voice_avatar.models.store import ModelStore

FloatArray = npt.NDArray[np.float32]

WINDOW_S: Final = 8.0
_WINDOW_SAMPLES: Final = int(WINDOW_S * MIC_HZ)

# Whisper's front end (Radford et al. 2022, section 2.2): 80 mel bands, 25 ms frames, 10 ms hop.
_FRAME_SAMPLES: Final = 400
_HOP_SAMPLES: Final = 160
_MEL_BANDS: Final = 80
_FLOOR: Final = 1e-10
_RANGE_DECADES: Final = 8.0

_VARIANCE_FLOOR: Final = 1e-7
"""Keeps silence finite when it is scaled to unit variance."""


def load(options: TurnOptions, store: ModelStore) -> SmartTurn:
    """Loads the model.

    Raises:
        ModelError: the model is not to be had.
        EngineUnavailable: no onnxruntime, or the file is another model.
    """
    path = store.resolve(options.model).main
    return SmartTurn(load_onnx(path, inputs=frozenset({"input_features"})), options.model)


class SmartTurn:
    """The loaded model."""

    def __init__(self, model: OnnxModel, name: str) -> None:
        self._model = model
        self.capabilities = TurnCapabilities("smart_turn", name, WINDOW_S)

    def score(self, pcm: bytes) -> float:
        """Returns the probability (0..1) that the speaker has finished.

        Raises:
            TurnFailed: the model failed.
        """
        features = log_mel(standardised(latest_window(to_float(pcm))))
        try:
            outputs = self._model.run({"input_features": features[np.newaxis]})
        except self._model.errors as error:
            raise TurnFailed("The end-of-turn model failed.") from error
        return float(outputs[0].item())


def latest_window(samples: FloatArray) -> FloatArray:
    """Returns the last `WINDOW_S` of `samples`, zeros before them where they are fewer."""
    window = np.zeros(_WINDOW_SAMPLES, np.float32)
    latest = samples[-_WINDOW_SAMPLES:]
    window[_WINDOW_SAMPLES - latest.size :] = latest
    return window


def standardised(samples: FloatArray) -> FloatArray:
    """Returns samples with mean 0 and variance 1 (silence stays silence)."""
    centred = samples - samples.mean()
    scaled: FloatArray = centred / np.sqrt(samples.var() + np.float32(_VARIANCE_FLOOR))
    return scaled


def log_mel(samples: FloatArray) -> FloatArray:
    """Returns Whisper's log-mel spectrogram.

    Args:
        samples: 16 kHz.

    Returns:
        (80, samples / 160): log10 of mel energies within 8 decades of the maximum, moved to
        about -1..1.
    """
    padded = np.pad(samples.astype(np.float64), _FRAME_SAMPLES // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME_SAMPLES)[::_HOP_SAMPLES][:-1]
    power = np.abs(np.fft.rfft(frames * _HANN, axis=1)) ** 2
    decades = np.log10(np.maximum(_MEL_FILTERS @ power.T, _FLOOR))
    decades = np.maximum(decades, decades.max() - _RANGE_DECADES)
    moved: FloatArray = ((decades + 4.0) / 4.0).astype(np.float32)
    return moved


def _mel_filters() -> npt.NDArray[np.float64]:
    """Returns the (bands, bins) matrix of Slaney's mel scale, triangles of equal area.

    The scale is linear up to 1 kHz (200/3 Hz a mel) and logarithmic above (27 mels to a factor of
    6.4): M. Slaney, Auditory Toolbox, 1998.
    """
    nyquist_hz = MIC_HZ / 2
    knee_hz, hz_per_mel, log_step = 1000.0, 200.0 / 3.0, np.log(6.4) / 27.0
    knee_mel = knee_hz / hz_per_mel
    top_mel = knee_mel + np.log(nyquist_hz / knee_hz) / log_step
    mels = np.linspace(0.0, top_mel, _MEL_BANDS + 2)
    edges_hz = np.where(
        mels < knee_mel, mels * hz_per_mel, knee_hz * np.exp((mels - knee_mel) * log_step)
    )
    low, centre, high = (edges_hz[i : i + _MEL_BANDS, np.newaxis] for i in range(3))
    bins_hz = np.linspace(0.0, nyquist_hz, _FRAME_SAMPLES // 2 + 1)
    triangles = np.minimum((bins_hz - low) / (centre - low), (high - bins_hz) / (high - centre))
    filters: npt.NDArray[np.float64] = np.maximum(triangles, 0.0) * 2.0 / (high - low)
    return filters


_HANN: Final = np.hanning(_FRAME_SAMPLES + 1)[:-1]
"""Periodic Hann window."""

_MEL_FILTERS: Final = _mel_filters()
