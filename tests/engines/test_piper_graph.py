"""The graph of a voice, cut in two."""

from __future__ import annotations

import pytest
from kit.tiny_voice import HOP_SAMPLES, tiny_graph

from voice_avatar.engines.piper_graph import FRONT_NOISE, cut
from voice_avatar.errors import EngineUnavailable

onnx = pytest.importorskip("onnx")


def test_the_reach_of_flow_and_decoder_is_read_from_the_graph() -> None:
    parts = cut(tiny_graph(5))
    assert parts.flow_reach == 4  # two convolutions of width 5
    # Width 7 reaches 3; a quarter of a frame each for up-sampling by 4 …
    assert parts.decoder_reach == 6
    assert parts.hop_samples == HOP_SAMPLES


def test_a_speakers_embedding_is_shared_by_all_pieces() -> None:
    assert cut(tiny_graph(5)).shared == ()
    assert len(cut(tiny_graph(5, speakers=2)).shared) == 3


def test_the_noise_of_the_durations_comes_from_outside() -> None:
    front = onnx.load_from_string(cut(tiny_graph(5)).front)
    assert FRONT_NOISE in {given.name for given in front.graph.input}
    assert "RandomNormalLike" not in {node.op_type for node in front.graph.node}


@pytest.mark.parametrize("kept", [0, 20, 60])
def test_a_graph_that_is_not_a_voice_is_refused(kept: int) -> None:
    model = tiny_graph(5)
    del model.graph.node[kept:]
    with pytest.raises(EngineUnavailable):
        cut(model)
