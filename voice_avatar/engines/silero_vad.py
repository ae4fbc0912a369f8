"""Silero VAD v6 over ONNX Runtime: one speech probability per 32 ms window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from voice_avatar.audio.pcm import sample_count, to_float
from voice_avatar.engines.onnx_cpu import OnnxModel, load_onnx
from voice_avatar.errors import VadFailed
from voice_avatar.events.payloads import WINDOW_SAMPLES
from voice_avatar.stages.vad import VadCapabilities, VadOptions

if TYPE_CHECKING:
    from voice_avatar.models.store import ModelStore

CONTEXT_SAMPLES: Final = 64
"""Samples of the previous window that the model reads before each window (4 ms at 16 kHz)."""

_STATE_SHAPE: Final = (1, 1, 128)
"""Shape of the model's two LSTM states."""


def load(options: VadOptions, store: ModelStore) -> SileroVad:
    """Loads the model.

    Raises:
        ModelError: the model is not to be had.
        EngineUnavailable: no onnxruntime, or the file is another model.
    """
    path = store.resolve(options.model).main
    return SileroVad(load_onnx(path, inputs=frozenset({"input", "h", "c"})), options.model)


class SileroVad:
    """The loaded model."""

    def __init__(self, model: OnnxModel, name: str) -> None:
        self._model = model
        self.capabilities = VadCapabilities("silero", name)

    def open(self) -> SileroStream:
        """Returns a new stream with fresh state."""
        return SileroStream(self._model)


class SileroStream:
    """LSTM state and context of one session."""

    def __init__(self, model: OnnxModel) -> None:
        self._model = model
        self.reset()

    def reset(self) -> None:
        """Forgets the stream's past."""
        self._h = np.zeros(_STATE_SHAPE, np.float32)
        self._c = np.zeros(_STATE_SHAPE, np.float32)
        self._context = np.zeros(CONTEXT_SAMPLES, np.float32)

    def step(self, pcm: bytes) -> float:
        """Returns the speech probability of the next window.

        Raises:
            VadFailed: not a whole window, or the model failed; the state is as before.
        """
        if sample_count(pcm) != WINDOW_SAMPLES:
            raise VadFailed(f"A VAD window has {WINDOW_SAMPLES} samples.")
        window = to_float(pcm)
        feeds = {
            "input": np.concatenate((self._context, window))[np.newaxis],
            "h": self._h,
            "c": self._c,
        }
        try:
            probabilities, self._h, self._c = self._model.run(feeds)
        except self._model.errors as error:
            raise VadFailed("The voice activity model failed.") from error
        self._context = window[-CONTEXT_SAMPLES:]
        return float(probabilities.item())
