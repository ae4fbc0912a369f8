"""Cuts the network of a Piper voice into three that can be run piece by piece.

A Piper voice is one ONNX graph (VITS): ids -> durations and a distribution per frame -> flow ->
decoder (HiFi-GAN) -> samples. Run whole, nothing is heard until the last sample is made. Here it is
cut, in memory, where the axis becomes time and again where the waveform begins:

    front    ids -> durations; mean and deviation of every frame (once per sentence)
    flow     latents -> latents: convolutions that reach `flow_reach` frames to each side
    decoder  latents -> samples: convolutions that reach `decoder_reach` frames to each side

A piece run with that much context on each side is the same as in the whole, up to rounding. The
reaches are computed from the graph and the cuts are found by structure, not by node name, so that
voices of any quality and any number of speakers work.

The graph draws its own random numbers (`RandomNormalLike`). Here they come from outside: all pieces
of a sentence share them, and equal text sounds equal on every run.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from voice_avatar.errors import EngineUnavailable

if TYPE_CHECKING:
    import onnx

FRONT_NOISE: Final = "voice_avatar.front_noise"
"""Input of the front: normal noise of shape [1, 2, ids] that varies the durations."""


@dataclass(frozen=True, slots=True)
class CutVoice:
    """The three networks of a voice and the names of their tensors.

    Attributes:
        front, flow, decoder: serialised ONNX models.
        durations: output of the front: frames per id.
        mean, deviation: outputs of the front, [1, channels, frames].
        shared: outputs of the front that the other two take as they are (a speaker's embedding).
        latents: input of the flow: mean + noise * deviation.
        masks: inputs of the flow: ones of shape [1, 1, frames].
        flow_out: output of the flow, input of the decoder.
        audio: output of the decoder: samples in [-1, 1] (its last layer is a tanh).
        flow_reach, decoder_reach: context they need, frames on each side.
        hop_samples: samples per frame.
    """

    front: bytes
    flow: bytes
    decoder: bytes
    durations: str
    mean: str
    deviation: str
    shared: tuple[str, ...]
    latents: str
    masks: tuple[str, ...]
    flow_out: str
    audio: str
    flow_reach: int
    decoder_reach: int
    hop_samples: int


def cut(model: onnx.ModelProto) -> CutVoice:
    """Cuts a Piper voice.

    Raises:
        EngineUnavailable: the graph is not that of a Piper voice.
    """
    try:
        return _cut(_Graph(model), model.graph.output[0].name)
    except (LookupError, ValueError) as error:
        raise EngineUnavailable("The voice file is not a Piper (VITS) voice.") from error


def _cut(graph: _Graph, audio: str) -> CutVoice:
    (durations,) = (node.output[0] for node in graph.nodes if node.op_type == "Ceil")
    flow_out = graph.decoder_input(audio)
    latents, mean, deviation = graph.sampling(flow_out, durations)
    tail = graph.upstream([audio]) & graph.downstream(latents)
    crossing = [
        name
        for name in graph.inputs_of(tail)
        if name != latents and graph.makers.get(name) not in tail and graph.is_dynamic(name)
    ]
    masks = tuple(name for name in crossing if graph.depends_on(name, durations))
    shared = tuple(name for name in crossing if name not in masks)
    noise = [i for i in graph.upstream([durations]) if graph.is_noise(i)]
    flow_reach, _ = graph.reach(latents, flow_out)
    decoder_reach, hop_samples = graph.reach(flow_out, audio)
    return CutVoice(
        front=graph.part(
            [durations, mean, deviation, *shared],
            renamed={graph.nodes[i].output[0]: FRONT_NOISE for i in noise},
        ),
        flow=graph.part([flow_out], [latents, *crossing]),
        decoder=graph.part([audio], [flow_out, *crossing]),
        durations=durations,
        mean=mean,
        deviation=deviation,
        shared=shared,
        latents=latents,
        masks=masks,
        flow_out=flow_out,
        audio=audio,
        flow_reach=flow_reach,
        decoder_reach=decoder_reach,
        hop_samples=hop_samples,
    )


class _Graph:
    """An ONNX graph that can be walked. A node is its index; ONNX lists nodes in running order."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self._model = model
        self.nodes = list(model.graph.node)
        self.makers = {name: i for i, node in enumerate(self.nodes) for name in node.output}
        self._fixed = {t.name for t in model.graph.initializer}

    def is_noise(self, node: int) -> bool:
        """Returns whether the node draws random numbers."""
        return bool(self.nodes[node].op_type == "RandomNormalLike")

    def inputs_of(self, nodes: Iterable[int]) -> list[str]:
        """Returns every tensor that these nodes take, each once."""
        taken = (name for i in sorted(nodes) for name in self.nodes[i].input)
        return list(dict.fromkeys(name for name in taken if name))

    def upstream(self, names: Iterable[str], stop: Collection[str] = ()) -> set[int]:
        """Returns the nodes that make these tensors, not going beyond the tensors in `stop`."""
        found: set[int] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            node = None if name in stop else self.makers.get(name)
            if node is not None and node not in found:
                found.add(node)
                waiting += self.nodes[node].input
        return found

    def downstream(self, name: str) -> set[int]:
        """Returns the nodes that a tensor has an influence on."""
        reached = {name}
        found: set[int] = set()
        for i, node in enumerate(self.nodes):
            if not reached.isdisjoint(node.input):
                found.add(i)
                reached.update(node.output)
        return found

    def is_dynamic(self, name: str) -> bool:
        """Returns whether a tensor depends on what the graph is given."""
        given = {i.name for i in self._model.graph.input} - self._fixed
        return not given.isdisjoint(self.inputs_of(self.upstream([name])))

    def depends_on(self, name: str, source: str) -> bool:
        """Returns whether a tensor is made from `source`."""
        return self.makers[source] in self.upstream([name])

    def decoder_input(self, audio: str) -> str:
        """Returns what the first convolution of the decoder takes.

        That is the convolution just before the first up-sampling; a speaker's embedding is added
        beside it by a convolution of width 1.
        """
        first_up = min(
            i for i in self.upstream([audio]) if self.nodes[i].op_type == "ConvTranspose"
        )
        waiting = deque([self.makers[self.nodes[first_up].input[0]]])
        while True:  # breadth first: the nearest one
            node = self.nodes[waiting.popleft()]
            if node.op_type == "Conv" and _ints(node, "kernel_shape", 1)[0] > 1:
                return str(node.input[0])
            waiting += [self.makers[name] for name in node.input if name in self.makers]

    def sampling(self, flow_out: str, durations: str) -> tuple[str, str, str]:
        """Returns latents, mean and deviation of `latents = mean + noise * deviation * scale`."""
        drawn = self.upstream([flow_out]) - self.upstream([durations])
        (noise,) = (i for i in drawn if self.is_noise(i))
        name = self.nodes[noise].output[0]
        spread = self._taker(name, "Mul")
        (deviation,) = set(spread.input) - {name}
        scaled = self._taker(spread.output[0], "Mul")
        total = self._taker(scaled.output[0], "Add")
        (mean,) = set(total.input) - {scaled.output[0]}
        return total.output[0], mean, deviation

    def _taker(self, name: str, op_type: str) -> onnx.NodeProto:
        (node,) = (n for n in self.nodes if name in n.input and n.op_type == op_type)
        return node

    def reach(self, source: str, target: str) -> tuple[int, int]:
        """Returns how far `target` looks to each side on the axis of `source`, and its rate there.

        In samples of `source`, rounded up, and in samples of `target` per sample of `source`.
        """
        reaches = {source: 0.0}
        rates = {source: 1}
        for i in sorted(self.upstream([target], {source})):
            node = self.nodes[i]
            before = [name for name in node.input if name in reaches]
            if not before:
                continue
            reach, rate = max(reaches[n] for n in before), max(rates[n] for n in before)
            if node.op_type in {"Conv", "ConvTranspose"}:
                (width,), (step,) = _ints(node, "kernel_shape", 1), _ints(node, "dilations", 1)
                (pad, *_), (stride,) = _ints(node, "pads", 0), _ints(node, "strides", 1)
                side = max(pad, step * (width - 1) - pad)
                is_up = node.op_type == "ConvTranspose"
                rate *= stride if is_up else 1
                reach += side / rate
            for name in node.output:
                reaches[name], rates[name] = reach, rate
        return math.ceil(reaches[target]), rates[target]

    def part(
        self,
        outputs: list[str],
        inputs: Iterable[str] = (),
        renamed: Mapping[str, str] | None = None,
    ) -> bytes:
        """Returns the part of the graph from `inputs` (and the graph's own) to `outputs`.

        Args:
            outputs: float tensors that it gives.
            inputs: float tensors that it is given instead of making them.
            renamed: tensors that it is given under another name.
        """
        import onnx

        renamed = renamed or {}
        stop = {*inputs, *renamed}
        nodes = []
        for i in sorted(self.upstream(outputs, stop)):
            node = onnx.NodeProto()
            node.CopyFrom(self.nodes[i])
            for k, name in enumerate(node.input):
                node.input[k] = renamed.get(name, name)
            nodes.append(node)
        taken = {name for node in nodes for name in node.input}
        floats = (
            onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
            for name in dict.fromkeys([*inputs, *renamed.values()])
            if name in taken
        )
        graph = onnx.helper.make_graph(
            nodes,
            "part",
            [i for i in self._model.graph.input if i.name in taken] + list(floats),
            [
                onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
                for name in outputs
            ],
            [t for t in self._model.graph.initializer if t.name in taken],
        )
        part = onnx.helper.make_model(graph, opset_imports=self._model.opset_import)
        part.ir_version = self._model.ir_version
        return bytes(part.SerializeToString())


def _ints(node: onnx.NodeProto, name: str, default: int) -> list[int]:
    """Returns an attribute of a convolution over time (one axis)."""
    found = (list(attribute.ints) for attribute in node.attribute if attribute.name == name)
    return next(found, [default])
