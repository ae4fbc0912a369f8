"""Weights that are slow on a CPU become quick ones, once, with the same values."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import pytest

from voice_avatar.engines import gguf_weights
from voice_avatar.engines.gguf_weights import control_tokens, quick_weights

FORMAT = gguf.GGMLQuantizationType


def model(path: Path, *formats: str) -> Path:
    """A file with a matrix in each of the formats, and one of every kind of field."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny")
    writer.add_file_type(3)
    writer.add_token_list(["a", "b"])
    writer.add_token_scores([0.5, 1.5])
    writer.add_add_bos_token(True)
    rng = np.random.default_rng(1)
    for number, name in enumerate(formats):
        values = rng.normal(size=(4, 64)).astype(np.float32)
        wide = FORMAT[name]
        data = values if name == "F32" else gguf.quantize(values, wide)
        writer.add_tensor(f"{number}.weight", data, raw_dtype=wide)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def formats_of(path: Path) -> list[str]:
    return [tensor.tensor_type.name for tensor in gguf.GGUFReader(path).tensors]


def test_slow_formats_are_widened_and_the_rest_stays(tmp_path: Path) -> None:
    source = model(tmp_path / "m.gguf", "Q4_1", "F32", "Q5_0", "Q8_0")
    quick = quick_weights(source, tmp_path / "kept", "abc")
    assert formats_of(quick) == ["Q8_0", "F32", "Q8_0", "Q8_0"]
    before, after = gguf.GGUFReader(source), gguf.GGUFReader(quick)
    for old, new in zip(before.tensors, after.tensors, strict=True):
        assert (old.name, list(old.shape)) == (new.name, list(new.shape))
        values = gguf.dequantize(old.data, old.tensor_type)
        widened = gguf.dequantize(new.data, new.tensor_type)
        largest = np.abs(values).reshape(-1, 32).max(axis=1).repeat(32)
        assert (np.abs(values - widened).ravel() <= largest / 220).all()


def test_all_fields_come_along(tmp_path: Path) -> None:
    source = model(tmp_path / "m.gguf", "Q4_1")
    before = gguf.GGUFReader(source)
    after = gguf.GGUFReader(quick_weights(source, tmp_path, "abc"))
    names = [name for name in before.fields if not name.startswith("GGUF.")]
    assert names
    for name in names:
        expected = 7 if name == "general.file_type" else before.fields[name].contents()
        assert after.fields[name].contents() == expected


def test_it_is_made_once(tmp_path: Path) -> None:
    source = model(tmp_path / "m.gguf", "Q4_1")
    first = quick_weights(source, tmp_path / "kept", "abc")
    made_ns = first.stat().st_mtime_ns
    assert quick_weights(source, tmp_path / "kept", "abc") == first
    assert first.stat().st_mtime_ns == made_ns
    assert quick_weights(source, tmp_path / "kept", "other") != first
    assert len(list((tmp_path / "kept").iterdir())) == 2


def test_what_is_quick_already_is_left_alone(tmp_path: Path) -> None:
    source = model(tmp_path / "m.gguf", "Q8_0", "F32")
    assert quick_weights(source, tmp_path / "kept", "abc") == source
    assert not (tmp_path / "kept").exists()


def test_a_large_model_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = model(tmp_path / "m.gguf", "Q4_1")
    monkeypatch.setattr(gguf_weights, "MAX_BYTES", 10)
    assert quick_weights(source, tmp_path, "abc") == source


def test_where_nothing_can_be_written_the_model_runs_as_it_is(tmp_path: Path) -> None:
    source = model(tmp_path / "m.gguf", "Q4_1")
    (tmp_path / "file").write_text("in the way")
    assert quick_weights(source, tmp_path / "file" / "kept", "abc") == source


def test_what_is_no_model_is_left_to_llama_cpp(tmp_path: Path) -> None:
    source = tmp_path / "m.gguf"
    for data in (b"", b"GGML" + bytes(100), b"GGUF" + bytes(20)):
        source.write_bytes(data)
        assert quick_weights(source, tmp_path, "abc") == source


def test_the_control_tokens_of_a_model_are_found_in_its_head(tmp_path: Path) -> None:
    writer = gguf.GGUFWriter(tmp_path / "m.gguf", "llama")
    writer.add_name("tiny")
    writer.add_add_bos_token(True)
    writer.add_token_list(["<|end|>", "a", "<tool>", "\u4f60"])
    writer.add_token_scores([0.5] * 4)
    writer.add_token_types([3, 1, 4, 1])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    assert control_tokens(tmp_path / "m.gguf") == ("<|end|>", "<tool>")


@pytest.mark.parametrize("data", [b"", b"GGUF", b"no model" * 100, b"GGUF" + b"\xff" * 100])
def test_a_file_that_is_no_model_has_no_control_tokens(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "m.gguf").write_bytes(data)
    assert control_tokens(tmp_path / "m.gguf") == ()
