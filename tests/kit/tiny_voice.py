"""A Piper voice of a few kilobytes, with random weights: the same graph structure, no speech.

It has what the real ones have: durations by `Ceil`, two `RandomNormalLike`, a mask, a flow of
convolutions, an up-sampling decoder ending in a tanh, and, if asked, an embedding per speaker.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CHANNELS = 4
RATE_HZ = 8_000
HOP_SAMPLES = 16


class _Builder:
    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.fixed: list[onnx.TensorProto] = []
        self._random = np.random.default_rng(7)

    def constant(self, value: Any, dtype: Any = np.float32) -> str:
        name = f"c{len(self.fixed)}"
        self.fixed.append(numpy_helper.from_array(np.array(value, dtype), name))
        return name

    def weights(self, *shape: int) -> str:
        return self.constant(self._random.standard_normal(shape) * 0.4)

    def add(self, op: str, *inputs: str, to: str = "", **attributes: Any) -> str:
        name = to or f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name

    def cast(self, x: str, to: int) -> str:
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node("Cast", [x], [name], to=to))
        return name

    def conv(self, x: str, out: int, into: int, width: int, step: int = 1) -> str:
        pad = step * (width - 1) // 2
        return self.add(
            "Conv",
            *(x, self.weights(out, into, width)),
            kernel_shape=[width],
            dilations=[step],
            pads=[pad, pad],
        )

    def double_twice(self, x: str) -> str:
        weights = self.weights(CHANNELS, CHANNELS, 8)
        x = self.add("LeakyRelu", x)
        return self.add("ConvTranspose", x, weights, kernel_shape=[8], strides=[4], pads=[2, 2])


def tiny_graph(symbols: int, speakers: int = 1) -> onnx.ModelProto:
    """Returns the graph of a voice."""
    b = _Builder()
    c = CHANNELS
    noise_scale, length_scale, noise_w = (
        b.add("Gather", "scales", b.constant(i, np.int64)) for i in range(3)
    )
    rows = b.add("Gather", b.weights(symbols, c), "input")  # [1, ids, c]
    columns = b.add("Transpose", rows, perm=[0, 2, 1])
    speaker = ""
    if speakers > 1:
        speaker = b.add("Gather", b.weights(speakers, c), "sid")
        speaker = b.add("Unsqueeze", speaker, b.constant([2], np.int64))

    count = b.add("Slice", b.add("Shape", "input"), *(b.constant([i], np.int64) for i in (1, 2)))
    shape = b.add("Concat", b.constant([1, 2], np.int64), count, axis=0)
    drawn = b.add("RandomNormalLike", b.add("ConstantOfShape", shape))
    drawn = b.add("ReduceMean", b.add("Mul", drawn, noise_w), axes=[1], keepdims=1)
    logs = b.add("Add", b.add("Add", b.conv(columns, 1, c, 1), drawn), b.constant(1.5))
    frames = b.add("Ceil", b.add("Mul", b.add("Exp", logs), length_scale))

    total = b.cast(b.add("ReduceSum", frames, keepdims=0), TensorProto.INT64)
    clock = b.add("Range", b.constant(0, np.int64), total, b.constant(1, np.int64))
    clock = b.cast(clock, TensorProto.FLOAT)
    times = b.add("Unsqueeze", clock, b.constant([0, 2], np.int64))  # [1, frames, 1]
    ends = b.add("CumSum", frames, b.constant(2, np.int64))
    starts = b.add("Sub", ends, frames)
    steps = [b.cast(b.add("Less", times, edge), TensorProto.FLOAT) for edge in (ends, starts)]
    path = b.add("Sub", *steps)  # [1, frames, ids]
    inside = b.add("Less", times, b.cast(total, TensorProto.FLOAT))
    mask = b.add("Transpose", b.cast(inside, TensorProto.FLOAT), perm=[0, 2, 1])

    mean = b.add("Transpose", b.add("MatMul", path, rows), perm=[0, 2, 1])
    spread = b.add("Exp", b.conv(mean, c, c, 1))
    noise = b.add("Mul", b.add("Mul", b.add("RandomNormalLike", mean), spread), noise_scale)
    x = b.add("Add", mean, noise)
    for _ in range(2):
        y = b.conv(x, c, c, 5)
        if speaker:
            y = b.add("Add", y, b.conv(speaker, c, c, 1))
        x = b.add("Mul", b.add("Add", x, b.add("Tanh", y)), mask)

    x = b.conv(x, c, c, 7)
    if speaker:
        x = b.add("Add", x, b.conv(speaker, c, c, 1))
    x = b.double_twice(x)
    x = b.add("Add", x, b.conv(b.add("LeakyRelu", x), c, c, 3, 3))
    x = b.conv(b.double_twice(x), 1, c, 7)
    b.add("Unsqueeze", b.add("Tanh", x), b.constant([1], np.int64), to="output")

    given = [
        ("input", TensorProto.INT64, [1, None]),
        ("input_lengths", TensorProto.INT64, [1]),
        ("scales", TensorProto.FLOAT, [3]),
    ]
    if speakers > 1:
        given.append(("sid", TensorProto.INT64, [1]))
    graph = helper.make_graph(
        b.nodes,
        "tiny",
        [helper.make_tensor_value_info(*g) for g in given],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, None)],
        b.fixed,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)])
    model.ir_version = 8
    return model


def write_tiny_voice(
    folder: Path,
    symbols: Sequence[str],
    *,
    speakers: int = 1,
    phoneme_type: str = "espeak",
    espeak_voice: str = "en-us",
    name: str = "tiny",
) -> Path:
    """Writes `NAME.onnx` and its configuration, and returns the path of the former."""
    ids = {symbol: [i] for i, symbol in enumerate(symbols)}
    config = {
        "audio": {"sample_rate": RATE_HZ},
        "espeak": {"voice": espeak_voice},
        "phoneme_type": phoneme_type,
        "num_symbols": len(ids),
        "num_speakers": speakers,
        "speaker_id_map": {f"speaker{i}": i for i in range(speakers)} if speakers > 1 else {},
        "inference": {"noise_scale": 0.667, "length_scale": 1, "noise_w": 0.8},
        "phoneme_id_map": ids,
    }
    path = folder / f"{name}.onnx"
    path.write_bytes(tiny_graph(len(ids), speakers).SerializeToString())
    Path(f"{path}.json").write_text(json.dumps(config), encoding="utf-8")
    return path
