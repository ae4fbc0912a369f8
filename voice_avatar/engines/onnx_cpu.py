"""ONNX Runtime on the CPU, set up for many small calls beside other work."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy.typing as npt

from voice_avatar.errors import EngineUnavailable

_ERROR_NAMES: Final = (
    "EPFail",
    "Fail",
    "InvalidArgument",
    "InvalidGraph",
    "InvalidProtobuf",
    "NoSuchFile",
    "NotImplemented",
    "RuntimeException",
)
"""ONNX Runtime's exceptions; they share no base class but `Exception`."""

OnnxArray = npt.NDArray[Any]


class OnnxModel:
    """A loaded model; `run` may be called from several threads."""

    def __init__(self, session: Any, errors: tuple[type[Exception], ...]) -> None:
        self._session = session
        self.errors = errors
        self.inputs = {i.name: tuple(i.shape) for i in session.get_inputs()}

    def run(self, feeds: dict[str, OnnxArray]) -> list[OnnxArray]:
        """Returns all outputs.

        Raises:
            one of `self.errors`: the model or its input is at fault.
        """
        outputs: list[OnnxArray] = self._session.run(None, feeds)
        return outputs


def load_onnx(path: Path, *, inputs: frozenset[str], threads: int = 1) -> OnnxModel:
    """Loads a model.

    Threads that wait for work do not spin: a spinning thread takes a core from the other stages
    (design.md section 3).

    Args:
        path: the .onnx file.
        inputs: names that the model's inputs must have.
        threads: threads for one call.

    Raises:
        EngineUnavailable: no onnxruntime, or the file is not such a model.
    """
    try:
        import onnxruntime
        from onnxruntime.capi import onnxruntime_pybind11_state as native
    except ImportError as error:
        raise EngineUnavailable("onnxruntime is not installed (extra `embedded`)") from error

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    settings.inter_op_num_threads = 1
    settings.log_severity_level = 3  # errors only
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    settings.add_session_config_entry("session.inter_op.allow_spinning", "0")
    errors = (*(getattr(native, name) for name in _ERROR_NAMES), ValueError)
    try:
        session = onnxruntime.InferenceSession(
            str(path), settings, providers=["CPUExecutionProvider"]
        )
    except errors as error:
        raise EngineUnavailable(f"{path.name} is not a usable ONNX model") from error
    model = OnnxModel(session, errors)
    if frozenset(model.inputs) != inputs:
        raise EngineUnavailable(f"{path.name} is not the expected model: its inputs differ")
    return model
