"""Model files on disk: joined, whole or absent, and what is known of them."""

from __future__ import annotations

import hashlib
from io import BytesIO
from pathlib import Path

import msgspec
import pytest

from voice_avatar.errors import ModelCorrupt
from voice_avatar.models.files import (
    FileFact,
    Manifest,
    fill_from_installed,
    hub_files,
    pinned_facts,
    read_manifest,
    sha256,
    write_durably,
    write_pinned,
)
from voice_avatar.models.table import Model, ModelFile, WheelMember

DATA = b"first half, second half"
DIGEST = hashlib.sha256(DATA).hexdigest()
FILE = ModelFile("model.bin", len(DATA), DIGEST, (WheelMember("no-such-project", "1.0", "a.bin"),))
TOY = Model(name="toy", kind="stt", licence="MIT", about="a toy", files=(FILE,))


def test_parts_are_joined_into_the_pinned_file(tmp_path: Path) -> None:
    write_pinned(TOY, FILE, tmp_path, [BytesIO(DATA[:12]), BytesIO(DATA[12:])])
    assert (tmp_path / "model.bin").read_bytes() == DATA
    assert sha256(tmp_path / "model.bin") == DIGEST


def test_parts_in_another_order_are_not_the_pinned_file(tmp_path: Path) -> None:
    with pytest.raises(ModelCorrupt, match=r"toy: model\.bin"):
        write_pinned(TOY, FILE, tmp_path, [BytesIO(DATA[12:]), BytesIO(DATA[:12])])


def test_what_the_table_says_of_a_model_is_known_of_its_files() -> None:
    assert pinned_facts(TOY) == {"model.bin": FileFact(DIGEST, len(DATA))}


def test_a_package_that_is_not_installed_fills_nothing(tmp_path: Path) -> None:
    assert not fill_from_installed(TOY, tmp_path)
    assert not list(tmp_path.iterdir())


def test_files_of_a_hub_come_in_the_order_of_the_patterns_without_common_folders(
    tmp_path: Path,
) -> None:
    for name in ("en/joe/voice.onnx", "en/joe/voice.onnx.json", ".cache/en/joe/x.onnx", "README"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    found = hub_files(tmp_path, ["*.json", "*.onnx", "*.onnx"])
    assert list(found) == ["voice.onnx.json", "voice.onnx"]
    assert found["voice.onnx"] == tmp_path / "en/joe/voice.onnx"
    assert hub_files(tmp_path, ["*.bin"]) == {}


def test_a_small_file_is_whole_or_absent(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    for data in (b"{}", b"{ }"):
        write_durably(path, data)
        assert path.read_bytes() == data
        assert [one.name for one in tmp_path.iterdir()] == ["manifest.json"]


def test_a_manifest_comes_back_and_a_broken_one_is_none(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    assert read_manifest(path) is None
    assert read_manifest(tmp_path / "absent" / "manifest.json") is None
    manifest = Manifest("PyPI", pinned_facts(TOY))
    write_durably(path, msgspec.json.encode(manifest))
    assert read_manifest(path) == manifest
    assert read_manifest(path / "below a file") is None
    for broken in (b"", b"[]", b'{"source":"x"}', b'{"source":"x","files":{"a":{}}}'):
        path.write_bytes(broken)
        assert read_manifest(path) is None
